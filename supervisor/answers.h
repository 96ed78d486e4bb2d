/*
 * answers.h - what calls that change something have come to, by the tickets they carry.
 *
 * A caller whose supervisor died before it answered asks the next one the same, with the
 * same ticket, and is not done the same twice: it gets what is known by now, and waits
 * for what is still under way.  The last few are kept; the oldest goes first.
 */
#ifndef SUPERVISOR_ANSWERS_H
#define SUPERVISOR_ANSWERS_H

#include "common/base.h"

#define ANSWERS       128
#define ANSWER_TICKET 40
#define ANSWER_REASON 160

struct answer {
	char ticket[ANSWER_TICKET]; /* empty: there is none here */
	char app[64];
	char kind[16];
	char result[16];            /* empty: it is under way */
	uint32_t operation;         /* which brings it about; 0: none was needed */
	char reason[ANSWER_REASON]; /* cut to fit; empty: all is well */
	int64_t duration_ms;        /* -1: of no matter */
	uint64_t kept;              /* the sum of what was written down of it */
};

struct answers {
	struct answer list[ANSWERS];
	unsigned next;
};

/* Where the next one is written; the oldest goes. */
struct answer *answers_make(struct answers *answers, const char *ticket, const char *app,
			    const char *kind);
/* The one that waits for this operation, or NULL. */
struct answer *answers_find(struct answers *answers, uint32_t operation);
/* Iterates those of a ticket: NULL begins, NULL ends. */
const struct answer *answers_next(const struct answers *answers, const char *ticket,
				  const struct answer *previous);
void answer_settle(struct answer *answer, const char *result, const char *reason,
		   int64_t duration_ms);

#endif
