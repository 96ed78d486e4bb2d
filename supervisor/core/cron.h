/*
 * cron.h - a schedule as crontab(5) writes it, and when it comes next, by the calendar.
 *
 * Five fields (minute, hour, day, month, weekday), or six with the second first; names,
 * ranges, steps, lists, @daily and its like.  If neither the day nor the weekday begins
 * with a star, either of them will do.  Pure: a moment here is what calendar and clock on
 * the wall show; which instant that is, and what happens when clocks are changed, is the
 * affair of schedule.h.
 */
#ifndef SUPERVISOR_CORE_CRON_H
#define SUPERVISOR_CORE_CRON_H

#include "common/base.h"

#define CRON_TEXT 128 /* bytes of a pattern, with its NUL */

struct cron {
	uint64_t second, minute;            /* bit n: the n-th will do */
	uint64_t hour, day, month, weekday; /* Sunday is 0 */
	bool every_day, every_weekday;      /* begin with a star */
	bool floats; /* minute or hour does: it comes by intervals, not at a fixed time */
};

struct cron_moment {
	unsigned year, month, day; /* from 1 on */
	unsigned hour, minute, second;
};

enum cron_verdict {
	CRON_FITS,
	CRON_BAD_SECOND,
	CRON_BAD_MINUTE,
	CRON_BAD_HOUR,
	CRON_BAD_DAY,
	CRON_BAD_MONTH,
	CRON_BAD_WEEKDAY,
	CRON_BAD_COUNT, /* of fields */
	CRON_BAD_NAME,  /* @something else */
	CRON_NEVER,     /* February 30 */
	CRON_VERDICTS
};

enum cron_verdict cron_parse(struct cron *ret_cron, const char *text);
const char *cron_complaint(enum cron_verdict verdict); /* for people */

/* Moves on to the first moment that will do, which may be this one.  Returns false when
 * none does in this century or so. */
bool cron_find(const struct cron *cron, struct cron_moment *moment);

#endif
