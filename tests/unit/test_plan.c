#include "supervisor/core/plan.h"
#include "tests/unit/unit.h"

#include <string.h>

static char *const node[] = {(char[]){"node"}, (char[]){"a.js"}, NULL};
static char *const longer[] = {(char[]){"node"}, (char[]){"a.js"}, (char[]){"b"}, NULL};
static const struct spec_variable variable[] = {{"MODE", "production"}};
static const struct spec_variable changed_variable[] = {{"MODE", "test"}};
static const char *const passed[] = {"TERM"};

static const unsigned weights[] = {1, 2};

static struct app_spec some_app(const char *name)
{
	return (struct app_spec){
		.name = name,
		.command = node,
		.directory = "/srv",
		.env = variable,
		.env_count = 1,
		.instances = {SPEC_INSTANCES_COUNT, 2},
		.listen = {"127.0.0.1:80"},
		.listen_count = 1,
		.weight = weights,
		.pass_env = passed,
		.policy = {.beats = true, .beat_interval = 1000, .beat_timeout = 5000},
	};
}

/* Each a function that changes one thing. */
#define CHANGES(X)                                                               \
	X(command, app->command = longer, COMMAND, ROLL)                         \
	X(cwd, app->directory = NULL, DIRECTORY, ROLL)                           \
	X(env, app->env = changed_variable, ENVIRONMENT, ROLL)                   \
	X(env_count, app->env_count = 0, ENVIRONMENT, ROLL)                      \
	X(env_file, app->env_file = "/srv/env", ENVIRONMENT, ROLL)               \
	X(pass_env, app->pass_env_count = 1, ENVIRONMENT, ROLL)                  \
	X(listen, app->listen[0] = "127.0.0.1:81", LISTEN, ROLL)                 \
	X(listen_count, app->listen_count = 0, LISTEN, ROLL)                     \
	X(adopt, app->adopt = SPEC_ADOPT_LISTEN_FDS, ADOPT, ROLL)                \
	X(beats, app->policy.beats = false, HEARTBEAT, ROLL)                     \
	X(interval, app->policy.beat_interval = 500, HEARTBEAT, ROLL)            \
	X(log, app->log.to = SPEC_LOG_NONE, LOG, ROLL)                           \
	X(user, app->user = "www-data", USER, ROLL)                              \
	X(group, app->group = "www-data", GROUP, ROLL)                           \
	X(umask, app->umask.given = true, UMASK, ROLL)                           \
	X(mask, app->umask = ((struct spec_option){true, 7}), UMASK, ROLL)       \
	X(limit, app->limit[SPEC_LIMIT_CPU].given = true, LIMITS, ROLL)          \
	X(nice, app->nice.given = true, NICE, ROLL)                              \
	X(oom, app->oom_score_adj.given = true, OOM_SCORE_ADJ, ROLL)             \
	X(denied, app->no_new_privileges.given = true, NO_NEW_PRIVILEGES, ROLL)  \
	X(pinned, app->affinity = SPEC_AFFINITY_AUTO, AFFINITY, ROLL)            \
	X(asking, app->control = SPEC_CONTROL_READ, CONTROL, ROLL)               \
	X(number, app->instances.number = 3, INSTANCES, RESHAPE)                 \
	X(max, app->instances.kind = SPEC_INSTANCES_PERCENT, INSTANCES, RESHAPE) \
	X(backlog, app->backlog = 7, BACKLOG, RESHAPE)                           \
	X(balance, app->balance = BALANCE_HASH, BALANCE, RESHAPE)                \
	X(queue, app->balance = BALANCE_QUEUE, QUEUE, ROLL)                      \
	X(weights, app->weight_count = 2, WEIGHTS, RESHAPE)                      \
	X(slot_addresses, app->slot_addresses = true, SLOT_ADDRESSES, RESHAPE)   \
	X(ready, app->policy.ready = CORE_READY_EXEC, READY, RESHAPE)            \
	X(patience, app->policy.ready_timeout = 7, READY, RESHAPE)               \
	X(exec, app->policy.ready_exec = 7, READY, RESHAPE)                      \
	X(timeout, app->policy.beat_timeout = 7000, HEARTBEAT_TIMEOUT, RESHAPE)  \
	X(probe, app->probe.http = "/", PROBE, RESHAPE)                          \
	X(probe_tcp, app->probe.tcp = true, PROBE, RESHAPE)                      \
	X(probe_interval, app->probe.interval = 7, PROBE, RESHAPE)               \
	X(probe_timeout, app->probe.timeout = 7, PROBE, RESHAPE)                 \
	X(probe_failures, app->probe.failures = 7, PROBE, RESHAPE)               \
	X(signal, app->drain_signal = 3, DRAIN, RESHAPE)                         \
	X(how, app->policy.drain = CORE_DRAIN_QUIET, DRAIN, RESHAPE)             \
	X(drain, app->policy.drain_timeout = 7, DRAIN, RESHAPE)                  \
	X(surge, app->policy.surge = 7, RELOAD, RESHAPE)                         \
	X(percent, app->policy.surge_percent = true, RELOAD, RESHAPE)            \
	X(settle, app->policy.settle = 7, RELOAD, RESHAPE)                       \
	X(failures, app->policy.failures = 7, RELOAD, RESHAPE)                   \
	X(when, app->policy.restart = CORE_RESTART_NEVER, RESTART, RESHAPE)      \
	X(restart_max, app->policy.restart_max = 7, RESTART, RESHAPE)            \
	X(delay, app->policy.backoff.first = 7, RESTART, RESHAPE)                \
	X(delay_max, app->policy.backoff.most = 7, RESTART, RESHAPE)             \
	X(steady, app->policy.backoff.steady = 7, RESTART, RESHAPE)              \
	X(codes, app->stop_exit_codes = 1, RESTART, RESHAPE)                     \
	X(recycle_memory, app->policy.recycle.memory = 7, RECYCLE, RESHAPE)      \
	X(recycle_age, app->policy.recycle.age = 7, RECYCLE, RESHAPE)            \
	X(recycle_requests, app->policy.recycle.requests = 7, RECYCLE, RESHAPE)  \
	X(recycle_jitter, app->policy.recycle.jitter = 7, RECYCLE, RESHAPE)      \
	X(recycle_cron, app->cron = "@daily", RECYCLE, RESHAPE)                  \
	X(autostart, app->autostart = true, AUTOSTART, RESHAPE)

