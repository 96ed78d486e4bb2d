/*
 * test_record.c - a struct becomes bytes and is itself again, whatever the version.
 */
#include <errno.h>
#include <string.h>

#include "supervisor/record.h"
#include "tests/unit/unit.h"

struct part {
	uint32_t number;
	const char *text;
};

struct whole {
	bool flag;
	int negative;
	int64_t large;
	char chars[8];
	const char *text, *empty, *missing;
	char **word;
	struct part part;
	struct part *one;
	unsigned parts;
	struct part in_place[3];
	const struct part *list;
	unsigned listed;
	uint16_t number[4];
	uint8_t later; /* since version 2 */
};

#define ROW(number, what, member) \
	.tag = (number), .kind = (what), .offset = offsetof(struct whole, member)
#define OF(member) .bytes = sizeof(((struct whole *)0)->member)

/* clang-format off */
static const struct record_row part_row[] = {
	{.tag = 1, .kind = RECORD_NUMBER, .offset = offsetof(struct part, number),
	 .bytes = 4, .most = 1000},
	{.tag = 2, .kind = RECORD_TEXT, .offset = offsetof(struct part, text)},
	{.tag = 0},
};
static const struct record_row row[] = {
	{ROW(1, RECORD_NUMBER, flag), OF(flag), .most = 1},
	{ROW(2, RECORD_NUMBER, negative), OF(negative)},
	{ROW(3, RECORD_NUMBER, large), OF(large)},
	{ROW(4, RECORD_CHARS, chars), OF(chars)},
	{ROW(5, RECORD_TEXT, text)},
	{ROW(6, RECORD_TEXT, empty)},
	{ROW(7, RECORD_TEXT, missing)},
	{ROW(8, RECORD_WORDS, word), .most = 4},
	{ROW(9, RECORD_STRUCT, part), OF(part), .row = part_row},
	{ROW(10, RECORD_POINTER, one), OF(part), .row = part_row},
	{ROW(11, RECORD_ARRAY, in_place), OF(part), .most = 3, .row = part_row,
	 .count = offsetof(struct whole, parts)},
	{ROW(12, RECORD_LIST, list), OF(part), .most = 5, .row = part_row,
	 .count = offsetof(struct whole, listed)},
	{ROW(13, RECORD_NUMBERS, number), OF(number[0]), .most = 4},
	{ROW(14, RECORD_NUMBER, later), OF(later), .since = 2},
	{.tag = 0},
};
/* clang-format on */

static char *words[] = {(char[]){"one"}, (char[]){""}, (char[]){"three"}, NULL};
static struct part lone = {.number = 7, .text = "lone"};
static const struct part listed[] = {{1, "a"}, {0, NULL}, {3, ""}};

static const struct whole full = {
	.flag = true,
	.negative = -2,
	.large = INT64_MAX,
	.chars = "chars",
	.text = "text",
	.empty = "",
	.word = words,
	.part = {.number = 1000},
	.one = &lone,
	.parts = 2,
	.in_place = {{5, "five"}, {6, NULL}},
	.list = listed,
	.listed = 3,
	.number = {0, 300, 0, 0},
	.later = 9,
};

static struct buffer out;
static struct arena arena;

static void begin(void)
{
	buffer_init(&out, 1 << 16);
	arena = (struct arena){0};
}

static void end(void)
{
	buffer_free(&out);
	arena_free(&arena);
}

static int decode(struct whole *whole)
{
	*whole = (struct whole){0};
	return record_decode(whole, row, out.bytes, out.count, &arena);
}

