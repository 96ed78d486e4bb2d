/*
 * test_commands.c - what each method does and answers: exactly once, and all or nothing.
 */
#include "supervisor/commands.h"
#include "tests/unit/fake_supervisor.h"
#include "tests/unit/unit.h"

static struct buffer out;
static struct call call;

/* The answer that was read last. */
static struct varlink_reply reply;
static char text[8192];

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
}

/* `rest` is what stands behind the method: parameters, more, oneway. */
static void ask(const char *method, const char *rest)
{
	struct varlink_call message;
	char json[1024];

	ck_assert_int_eq(call.state, CALL_NONE);
	(void)snprintf(json, sizeof(json), "{\"method\":\"" VARLINK_INTERFACE ".%s\"%s}",
		       method, rest);
	ck_assert_int_eq(varlink_decode_call(&message, json, strlen(json), NULL), 0);
	commands_begin(&call, &message);
}

/* The next answer; false: there is none. */
static bool hear(void)
{
	size_t count = varlink_first_message(&out);

	if (count == 0)
		return false;
	varlink_free_reply(&reply);
	(void)text_copy(text, sizeof(text), out.bytes);
	ck_assert_int_eq(varlink_decode_reply(&reply, out.bytes, count - 1, NULL), 0);
	buffer_drop(&out, count);
	return true;
}

/* The one answer there is, which closes the call. */
static void hear_last(void)
{
	ck_assert(hear());
	ck_assert(!reply.continues);
	ck_assert_uint_eq(out.count, 0);
	ck_assert_int_eq(call.state, CALL_NONE);
}

static void hear_error(const char *error)
{
	char whole[128];

	hear_last();
	(void)snprintf(whole, sizeof(whole), VARLINK_INTERFACE ".%s", error);
	ck_assert_str_eq(reply.error, whole);
}

static const struct json *verdict(size_t index)
{
	return json_at(json_find(reply.parameters, "verdicts"), index);
}

static void check_verdict(size_t index, const char *app, const char *result)
{
	ck_assert_str_eq(json_find_text(verdict(index), "app"), app);
	ck_assert_str_eq(json_find_text(verdict(index), "result"), result);
}

static void finish(uint32_t operation, const char *app, enum core_result result)
{
	const struct outcome outcome = {.app = app,
					.kind = "stop",
					.result = result,
					.reason = "why",
					.duration_ms = 12};

	call_hear(&call, operation, &outcome);
}

/* ---- nothing is touched by halves ---- */

static const struct {
	const char *method, *rest, *error;
} mistakes[] = {
	{"Stop", ",\"parameters\":{\"targets\":[\"web\",\"nosuch\"]}", "NoSuchTarget"},
	{"Stop", ",\"parameters\":{\"targets\":[\"web.4\"]}", "NoSuchTarget"},
	{"Stop", ",\"parameters\":{\"targets\":[\"x-*\"]}", "NoSuchTarget"},
	{"Restart", ",\"parameters\":{\"targets\":[\"web\",\"/a\"]}", "NoSuchTarget"},
	{"Start", ",\"parameters\":{\"targets\":[\"web\",\"nosuch\"]}", "NoSuchTarget"},
	{"Reload", ",\"parameters\":{\"targets\":[\"web\",\"nosuch\"]}", "NoSuchTarget"},
	{"Scale", ",\"parameters\":{\"target\":\"nosuch\",\"count\":\"3\"}",
	 "NoSuchTarget"},
	{"Balance", ",\"parameters\":{\"target\":\"nosuch\",\"policy\":\"hash\"}",
	 "NoSuchTarget"},
	{"Signal", ",\"parameters\":{\"targets\":[\"web\",\"no\"],\"signal\":\"HUP\"}",
	 "NoSuchTarget"},
	{"Reset", ",\"parameters\":{\"targets\":[\"web\",\"no\"]}", "NoSuchTarget"},
	{"Show", ",\"parameters\":{\"targets\":[\"no\"]}", "NoSuchTarget"},
	{"Wait", ",\"parameters\":{\"targets\":[\"no\"]}", "NoSuchTarget"},
	{"Delete", ",\"parameters\":{\"targets\":[\"web\",\"no\"]}", "NoSuchTarget"},
};

