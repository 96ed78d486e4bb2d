/*
 * past.h - the files that a log was in before, whatever they are packed with.
 */
#ifndef SUPERVISOR_CTL_PAST_H
#define SUPERVISOR_CTL_PAST_H

#include <sys/types.h>

#include "common/logging.h"

#define PAST_NAME (LOGGING_PATH + LOGGING_STAMP + 8)

struct past {
	char folder[LOGGING_PATH];
	struct dirent **entry; /* oldest first */
	int count;
	size_t base_length; /* of the name that all begin with */
};

/* Those put aside after `stamp`; empty: all.  past_free in any case. */
void past_find(struct past *past, const char *path, const char *stamp);
void past_free(struct past *past);

/* To be read from its beginning: a descriptor, or a negative errno.  *ret_written: when
 * its last line was, in ms since 1970. */
int past_open(const struct past *past, int index, msec *ret_written);
/* The stamp of the last of them; as it was when there are none. */
void past_newest(const struct past *past, char stamp[LOGGING_STAMP + 1]);
/* The same of all; empty: there are none. */
void past_last(const char *path, char stamp[LOGGING_STAMP + 1]);

#endif
