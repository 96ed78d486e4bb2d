#include "common/text.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const struct {
	const char *text;
	msec span;
} spans[] = {
	{"0ms", 0},
	{"500ms", 500},
	{"30s", 30000},
	{"1.5s", 1500},
	{"0.25s", 250},
	{"5m", 300000},
	{"24h", 86400000},
	{"1h30m", 5400000},
	{"2d3h", 183600000},
	{"1m500ms", 60500},
	{"7d", 604800000},
	{"0.5ms0", -EINVAL},
	{"", -EINVAL},
	{"30", -EINVAL},
	{"s", -EINVAL},
	{"-1s", -EINVAL},
	{"+1s", -EINVAL},
	{" 1s", -EINVAL},
	{"1s ", -EINVAL},
	{"1 s", -EINVAL},
	{"1S", -EINVAL},
	{"1sec", -EINVAL},
	{"1s1m", -EINVAL},
	{"1s1s", -EINVAL},
	{".5s", -EINVAL},
	{"1.s", -EINVAL},
	{"0.5ms", -EINVAL},
	{"1.0001s", -EINVAL},
	{"1..5s", -EINVAL},
	{"1e3s", -EINVAL},
	{"0x1s", -EINVAL},
	{"99999999999999999999s", -ERANGE},
	{"99999999999999999d", -ERANGE},
	{"9223372036854775807ms", -ERANGE},
	{"13000000000d1000000000000h", -ERANGE},
};

START_TEST(a_duration_is_numbers_with_falling_units)
{
	msec span = -1;
	int error = text_parse_duration(&span, spans[_i].text);

	if (spans[_i].span < 0) {
		ck_assert_int_eq(error, (int)spans[_i].span);
		ck_assert_int_eq(span, -1);
	} else {
		ck_assert_int_eq(error, 0);
		ck_assert_int_eq(span, spans[_i].span);
	}
}
END_TEST

static const struct {
	msec span;
	const char *text;
} spoken[] = {
	{0, "0ms"},         {999, "999ms"},     {1000, "1s"},    {1500, "1.5s"},
	{1999, "1.9s"},     {59999, "59.9s"},   {60000, "1m"},   {90000, "1m30s"},
	{3600000, "1h"},    {5400000, "1h30m"}, {3601000, "1h"}, {86400000, "1d"},
	{90000000, "1d1h"}, {259200000, "3d"},  {-5, "0ms"},
};

START_TEST(a_duration_is_told_in_its_two_largest_units)
{
	char text[32];

	text_format_duration(text, sizeof(text), spoken[_i].span);
	ck_assert_str_eq(text, spoken[_i].text);
}
END_TEST

START_TEST(the_longest_duration_is_told_within_its_room)
{
	char text[6];

	text_format_duration(text, sizeof(text), MSEC_NEVER);
	ck_assert_uint_lt(strlen(text), sizeof(text));
}
END_TEST

static const struct {
	const char *text;
	int error;
	uint64_t bytes;
} sizes[] = {
	{"0B", 0, 0},
	{"512B", 0, 512},
	{"64K", 0, 65536},
	{"1.5G", 0, UINT64_C(1610612736)},
	{"2T", 0, UINT64_C(2199023255552)},
	{"0.5B", -EINVAL, 0},
	{"64", -EINVAL, 0},
	{"", -EINVAL, 0},
	{"K", -EINVAL, 0},
	{"-1K", -EINVAL, 0},
	{"64k", -EINVAL, 0},
	{"64 K", -EINVAL, 0},
	{"64KB", -EINVAL, 0},
	{"1G512M", -EINVAL, 0},
	{"16777215T", 0, UINT64_C(18446742974197923840)},
	{"16777216T", -ERANGE, 0},
	{"99999999999999999999B", -ERANGE, 0},
};

START_TEST(a_size_is_one_number_with_a_unit)
{
	uint64_t bytes = 7;

	ck_assert_int_eq(text_parse_bytes(&bytes, sizes[_i].text), sizes[_i].error);
	ck_assert_uint_eq(bytes, sizes[_i].error ? 7 : sizes[_i].bytes);
}
END_TEST

