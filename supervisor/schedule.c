#include "supervisor/schedule.h"

#include <time.h>

#define HOUR    3600
#define DAY     (24 * HOUR)
#define QUARTER (HOUR / 4) /* clocks are changed at full quarters of an hour */
#define TURNS   1000       /* of the search; it needs four days of quarters */

/* How much later it is here than in UTC. */
static int64_t shift_at(int64_t instant)
{
	const time_t seconds = (time_t)instant;
	struct tm local;

	(void)localtime_r(&seconds, &local);
	return local.tm_gmtoff;
}

/* Of wall clock time, as seconds: the first that will do, which may be this one. */
static int64_t find(const struct cron *cron, int64_t wall)
{
	time_t seconds = (time_t)wall;
	struct cron_moment moment;
	struct tm date;

	(void)gmtime_r(&seconds, &date);
	moment = (struct cron_moment){
		.year = (unsigned)date.tm_year + 1900,
		.month = (unsigned)date.tm_mon + 1,
		.day = (unsigned)date.tm_mday,
		.hour = (unsigned)date.tm_hour,
		.minute = (unsigned)date.tm_min,
		.second = (unsigned)date.tm_sec,
	};
	if (!cron_find(cron, &moment))
		return SCHEDULE_NEVER;
	date = (struct tm){
		.tm_year = (int)moment.year - 1900,
		.tm_mon = (int)moment.month - 1,
		.tm_mday = (int)moment.day,
		.tm_hour = (int)moment.hour,
		.tm_min = (int)moment.minute,
		.tm_sec = (int)moment.second,
	};
	return timegm(&date);
}

/* Did the clock show this time before, a little while ago? */
static bool is_had_twice(int64_t instant, int64_t shift)
{
	int64_t before = shift_at(instant - 3 * HOUR);

	return before > shift && shift_at(instant + shift - before) == before;
}

int64_t schedule_next(const struct cron *cron, int64_t after)
{
	int64_t now = after + 1;

	tzset();
	for (unsigned turn = 0; turn < TURNS; turn++) {
		int64_t shift = shift_at(now);
		int64_t next = find(cron, now + shift);
		int64_t wait = next - (now + shift);
		int64_t step = QUARTER - now % QUARTER;
		int64_t leap;

		if (next == SCHEDULE_NEVER)
			return SCHEDULE_NEVER;
		if (wait == 0 && (cron->floats || !is_had_twice(now, shift)))
			return now;
		if (wait > 2 * DAY) {
			now += wait - DAY;
			continue;
		}
		if (wait > 0 && wait < step)
			step = wait;
		leap = shift_at(now + step) - shift;
		if (!cron->floats && wait > 0 && leap > 0 && wait < step + leap)
			return now + step;
		now += step;
	}
	return SCHEDULE_NEVER;
}
