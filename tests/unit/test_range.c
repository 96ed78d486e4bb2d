#include "worker/http/range.h"

#include "tests/unit/unit.h"

static const struct {
	const char *header;
	uint64_t size;
	enum range_kind kind;
	uint64_t first;
	uint64_t count;
} ranges[] = {
	{NULL, 10, RANGE_WHOLE, 0, 0},
	{"bytes=0-0", 10, RANGE_PART, 0, 1},
	{"bytes=0-9", 10, RANGE_PART, 0, 10},
	{"bytes=0-10", 10, RANGE_PART, 0, 10},
	{"bytes=5-", 10, RANGE_PART, 5, 5},
	{"BYTES=9-9", 10, RANGE_PART, 9, 1},
	{"bytes=-3", 10, RANGE_PART, 7, 3},
	{"bytes=-10", 10, RANGE_PART, 0, 10},
	{"bytes=-11", 10, RANGE_PART, 0, 10},
	{"bytes=10-", 10, RANGE_BEYOND, 0, 0},
	{"bytes=10-20", 10, RANGE_BEYOND, 0, 0},
	{"bytes=-0", 10, RANGE_BEYOND, 0, 0},
	{"bytes=0-", 0, RANGE_BEYOND, 0, 0},
	{"bytes=-5", 0, RANGE_BEYOND, 0, 0},
	{"bytes=1-18446744073709551599", 10, RANGE_PART, 1, 9},
	{"bytes=1-99999999999999999999", 10, RANGE_WHOLE, 0, 0},
	{"bytes=18446744073709551616-", 10, RANGE_WHOLE, 0, 0},
	{"bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 0},
	{"bytes=4-3", 10, RANGE_WHOLE, 0, 0},
	{"bytes=", 10, RANGE_WHOLE, 0, 0},
	{"bytes=-", 10, RANGE_WHOLE, 0, 0},
	{"bytes=a-b", 10, RANGE_WHOLE, 0, 0},
	{"bytes=1-2x", 10, RANGE_WHOLE, 0, 0},
	{"bytes=-2x", 10, RANGE_WHOLE, 0, 0},
	{"bytes 0-1", 10, RANGE_WHOLE, 0, 0},
	{"lines=0-1", 10, RANGE_WHOLE, 0, 0},
};

START_TEST(a_range_is_one_part_of_the_file_or_nothing)
{
	struct range range = {0};

	ck_assert_int_eq(range_parse(ranges[_i].header, ranges[_i].size, &range),
			 ranges[_i].kind);
	ck_assert_uint_eq(range.first, ranges[_i].first);
	ck_assert_uint_eq(range.count, ranges[_i].count);
}
END_TEST

static Suite *suite_of_range(void)
{
	Suite *suite = suite_create("range");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, a_range_is_one_part_of_the_file_or_nothing, 0,
			    ARRAY_COUNT(ranges));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_range)
