/*
 * chronicle.h - the last things that happened, numbered in order.
 *
 * A ring: what is new pushes out what is old.  Whoever follows keeps the number of what
 * comes next and asks from there; the chronicle knows of no follower.  What there was no
 * memory to keep leaves a gap in the numbers.
 */
#ifndef SUPERVISOR_CHRONICLE_H
#define SUPERVISOR_CHRONICLE_H

#include "supervisor/happening.h"

#define CHRONICLE_KEPT 512

struct chronicle {
	struct happening *kept[CHRONICLE_KEPT]; /* by number; NULL: nothing */
	uint64_t next;                          /* the number of what happens next */
};

void chronicle_free(struct chronicle *chronicle); /* accepts a zeroed one */

/* Keeps a copy, texts and all, but for those that are constants. */
void chronicle_add(struct chronicle *chronicle, const struct happening *happening);

/* The first one kept whose number is `from` or more; NULL: there is none.  Borrowed until
 * the next is added. */
const struct happening *chronicle_find(const struct chronicle *chronicle, uint64_t from);

#endif