START_TEST(a_size_is_told_with_one_digit_behind_the_point)
{
	char text[32];

	text_format_bytes(text, sizeof(text), 0);
	ck_assert_str_eq(text, "0B");
	text_format_bytes(text, sizeof(text), 1023);
	ck_assert_str_eq(text, "1023B");
	text_format_bytes(text, sizeof(text), 1536);
	ck_assert_str_eq(text, "1.5K");
	text_format_bytes(text, sizeof(text), 64 << 20);
	ck_assert_str_eq(text, "64M");
	text_format_bytes(text, sizeof(text), UINT64_MAX);
	ck_assert_str_eq(text, "16777215.9T");
}
END_TEST

START_TEST(a_number_is_read_whole_and_in_range)
{
	unsigned number = 77;

	ck_assert_int_eq(text_parse_unsigned(&number, "0", 0, 10), 0);
	ck_assert_uint_eq(number, 0);
	ck_assert_int_eq(text_parse_unsigned(&number, "10", 0, 10), 0);
	ck_assert_uint_eq(number, 10);
	ck_assert_int_eq(text_parse_unsigned(&number, "11", 0, 10), -ERANGE);
	ck_assert_int_eq(text_parse_unsigned(&number, "0", 1, 10), -ERANGE);
	ck_assert_int_eq(text_parse_unsigned(&number, "4294967297", 0, 10), -ERANGE);
	ck_assert_int_eq(text_parse_unsigned(&number, "99999999999999999999999", 0, 10),
			 -ERANGE);
	ck_assert_int_eq(text_parse_unsigned(&number, "", 0, 10), -EINVAL);
	ck_assert_int_eq(text_parse_unsigned(&number, "-1", 0, 10), -EINVAL);
	ck_assert_int_eq(text_parse_unsigned(&number, "1x", 0, 10), -EINVAL);
	ck_assert_uint_eq(number, 10);
}
END_TEST

START_TEST(a_signal_has_a_name_with_or_without_sig_and_a_number)
{
	int number = 0;

	ck_assert_int_eq(text_parse_signal(&number, "TERM"), 0);
	ck_assert_int_eq(number, SIGTERM);
	ck_assert_int_eq(text_parse_signal(&number, "SIGWINCH"), 0);
	ck_assert_int_eq(number, SIGWINCH);
	ck_assert_int_eq(text_parse_signal(&number, "sigusr1"), 0);
	ck_assert_int_eq(number, SIGUSR1);
	ck_assert_int_eq(text_parse_signal(&number, "15"), 0);
	ck_assert_int_eq(number, SIGTERM);
	ck_assert_int_eq(text_parse_signal(&number, "0"), -ERANGE);
	ck_assert_int_eq(text_parse_signal(&number, "65"), -ERANGE);
	ck_assert_int_eq(text_parse_signal(&number, "SIG"), -EINVAL);
	ck_assert_int_eq(text_parse_signal(&number, "TERMINATE"), -EINVAL);
	ck_assert_str_eq(text_signal_name(SIGKILL), "KILL");
	ck_assert_str_eq(text_signal_name(9999), "?");
}
END_TEST

START_TEST(a_copy_that_does_not_fit_is_cut_and_says_so)
{
	char to[4];

	ck_assert(text_copy(to, sizeof(to), "abc"));
	ck_assert_str_eq(to, "abc");
	ck_assert(!text_copy(to, sizeof(to), "abcd"));
	ck_assert_str_eq(to, "abc");
	ck_assert(text_copy(to, sizeof(to), ""));
	ck_assert_str_eq(to, "");
	ck_assert(!text_copy(to, 0, "abc"));
}
END_TEST

static const struct {
	const char *bytes;
	const char *copied;
	bool whole;
} printable[] = {
	{"", "", true},
	{"\xc3\xbc\xe2\x82\xac", "\xc3\xbc\xe2\x82\xac", true},
	{"a\n\x7f\xff\xc3", "a????", true},
	{"1234567", "1234567", true},
	{"12345678", "1234567", false},
	{"123456\xc3\xbc", "123456", false},
};

START_TEST(text_copies_what_can_be_printed)
{
	char to[8];

	ck_assert_int_eq(text_copy_printable(to, sizeof(to), printable[_i].bytes,
					     strlen(printable[_i].bytes)),
			 printable[_i].whole);
	ck_assert_str_eq(to, printable[_i].copied);
}
END_TEST