START_TEST(an_unknown_target_changes_nothing)
{
	ask(mistakes[_i].method, mistakes[_i].rest);
	hear_error(mistakes[_i].error);
	ck_assert_str_eq(fake.asked, "");
}
END_TEST

static const struct {
	const char *method, *rest;
} misuses[] = {
	{"Stop", ""},
	{"Stop", ",\"parameters\":{\"targets\":\"web\"}"},
	{"Stop", ",\"parameters\":{\"targets\":[\"web\"],\"force\":true}"},
	{"Start", ",\"parameters\":{\"file\":\"relative.conf\"}"},
	{"Plan", ",\"parameters\":{\"file\":\"relative.conf\"}"},
	{"Scale", ",\"parameters\":{\"target\":\"web\",\"count\":3}"},
	{"Balance", ",\"parameters\":{\"target\":\"web\"}"},
	{"Balance", ",\"parameters\":{\"target\":\"web\",\"policy\":\"hash\","
		    "\"weights\":[2]}"},
	{"Signal", ",\"parameters\":{\"targets\":[\"web\"],\"signal\":\"NOSUCH\"}"},
	{"Wait", ",\"parameters\":{\"targets\":[\"web\"],\"for\":\"lunch\"}"},
	{"List", ",\"upgrade\":true"},
};

START_TEST(a_parameter_that_makes_no_sense_changes_nothing)
{
	ask(misuses[_i].method, misuses[_i].rest);
	hear_last();
	ck_assert_str_eq(reply.error, VARLINK_SERVICE ".InvalidParameter");
	ck_assert_str_eq(fake.asked, "");
}
END_TEST

START_TEST(an_invalid_configuration_is_told_with_all_its_faults)
{
	fault_add(&fake.faults, "f:1: a: b");
	fault_add(&fake.faults, "f:2: c: d");
	ask("Reload", "");
	hear_error("InvalidConfig");
	ck_assert_uint_eq(json_count(json_find(reply.parameters, "faults")), 2);
	ck_assert_int_eq(json_find_number(reply.parameters, "count", 0), 2);
}
END_TEST

/* ---- answers come once ---- */

START_TEST(a_command_is_answered_when_its_operations_have_ended)
{
	ask("Stop", ",\"parameters\":{\"targets\":[\"api-1\",\"web\"]}");
	ck_assert_str_eq(fake.asked, "stop api-1\nstop web\n");
	ck_assert(!hear());
	finish(2, "web", CORE_RESULT_OK);
	ck_assert(!hear());
	finish(7, "web", CORE_RESULT_OK);
	ck_assert(!hear());
	finish(1, "api-1", CORE_RESULT_FAILED);
	hear_last();
	check_verdict(0, "web", "done");
	check_verdict(1, "api-1", "failed");
	ck_assert_str_eq(json_find_text(verdict(1), "reason"), "why");
	ck_assert_str_eq(json_find_text(verdict(1), "kind"), "stop");
	ck_assert_int_eq(json_find_number(verdict(1), "duration_ms", 0), 12);
	finish(1, "api-1", CORE_RESULT_OK);
	ck_assert(!hear());
}
END_TEST

START_TEST(with_more_each_verdict_comes_when_it_is_known)
{
	ask("Stop", ",\"more\":true,\"parameters\":{\"targets\":[\"api-1\",\"web\"]}");
	finish(2, "web", CORE_RESULT_SUPERSEDED);
	ck_assert(hear());
	ck_assert(reply.continues);
	check_verdict(0, "web", "superseded");
	finish(1, "api-1", CORE_RESULT_REVERTED);
	hear_last();
	check_verdict(0, "api-1", "reverted");
	ck_assert_uint_eq(json_count(json_find(reply.parameters, "verdicts")), 1);
}
END_TEST

START_TEST(what_cannot_begin_is_told_beside_what_can)
{
	fake.app[0].begins = -EIO;
	fake.app[1].begins = -EINVAL;
	fake.app[2].idle = true;
	ask("Restart", ",\"parameters\":{\"targets\":[\"all\"]}");
	hear_last();
	check_verdict(0, "api-1", "failed");
	ck_assert_str_eq(json_find_text(verdict(0), "reason"), "it cannot be");
	check_verdict(1, "api-2", "refused");
	check_verdict(2, "web", "unchanged");
}
END_TEST

