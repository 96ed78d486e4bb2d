#include "worker/logger/rotation.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct logging_rules ten = {.rotate = 10};

static const struct {
	uint64_t size;
	const char *bytes;
	size_t room;
} rooms[] = {
	{0, "abc\n", 4},
	{6, "abc\n", 4},
	{7, "abc\n", 0},
	{0, "abc\nabc\nabc\n", 8},
	{4, "abc\nabc\n", 4},
	{10, "a\n", 0},
	{99, "a\n", 0},
	{0, "longer than a file\nx\n", 19}, /* a line of its own */
	{1, "longer than a file\nx\n", 0},
	{0, "longer than a file", 18},
};

START_TEST(a_file_takes_whole_lines_up_to_its_size)
{
	ck_assert_uint_eq(rotation_room(&ten, rooms[_i].size, rooms[_i].bytes,
					strlen(rooms[_i].bytes)),
			  rooms[_i].room);
}
END_TEST

START_TEST(without_a_size_all_goes_into_one_file)
{
	const struct logging_rules never = {0};

	ck_assert_uint_eq(rotation_room(&never, UINT64_MAX - 10, "abc\n", 4), 4);
}
END_TEST

START_TEST(an_empty_file_is_never_old)
{
	const struct logging_rules hourly = {.age = 3600000};

	ck_assert(!rotation_is_old(&hourly, 0, 7200000));
	ck_assert(!rotation_is_old(&hourly, 1, 3599999));
	ck_assert(rotation_is_old(&hourly, 1, 3600000));
	ck_assert(!rotation_is_old(&ten, 1, MSEC_NEVER));
}
END_TEST

/* 2026-11-29 15:19:44 UTC */
#define WALL INT64_C(1795965584123)

START_TEST(a_stamp_says_when_and_which_of_that_second)
{
	char stamp[ROTATION_STAMP + 1];

	ck_assert(rotation_stamp(stamp, WALL, ""));
	ck_assert_str_eq(stamp, "20261129-151944-000");
	ck_assert(rotation_stamp(stamp, WALL + 500, stamp));
	ck_assert_str_eq(stamp, "20261129-151944-001");
	ck_assert(rotation_stamp(stamp, WALL + 1000, stamp));
	ck_assert_str_eq(stamp, "20261129-151945-000");
}
END_TEST

START_TEST(stamps_grow_though_the_clock_goes_back)
{
	char stamp[ROTATION_STAMP + 1] = "20261129-160000-009";

	ck_assert(rotation_stamp(stamp, WALL, stamp));
	ck_assert_str_eq(stamp, "20261129-160000-010");
}
END_TEST

START_TEST(a_second_has_a_thousand_stamps)
{
	char stamp[ROTATION_STAMP + 1] = "20261129-151944-999";

	ck_assert(!rotation_stamp(stamp, WALL, stamp));
	ck_assert(rotation_stamp(stamp, WALL + 1000, stamp));
}
END_TEST

static const struct {
	const char *name;
	int packing; /* -1: it is none of ours */
} names[] = {
	{"web.log.20261129-151944-000", LOGGING_PLAIN},
	{"web.log.20261129-151944-000.zst", LOGGING_ZSTD},
	{"web.log.20261129-151944-000.gz", LOGGING_GZIP},
	{"web.log.20261129-151944-000.gz.tmp", -1},
	{"web.log.20261129-151944-00", -1},
	{"web.log.20261129x151944-000", -1},
	{"web.log", -1},
	{"web.log.1", -1},
	{"web.log.bak", -1},
	{"a-web.log.20261129-151944-000", -1},
	{"web.logx20261129-151944-000", -1},
};

START_TEST(what_was_rotated_is_known_by_its_name)
{
	enum logging_packing packing = LOGGING_PACKINGS;
	const char *stamp = logging_find_stamp("web.log", names[_i].name, &packing);

	ck_assert_int_eq(stamp != NULL, names[_i].packing >= 0);
	if (stamp) {
		ck_assert_int_eq((int)packing, names[_i].packing);
		ck_assert_int_eq(strncmp(stamp, "20261129-", 9), 0);
	}
}
END_TEST

static Suite *suite_of_rotation(void)
{
	Suite *suite = suite_create("rotation");
	TCase *tcase = tcase_create("rotation");

	tcase_add_loop_test(tcase, a_file_takes_whole_lines_up_to_its_size, 0,
			    ARRAY_COUNT(rooms));
	tcase_add_test(tcase, without_a_size_all_goes_into_one_file);
	tcase_add_test(tcase, an_empty_file_is_never_old);
	tcase_add_test(tcase, a_stamp_says_when_and_which_of_that_second);
	tcase_add_test(tcase, stamps_grow_though_the_clock_goes_back);
	tcase_add_test(tcase, a_second_has_a_thousand_stamps);
	tcase_add_loop_test(tcase, what_was_rotated_is_known_by_its_name, 0,
			    ARRAY_COUNT(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_rotation)
