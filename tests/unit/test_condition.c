#include "worker/http/condition.h"

#include <string.h>

#include "tests/unit/unit.h"

#define TAG      "\"a\""
#define MODIFIED 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT"
#define THEN     "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct {
	const char *list;
	bool has;
	bool has_strongly;
} lists[] = {
	{"\"a\"", true, true},
	{"W/\"a\"", true, false},
	{"\"b\", \"a\"", true, true},
	{"\"b\",W/\"a\" ", true, false},
	{"W/\"a\", \"a\"", true, true},
	{"*", true, true},
	{" , \"a\"", true, true},
	{"\"b,\", \"a\"", true, true},
	{"", false, false},
	{"a", false, false},
	{"\"aa\"", false, false},
	{"\"b\"", false, false},
	{"\"b, \\\"a\"", false, false},
	{"\"", false, false},
	{"W/", false, false},
	{"\"x\" \"a\"", false, false},
};

START_TEST(who_has_the_tag_has_the_file)
{
	struct condition condition = {.none_match = lists[_i].list};

	ck_assert_int_eq(condition_judge(&condition, TAG, MODIFIED),
			 lists[_i].has ? CONDITION_UNCHANGED : CONDITION_HOLDS);
}
END_TEST

START_TEST(who_wants_that_very_file_gets_no_other)
{
	struct condition condition = {.match = lists[_i].list};

	ck_assert_int_eq(condition_judge(&condition, TAG, MODIFIED),
			 lists[_i].has_strongly ? CONDITION_HOLDS : CONDITION_FAILS);
}
END_TEST

static const struct {
	struct condition condition;
	enum condition_verdict verdict;
} conditions[] = {
	{{0}, CONDITION_HOLDS},
	{{.modified_since = BEFORE}, CONDITION_HOLDS},
	{{.modified_since = THEN}, CONDITION_UNCHANGED},
	{{.modified_since = AFTER}, CONDITION_UNCHANGED},
	{{.modified_since = "Sunday, 06-Nov-94 08:49:37 GMT"}, CONDITION_UNCHANGED},
	{{.modified_since = "Sun Nov  6 08:49:37 1994"}, CONDITION_UNCHANGED},
	{{.modified_since = "Sun Nov  6 08:49:36 1994"}, CONDITION_HOLDS},
	{{.unmodified_since = BEFORE}, CONDITION_FAILS},
	{{.unmodified_since = THEN}, CONDITION_HOLDS},
	{{.unmodified_since = AFTER}, CONDITION_HOLDS},
	{{.unmodified_since = "soon"}, CONDITION_HOLDS},
	/* A tag counts more than a date. */
	{{.none_match = "\"b\"", .modified_since = THEN}, CONDITION_HOLDS},
	{{.none_match = TAG, .modified_since = BEFORE}, CONDITION_UNCHANGED},
	{{.match = TAG, .unmodified_since = BEFORE}, CONDITION_HOLDS},
	{{.match = "\"b\"", .unmodified_since = AFTER}, CONDITION_FAILS},
	/* What must hold comes before what is had already. */
	{{.match = "\"b\"", .none_match = TAG}, CONDITION_FAILS},
	{{.match = TAG, .none_match = TAG}, CONDITION_UNCHANGED},
	{{.unmodified_since = BEFORE, .modified_since = THEN}, CONDITION_FAILS},
};

START_TEST(conditions_are_judged_in_their_order)
{
	ck_assert_int_eq(condition_judge(&conditions[_i].condition, TAG, MODIFIED),
			 conditions[_i].verdict);
}
END_TEST

START_TEST(a_date_is_written_as_it_is_read)
{
	char date[CONDITION_DATE];

	condition_format_date(date, MODIFIED);
	ck_assert_str_eq(date, THEN);
}
END_TEST

START_TEST(what_is_no_date_describes_nothing)
{
	static const char *const dates[] = {"", "yesterday", "784111777",
					    "Sun, 06 Nov 1994 08:49:37 CET",
					    "Sun, 06 Nov 1994 08:49:37 GMT!"};

	for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
		struct condition condition = {.modified_since = dates[i]};

		ck_assert_int_eq(condition_judge(&condition, TAG, 0), CONDITION_HOLDS);
		ck_assert(!condition_allows_range(dates[i], TAG, 0));
	}
}
END_TEST

START_TEST(only_the_very_file_continues_a_download)
{
	ck_assert(condition_allows_range(TAG, TAG, 0));
	ck_assert(!condition_allows_range("\"b\"", TAG, 0));
	ck_assert(!condition_allows_range("W/\"a\"", TAG, 0));
	ck_assert(condition_allows_range(THEN, TAG, MODIFIED));
	ck_assert(!condition_allows_range(THEN, TAG, MODIFIED - 1));
}
END_TEST

START_TEST(a_tag_changes_with_time_size_and_coding)
{
	const struct timespec moment = {.tv_sec = 0x10, .tv_nsec = 0x20};
	const struct timespec next = {.tv_sec = 0x10, .tv_nsec = 0x21};
	char tag[CONDITION_TAG];
	char other[CONDITION_TAG];

	condition_format_tag(tag, &moment, 0x30, "");
	ck_assert_str_eq(tag, "\"10.20-30\"");
	condition_format_tag(other, &next, 0x30, "");
	ck_assert_str_ne(tag, other);
	condition_format_tag(other, &moment, 0x31, "");
	ck_assert_str_ne(tag, other);
	condition_format_tag(other, &moment, 0x30, ".br");
	ck_assert_str_eq(other, "\"10.20-30.br\"");
}
END_TEST

START_TEST(a_tag_fits_its_place)
{
	const struct timespec moment = {.tv_sec = INT64_MIN, .tv_nsec = 999999999};
	char tag[CONDITION_TAG];

	condition_format_tag(tag, &moment, UINT64_MAX, ".br");
	ck_assert_int_eq(tag[strlen(tag) - 1], '"');
}
END_TEST

static Suite *suite_of_condition(void)
{
	Suite *suite = suite_create("condition");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, who_has_the_tag_has_the_file, 0, ARRAY_COUNT(lists));
	tcase_add_loop_test(tcase, who_wants_that_very_file_gets_no_other, 0,
			    ARRAY_COUNT(lists));
	tcase_add_loop_test(tcase, conditions_are_judged_in_their_order, 0,
			    ARRAY_COUNT(conditions));
	tcase_add_test(tcase, a_date_is_written_as_it_is_read);
	tcase_add_test(tcase, what_is_no_date_describes_nothing);
	tcase_add_test(tcase, only_the_very_file_continues_a_download);
	tcase_add_test(tcase, a_tag_changes_with_time_size_and_coding);
	tcase_add_test(tcase, a_tag_fits_its_place);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_condition)