START_TEST(an_app_that_is_named_twice_is_acted_on_once)
{
	ask("Stop", ",\"parameters\":{\"targets\":[\"web\",\"w*\",\"web\"]}");
	ck_assert_str_eq(fake.asked, "stop web\n");
}
END_TEST

#define STOP_WITH_TICKET \
	",\"parameters\":{\"targets\":[\"web\",\"api-1\"],\"ticket\":\"T\"}"

START_TEST(a_call_that_is_made_again_waits_for_what_it_has_begun)
{
	fake.app[0].idle = true;
	ask("Stop", STOP_WITH_TICKET);
	call_free(&call); /* its supervisor died, or the connection broke */
	fake.asked[0] = '\0';
	ask("Stop", STOP_WITH_TICKET);
	ck_assert_str_eq(fake.asked, "");
	ck_assert(!hear());
	finish(1, "web", CORE_RESULT_OK);
	hear_last();
	ck_assert_uint_eq(json_count(json_find(reply.parameters, "verdicts")), 2);
	check_verdict(0, "api-1", "unchanged");
	check_verdict(1, "web", "done");
}
END_TEST

START_TEST(another_ticket_is_another_call)
{
	ask("Stop", ",\"parameters\":{\"targets\":[\"web\"],\"ticket\":\"A\"}");
	call_free(&call);
	ask("Stop", ",\"parameters\":{\"targets\":[\"web\"],\"ticket\":\"B\"}");
	ck_assert_str_eq(fake.asked, "stop web\nstop web\n");
}
END_TEST

START_TEST(who_does_not_wait_is_answered_at_once)
{
	ask("Stop", ",\"parameters\":{\"targets\":[\"web\"],\"wait\":false}");
	hear_last();
	check_verdict(0, "web", "queued");
	finish(1, "web", CORE_RESULT_OK);
	ck_assert(!hear());
}
END_TEST

START_TEST(who_wants_no_answer_gets_none)
{
	ask("Stop", ",\"oneway\":true,\"parameters\":{\"targets\":[\"web\"]}");
	ck_assert_str_eq(fake.asked, "stop web\n");
	ck_assert_int_eq(call.state, CALL_NONE);
	ask("Ping", ",\"oneway\":true");
	ask("Nonsense", ",\"oneway\":true");
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(an_open_call_is_answered_when_the_supervisor_ends)
{
	ask("Stop", ",\"parameters\":{\"targets\":[\"web\"]}");
	commands_abandon(&call);
	hear_error("Busy");
	commands_abandon(&call);
	ck_assert(!hear());
}
END_TEST

START_TEST(nothing_is_begun_while_the_supervisor_ends)
{
	static const char *const methods[] = {"Stop", "Restart", "Start", "Reload"};

	fake.stopping = true;
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
		ask(methods[i], ",\"parameters\":{\"targets\":[\"web\"]}");
		hear_error("Busy");
	}
	ask("Scale", ",\"parameters\":{\"target\":\"web\",\"count\":\"3\"}");
	hear_error("Busy");
	ck_assert_str_eq(fake.asked, "");
}
END_TEST

START_TEST(too_much_for_the_buffer_is_an_error_and_no_half_message)
{
	buffer_free(&out);
	buffer_init(&out, 600);
	ask("List", ",\"more\":true");
	ck_assert(!out.broken);
	hear_error("OutOfMemory");
	ask("List", "");
	hear_last();
	ck_assert_str_eq(reply.error, VARLINK_SERVICE ".ExpectedMore");
}
END_TEST

/* ---- each command ---- */

START_TEST(start_applies_a_file_or_starts_apps)
{
	ask("Start", ",\"parameters\":{\"targets\":[\"web\"],\"wait\":false}");
	ask("Start", ",\"parameters\":{\"file\":\"/a.conf\",\"wait\":false}");
	ask("Start", ",\"parameters\":{\"wait\":false}");
	ck_assert_str_eq(fake.asked, "start web\napply 0 /a.conf -\napply 0 - -\n");
}
END_TEST

#define PROGRAM "\"command\":[\"/bin/x\",\"-a\"],\"name\":\"new\",\"cwd\":\"/srv\""

