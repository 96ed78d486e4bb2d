/* Patterns as people write them, and the moments they mean. */
#include "supervisor/core/cron.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

/* "2026-11-24 04:00:00", in order when compared as text. */
static const char *format(const struct cron_moment *moment)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "%04u-%02u-%02u %02u:%02u:%02u", moment->year,
		       moment->month, moment->day, moment->hour, moment->minute,
		       moment->second);
	return text;
}

static struct cron_moment moment_of(const char *text)
{
	struct cron_moment moment;

	ck_assert_int_eq(sscanf(text, "%4u-%2u-%2u %2u:%2u:%2u", &moment.year,
				&moment.month, &moment.day, &moment.hour, &moment.minute,
				&moment.second),
			 6);
	return moment;
}

static struct cron cron_of(const char *pattern)
{
	struct cron cron;

	ck_assert_str_eq(cron_complaint(cron_parse(&cron, pattern)),
			 cron_complaint(CRON_FITS));
	return cron;
}

static const struct {
	const char *pattern;
	const char *from;
	const char *then;
} stories[] = {
	{"0 4 * * *", "2026-11-24 03:59:59", "2026-11-24 04:00:00"},
	{"0 4 * * *", "2026-11-24 04:00:00", "2026-11-24 04:00:00"},
	{"0 4 * * *", "2026-11-24 04:00:01", "2026-11-25 04:00:00"},
	{"  0\t4 * * *  ", "2026-12-31 04:00:01", "2027-01-01 04:00:00"},
	{"*/15 * * * *", "2026-11-24 23:46:00", "2026-11-25 00:00:00"},
	{"5-20/5 * * * *", "2026-11-24 10:11:00", "2026-11-24 10:15:00"},
	{"1,2,59 * * * *", "2026-11-24 10:03:00", "2026-11-24 10:59:00"},
	{"0 0 1 jan *", "2026-01-01 00:00:01", "2027-01-01 00:00:00"},
	{"0 0 1 JAN-mar *", "2026-02-02 00:00:00", "2026-03-01 00:00:00"},
	{"0 0 * * mon", "2026-11-24 00:00:00", "2026-11-30 00:00:00"},
	{"0 0 * * 7", "2026-11-24 00:00:00", "2026-11-29 00:00:00"},
	{"0 0 * * 0", "2026-11-24 00:00:00", "2026-11-29 00:00:00"},
	{"0 0 * * 5-7", "2026-11-28 00:00:01", "2026-11-29 00:00:00"},
	{"0 0 * * Mon-Fri", "2026-11-28 00:00:00", "2026-11-30 00:00:00"},
	{"30 6 31 * *", "2026-04-01 00:00:00", "2026-05-31 06:30:00"},
	{"30 6 29 2 *", "2026-01-01 00:00:00", "2028-02-29 06:30:00"},
	{"0 0 29 2 *", "2096-03-01 00:00:00", "2104-02-29 00:00:00"},
	{"0 0 29 2 */7", "2000-01-01 00:00:00", "2004-02-29 00:00:00"},
	{"0 0 29 2 */7", "2004-03-01 00:00:00", "2032-02-29 00:00:00"},
	{"0 0 13 * fri", "2026-11-14 00:00:00", "2026-11-20 00:00:00"}, /* either */
	{"0 0 13 * fri", "2026-12-12 00:00:00", "2026-12-13 00:00:00"},
	{"0 0 */2 * fri", "2026-11-21 00:00:00", "2026-11-27 00:00:00"}, /* both */
	{"*/2 * * * * *", "2026-11-24 10:03:01", "2026-11-24 10:03:02"},
	{"30 0 4 * * *", "2026-11-24 04:00:00", "2026-11-24 04:00:30"},
	{"@yearly", "2026-01-01 00:00:01", "2027-01-01 00:00:00"},
	{"@annually", "2026-01-01 00:00:01", "2027-01-01 00:00:00"},
	{"@monthly", "2026-11-01 00:00:01", "2026-12-01 00:00:00"},
	{"@weekly", "2026-11-24 00:00:00", "2026-11-29 00:00:00"},
	{"@daily", "2026-11-24 00:00:01", "2026-11-25 00:00:00"},
	{"@midnight", "2026-11-24 00:00:01", "2026-11-25 00:00:00"},
	{"@hourly", "2026-11-24 10:00:01", "2026-11-24 11:00:00"},
};

START_TEST(a_pattern_comes_next_when_it_should)
{
	struct cron cron = cron_of(stories[_i].pattern);
	struct cron_moment moment = moment_of(stories[_i].from);

	ck_assert(cron_find(&cron, &moment));
	ck_assert_str_eq(format(&moment), stories[_i].then);
}
END_TEST

