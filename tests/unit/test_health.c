#include "worker/http/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/http/agent.h"

/* What List would say, in as many replies. */
static struct snapshot snapshot;
static struct buffer text;

static void end(void)
{
	snapshot_free(&snapshot);
	buffer_free(&text);
}

static void begin(void)
{
	buffer_init(&text, 65536);
}

static void say(const char *parameters, bool continues)
{
	char message[2048];
	struct varlink_reply reply;
	struct fault fault;
	int size = snprintf(message, sizeof(message), "{\"parameters\":%s%s}", parameters,
			    continues ? ",\"continues\":true" : "");

	ck_assert_int_eq(varlink_decode_reply(&reply, message, (size_t)size, &fault), 0);
	ck_assert_int_eq(snapshot_add(&snapshot, &reply), 0);
}

/* `workers`: a letter for each, in slots from 0 on; r ready, l late, s starting. */
static void put_app(char *json, size_t size, const char *name, const char *state,
		    const char *started, const char *workers, int desired)
{
	size_t used = (size_t)snprintf(json, size,
				       "{\"name\":\"%s\",\"state\":\"%s\",\"started\":%s,"
				       "\"instances\":{\"desired\":%d},\"workers\":[",
				       name, state, started, desired);

	for (int slot = 0; workers[slot] != '\0'; slot++)
		used += (size_t)snprintf(json + used, size - used,
					 "%s{\"slot\":%d,\"state\":\"%s\"}",
					 slot > 0 ? "," : "", slot % desired,
					 workers[slot] == 'r'   ? "ready"
					 : workers[slot] == 'l' ? "late"
								: "starting");
	(void)snprintf(json + used, size - used, "]}");
}

static void say_app(const char *name, const char *state, const char *started,
		    const char *workers, int desired, bool continues)
{
	char app[1024], parameters[1100];

	put_app(app, sizeof(app), name, state, started, workers, desired);
	(void)snprintf(parameters, sizeof(parameters), "{\"apps\":[%s]}", app);
	say(parameters, continues);
}

static void say_supervisor(const char *stopping, const char *started)
{
	char parameters[128];

	(void)snprintf(parameters, sizeof(parameters),
		       "{\"supervisor\":{\"stopping\":%s,\"started\":%s},\"apps\":[]}",
		       stopping, started);
	say(parameters, true);
	say_app("admin", "online", "true", "r", 1, true);
}

static const struct {
	const char *stopping, *begun; /* of the supervisor */
	const char *state, *started, *workers;
	int desired;
	bool ready, startup;
	const char *line; /* of the agent */
} cases[] = {
	{"false", "true", "online", "true", "rrrr", 4, true, true, "ready up 100%\n"},
	{"false", "true", "degraded", "true", "rsrr", 4, true, true, "ready up 75%\n"},
	{"false", "true", "online", "true", "rrrl", 4, true, true, "ready up 75%\n"},
	{"false", "true", "reloading", "true", "rrrrr", 4, true, true, "ready up 100%\n"},
	{"false", "true", "scaling", "true", "rrrr", 2, true, true, "ready up 100%\n"},
	{"false", "true", "degraded", "true", "r", 256, true, true, "ready up 1%\n"},
	{"false", "true", "failed", "true", "ssss", 4, false, true,
	 "down #no worker serves\n"},
	{"false", "true", "stopping", "true", "rr", 4, false, true, "drain\n"},
	{"false", "true", "stopped", "true", "", 4, false, true,
	 "down #no worker serves\n"},
	{"false", "false", "starting", "false", "s", 4, false, false,
	 "down #no worker serves\n"},
	{"false", "false", "starting", "false", "rsr", 4, true, false, "ready up 50%\n"},
	{"true", "true", "online", "true", "rrrr", 4, false, true, "drain\n"},
};

static enum health_verdict judge(enum health what, const char *app)
{
	const struct health_question question = {what, app, "admin"};

	buffer_cut(&text, 0);
	return health_judge(&snapshot, NULL, &question, &text);
}

START_TEST(an_app_is_ready_while_it_serves_and_is_to_stay)
{
	enum health_verdict ready = cases[_i].ready ? HEALTH_GOOD : HEALTH_BAD;
	enum health_verdict startup = cases[_i].startup ? HEALTH_GOOD : HEALTH_BAD;
	char line[AGENT_LINE];

	say_supervisor(cases[_i].stopping, cases[_i].begun);
	say_app("web", cases[_i].state, cases[_i].started, cases[_i].workers,
		cases[_i].desired, false);
	ck_assert(snapshot.whole);
	ck_assert_int_eq(judge(HEALTH_LIVE, NULL), HEALTH_GOOD);
	ck_assert_int_eq(judge(HEALTH_READY, NULL), ready);
	ck_assert_int_eq(judge(HEALTH_READY, "web"), ready);
	ck_assert_int_eq(judge(HEALTH_STARTUP, NULL), startup);
	ck_assert_int_eq(judge(HEALTH_STARTUP, "web"), startup);
	ck_assert_int_eq(judge(HEALTH_READY, "no"), HEALTH_NO_SUCH_APP);
	agent_format(line, &snapshot, "web");
	ck_assert_str_eq(line, cases[_i].line);
}
END_TEST

START_TEST(who_rests_does_not_count_unless_asked_for)
{
	say_supervisor("false", "true");
	say_app("job", "stopped", "false", "", 1, true);
	say_app("web", "online", "true", "r", 1, false);
	ck_assert_int_eq(judge(HEALTH_READY, NULL), HEALTH_GOOD);
	ck_assert_int_eq(judge(HEALTH_READY, "job"), HEALTH_BAD);
	ck_assert_int_eq(judge(HEALTH_STARTUP, "job"), HEALTH_GOOD);
}
END_TEST

START_TEST(a_silent_supervisor_is_nothing_of_all_that)
{
	for (unsigned i = 0; i < HEALTHS; i++) {
		const struct health_question question = {(enum health)i, NULL, NULL};

		buffer_cut(&text, 0);
		ck_assert_int_eq(health_judge(NULL, "no \"answer\"", &question, &text),
				 HEALTH_BAD);
		buffer_append(&text, "", 1);
		ck_assert_ptr_nonnull(
			strstr(text.bytes, "\"reason\":\"no \\\"answer\\\"\""));
	}
}
END_TEST

START_TEST(an_error_is_no_part_of_a_snapshot)
{
	static const char message[] = "{\"error\":\"x\",\"parameters\":{}}";
	struct varlink_reply reply;
	struct fault fault;

	ck_assert_int_eq(
		varlink_decode_reply(&reply, message, sizeof(message) - 1, &fault), 0);
	ck_assert_int_eq(snapshot_add(&snapshot, &reply), -EPROTO);
	ck_assert_uint_eq(snapshot.replies, 0);
}
END_TEST

static Suite *suite_of_health(void)
{
	Suite *suite = suite_create("health");
	TCase *tcase = tcase_create("health");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, an_app_is_ready_while_it_serves_and_is_to_stay, 0,
			    (int)ARRAY_COUNT(cases));
	tcase_add_test(tcase, who_rests_does_not_count_unless_asked_for);
	tcase_add_test(tcase, a_silent_supervisor_is_nothing_of_all_that);
	tcase_add_test(tcase, an_error_is_no_part_of_a_snapshot);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_health)
