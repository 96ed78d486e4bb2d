#include "worker/logger/wording.h"

#include <string.h>

#include "common/json.h"
#include "tests/unit/unit.h"

static const struct {
	const char *bytes;
	bool full, ended;
	size_t taken;
} measures[] = {
	{"", false, false, 0},       {"abc", false, false, 0},
	{"abc\n", false, false, 4},  {"abc\nde", false, false, 4},
	{"abc\nde", true, false, 4}, {"abc\nde", false, true, 6},
	{"abc", true, false, 3},     {"abc", false, true, 3},
};

START_TEST(a_line_waits_for_its_end_unless_none_can_come)
{
	ck_assert_uint_eq(wording_measure(measures[_i].bytes, strlen(measures[_i].bytes),
					  measures[_i].full, measures[_i].ended),
			  measures[_i].taken);
}
END_TEST

static struct wording wording = {
	.app = "web", .slot = 3, .stream = LOGGING_ERR, .wall = INT64_C(1795965584123)};

static const char *word(enum logging_format format, const char *bytes, size_t count)
{
	static struct buffer words;

	buffer_init(&words, SIZE_MAX);
	wording.format = format;
	wording_append(&wording, bytes, count, &words);
	buffer_append(&words, "", 1);
	return words.bytes;
}

START_TEST(a_prefix_has_time_app_and_slot)
{
	ck_assert_str_eq(word(LOGGING_PREFIXED, "one\n\ntwo", 8),
			 "2026-11-29T15:19:44.123Z web.3 one\n"
			 "2026-11-29T15:19:44.123Z web.3 \n"
			 "2026-11-29T15:19:44.123Z web.3 two\n");
}
END_TEST

#define HEAD                                                                 \
	"{\"time\":\"2026-11-29T15:19:44.123Z\",\"app\":\"web\",\"slot\":3," \
	"\"stream\":\"err\",\"line\":\""

/* Literals with NULs in them, too. */
#define TEXT(literal) (literal), sizeof(literal) - 1
static const struct {
	const char *bytes;
	size_t count;
	const char *text;
} objects[] = {
	{TEXT("plain\n"), "plain"},
	{TEXT("\n"), ""},
	{TEXT("\"\\\t\r\x01\x7f\n"), "\\\"\\\\\\t\\r\\u0001\x7f"},
	{TEXT("a\0b\n"), "a\\u0000b"},
	{TEXT("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\n"),
	 "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{TEXT("\xff\n"), "\xef\xbf\xbd"},
	{TEXT("\xc3\n"), "\xef\xbf\xbd"},
	{TEXT("\xe2\x82\n"), "\xef\xbf\xbd\xef\xbf\xbd"},
	{TEXT("\xc0\x80\n"), "\xef\xbf\xbd\xef\xbf\xbd"},
	{TEXT("\xed\xa0\x80\n"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{TEXT("\xe0\x80\x80\n"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{TEXT("\xf4\x90\x80\x80\n"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

START_TEST(an_object_is_json_whatever_the_bytes_were)
{
	char expected[512];
	const char *line = word(LOGGING_JSON, objects[_i].bytes, objects[_i].count);
	struct json *json;

	(void)snprintf(expected, sizeof(expected), HEAD "%s\"}\n", objects[_i].text);
	ck_assert_str_eq(line, expected);
	if (memchr(objects[_i].bytes, '\0', objects[_i].count))
		return; /* our own reader takes no NUL */
	json = json_parse(line, strlen(line), NULL);
	ck_assert_ptr_nonnull(json);
	json_free(json);
}
END_TEST

static Suite *suite_of_wording(void)
{
	Suite *suite = suite_create("wording");
	TCase *tcase = tcase_create("wording");

	tcase_add_loop_test(tcase, a_line_waits_for_its_end_unless_none_can_come, 0,
			    ARRAY_COUNT(measures));
	tcase_add_test(tcase, a_prefix_has_time_app_and_slot);
	tcase_add_loop_test(tcase, an_object_is_json_whatever_the_bytes_were, 0,
			    ARRAY_COUNT(objects));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_wording)
