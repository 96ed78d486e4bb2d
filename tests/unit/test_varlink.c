/*
 * test_varlink.c - messages of the control socket: framed, decoded, checked, refused.
 */
#include <errno.h>
#include <string.h>

#include "common/varlink.h"
#include "tests/unit/unit.h"

static struct buffer out;
static struct fault fault;

static void begin(void)
{
	buffer_init(&out, 4096);
}

static void end(void)
{
	buffer_free(&out);
}

static int decode(struct varlink_call *call, const char *text)
{
	return varlink_decode_call(call, text, strlen(text), &fault);
}

START_TEST(a_message_is_whole_when_its_nul_has_come)
{
	ck_assert_uint_eq(varlink_first_message(&out), 0);
	buffer_append_text(&out, "{}");
	ck_assert_uint_eq(varlink_first_message(&out), 0);
	buffer_append(&out, "\0{", 2);
	ck_assert_uint_eq(varlink_first_message(&out), 3);
	buffer_drop(&out, 3);
	ck_assert_uint_eq(varlink_first_message(&out), 0);
}
END_TEST

START_TEST(what_is_sent_is_what_is_understood)
{
	struct json_writer writer = {.to = &out};
	struct varlink_call call;

	varlink_open_call(&writer, "org.clusterd.Supervisor.Stop", true);
	json_open_array(&writer, "targets");
	json_put_text(&writer, NULL, "web");
	json_close_array(&writer);
	varlink_close_call(&writer);
	ck_assert_uint_eq(varlink_first_message(&out), out.count);
	ck_assert_int_eq(varlink_decode_call(&call, out.bytes, out.count - 1, &fault), 0);
	ck_assert_str_eq(call.method, "org.clusterd.Supervisor.Stop");
	ck_assert(call.more && !call.oneway && !call.upgrade);
	ck_assert_uint_eq(json_count(json_find(call.parameters, "targets")), 1);
	varlink_free_call(&call);
	ck_assert_ptr_null(call.message);
}
END_TEST

START_TEST(an_answer_says_whether_it_is_an_error_and_goes_on)
{
	struct json_writer writer = {.to = &out};
	struct varlink_reply reply;

	varlink_open_reply(&writer, NULL, true);
	json_put_number(&writer, "n", 1);
	varlink_close_reply(&writer);
	ck_assert_int_eq(varlink_decode_reply(&reply, out.bytes, out.count - 1, &fault),
			 0);
	ck_assert(reply.continues && reply.error == NULL);
	ck_assert_int_eq(json_find_number(reply.parameters, "n", 0), 1);
	varlink_free_reply(&reply);

	buffer_cut(&out, 0);
	varlink_open_reply(&writer, "a.b.C", false);
	varlink_close_reply(&writer);
	ck_assert_int_eq(varlink_decode_reply(&reply, out.bytes, out.count - 1, &fault),
			 0);
	ck_assert(!reply.continues);
	ck_assert_str_eq(reply.error, "a.b.C");
	varlink_free_reply(&reply);
}
END_TEST

START_TEST(parameters_may_be_left_out)
{
	struct varlink_call call;

	ck_assert_int_eq(decode(&call, "{\"method\":\"a.B\",\"parameters\":null}"), 0);
	ck_assert_ptr_null(call.parameters);
	varlink_free_call(&call);
	ck_assert_int_eq(decode(&call, "{\"method\":\"a.B\",\"oneway\":true}"), 0);
	ck_assert(call.oneway);
	varlink_free_call(&call);
}
END_TEST

static const char *const garbage[] = {
	"",
	"nonsense",
	"[]",
	"\"text\"",
	"{}",
	"{\"method\":7}",
	"{\"method\":\"a.B\",\"parameters\":[]}",
	"{\"method\":\"a.B\",\"parameters\":\"x\"}",
	"{\"method\":\"a.B\",\"more\":true,\"oneway\":true}",
	"{\"method\":\"a.B\"}{}",
	"{\"method\":\"a.B\",\"method\":\"a.C\"}",
};

START_TEST(garbage_is_refused)
{
	struct varlink_call call;

	ck_assert_int_eq(decode(&call, garbage[_i]), -EBADMSG);
	ck_assert_str_ne(fault.text, "");
}
END_TEST

#define DECLARATION "(targets: []string, wait: ?bool, file: ?string, lines: ?int)"

static const struct {
	const char *parameters, *culprit; /* NULL: they fit */
} checks[] = {
	{"{\"targets\":[]}", NULL},
	{"{\"targets\":[\"a\",\"b\"],\"wait\":true,\"file\":\"x\"}", NULL},
	{"{\"targets\":[\"a\"],\"wait\":null}", NULL},
	{"{}", "targets"},
	{"{\"targets\":null}", "targets"},
	{"{\"targets\":\"a\"}", "targets"},
	{"{\"targets\":{\"a\":\"b\"}}", "targets"},
	{"{\"targets\":[\"a\",1]}", "targets"},
	{"{\"targets\":[],\"wait\":1}", "wait"},
	{"{\"targets\":[],\"file\":false}", "file"},
	{"{\"targets\":[],\"n\":1}", "n"},
	{"{\"targets\":[],\"lines\":3}", NULL},
	{"{\"targets\":[],\"lines\":3.5}", "lines"},
	{"{\"targets\":[],\"lines\":\"3\"}", "lines"},
	{"{\"targets\":[],\"Targets\":[]}", "Targets"},
};

START_TEST(parameters_are_checked_against_the_declaration)
{
	struct json *json =
		json_parse(checks[_i].parameters, strlen(checks[_i].parameters), &fault);
	char name[32] = "";
	int code = varlink_check_parameters(DECLARATION, json, name, sizeof(name));

	ck_assert_int_eq(code, checks[_i].culprit ? -EINVAL : 0);
	ck_assert_str_eq(name, checks[_i].culprit ? checks[_i].culprit : "");
	json_free(json);
}
END_TEST

START_TEST(a_method_without_parameters_takes_none)
{
	struct json *json = json_parse("{\"x\":1}", 7, &fault);
	char name[32];

	ck_assert_int_eq(varlink_check_parameters("() -> ()", NULL, name, sizeof(name)),
			 0);
	ck_assert_int_eq(
		varlink_check_parameters("() -> (x: int)", json, name, sizeof(name)),
		-EINVAL);
	ck_assert_str_eq(name, "x");
	json_free(json);
}
END_TEST

static Suite *suite_of_varlink(void)
{
	Suite *suite = suite_create("varlink");
	TCase *tcase = tcase_create("varlink");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_message_is_whole_when_its_nul_has_come);
	tcase_add_test(tcase, what_is_sent_is_what_is_understood);
	tcase_add_test(tcase, an_answer_says_whether_it_is_an_error_and_goes_on);
	tcase_add_test(tcase, parameters_may_be_left_out);
	tcase_add_loop_test(tcase, garbage_is_refused, 0, ARRAY_COUNT(garbage));
	tcase_add_loop_test(tcase, parameters_are_checked_against_the_declaration, 0,
			    ARRAY_COUNT(checks));
	tcase_add_test(tcase, a_method_without_parameters_takes_none);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_varlink)
