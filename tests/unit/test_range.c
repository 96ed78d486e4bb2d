#include "worker/http/range.h"

#include <string.h>

#include "tests/unit/unit.h"
#include "worker/http/media.h"

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

static const struct {
	const char *list;
	bool has;
} lists[] = {
	{"\"a\"", true},
	{"W/\"a\"", true},
	{"\"b\", \"a\"", true},
	{"\"b\",W/\"a\" ", true},
	{"*", true},
	{" , \"a\"", true},
	{"\"b,\", \"a\"", true},
	{"", false},
	{"a", false},
	{"\"aa\"", false},
	{"\"b\"", false},
	{"\"b, \\\"a\"", false},
	{"\"", false},
	{"W/", false},
	{"\"x\" \"a\"", false},
};

START_TEST(a_list_has_the_tag_or_not)
{
	ck_assert_int_eq(range_lists_tag(lists[_i].list, "\"a\""), lists[_i].has);
}
END_TEST

START_TEST(a_date_is_written_as_it_is_read)
{
	char date[RANGE_DATE];

	range_format_date(date, 784111777);
	ck_assert_str_eq(date, "Sun, 06 Nov 1994 08:49:37 GMT");
	ck_assert(range_is_unchanged(date, 784111777));
	ck_assert(range_is_unchanged(date, 784111776));
	ck_assert(!range_is_unchanged(date, 784111778));
}
END_TEST

START_TEST(what_is_no_date_describes_nothing)
{
	static const char *const dates[] = {"", "yesterday", "784111777",
					    "Sun, 06 Nov 1994 08:49:37 CET",
					    "Sun, 06 Nov 1994 08:49:37 GMT!"};

	for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
		ck_assert(!range_is_unchanged(dates[i], 0));
		ck_assert(!range_is_current(dates[i], "\"a\"", 0));
	}
}
END_TEST

START_TEST(only_the_very_file_continues_a_download)
{
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

	ck_assert(range_is_current("\"a\"", "\"a\"", 0));
	ck_assert(!range_is_current("\"b\"", "\"a\"", 0));
	ck_assert(!range_is_current("W/\"a\"", "\"a\"", 0));
	ck_assert(range_is_current(date, "\"a\"", 784111777));
	ck_assert(!range_is_current(date, "\"a\"", 784111776));
}
END_TEST

START_TEST(a_tag_changes_with_time_and_size)
{
	const struct timespec moment = {.tv_sec = 0x10, .tv_nsec = 0x20};
	const struct timespec next = {.tv_sec = 0x10, .tv_nsec = 0x21};
	char tag[RANGE_TAG];
	char other[RANGE_TAG];

	range_format_tag(tag, &moment, 0x30);
	ck_assert_str_eq(tag, "\"10.20-30\"");
	range_format_tag(other, &next, 0x30);
	ck_assert_str_ne(tag, other);
	range_format_tag(other, &moment, 0x31);
	ck_assert_str_ne(tag, other);
}
END_TEST

START_TEST(a_tag_fits_its_place)
{
	const struct timespec moment = {.tv_sec = INT64_MIN, .tv_nsec = 999999999};
	char tag[RANGE_TAG];

	range_format_tag(tag, &moment, UINT64_MAX);
	ck_assert_int_eq(tag[strlen(tag) - 1], '"');
}
END_TEST

static const struct {
	const char *path;
	const char *type;
} names[] = {
	{"index.html", "text/html; charset=utf-8"}, {"a/b.PNG", "image/png"},
	{"a.b/c", "application/octet-stream"},      {"x.tar.gz", "application/gzip"},
	{"noext", "application/octet-stream"},      {"dot.", "application/octet-stream"},
	{"", "application/octet-stream"},
};

START_TEST(the_last_extension_tells_the_type)
{
	ck_assert_str_eq(media_type(names[_i].path), names[_i].type);
}
END_TEST

static Suite *suite_of_range(void)
{
	Suite *suite = suite_create("range");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, a_range_is_one_part_of_the_file_or_nothing, 0,
			    ARRAY_COUNT(ranges));
	tcase_add_loop_test(tcase, a_list_has_the_tag_or_not, 0, ARRAY_COUNT(lists));
	tcase_add_test(tcase, a_date_is_written_as_it_is_read);
	tcase_add_test(tcase, what_is_no_date_describes_nothing);
	tcase_add_test(tcase, only_the_very_file_continues_a_download);
	tcase_add_test(tcase, a_tag_changes_with_time_and_size);
	tcase_add_test(tcase, a_tag_fits_its_place);
	tcase_add_loop_test(tcase, the_last_extension_tells_the_type, 0,
			    ARRAY_COUNT(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_range)