#define X(name, change, key, effect)                    \
	static void change_##name(struct app_spec *app) \
	{                                               \
		change;                                 \
	}
CHANGES(X)
#undef X

static const struct {
	void (*make)(struct app_spec *app);
	enum plan_key key;
	enum plan_kind kind;
} changes[] = {
#define X(name, change, key, effect) {change_##name, PLAN_KEY_##key, PLAN_##effect},
	CHANGES(X)
#undef X
};

START_TEST(an_app_equal_in_all_but_its_place_is_kept)
{
	struct app_spec before = some_app("web");
	struct app_spec after = some_app("web");
	char directory[] = "/srv";
	struct plan_app row;

	after.directory = directory;
	after.file = "/etc/other.conf";
	after.line = 99;
	row = plan_compare(&before, &after);
	ck_assert_int_eq(row.kind, PLAN_KEEP);
	ck_assert_uint_eq(row.keys, 0);
}
END_TEST

START_TEST(one_changed_setting_is_named_and_has_its_effect)
{
	struct app_spec before = some_app("web");
	struct app_spec after = some_app("web");
	struct plan_app row;

	changes[_i].make(&after);
	row = plan_compare(&before, &after);
	ck_assert_uint_eq(row.keys, UINT32_C(1) << changes[_i].key);
	ck_assert_int_eq(row.kind, changes[_i].kind);

	row = plan_compare(&after, &before);
	ck_assert_uint_eq(row.keys, UINT32_C(1) << changes[_i].key);
}
END_TEST