START_TEST(start_takes_a_program_with_its_options)
{
	ask("Start", ",\"parameters\":{" PROGRAM ",\"given\":[\"A=1\",\"B=\"],\"passed\":"
		     "[\"PATH=/\"],\"listen\":[\"80\"],\"instances\":\"max\"}");
	hear_last();
	ck_assert_str_eq(fake.asked, "launch new in /srv: /bin/x -a given A=1 given B= "
				     "at 80 x max\n");
	check_verdict(0, "new", "unchanged");
}
END_TEST

START_TEST(start_tries_again_what_could_not_be_called_back)
{
	fake.remembers = true;
	ask("Start", ",\"parameters\":{\"targets\":[\"web\",\"lost\"]}");
	hear_error("Failed");
	ck_assert_str_eq(json_find_text(reply.parameters, "message"), "it cannot be");
	ck_assert_str_eq(fake.asked, "call back lost\n");
}
END_TEST

/* What is said besides, and the parameter that is refused for it. */
static const struct {
	const char *rest, *parameter;
} programs[] = {
	{"\"command\":[\"/bin/x\"],\"cwd\":\"/\"", "name"},
	{"\"command\":[\"/bin/x\"],\"name\":\"a\"", "cwd"},
	{"\"command\":[\"/bin/x\"],\"name\":\"a\",\"cwd\":\"here\"", "cwd"},
	{PROGRAM ",\"given\":[\"A\"]", "given"},
	{PROGRAM ",\"given\":[\"=1\"]", "given"},
	{PROGRAM ",\"given\":[\"A\\nB=1\"]", "given"},
	{PROGRAM ",\"passed\":[\"\"]", "passed"},
	{PROGRAM ",\"given\":\"A=1\"", "given"},
	{PROGRAM ",\"colour\":\"blue\"", "colour"},
};

START_TEST(a_program_that_makes_no_sense_is_refused)
{
	char rest[256];

	(void)snprintf(rest, sizeof(rest), ",\"parameters\":{%s}", programs[_i].rest);
	ask("Start", rest);
	hear_last();
	ck_assert_str_eq(reply.error, CALL_ERROR_INVALID_PARAMETER);
	ck_assert_str_eq(json_find_text(reply.parameters, "parameter"),
			 programs[_i].parameter);
	ck_assert_str_eq(fake.asked, "");
}
END_TEST

START_TEST(delete_forgets_what_was_started_by_hand)
{
	fake.app[0].ad_hoc = true;
	ask("Delete", ",\"parameters\":{\"targets\":[\"api-1\"]}");
	ck_assert(!hear());
	finish(1, "api-1", CORE_RESULT_OK);
	hear_last();
	check_verdict(0, "api-1", "done");
	ck_assert_str_eq(json_find_text(verdict(0), "kind"), "delete");
}
END_TEST

START_TEST(delete_refuses_by_name_what_a_pattern_leaves_alone)
{
	ask("Delete", ",\"parameters\":{\"targets\":[\"web\"]}");
	hear_last();
	check_verdict(0, "web", "refused");
	ask("Delete", ",\"parameters\":{\"targets\":[\"all\"]}");
	hear_last();
	for (size_t i = 0; i < 3; i++)
		check_verdict(i, json_find_text(verdict(i), "app"), "unchanged");
	ask("Delete", ",\"parameters\":{\"targets\":[\"web.0\"]}");
	hear_last();
	check_verdict(0, "web", "refused");
}
END_TEST

START_TEST(delete_looks_everything_up_before_it_deletes)
{
	fake.remembers = true;
	ask("Delete", ",\"parameters\":{\"targets\":[\"lost\",\"web\",\"nosuch\"]}");
	hear_error("NoSuchTarget");
	ck_assert_str_eq(fake.asked, "");
	ask("Delete", ",\"parameters\":{\"targets\":[\"lost\"]}");
	hear_last();
	ck_assert_str_eq(fake.asked, "forget lost\n");
	check_verdict(0, "lost", "done");
}
END_TEST

