/*
 * assign.h - one value of a configuration -> one field of a spec.
 *
 * Does what the table of settings says about it: kind, range, words, default.  The values
 * of environment variables never appear in a fault.  Knows nothing of files.
 */
#ifndef SUPERVISOR_ASSIGN_H
#define SUPERVISOR_ASSIGN_H

#include "supervisor/settings.h"
#include "supervisor/value.h"

struct assignment {
	const struct value_reader *reader;
	const struct setting *setting;
	const struct value *value;
	void *target; /* the struct that the setting's offset is in */
};

/* Both return 0, -EINVAL with faults added, or -ENOMEM. */
int assign_value(const struct value_reader *reader, const struct setting *setting,
		 const struct value *value, void *target);
int assign_default(const struct value_reader *reader, const struct setting *setting,
		   void *target);

#endif