START_TEST(a_roll_outweighs_a_reshape)
{
	struct app_spec before = some_app("web");
	struct app_spec after = some_app("web");
	struct plan_app row;

	after.command = longer;
	after.instances.number = 3;
	row = plan_compare(&before, &after);
	ck_assert_int_eq(row.kind, PLAN_ROLL);
	ck_assert_uint_eq(row.keys, (UINT32_C(1) << PLAN_KEY_COMMAND) |
					    (UINT32_C(1) << PLAN_KEY_INSTANCES));
}
END_TEST

START_TEST(the_interval_of_beats_that_nobody_sends_does_not_matter)
{
	struct app_spec before = some_app("web");
	struct app_spec after = some_app("web");

	before.policy.beats = after.policy.beats = false;
	after.policy.beat_interval = 9;
	ck_assert_int_eq(plan_compare(&before, &after).kind, PLAN_KEEP);
}
END_TEST

START_TEST(weights_of_one_written_out_are_no_change)
{
	const unsigned weight[] = {1, 1};
	struct app_spec before = some_app("web");
	struct app_spec after = some_app("web");

	after.weight = weight;
	after.weight_count = 2;
	ck_assert_int_eq(plan_compare(&before, &after).kind, PLAN_KEEP);
}
END_TEST

START_TEST(apps_are_removed_after_all_others_were_served)
{
	const struct app_spec before[] = {some_app("gone"), some_app("kept"),
					  some_app("rolled")};
	struct app_spec after[] = {some_app("rolled"), some_app("new"), some_app("kept")};
	const struct spec old_spec = {.app = before, .apps = 3};
	const struct spec new_spec = {.app = after, .apps = 3};
	struct plan_app plan[6];

	after[0].command = longer;
	ck_assert_uint_eq(plan_make(&old_spec, &new_spec, plan), 4);
	ck_assert_int_eq(plan[0].kind, PLAN_ROLL);
	ck_assert_ptr_eq(plan[0].before, &before[2]);
	ck_assert_ptr_eq(plan[0].after, &after[0]);
	ck_assert_int_eq(plan[1].kind, PLAN_ADD);
	ck_assert_ptr_null(plan[1].before);
	ck_assert_int_eq(plan[2].kind, PLAN_KEEP);
	ck_assert_int_eq(plan[3].kind, PLAN_REMOVE);
	ck_assert_ptr_eq(plan[3].before, &before[0]);
	ck_assert_ptr_null(plan[3].after);
}
END_TEST

START_TEST(without_a_spec_before_all_apps_are_added)
{
	const struct app_spec after[] = {some_app("web"), some_app("api")};
	const struct spec new_spec = {.app = after, .apps = 2};
	struct plan_app plan[2];

	ck_assert_uint_eq(plan_make(NULL, &new_spec, plan), 2);
	ck_assert_int_eq(plan[0].kind, PLAN_ADD);
	ck_assert_ptr_eq(plan[1].after, &after[1]);
}
END_TEST

START_TEST(kinds_and_keys_have_the_names_people_read)
{
	ck_assert_str_eq(plan_kind_name(PLAN_RESHAPE), "reshape");
	ck_assert_str_eq(plan_kind_name(PLAN_REMOVE), "remove");
	ck_assert_str_eq(plan_key_name(PLAN_KEY_DIRECTORY), "cwd");
	ck_assert_str_eq(plan_key_name(PLAN_KEY_AUTOSTART), "autostart");
}
END_TEST

static Suite *suite_of_plan(void)
{
	Suite *suite = suite_create("plan");
	TCase *tcase = tcase_create("plan");

	tcase_add_test(tcase, an_app_equal_in_all_but_its_place_is_kept);
	tcase_add_loop_test(tcase, one_changed_setting_is_named_and_has_its_effect, 0,
			    ARRAY_COUNT(changes));
	tcase_add_test(tcase, a_roll_outweighs_a_reshape);
	tcase_add_test(tcase, the_interval_of_beats_that_nobody_sends_does_not_matter);
	tcase_add_test(tcase, weights_of_one_written_out_are_no_change);
	tcase_add_test(tcase, apps_are_removed_after_all_others_were_served);
	tcase_add_test(tcase, without_a_spec_before_all_apps_are_added);
	tcase_add_test(tcase, kinds_and_keys_have_the_names_people_read);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_plan)