START_TEST(reload_rolls_everything_or_what_is_named)
{
	ask("Reload", ",\"parameters\":{\"wait\":false}");
	hear_last();
	ck_assert_uint_eq(json_count(json_find(reply.parameters, "verdicts")), 3);
	fake.differs = true;
	ask("Reload",
	    ",\"parameters\":{\"targets\":[\"web\",\"api-1.0\"],\"wait\":false}");
	hear_last();
	ck_assert_str_eq(fake.asked, "apply 1 - -\napply 1 - web\nrenew api-1 0\n");
	check_verdict(0, "api-1", "planned");
	check_verdict(2, "web", "queued");
}
END_TEST

static const struct json *change(size_t index)
{
	return json_at(json_find(reply.parameters, "changes"), index);
}

START_TEST(an_app_that_is_gone_from_its_file_is_removed)
{
	fake.gone = true;
	ask("Reload", ",\"parameters\":{\"targets\":[\"web\"]}");
	finish(1, "web", CORE_RESULT_OK);
	hear_last();
	check_verdict(0, "web", "done");
	ck_assert_str_eq(json_find_text(verdict(0), "kind"), "remove");
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	fake.differs = true;
	ask("Reload", ",\"parameters\":{\"dry_run\":true,\"targets\":[\"web\"]}");
	hear_last();
	ck_assert_str_eq(fake.asked, "apply 2 - -\n");
	ck_assert_str_eq(json_find_text(change(0), "kind"), "roll");
	ck_assert(!json_find_bool(change(0), "asked_for"));
	ck_assert(json_find_bool(change(2), "asked_for"));
}
END_TEST

START_TEST(a_plan_names_the_keys_that_differ)
{
	fake.differs = true;
	ask("Plan", ",\"parameters\":{\"file\":\"/a.conf\"}");
	hear_last();
	ck_assert_str_eq(json_find_text(change(2), "app"), "web");
	ck_assert_str_eq(json_text(json_at(json_find(change(2), "keys"), 0)), "command");
	ck_assert(json_find_bool(change(2), "asked_for"));
}
END_TEST

START_TEST(balance_says_what_is_in_force)
{
	ask("Balance", ",\"parameters\":{\"target\":\"web\",\"policy\":\"hash\","
		       "\"weights\":\"2,1\"}");
	hear_last();
	check_verdict(0, "web", "done");
	ck_assert_str_eq(json_find_text(verdict(0), "reason"), "balance is now hash");
	ck_assert_str_eq(fake.asked, "balance web hash 2,1\n");

	fake.app[2].idle = true;
	ask("Balance", ",\"parameters\":{\"target\":\"web\",\"policy\":\"hash\"}");
	hear_last();
	check_verdict(0, "web", "unchanged");
}
END_TEST

START_TEST(balance_is_of_apps_and_of_known_policies)
{
	ask("Balance", ",\"parameters\":{\"target\":\"web.3\",\"policy\":\"hash\"}");
	hear_last();
	check_verdict(0, "web", "refused");
	ck_assert_str_eq(fake.asked, "");
	ask("Balance", ",\"parameters\":{\"target\":\"web\",\"policy\":\"nonsense\"}");
	hear_last();
	check_verdict(0, "web", "refused");
	ck_assert_str_eq(json_find_text(verdict(0), "reason"), "no such policy");
}
END_TEST

START_TEST(only_restart_and_reload_know_single_workers)
{
	ask("Restart", ",\"parameters\":{\"targets\":[\"web.3\"],\"wait\":false}");
	hear_last();
	check_verdict(0, "web", "queued");
	ask("Stop", ",\"parameters\":{\"targets\":[\"web.3\"]}");
	hear_last();
	check_verdict(0, "web", "refused");
	ask("Scale", ",\"parameters\":{\"target\":\"web.3\",\"count\":\"2\"}");
	hear_last();
	check_verdict(0, "web", "refused");
	ck_assert_str_eq(fake.asked, "restart web 3\n");
}
END_TEST

START_TEST(a_rollback_is_of_apps_and_is_awaited)
{
	ask("Rollback", ",\"parameters\":{\"targets\":[\"web\",\"web.3\"]}");
	finish(1, "web", CORE_RESULT_REVERTED);
	hear_last();
	check_verdict(0, "web", "refused");
	check_verdict(1, "web", "reverted");
	ck_assert_str_eq(fake.asked, "rollback web\n");
}
END_TEST

