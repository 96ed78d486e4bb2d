/*
 * schedule.h - the instants of a cron pattern, by the local time zone.
 *
 * As Debian's cron has it when clocks are changed: what is written for a fixed time comes
 * once, at the change if that leaps over it, and not again in an hour that is had twice;
 * what comes by intervals (minute or hour begins with a star) goes by the clock.
 */
#ifndef SUPERVISOR_SCHEDULE_H
#define SUPERVISOR_SCHEDULE_H

#include "supervisor/core/cron.h"

#define SCHEDULE_NEVER INT64_MAX

/* The first instant after `after`; both in seconds since 1970. */
int64_t schedule_next(const struct cron *cron, int64_t after);

#endif
