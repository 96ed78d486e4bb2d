/*
 * backoff.h - how long a slot waits before it starts its next worker.
 *
 * The first failure is answered at once; each further one in a row doubles the wait, up
 * to a ceiling; a worker that served long enough wipes the sheet.  Half of every wait is
 * drawn by lot, so that slots that fell together do not rise together.  Pure: the caller
 * brings the time and the dice.
 */
#ifndef SUPERVISOR_CORE_BACKOFF_H
#define SUPERVISOR_CORE_BACKOFF_H

#include "common/base.h"

struct backoff_policy {
	msec first;  /* wait after two failures in a row, before the dice; > 0 */
	msec most;   /* no wait is longer; >= first */
	msec steady; /* having served this long forgives all failures */
};

struct backoff {
	unsigned failures; /* in a row */
	msec until;        /* no start before this */
};

/* A worker that had served for `served` is gone, against our will. */
void backoff_fail(struct backoff *backoff, const struct backoff_policy *policy,
		  msec served, msec now, uint32_t dice);

/* Start at will: the slot is new, or the operator asked for a restart. */
void backoff_clear(struct backoff *backoff);

bool backoff_allows(const struct backoff *backoff, msec now);

#endif