START_TEST(a_plan_tells_what_was_rolled_back)
{
	fake.differs = true;
	ask("Plan", "");
	hear_last();
	ck_assert_int_eq(json_find_number(change(2), "rolled_back_from", 0), 0);
	fake.app[2].serves = false;
	ask("Plan", "");
	hear_last();
	ck_assert_int_eq(json_find_number(change(2), "rolled_back_from", 0), 7);
}
END_TEST

START_TEST(scaling_to_nothing_is_refused)
{
	ask("Scale", ",\"parameters\":{\"target\":\"web\",\"count\":\"0\"}");
	hear_last();
	check_verdict(0, "web", "refused");
	ck_assert_str_eq(fake.asked, "");
}
END_TEST

START_TEST(signals_reach_and_are_counted)
{
	ask("Signal", ",\"parameters\":{\"targets\":[\"all\"],\"signal\":\"SIGUSR1\"}");
	hear_last();
	ck_assert_int_eq(json_find_number(reply.parameters, "reached", 0), 5);
	ck_assert_str_eq(fake.asked,
			 "signal api-1 -1 10\nsignal api-2 -1 10\nsignal web -1 10\n");
}
END_TEST

START_TEST(all_may_be_nobody)
{
	fake.apps = 0;
	ask("Stop", ",\"parameters\":{\"targets\":[\"all\"]}");
	hear_last();
	ck_assert_ptr_null(reply.error);
}
END_TEST

START_TEST(a_list_comes_app_by_app_as_it_is_read)
{
	ask("List", ",\"more\":true");
	for (unsigned i = 0; i < 3; i++) {
		const struct json *app;

		ck_assert(hear());
		ck_assert_uint_eq(out.count, 0);
		ck_assert_int_eq(reply.continues, i < 2);
		ck_assert_int_eq(json_find(reply.parameters, "supervisor") != NULL,
				 i == 0);
		app = json_at(json_find(reply.parameters, "apps"), 0);
		ck_assert_str_eq(json_find_text(app, "name"), fake.app[i].name);
		ck_assert_uint_eq(json_count(json_find(app, "workers")),
				  fake.app[i].workers);
		commands_go_on(&call);
	}
	ck_assert(!hear());
}
END_TEST

START_TEST(a_list_survives_that_apps_go_while_it_is_read)
{
	ask("List", ",\"more\":true");
	ck_assert(hear());
	fake.app[0] = fake.app[2];
	fake.apps = 1;
	commands_go_on(&call);
	hear_last();
	ck_assert_str_eq(
		json_find_text(json_at(json_find(reply.parameters, "apps"), 0), "name"),
		"web");
}
END_TEST

START_TEST(a_list_without_more_is_one_answer)
{
	ask("List", "");
	hear_last();
	ck_assert_uint_eq(json_count(json_find(reply.parameters, "apps")), 3);
}
END_TEST

START_TEST(show_tells_of_the_workers_that_were_named)
{
	const struct json *app;

	ask("Show", ",\"parameters\":{\"targets\":[\"web.2\"]}");
	hear_last();
	app = json_at(json_find(reply.parameters, "apps"), 0);
	ck_assert_uint_eq(json_count(json_find(app, "workers")), 1);
	ck_assert_int_eq(
		json_find_number(json_at(json_find(app, "workers"), 0), "slot", 0), 2);
	ck_assert(json_is_none(
		json_find(json_at(json_find(app, "workers"), 0), "rss_bytes")));
}
END_TEST

START_TEST(wait_is_over_when_the_state_has_come)
{
	ask("Wait", ",\"parameters\":{\"targets\":[\"web\",\"api-1.0\"]}");
	hear_last();
	ask("Wait", ",\"parameters\":{\"targets\":[\"all\"]}");
	ck_assert(!hear());
	commands_look_again(&call);
	ck_assert(!hear());
	fake.app[1].state = APP_ONLINE;
	commands_look_again(&call);
	hear_last();
	ck_assert_ptr_null(reply.error);
}
END_TEST

START_TEST(wait_for_stopped_looks_at_processes)
{
	ask("Wait",
	    ",\"parameters\":{\"targets\":[\"api-2\",\"web.1\"],\"for\":\"stopped\"}");
	ck_assert(!hear());
	fake.app[2].serves = false;
	commands_look_again(&call);
	hear_last();
	ck_assert_ptr_null(reply.error);
}
END_TEST

