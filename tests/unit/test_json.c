/*
 * test_json.c - what is written is always JSON, what is read is found or is missing.
 */
#include <string.h>

#include "common/json.h"
#include "tests/unit/unit.h"

static struct buffer out;
static struct json_writer writer;

static void begin(void)
{
	buffer_init(&out, 4096);
	writer = (struct json_writer){.to = &out};
}

static void end(void)
{
	buffer_free(&out);
}

static const char *written(void)
{
	buffer_append(&out, "", 1);
	ck_assert(!out.broken);
	return out.bytes;
}

START_TEST(commas_stand_between_values_and_nowhere_else)
{
	json_open_object(&writer, NULL);
	json_open_array(&writer, "none");
	json_close_array(&writer);
	json_open_array(&writer, "some");
	json_put_number(&writer, NULL, 1);
	json_put_bool(&writer, NULL, false);
	json_open_object(&writer, NULL);
	json_close_object(&writer);
	json_put_null(&writer, NULL);
	json_close_array(&writer);
	json_put_text(&writer, "last", "x");
	json_close_object(&writer);
	ck_assert_str_eq(written(),
			 "{\"none\":[],\"some\":[1,false,{},null],\"last\":\"x\"}");
}
END_TEST

/* Text from outside, and how it is written. */
static const struct {
	const char *text, *json;
} texts[] = {
	{"plain", "\"plain\""},
	{"", "\"\""},
	{"\"\\\n\t\r\b\f", "\"\\\"\\\\\\n\\t\\r\\b\\f\""},
	{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
	{"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80",
	 "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80\""},
	{"\xFF", "\"\xEF\xBF\xBD\""},
	{"a\xC3", "\"a\xEF\xBF\xBD\""},
	{"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* overlong */
	{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* surrogate */
	{"\xE0\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
	{"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
};

START_TEST(text_is_escaped_and_repaired)
{
	struct fault fault;
	struct json *read;

	json_put_text(&writer, NULL, texts[_i].text);
	ck_assert_str_eq(written(), texts[_i].json);
	writer.separate = false;
	buffer_cut(&out, 0);
	json_open_array(&writer, NULL);
	json_put_text(&writer, NULL, texts[_i].text);
	json_close_array(&writer);
	read = json_parse(out.bytes, out.count, &fault);
	ck_assert_msg(read != NULL, "%s", fault.text);
	json_free(read);
}
END_TEST

START_TEST(a_figure_that_is_not_known_is_null_and_zero_is_zero)
{
	json_open_array(&writer, NULL);
	json_put_figure(&writer, NULL, -1);
	json_put_figure(&writer, NULL, 0);
	json_put_real_figure(&writer, NULL, -1);
	json_put_real_figure(&writer, NULL, 0.0 / 0.0);
	json_put_real_figure(&writer, NULL, 0);
	json_put_real_figure(&writer, NULL, 12.345);
	json_put_number(&writer, NULL, INT64_MIN);
	json_put_text(&writer, NULL, NULL);
	json_close_array(&writer);
	ck_assert_str_eq(written(),
			 "[null,0,null,null,0.00,12.35,-9223372036854775808,null]");
}
END_TEST

START_TEST(what_was_read_can_be_written_again)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\",null,true,{\"b\":{}}]}";
	struct json *read = json_parse(text, strlen(text), NULL);

	ck_assert_ptr_nonnull(read);
	json_put(&writer, NULL, read);
	json_free(read);
	ck_assert_str_eq(written(), text);
}
END_TEST

START_TEST(a_writer_that_runs_out_of_room_says_so)
{
	char much[8192];

	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	json_put_text(&writer, NULL, much);
	ck_assert(out.broken);
}
END_TEST

START_TEST(things_are_found_or_missing)
{
	static const char text[] =
		"{\"n\":-5,\"r\":1.5,\"t\":\"x\",\"yes\":true,\"no\":false,"
		"\"list\":[\"a\",7],\"nil\":null}";
	struct json *read = json_parse(text, strlen(text), NULL);
	const struct json *list = json_find(read, "list");

	ck_assert(json_is_map(read) && !json_is_list(read) && !json_is_none(read));
	ck_assert_int_eq(json_find_number(read, "n", 0), -5);
	ck_assert_int_eq(json_find_number(read, "t", 9), 9);
	ck_assert_int_eq(json_find_number(read, "absent", 9), 9);
	ck_assert(json_find_real(read, "r", 0) > 1.4);
	ck_assert(json_find_real(read, "n", 0) < -4.9);
	ck_assert_str_eq(json_find_text(read, "t"), "x");
	ck_assert_ptr_null(json_find_text(read, "n"));
	ck_assert(json_find_bool(read, "yes"));
	ck_assert(!json_find_bool(read, "no") && !json_find_bool(read, "n"));
	ck_assert(json_is_truth(json_find(read, "no")));
	ck_assert(json_is_none(json_find(read, "nil")) && json_is_none(NULL));
	ck_assert_uint_eq(json_count(list), 2);
	ck_assert_uint_eq(json_count(read), 7);
	ck_assert_uint_eq(json_count(NULL), 0);
	ck_assert_str_eq(json_text(json_at(list, 0)), "a");
	ck_assert_ptr_null(json_text(json_at(list, 1)));
	ck_assert_ptr_null(json_at(list, 2));
	ck_assert_ptr_null(json_find(list, "a"));
	json_free(read);
}
END_TEST

START_TEST(members_are_named_in_their_order)
{
	static const char text[] = "{\"b\":1,\"a\":{\"c\":2}}";
	struct json *read = json_parse(text, strlen(text), NULL);

	ck_assert_str_eq(json_name(read, 0), "b");
	ck_assert_str_eq(json_name(read, 1), "a");
	ck_assert_ptr_null(json_name(read, 2));
	ck_assert_ptr_null(json_name(json_find(read, "b"), 0));
	ck_assert_ptr_null(json_name(NULL, 0));
	json_free(read);
}
END_TEST

START_TEST(strangers_are_named)
{
	static const char text[] = "{\"file\":1,\"flie\":2}";
	static const char *const known[] = {"file", "wait", NULL};
	struct json *read = json_parse(text, strlen(text), NULL);

	ck_assert_str_eq(json_find_stranger(read, known), "flie");
	ck_assert_ptr_null(json_find_stranger(NULL, known));
	json_free(read);
}
END_TEST

static const char *const broken[] = {"", "{", "{}x", "{\"a\":1,\"a\":2}", "\xFF", "nul"};

START_TEST(what_is_no_json_is_refused_with_a_reason)
{
	struct fault fault = {0};

	ck_assert_ptr_null(json_parse(broken[_i], strlen(broken[_i]), &fault));
	ck_assert_str_ne(fault.text, "");
}
END_TEST

static Suite *suite_of_json(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, commas_stand_between_values_and_nowhere_else);
	tcase_add_loop_test(tcase, text_is_escaped_and_repaired, 0, ARRAY_COUNT(texts));
	tcase_add_test(tcase, a_figure_that_is_not_known_is_null_and_zero_is_zero);
	tcase_add_test(tcase, what_was_read_can_be_written_again);
	tcase_add_test(tcase, a_writer_that_runs_out_of_room_says_so);
	tcase_add_test(tcase, things_are_found_or_missing);
	tcase_add_test(tcase, members_are_named_in_their_order);
	tcase_add_test(tcase, strangers_are_named);
	tcase_add_loop_test(tcase, what_is_no_json_is_refused_with_a_reason, 0,
			    ARRAY_COUNT(broken));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_json)