static const char *const words[] = {"instances", "listen", "balance", "ready.timeout",
				    "on"};

static const struct {
	const char *word;
	const char *nearest;
} hints[] = {
	{"instances", "instances"},
	{"instance", "instances"},
	{"isntances", "instances"},
	{"instancse", "instances"},
	{"insstances", "instances"},
	{"instntces", "instances"},
	{"lisen", "listen"},
	{"ready.timout", "ready.timeout"},
	{"no", "on"},
	{"x", NULL},
	{"", NULL},
	{"workers", NULL},
	{"instanc", "instances"},
	{"instan", NULL},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
};

START_TEST(a_hint_is_at_most_two_slips_away)
{
	const char *nearest = text_nearest(hints[_i].word, words, ARRAY_COUNT(words));

	if (hints[_i].nearest)
		ck_assert_str_eq(nearest ? nearest : "(none)", hints[_i].nearest);
	else
		ck_assert_ptr_null(nearest);
}
END_TEST

static const struct {
	const char *text;
	int count;
	const char *word[4];
} splits[] = {
	{"", 0, {0}},
	{"  \t ", 0, {0}},
	{"node", 1, {"node"}},
	{" node  server.js ", 2, {"node", "server.js"}},
	{"a 'b c' d", 3, {"a", "b c", "d"}},
	{"a \"b c\"d", 2, {"a", "b cd"}},
	{"a\\ b c", 2, {"a b", "c"}},
	{"a \"\"", 2, {"a", ""}},
	{"'' b", 2, {"", "b"}},
	{"'a\\b'", 1, {"a\\b"}},
	{"\"a\\\"b\"", 1, {"a\"b"}},
	{"\"a\\nb\"", 1, {"a\\nb"}},
	{"\"a'b\" 'c\"d'", 2, {"a'b", "c\"d"}},
	{"$HOME *.c | b", 4, {"$HOME", "*.c", "|", "b"}},
	{"a b c d e", -E2BIG, {0}},
	{"a 'b", -EINVAL, {0}},
	{"a \"b", -EINVAL, {0}},
	{"a b\\", -EINVAL, {0}},
};

START_TEST(a_command_is_split_like_a_shell_would_without_expansion)
{
	char text[64];
	char *word[4];
	int count;

	ck_assert(text_copy(text, sizeof(text), splits[_i].text));
	count = text_split(text, word, ARRAY_COUNT(word));
	ck_assert_int_eq(count, splits[_i].count);
	for (int i = 0; i < count; i++)
		ck_assert_str_eq(word[i], splits[_i].word[i]);
}
END_TEST

static Suite *suite_of_text(void)
{
	Suite *suite = suite_create("text");
	TCase *tcase = tcase_create("text");

	tcase_add_loop_test(tcase, text_copies_what_can_be_printed, 0,
			    ARRAY_COUNT(printable));
	tcase_add_loop_test(tcase, a_duration_is_numbers_with_falling_units, 0,
			    ARRAY_COUNT(spans));
	tcase_add_loop_test(tcase, a_duration_is_told_in_its_two_largest_units, 0,
			    ARRAY_COUNT(spoken));
	tcase_add_test(tcase, the_longest_duration_is_told_within_its_room);
	tcase_add_loop_test(tcase, a_size_is_one_number_with_a_unit, 0,
			    ARRAY_COUNT(sizes));
	tcase_add_test(tcase, a_size_is_told_with_one_digit_behind_the_point);
	tcase_add_test(tcase, a_number_is_read_whole_and_in_range);
	tcase_add_test(tcase, a_signal_has_a_name_with_or_without_sig_and_a_number);
	tcase_add_test(tcase, a_copy_that_does_not_fit_is_cut_and_says_so);
	tcase_add_loop_test(tcase, a_hint_is_at_most_two_slips_away, 0,
			    ARRAY_COUNT(hints));
	tcase_add_loop_test(tcase,
			    a_command_is_split_like_a_shell_would_without_expansion, 0,
			    ARRAY_COUNT(splits));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_text)