START_TEST(nobody_waits_for_what_will_never_come)
{
	ask("Wait", ",\"parameters\":{\"targets\":[\"api-2\"]}");
	fake.stopping = true;
	commands_look_again(&call);
	hear_error("Busy");
	fake.stopping = false;
	ask("Wait", ",\"parameters\":{\"targets\":[\"api-2\"]}");
	fake.apps = 1;
	commands_look_again(&call);
	hear_error("NoSuchTarget");
}
END_TEST

START_TEST(what_is_gone_has_stopped)
{
	ask("Wait", ",\"parameters\":{\"targets\":[\"web\"],\"for\":\"stopped\"}");
	fake.apps = 1;
	commands_look_again(&call);
	hear_last();
	ck_assert_ptr_null(reply.error);
}
END_TEST

START_TEST(progress_is_told_when_it_moved_and_the_peer_reads)
{
	const struct json *progress;

	ask("Reload", ",\"more\":true,\"parameters\":{\"targets\":[\"web\"]}");
	commands_look_again(&call);
	ck_assert(!hear());
	fake.app[2].operation = (struct app_operation_status){
		.kind = "reload", .phase = "rolling", .done = 1, .total = 4};
	commands_look_again(&call);
	ck_assert(hear());
	ck_assert(reply.continues);
	progress = json_at(json_find(reply.parameters, "progress"), 0);
	ck_assert_int_eq(json_find_number(progress, "done", 0), 1);
	commands_look_again(&call);
	ck_assert(!hear());
	fake.app[2].operation.done = 2;
	buffer_append_text(&out, "unread");
	commands_look_again(&call);
	ck_assert_uint_eq(out.count, strlen("unread"));
	buffer_cut(&out, 0);
	commands_look_again(&call);
	ck_assert(hear());
	progress = json_at(json_find(reply.parameters, "progress"), 0);
	ck_assert_int_eq(json_find_number(progress, "done", 0), 2);
}
END_TEST

START_TEST(ping_shutdown_and_reopen_answer)
{
	ask("Ping", "");
	hear_last();
	ck_assert_int_eq(json_find_number(reply.parameters, "pid", 0), 7);
	ask("Reopen", "");
	hear_last();
	ask("Shutdown", "");
	hear_last();
	ck_assert_str_eq(fake.asked, "reopen\nshutdown\n");
}
END_TEST

/* ---- what the service says about itself ---- */

static void ask_service(const char *method, const char *rest)
{
	struct varlink_call message;
	char json[1024];

	(void)snprintf(json, sizeof(json), "{\"method\":\"" VARLINK_SERVICE ".%s\"%s}",
		       method, rest);
	ck_assert_int_eq(varlink_decode_call(&message, json, strlen(json), NULL), 0);
	commands_begin(&call, &message);
	hear_last();
}

START_TEST(the_interface_names_every_method_that_is_served)
{
	const char *description;

	ask_service("GetInfo", "");
	ck_assert_uint_eq(json_count(json_find(reply.parameters, "interfaces")), 2);
	ask_service("GetInterfaceDescription",
		    ",\"parameters\":{\"interface\":\"" VARLINK_INTERFACE "\"}");
	description = json_find_text(reply.parameters, "description");
#define METHOD(kind, method, signature) METHOD_##kind(method, signature)
#define METHOD_SERVED(method, signature) \
	ck_assert_ptr_nonnull(strstr(description, "\nmethod " method signature "\n"));
#define METHOD_LOCAL(method, signature)
#define METHOD_PLANNED(method, signature)
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	METHOD(kind, method, signature)
	COMMANDS(X)
#undef X
	ck_assert_ptr_null(strstr(description, "(null)"));
}
END_TEST

START_TEST(unknown_methods_and_interfaces_are_named)
{
	ask("Frobnicate", "");
	hear_last();
	ck_assert_str_eq(reply.error, VARLINK_SERVICE ".MethodNotFound");
	ck_assert_str_eq(json_find_text(reply.parameters, "method"),
			 VARLINK_INTERFACE ".Frobnicate");
	ask_service("GetInterfaceDescription",
		    ",\"parameters\":{\"interface\":\"no.such\"}");
	ck_assert_str_eq(reply.error, VARLINK_SERVICE ".InterfaceNotFound");
	ask_service("GetInterfaceDescription", "");
	ck_assert_str_eq(reply.error, VARLINK_SERVICE ".InvalidParameter");
}
END_TEST

