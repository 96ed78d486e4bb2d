/*
 * test_follow.c - who hears of which event, in what order, and until when.
 */
#include "supervisor/commands.h"
#include "tests/unit/fake_supervisor.h"
#include "tests/unit/unit.h"

#define FOLLOW ",\"more\":true"

static struct buffer out;
static struct call call;
static struct varlink_reply reply;

static void begin(void)
{
	fake_begin();
	buffer_init(&out, (size_t)1 << 20);
	call_init(&call, &fake, &out);
}

static void end(void)
{
	varlink_free_reply(&reply);
	call_free(&call);
	buffer_free(&out);
	chronicle_free(&fake.chronicle);
}

static void ask(const char *rest)
{
	struct varlink_call message;
	char json[512];

	(void)snprintf(json, sizeof(json),
		       "{\"method\":\"" VARLINK_INTERFACE ".Events\"%s}", rest);
	ck_assert_int_eq(varlink_decode_call(&message, json, strlen(json), NULL), 0);
	commands_begin(&call, &message);
}

/* The pids of the events in the next reply, such as "1 2 "; "-": there is none. */
static const char *hear(void)
{
	static char pids[256];
	size_t count = varlink_first_message(&out), used = 0;
	const struct json *events;

	if (count == 0)
		return "-";
	varlink_free_reply(&reply);
	ck_assert_int_eq(varlink_decode_reply(&reply, out.bytes, count - 1, NULL), 0);
	buffer_drop(&out, count);
	events = json_find(reply.parameters, "events");
	pids[0] = '\0';
	for (size_t i = 0; i < json_count(events); i++)
		used += (size_t)snprintf(
			pids + used, sizeof(pids) - used, "%d ",
			(int)json_find_number(json_at(events, i), "pid", -1));
	return pids;
}

/* Of all the replies that are left. */
static const char *hear_the_rest(void)
{
	static char pids[256];
	const char *next;

	pids[0] = '\0';
	while (strcmp(next = hear(), "-") != 0)
		(void)strncat(pids, next, sizeof(pids) - strlen(pids) - 1);
	return pids;
}

static void happen(const char *app, int slot, pid_t pid)
{
	chronicle_add(&fake.chronicle, &(struct happening){.kind = HAPPENING_READY,
							   .app = app,
							   .slot = slot,
							   .pid = pid});
}

static void happen_some(void)
{
	happen(NULL, -1, 1);
	happen("web", 0, 2);
	happen("web", 1, 3);
	happen("api-1", 0, 4);
	happen("web", -1, 5);
}

static const struct {
	const char *targets, *heard;
} filters[] = {
	{"[]", "1 2 3 4 5 "},      {"[\"web\"]", "2 3 5 "},
	{"[\"web.1\"]", "3 "},     {"[\"api-*\"]", "4 "},
	{"[\"all\"]", "2 3 4 5 "}, {"[\"api-1\",\"web.0\"]", "2 4 "},
};

START_TEST(targets_choose_what_is_told)
{
	char rest[256];

	happen_some();
	(void)snprintf(rest, sizeof(rest), FOLLOW ",\"parameters\":{\"targets\":%s}",
		       filters[_i].targets);
	ask(rest);
	ck_assert_str_eq(hear(), filters[_i].heard);
	ck_assert(reply.continues);
	happen_some();
	commands_look_again(&call);
	ck_assert_str_eq(hear_the_rest(), filters[_i].heard);
}
END_TEST

START_TEST(lines_are_the_last_ones)
{
	happen_some();
	ask(",\"parameters\":{\"follow\":false,\"lines\":2,\"targets\":[\"web\"]}");
	ck_assert_str_eq(hear(), "3 5 ");
	ck_assert(!reply.continues);
	ck_assert_int_eq(call.state, CALL_NONE);
	ask(",\"parameters\":{\"follow\":false,\"lines\":0}");
	ck_assert_str_eq(hear(), "");
	ask(",\"parameters\":{\"follow\":false,\"lines\":99}");
	ck_assert_str_eq(hear(), "1 2 3 4 5 ");
}
END_TEST

START_TEST(the_past_is_told_even_if_there_is_none)
{
	ask(FOLLOW);
	ck_assert_str_eq(hear(), "");
	ck_assert(reply.continues);
	ck_assert_int_eq(call.state, CALL_FOLLOWING);
}
END_TEST

START_TEST(nothing_is_told_twice_or_left_out)
{
	ask(FOLLOW);
	(void)hear();
	happen("web", 0, 7);
	commands_look_again(&call);
	commands_look_again(&call);
	ck_assert_str_eq(hear(), "7 ");
	ck_assert_str_eq(hear(), "-");
	happen("web", 0, 8);
	happen("web", 0, 9);
	commands_look_again(&call);
	ck_assert_str_eq(hear(), "8 ");
	ck_assert_str_eq(hear(), "9 ");
	ck_assert_str_eq(hear(), "-");
}
END_TEST

