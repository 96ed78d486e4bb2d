/*
 * lives.h - how often a supervisor died of itself soon after it had taken over.
 *
 * What kills one may be in what it takes over; then taking over again and again helps
 * nobody.  A fatal signal of its own making is noted in memory that outlives it, whoever
 * keeps that; to be killed (SIGKILL) is no fault of one's own.
 */
#ifndef SUPERVISOR_LIVES_H
#define SUPERVISOR_LIVES_H

#include "common/base.h"

#define LIVES_SHORT 10000 /* ms after it took over: a life that ends sooner is short */
#define LIVES_MOST  3     /* short ones in a row; the next takes nothing over */

/* Shared with who comes next, and written by a signal handler. */
struct lives {
	int64_t began;   /* the taking over; 0: nothing was taken over */
	uint32_t deaths; /* short ones in a row */
};

/* Pure. */
void lives_note_death(struct lives *lives, msec now);
/* One begins that could take over: true if it better did not. */
bool lives_begin(struct lives *lives, msec now, bool could_take_over);

/* What a predecessor left, or -1 for a new one: the descriptor to be kept (the one given,
 * or a new one), or a negative errno.  The map lasts as long as we do. */
int lives_open(struct lives **ret_lives, int left);
/* From here on our own death is noted there. */
void lives_watch(struct lives *lives);

#endif