static void add_once(TCase *tcase)
{
	tcase_add_test(tcase, a_command_is_answered_when_its_operations_have_ended);
	tcase_add_test(tcase, with_more_each_verdict_comes_when_it_is_known);
	tcase_add_test(tcase, what_cannot_begin_is_told_beside_what_can);
	tcase_add_test(tcase, an_app_that_is_named_twice_is_acted_on_once);
	tcase_add_test(tcase, a_call_that_is_made_again_waits_for_what_it_has_begun);
	tcase_add_test(tcase, another_ticket_is_another_call);
	tcase_add_test(tcase, who_does_not_wait_is_answered_at_once);
	tcase_add_test(tcase, who_wants_no_answer_gets_none);
	tcase_add_test(tcase, an_open_call_is_answered_when_the_supervisor_ends);
	tcase_add_test(tcase, nothing_is_begun_while_the_supervisor_ends);
	tcase_add_test(tcase, too_much_for_the_buffer_is_an_error_and_no_half_message);
}

static void add_each(TCase *tcase)
{
	tcase_add_test(tcase, start_applies_a_file_or_starts_apps);
	tcase_add_test(tcase, start_takes_a_program_with_its_options);
	tcase_add_test(tcase, start_tries_again_what_could_not_be_called_back);
	tcase_add_loop_test(tcase, a_program_that_makes_no_sense_is_refused, 0,
			    ARRAY_COUNT(programs));
	tcase_add_test(tcase, delete_forgets_what_was_started_by_hand);
	tcase_add_test(tcase, delete_refuses_by_name_what_a_pattern_leaves_alone);
	tcase_add_test(tcase, delete_looks_everything_up_before_it_deletes);
	tcase_add_test(tcase, reload_rolls_everything_or_what_is_named);
	tcase_add_test(tcase, an_app_that_is_gone_from_its_file_is_removed);
	tcase_add_test(tcase, a_dry_run_changes_nothing);
	tcase_add_test(tcase, a_plan_names_the_keys_that_differ);
	tcase_add_test(tcase, only_restart_and_reload_know_single_workers);
	tcase_add_test(tcase, a_rollback_is_of_apps_and_is_awaited);
	tcase_add_test(tcase, a_plan_tells_what_was_rolled_back);
	tcase_add_test(tcase, scaling_to_nothing_is_refused);
	tcase_add_test(tcase, signals_reach_and_are_counted);
	tcase_add_test(tcase, all_may_be_nobody);
	tcase_add_test(tcase, a_list_comes_app_by_app_as_it_is_read);
	tcase_add_test(tcase, a_list_survives_that_apps_go_while_it_is_read);
	tcase_add_test(tcase, a_list_without_more_is_one_answer);
	tcase_add_test(tcase, show_tells_of_the_workers_that_were_named);
	tcase_add_test(tcase, wait_is_over_when_the_state_has_come);
	tcase_add_test(tcase, wait_for_stopped_looks_at_processes);
	tcase_add_test(tcase, nobody_waits_for_what_will_never_come);
	tcase_add_test(tcase, what_is_gone_has_stopped);
	tcase_add_test(tcase, progress_is_told_when_it_moved_and_the_peer_reads);
	tcase_add_test(tcase, ping_shutdown_and_reopen_answer);
}

static Suite *suite_of_commands(void)
{
	Suite *suite = suite_create("commands");
	TCase *tcase = tcase_create("commands");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, an_unknown_target_changes_nothing, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_loop_test(tcase, a_parameter_that_makes_no_sense_changes_nothing, 0,
			    ARRAY_COUNT(misuses));
	tcase_add_test(tcase, balance_says_what_is_in_force);
	tcase_add_test(tcase, balance_is_of_apps_and_of_known_policies);
	tcase_add_test(tcase, an_invalid_configuration_is_told_with_all_its_faults);
	add_once(tcase);
	add_each(tcase);
	tcase_add_test(tcase, the_interface_names_every_method_that_is_served);
	tcase_add_test(tcase, unknown_methods_and_interfaces_are_named);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_commands)
