#include "supervisor/top/roster.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct roster roster;
static char text[ROSTER_LINE];

static void begin(void)
{
	roster = (struct roster){0};
}

static void end(void)
{
	roster_free(&roster);
}

static void take(const char *json, msec now)
{
	struct json *apps = json_parse(json, strlen(json), NULL);

	ck_assert_ptr_nonnull(apps);
	ck_assert_int_eq(roster_take(&roster, apps, now), 0);
	json_free(apps);
}

#define WORKER(slot, pid, cpu, requests)                                               \
	"{\"slot\":" #slot ",\"pid\":" #pid ",\"state\":\"ready\",\"rss_bytes\":1024," \
	"\"cpu_percent\":" #cpu ",\"loop_lag_us\":" #cpu "000,\"requests\":" #requests \
	"}"
#define APP(name, workers)                                                        \
	"{\"name\":\"" name "\",\"state\":\"online\",\"instances\":{\"ready\":2," \
	"\"desired\":3},\"workers\":[" workers "]}"
#define TWO                                          \
	"[" APP("api", WORKER(0, 10, 1, 0)) "," APP( \
		"web", WORKER(0, 20, 3, 100) "," WORKER(1, 21, 5, 200)) "]"

static double newest(unsigned row, enum roster_figure figure)
{
	return roster.row[row].past[figure][ROSTER_PAST - 1];
}

START_TEST(an_app_stands_before_its_workers)
{
	take(TWO, 1000);
	ck_assert_uint_eq(roster.count, 5);
	ck_assert_str_eq(roster.row[2].app, "web");
	ck_assert_int_eq(roster.row[2].slot, -1);
	ck_assert_str_eq(roster.row[2].state, "online 2/3");
	ck_assert_int_eq(roster.row[4].slot, 1);
	ck_assert_int_eq(roster.row[4].pid, 21);
}
END_TEST

START_TEST(an_app_is_the_sum_of_its_workers_and_as_late_as_the_worst)
{
	take(TWO, 1000);
	ck_assert_double_eq(newest(2, ROSTER_CPU), 8);
	ck_assert_double_eq(newest(2, ROSTER_MEMORY), 2048);
	ck_assert_double_eq(newest(2, ROSTER_LAG), 5000);
}
END_TEST

START_TEST(requests_are_a_rate_between_two_looks)
{
	take(TWO, 1000);
	ck_assert_double_lt(newest(3, ROSTER_REQUESTS), 0);
	take("[" APP("web", WORKER(0, 20, 3, 150) "," WORKER(1, 22, 5, 900)) "]", 3000);
	ck_assert_double_eq(newest(1, ROSTER_REQUESTS), 25);
	ck_assert_double_lt(newest(2, ROSTER_REQUESTS), 0); /* another process */
	ck_assert_double_eq(newest(0, ROSTER_REQUESTS), 25);
}
END_TEST

START_TEST(the_past_goes_with_the_process)
{
	take(TWO, 1000);
	take("[" APP("web", WORKER(1, 21, 7, 200)) "]", 2000);
	ck_assert_double_eq(roster.row[1].past[ROSTER_CPU][ROSTER_PAST - 2], 5);
	ck_assert_double_eq(newest(1, ROSTER_CPU), 7);
}
END_TEST

START_TEST(the_selection_stays_with_its_row)
{
	take(TWO, 1000);
	roster_move(&roster, 4, 10);
	take("[" APP("web", WORKER(1, 21, 7, 200)) "]", 2000);
	ck_assert_int_eq(roster_selected(&roster)->pid, 21);
	take("[" APP("web", "") "]", 3000);
	ck_assert_str_eq(roster_selected(&roster)->app, "web");
	take("[]", 4000);
	ck_assert_ptr_null(roster_selected(&roster));
	take(TWO, 5000);
	ck_assert_ptr_nonnull(roster_selected(&roster));
}
END_TEST

START_TEST(what_is_selected_is_shown)
{
	take(TWO, 1000);
	roster_move(&roster, 4, 2);
	ck_assert_uint_eq(roster.first, 3);
	roster_move(&roster, -4, 2);
	ck_assert_uint_eq(roster.first, 0);
	roster_move(&roster, 99, 2);
	ck_assert_uint_eq(roster.selected, 4);
	roster_move(&roster, -99, 0);
	ck_assert_uint_eq(roster.selected, 0);
}
END_TEST