START_TEST(an_event_has_all_its_fields)
{
	const struct json *event;

	chronicle_add(&fake.chronicle,
		      &(struct happening){.kind = HAPPENING_OPERATION_FAILED,
					  .at_wall = 1,
					  .app = "web",
					  .slot = -1,
					  .operation = "reload",
					  .result = "reverted",
					  .has_duration = true,
					  .reason = "why"});
	ask(",\"parameters\":{\"follow\":false}");
	(void)hear();
	event = json_at(json_find(reply.parameters, "events"), 0);
	ck_assert_str_eq(json_find_text(event, "kind"), "operation-failed");
	ck_assert_str_eq(json_find_text(event, "level"), "warn");
	ck_assert_str_eq(json_find_text(event, "at"), "1970-01-01T00:00:00.001Z");
	ck_assert_str_eq(json_find_text(event, "operation"), "reload");
	ck_assert_str_eq(json_find_text(event, "result"), "reverted");
	ck_assert_int_eq(json_find_number(event, "duration_ms", -1), 0);
	ck_assert_str_eq(json_find_text(event, "message"), "reload reverted: why");
	ck_assert(json_is_none(json_find(event, "slot")));
	ck_assert(json_is_none(json_find(event, "pid")));
	ck_assert(json_is_none(json_find(event, "code")));
}
END_TEST

START_TEST(who_does_not_read_is_cut_off_with_a_notice)
{
	ask(FOLLOW);
	for (int i = 0; call.state == CALL_FOLLOWING && i < 100000; i++) {
		happen("web", 0, 7);
		commands_look_again(&call);
	}
	ck_assert_int_eq(call.state, CALL_NONE);
	ck_assert_uint_gt(out.count, 1000000);
	ck_assert(!out.broken);
	while (strcmp(hear(), "-") != 0)
		continue;
	ck_assert_str_eq(reply.error, VARLINK_INTERFACE ".Lagged");
	ck_assert(!reply.continues);
}
END_TEST

START_TEST(who_comes_late_hears_what_is_left)
{
	for (int i = 0; i < CHRONICLE_KEPT + 3; i++)
		happen("web", 0, i + 1);
	ask(FOLLOW ",\"parameters\":{\"lines\":0}");
	ck_assert_str_eq(hear(), "");
	for (int i = 0; i < CHRONICLE_KEPT + 3; i++)
		happen("web", 0, i + 1);
	commands_look_again(&call);
	ck_assert_str_eq(hear(), "4 ");
}
END_TEST

START_TEST(the_end_of_the_supervisor_is_an_end_and_no_error)
{
	ask(FOLLOW);
	(void)hear();
	commands_abandon(&call);
	ck_assert_str_eq(hear(), "");
	ck_assert_ptr_null(reply.error);
	ck_assert(!reply.continues);
	ck_assert_int_eq(call.state, CALL_NONE);
}
END_TEST

static const struct {
	const char *rest, *error;
} mistakes[] = {
	{"", VARLINK_SERVICE ".ExpectedMore"},
	{",\"parameters\":{\"follow\":true}", VARLINK_SERVICE ".ExpectedMore"},
	{FOLLOW ",\"parameters\":{\"lines\":-1}", VARLINK_SERVICE ".InvalidParameter"},
	{FOLLOW ",\"parameters\":{\"lines\":1.5}", VARLINK_SERVICE ".InvalidParameter"},
	{FOLLOW ",\"parameters\":{\"targets\":[\"no\"]}",
	 VARLINK_INTERFACE ".NoSuchTarget"},
};

START_TEST(mistakes_are_refused)
{
	ask(mistakes[_i].rest);
	(void)hear();
	ck_assert_str_eq(reply.error, mistakes[_i].error);
	ck_assert_int_eq(call.state, CALL_NONE);
}
END_TEST

static Suite *suite_of_follow(void)
{
	Suite *suite = suite_create("follow");
	TCase *tcase = tcase_create("follow");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, targets_choose_what_is_told, 0, ARRAY_COUNT(filters));
	tcase_add_test(tcase, lines_are_the_last_ones);
	tcase_add_test(tcase, the_past_is_told_even_if_there_is_none);
	tcase_add_test(tcase, nothing_is_told_twice_or_left_out);
	tcase_add_test(tcase, an_event_has_all_its_fields);
	tcase_add_test(tcase, who_does_not_read_is_cut_off_with_a_notice);
	tcase_add_test(tcase, who_comes_late_hears_what_is_left);
	tcase_add_test(tcase, the_end_of_the_supervisor_is_an_end_and_no_error);
	tcase_add_loop_test(tcase, mistakes_are_refused, 0, ARRAY_COUNT(mistakes));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_follow)