START_TEST(what_is_written_is_read_as_the_same)
{
	struct whole whole;

	record_encode(&out, row, &full, 2);
	ck_assert_int_eq(decode(&whole), 0);
	ck_assert(whole.flag && whole.negative == -2 && whole.large == INT64_MAX);
	ck_assert_str_eq(whole.chars, "chars");
	ck_assert_str_eq(whole.text, "text");
	ck_assert_str_eq(whole.empty, "");
	ck_assert_ptr_null(whole.missing);
	ck_assert_str_eq(whole.word[0], "one");
	ck_assert_str_eq(whole.word[1], "");
	ck_assert_str_eq(whole.word[2], "three");
	ck_assert_ptr_null(whole.word[3]);
	ck_assert_uint_eq(whole.part.number, 1000);
	ck_assert_str_eq(whole.one->text, "lone");
	ck_assert_uint_eq(whole.parts, 2);
	ck_assert_str_eq(whole.in_place[0].text, "five");
	ck_assert_uint_eq(whole.in_place[1].number, 6);
	ck_assert_uint_eq(whole.listed, 3);
	ck_assert_ptr_null(whole.list[1].text);
	ck_assert_str_eq(whole.list[2].text, "");
	ck_assert_uint_eq(whole.number[1], 300);
	ck_assert_uint_eq(whole.later, 9);
}
END_TEST

START_TEST(what_is_zero_has_no_bytes)
{
	static const struct whole zero;

	record_encode(&out, row, &zero, 2);
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(an_older_version_does_not_hear_of_what_came_later)
{
	struct whole whole;

	record_encode(&out, row, &full, 1);
	ck_assert_int_eq(decode(&whole), 0);
	ck_assert_uint_eq(whole.later, 0);
	ck_assert_str_eq(whole.text, "text");
}
END_TEST

START_TEST(a_tag_that_nobody_knows_is_skipped)
{
	static const uint8_t foreign[] = {99, 3, 1, 2, 3, 1, 1, 1};
	struct whole whole;

	buffer_append(&out, foreign, sizeof(foreign));
	ck_assert_int_eq(decode(&whole), 0);
	ck_assert(whole.flag);
}
END_TEST

START_TEST(every_truncation_is_refused_or_is_a_shorter_record)
{
	struct whole whole;
	size_t refused = 0;

	record_encode(&out, row, &full, 2);
	for (size_t count = out.count; count-- > 0;) {
		whole = (struct whole){0};
		refused += record_decode(&whole, row, out.bytes, count, &arena) < 0;
	}
	ck_assert_uint_gt(refused, out.count / 2);
}
END_TEST

static const struct {
	const char *what;
	uint8_t bytes[16];
	size_t count;
} bad[] = {
	{"a bool that is neither", {1, 1, 2}, 3},
	{"a number wider than its field", {2, 5, 1, 1, 1, 1, 1}, 7},
	{"a text that does not fit", {4, 8, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'}, 10},
	{"a NUL in a text", {5, 2, 'a', 0}, 4},
	{"more words than allowed", {8, 5, 0, 0, 0, 0, 0}, 7},
	{"more structs than there is room for", {11, 4, 0, 0, 0, 0}, 6},
	{"a longer list than allowed", {12, 6, 0, 0, 0, 0, 0, 0}, 8},
	{"more numbers than there are", {13, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 11},
	{"a number out of range in a part", {9, 4, 1, 2, 0xff, 0xff}, 6},
	{"a length beyond the end", {5, 100, 'a'}, 3},
	{"a length without end",
	 {5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	 11},
};

START_TEST(what_exceeds_the_table_is_refused)
{
	struct whole whole = {0};

	ck_assert_msg(record_decode(&whole, row, bad[_i].bytes, bad[_i].count, &arena) ==
			      -EBADMSG,
		      "%s", bad[_i].what);
}
END_TEST

static Suite *suite_of_record(void)
{
	Suite *suite = suite_create("record");
	TCase *tcase = tcase_create("record");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, what_is_written_is_read_as_the_same);
	tcase_add_test(tcase, what_is_zero_has_no_bytes);
	tcase_add_test(tcase, an_older_version_does_not_hear_of_what_came_later);
	tcase_add_test(tcase, a_tag_that_nobody_knows_is_skipped);
	tcase_add_test(tcase, every_truncation_is_refused_or_is_a_shorter_record);
	tcase_add_loop_test(tcase, what_exceeds_the_table_is_refused, 0,
			    (int)ARRAY_COUNT(bad));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_record)