START_TEST(workers_can_be_ordered_by_a_figure)
{
	ck_assert_str_eq(roster_order_name(&roster), "slot");
	roster_turn_order(&roster);
	roster_turn_order(&roster);
	ck_assert_str_eq(roster_order_name(&roster), "CPU%");
	take(TWO, 1000);
	ck_assert_int_eq(roster.row[3].slot, 1);
	for (unsigned i = 0; i < ROSTER_FIGURES - 1; i++)
		roster_turn_order(&roster);
	ck_assert_str_eq(roster_order_name(&roster), "slot");
	take(TWO, 2000);
	ck_assert_int_eq(roster.row[3].slot, 0);
}
END_TEST

START_TEST(a_spark_is_to_its_own_scale)
{
	double past[ROSTER_PAST] = {0};

	past[ROSTER_PAST - 4] = -1;
	past[ROSTER_PAST - 3] = 0;
	past[ROSTER_PAST - 2] = 50;
	past[ROSTER_PAST - 1] = 100;
	roster_spark(past, 4, true, text, sizeof(text));
	ck_assert_str_eq(text, " _+@");
	roster_spark(past, 3, false, text, sizeof(text));
	ck_assert_str_eq(text, "▁▅█");
	past[ROSTER_PAST - 2] = past[ROSTER_PAST - 1] = 0;
	roster_spark(past, 2, true, text, sizeof(text));
	ck_assert_str_eq(text, "__");
}
END_TEST

static unsigned columns(void)
{
	unsigned count = 0;

	for (const char *at = text; *at != '\0'; at++)
		count += ((unsigned char)*at & 0xc0) != 0x80;
	return count;
}

/* Of a screen from nothing to wider than anybody has. */
START_TEST(a_line_fits_the_screen)
{
	take(TWO, 1000);
	for (unsigned row = 0; row < roster.count; row++) {
		roster_format(&roster.row[row], (unsigned)_i, false, text, sizeof(text));
		ck_assert_uint_le(columns(), (unsigned)_i);
	}
	roster_format_heading((unsigned)_i, text, sizeof(text));
	ck_assert_uint_le(columns(), (unsigned)_i);
}
END_TEST

START_TEST(a_line_tells_who_and_how)
{
	take(TWO, 1000);
	roster_format(&roster.row[4], 79, true, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "  1 "));
	ck_assert_ptr_nonnull(strstr(text, "ready"));
	ck_assert_ptr_nonnull(strstr(text, "21"));
	ck_assert_ptr_nonnull(strstr(text, "5.0ms"));
	roster_target(&roster.row[4], text, sizeof(text));
	ck_assert_str_eq(text, "web.1");
	roster_target(&roster.row[2], text, sizeof(text));
	ck_assert_str_eq(text, "web");
}
END_TEST

START_TEST(what_makes_no_sense_is_borne)
{
	take("[{},7,{\"name\":\"a\",\"workers\":[{}]}]", 1000);
	ck_assert_uint_eq(roster.count, 2);
	roster_format(&roster.row[1], 79, false, text, sizeof(text));
}
END_TEST

static Suite *suite_of_roster(void)
{
	Suite *suite = suite_create("roster");
	TCase *tcase = tcase_create("roster");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, an_app_stands_before_its_workers);
	tcase_add_test(tcase, an_app_is_the_sum_of_its_workers_and_as_late_as_the_worst);
	tcase_add_test(tcase, requests_are_a_rate_between_two_looks);
	tcase_add_test(tcase, the_past_goes_with_the_process);
	tcase_add_test(tcase, the_selection_stays_with_its_row);
	tcase_add_test(tcase, what_is_selected_is_shown);
	tcase_add_test(tcase, workers_can_be_ordered_by_a_figure);
	tcase_add_test(tcase, a_spark_is_to_its_own_scale);
	tcase_add_loop_test(tcase, a_line_fits_the_screen, 0, 300);
	tcase_add_test(tcase, a_line_tells_who_and_how);
	tcase_add_test(tcase, what_makes_no_sense_is_borne);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_roster)
