/* The instants of a pattern, through the days on which clocks are changed. */
#include "supervisor/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/unit.h"

/* Rules instead of names, so that no data base of zones is needed. */
#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" /* by half an hour */

static void live_in(const char *zone)
{
	ck_assert_int_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

static struct cron cron_of(const char *pattern)
{
	struct cron cron;

	ck_assert_int_eq(cron_parse(&cron, pattern), CRON_FITS);
	return cron;
}

/* "2026-03-29 01:59:59 +0100" */
static int64_t instant_of(const char *text)
{
	struct tm date = {0};
	const char *end = strptime(text, "%Y-%m-%d %H:%M:%S %z", &date);
	long shift;

	ck_assert(end && *end == '\0');
	shift = date.tm_gmtoff;
	return timegm(&date) - shift;
}

static const char *format(int64_t instant)
{
	static char text[64];
	time_t seconds = (time_t)instant;
	struct tm date;

	(void)localtime_r(&seconds, &date);
	(void)strftime(text, sizeof(text), "%F %T %z", &date);
	return text;
}

static const struct {
	const char *zone;
	const char *pattern;
	const char *after;
	const char *then[3];
} stories[] = {
	{"UTC0",
	 "0 4 * * *",
	 "2026-11-24 04:00:00 +0000",
	 {"2026-11-25 04:00:00 +0000", "2026-11-26 04:00:00 +0000",
	  "2026-11-27 04:00:00 +0000"}},
	{"UTC0",
	 "*/2 * * * * *",
	 "2026-11-24 04:00:01 +0000",
	 {"2026-11-24 04:00:02 +0000", "2026-11-24 04:00:04 +0000",
	  "2026-11-24 04:00:06 +0000"}},
	{"UTC0",
	 "0 0 29 2 *",
	 "2026-11-24 04:00:01 +0000",
	 {"2028-02-29 00:00:00 +0000", "2032-02-29 00:00:00 +0000",
	  "2036-02-29 00:00:00 +0000"}},
	/* The time that is left out: at once, and not again. */
	{BERLIN,
	 "30 2 * * *",
	 "2026-03-28 02:30:00 +0100",
	 {"2026-03-29 03:00:00 +0200", "2026-03-30 02:30:00 +0200",
	  "2026-03-31 02:30:00 +0200"}},
	{BERLIN,
	 "15,45 2 * * *",
	 "2026-03-28 02:45:00 +0100",
	 {"2026-03-29 03:00:00 +0200", "2026-03-30 02:15:00 +0200",
	  "2026-03-30 02:45:00 +0200"}},
	{BERLIN,
	 "0 3 * * *",
	 "2026-03-28 03:00:00 +0100",
	 {"2026-03-29 03:00:00 +0200", "2026-03-30 03:00:00 +0200",
	  "2026-03-31 03:00:00 +0200"}},
	{BERLIN,
	 "0,30 1-3 * * *",
	 "2026-03-29 01:30:00 +0100",
	 {"2026-03-29 03:00:00 +0200", "2026-03-29 03:30:00 +0200",
	  "2026-03-30 01:00:00 +0200"}},
	/* By intervals it goes by the clock. */
	{BERLIN,
	 "*/30 * * * *",
	 "2026-03-29 01:30:00 +0100",
	 {"2026-03-29 03:00:00 +0200", "2026-03-29 03:30:00 +0200",
	  "2026-03-29 04:00:00 +0200"}},
	{BERLIN,
	 "30 */2 * * *",
	 "2026-03-29 00:30:00 +0100",
	 {"2026-03-29 04:30:00 +0200", "2026-03-29 06:30:00 +0200",
	  "2026-03-29 08:30:00 +0200"}},
	/* The hour that is had twice: once. */
	{BERLIN,
	 "30 2 * * *",
	 "2026-10-24 02:30:00 +0200",
	 {"2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100",
	  "2026-10-27 02:30:00 +0100"}},
	{BERLIN,
	 "30 2 * * *",
	 "2026-10-25 02:00:00 +0100",
	 {"2026-10-26 02:30:00 +0100", "2026-10-27 02:30:00 +0100",
	  "2026-10-28 02:30:00 +0100"}},
	{BERLIN,
	 "0 3 * * *",
	 "2026-10-25 02:59:59 +0200",
	 {"2026-10-25 03:00:00 +0100", "2026-10-26 03:00:00 +0100",
	  "2026-10-27 03:00:00 +0100"}},
	/* By intervals: twice. */
	{BERLIN,
	 "*/30 * * * *",
	 "2026-10-25 02:00:00 +0200",
	 {"2026-10-25 02:30:00 +0200", "2026-10-25 02:00:00 +0100",
	  "2026-10-25 02:30:00 +0100"}},
	{BERLIN,
	 "59 59 * * * *",
	 "2026-10-25 02:59:59 +0200",
	 {"2026-10-25 02:59:59 +0100", "2026-10-25 03:59:59 +0100",
	  "2026-10-25 04:59:59 +0100"}},
	{LORD_HOWE,
	 "15 2 * * *",
	 "2026-10-03 02:15:00 +1030",
	 {"2026-10-04 02:30:00 +1100", "2026-10-05 02:15:00 +1100",
	  "2026-10-06 02:15:00 +1100"}},
	{LORD_HOWE,
	 "45 1 * * *",
	 "2026-04-05 01:45:00 +1100",
	 {"2026-04-06 01:45:00 +1030", "2026-04-07 01:45:00 +1030",
	  "2026-04-08 01:45:00 +1030"}},
};

START_TEST(a_schedule_keeps_its_time_when_clocks_are_changed)
{
	struct cron cron = cron_of(stories[_i].pattern);
	int64_t instant;

	live_in(stories[_i].zone);
	instant = instant_of(stories[_i].after);
	for (size_t i = 0; i < ARRAY_COUNT(stories[_i].then); i++) {
		instant = schedule_next(&cron, instant);
		ck_assert_str_eq(format(instant), stories[_i].then[i]);
	}
}
END_TEST

/* A fixed time of day comes once a day, whatever the clocks do: the next one is the
 * same for all that lie before it. */
START_TEST(a_fixed_time_comes_once_a_day_of_every_day)
{
	static const char *const patterns[] = {"30 1 * * *", "0 2 * * *", "30 2 * * *",
					       "59 2 * * *", "0 3 * * *"};
	struct cron cron = cron_of(patterns[_i]);
	int64_t instant;
	unsigned count = 0;

	live_in(BERLIN);
	instant = instant_of("2026-01-01 00:00:00 +0100");
	for (int64_t end = instant_of("2028-01-01 00:00:00 +0100");; count++) {
		int64_t next = schedule_next(&cron, instant);

		if (next >= end)
			break;
		ck_assert_int_gt(next, instant);
		for (int64_t at = instant; at < next; at += 5 * 3600)
			ck_assert_int_eq(schedule_next(&cron, at), next);
		instant = next;
	}
	ck_assert_uint_eq(count, 2 * 365);
}
END_TEST

START_TEST(what_comes_by_intervals_comes_at_every_one)
{
	struct cron cron = cron_of("*/10 * * * *");
	int64_t instant;

	live_in(BERLIN);
	instant = instant_of("2026-01-01 00:00:00 +0100");
	for (unsigned i = 0; i < 6 * 24 * 365; i++) {
		ck_assert_int_eq(schedule_next(&cron, instant), instant + 600);
		instant += 600;
	}
}
END_TEST

static Suite *suite_of_schedule(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tcase = tcase_create("schedule");

	tcase_add_loop_test(tcase, a_schedule_keeps_its_time_when_clocks_are_changed, 0,
			    (int)ARRAY_COUNT(stories));
	tcase_add_loop_test(tcase, a_fixed_time_comes_once_a_day_of_every_day, 0, 5);
	tcase_add_test(tcase, what_comes_by_intervals_comes_at_every_one);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_schedule)
