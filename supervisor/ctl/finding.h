/*
 * finding.h - what one check of the doctor found, and the tables of all checks.
 *
 * A check fills one finding: how bad it is, the figure that was found, why it matters and
 * what to type.  One that has nothing to say of this machine says so as a note.
 */
#ifndef SUPERVISOR_CTL_FINDING_H
#define SUPERVISOR_CTL_FINDING_H

#include "supervisor/ctl/patient.h"

enum finding_level {
	FINDING_OK,
	FINDING_NOTE,    /* good to know */
	FINDING_WARNING, /* will hurt when things get large, or go wrong */
	FINDING_PROBLEM, /* hurts now */
	FINDING_LEVELS
};

struct finding {
	enum finding_level level;
	char found[512];
	const char *why;  /* NULL where all is well */
	const char *type; /* what to do about it; NULL: nothing */
};

struct check {
	const char *name; /* NULL: the end of a table */
	void (*look)(const struct patient *patient, struct finding *finding);
};

extern const struct check checks_of_machine[]; /* machine.c */
extern const struct check checks_of_network[]; /* network.c */
extern const struct check checks_of_safety[];  /* safety.c */
extern const struct check checks_of_custody[]; /* custody.c */

/* What was found, in words. */
void finding_set(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
/* How bad that is. */
void finding_blame(struct finding *finding, enum finding_level level, const char *why,
		   const char *type);

#endif