static const struct {
	const char *pattern;
	enum cron_verdict verdict;
} mistakes[] = {
	{"", CRON_BAD_COUNT},
	{"   ", CRON_BAD_COUNT},
	{"0", CRON_BAD_COUNT},
	{"0 4 * *", CRON_BAD_COUNT},
	{"0 0 4 * * * *", CRON_BAD_COUNT},
	{"60 4 * * *", CRON_BAD_MINUTE},
	{"-1 4 * * *", CRON_BAD_MINUTE},
	{"x 4 * * *", CRON_BAD_MINUTE},
	{"*/0 4 * * *", CRON_BAD_MINUTE},
	{"*/ 4 * * *", CRON_BAD_MINUTE},
	{"1/5 4 * * *", CRON_BAD_MINUTE},
	{"30-10 4 * * *", CRON_BAD_MINUTE},
	{"1, 4 * * *", CRON_BAD_MINUTE},
	{",1 4 * * *", CRON_BAD_MINUTE},
	{"** 4 * * *", CRON_BAD_MINUTE},
	{"99999999999999999999 4 * * *", CRON_BAD_MINUTE},
	{"0 24 * * *", CRON_BAD_HOUR},
	{"0 4 0 * *", CRON_BAD_DAY},
	{"0 4 32 * *", CRON_BAD_DAY},
	{"0 4 L * *", CRON_BAD_DAY},
	{"0 4 * 13 *", CRON_BAD_MONTH},
	{"0 4 * ja *", CRON_BAD_MONTH},
	{"0 4 * * 8", CRON_BAD_WEEKDAY},
	{"0 4 * * jan", CRON_BAD_WEEKDAY},
	{"0 4 * * fri-mon", CRON_BAD_WEEKDAY},
	{"60 0 4 * * *", CRON_BAD_SECOND},
	{"@reboot", CRON_BAD_NAME},
	{"@daily x", CRON_BAD_NAME},
	{"0 0 30 2 *", CRON_NEVER},
	{"0 0 31 4,6,9,11 *", CRON_NEVER},
};

START_TEST(what_makes_no_schedule_is_refused)
{
	struct cron cron = {.second = 77};

	ck_assert_str_eq(cron_complaint(cron_parse(&cron, mistakes[_i].pattern)),
			 cron_complaint(mistakes[_i].verdict));
	ck_assert_uint_eq(cron.second, 77);
}
END_TEST

START_TEST(a_pattern_floats_if_it_comes_by_minutes_or_hours)
{
	ck_assert(cron_of("*/5 4 * * *").floats);
	ck_assert(cron_of("0 * * * *").floats);
	ck_assert(cron_of("0 */2 * * *").floats);
	ck_assert(!cron_of("0 4 * * *").floats);
	ck_assert(!cron_of("* 0 4 * * *").floats);
}
END_TEST

/* The day after, by the rule that people learn. */
static void count_on(struct cron_moment *moment, unsigned *weekday)
{
	unsigned long_months =
		1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 12;
	unsigned days = moment->month == 2 ? 28 : 30 + (long_months >> moment->month & 1);

	if (moment->month == 2 && moment->year % 4 == 0 &&
	    (moment->year % 100 != 0 || moment->year % 400 == 0))
		days = 29;
	*weekday = (*weekday + 1) % 7;
	if (moment->day++ < days)
		return;
	moment->day = 1;
	if (moment->month++ < 12)
		return;
	moment->month = 1;
	moment->year++;
}

/* From Saturday, January 1, 2000, for 400 years: no day is missed, none is made up. */
START_TEST(the_calendar_is_right_for_four_centuries)
{
	struct cron mondays = cron_of("0 0 * * mon");
	struct cron ends = cron_of("0 0 28-31 * *");
	struct cron_moment today = {.year = 2000, .month = 1, .day = 1};
	unsigned weekday = 6;

	while (today.year < 2400) {
		struct cron_moment monday = today;
		struct cron_moment end = today;

		ck_assert(cron_find(&mondays, &monday));
		ck_assert_int_eq(memcmp(&monday, &today, sizeof(today)) == 0,
				 weekday == 1);
		ck_assert(cron_find(&ends, &end));
		ck_assert_int_eq(memcmp(&end, &today, sizeof(today)) == 0,
				 today.day >= 28);
		ck_assert_uint_ge(end.day, 28);
		count_on(&today, &weekday);
	}
	ck_assert_uint_eq(weekday, 6);
}
END_TEST

/* Every second of a day: what is found is what will do, and nothing before it. */
START_TEST(no_second_that_will_do_is_passed_over)
{
	struct cron cron = cron_of("10,40 */7 3-21/6 * * *");

	for (unsigned second = 86400; second-- > 0;) {
		struct cron_moment from = {.year = 2026,
					   .month = 3,
					   .day = 29,
					   .hour = second / 3600,
					   .minute = second / 60 % 60,
					   .second = second % 60};
		bool will_do = (from.second == 10 || from.second == 40) &&
			       from.minute % 7 == 0 && from.hour >= 3 &&
			       from.hour <= 21 && (from.hour - 3) % 6 == 0;
		struct cron_moment found = from;

		ck_assert(cron_find(&cron, &found));
		ck_assert_int_eq(memcmp(&found, &from, sizeof(from)) == 0, will_do);
	}
}
END_TEST

static Suite *suite_of_cron(void)
{
	Suite *suite = suite_create("cron");
	TCase *tcase = tcase_create("cron");

	tcase_add_loop_test(tcase, a_pattern_comes_next_when_it_should, 0,
			    (int)ARRAY_COUNT(stories));
	tcase_add_loop_test(tcase, what_makes_no_schedule_is_refused, 0,
			    (int)ARRAY_COUNT(mistakes));
	tcase_add_test(tcase, a_pattern_floats_if_it_comes_by_minutes_or_hours);
	tcase_add_test(tcase, the_calendar_is_right_for_four_centuries);
	tcase_add_test(tcase, no_second_that_will_do_is_passed_over);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_cron)
