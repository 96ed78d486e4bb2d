#include "supervisor/assign.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/config.h"

static struct arena arena;
static struct spec spec;
static struct faults faults;

static int load(const char *text)
{
	arena_free(&arena);
	faults.count = 0;
	return config_load_text("t.conf", "/base", text, &arena, &spec, &faults);
}

/* The only app of a configuration that says this about it. */
static const struct app_spec *load_app(const char *settings)
{
	char text[4096];

	(void)snprintf(text, sizeof(text),
		       "apps = ({ name = \"a\"; command = \"b\"; %s });", settings);
	ck_assert_msg(load(text) == 0, "%s", faults.list[0].text);
	ck_assert_uint_eq(spec.apps, 1);
	return &spec.app[0];
}

START_TEST(an_app_of_name_and_command_has_all_defaults)
{
	const struct app_spec *app = load_app("");
	const struct core_policy *policy = &app->policy;

	ck_assert_str_eq(app->name, "a");
	ck_assert_str_eq(app->command[0], "b");
	ck_assert_ptr_null(app->command[1]);
	ck_assert_ptr_null(app->file);
	ck_assert_uint_eq(app->line, 1);
	ck_assert_uint_eq(app->env_count + app->pass_env_count + app->listen_count, 0);
	ck_assert_ptr_null(app->env_file);
	ck_assert_int_eq(app->instances.kind, SPEC_INSTANCES_COUNT);
	ck_assert_uint_eq(app->instances.number, 1);
	ck_assert_uint_eq(app->backlog, 1024);
	ck_assert_int_eq(app->adopt, SPEC_ADOPT_AUTO);
	ck_assert_int_eq(app->balance, BALANCE_ROUND_ROBIN);
	ck_assert_uint_eq(app->weight_count, 0);
	ck_assert_int_eq(app->drain_signal, SIGTERM);
	ck_assert_uint_eq(app->stop_exit_codes, 0);
	ck_assert_int_eq(app->log.to, SPEC_LOG_FILE);
	ck_assert(app->autostart);
	ck_assert_int_eq(app->affinity, SPEC_AFFINITY_NONE);

	ck_assert_int_eq(policy->ready, CORE_READY_AUTO);
	ck_assert_int_eq(policy->ready_timeout, 30000);
	ck_assert_int_eq(policy->ready_exec, 1000);
	ck_assert(policy->beats);
	ck_assert_int_eq(policy->beat_interval, 1000);
	ck_assert_int_eq(policy->beat_timeout, 5000);
	ck_assert_int_eq(policy->drain_timeout, 30000);
	ck_assert_uint_eq(policy->surge, 1);
	ck_assert(!policy->surge_percent);
	ck_assert_int_eq(policy->settle, 1000);
	ck_assert_uint_eq(policy->failures, 0);
	ck_assert_int_eq(policy->restart, CORE_RESTART_ALWAYS);
	ck_assert_uint_eq(policy->restart_max, 0);
	ck_assert_int_eq(policy->backoff.first, 100);
	ck_assert_int_eq(policy->backoff.most, 30000);
	ck_assert_int_eq(policy->backoff.steady, 10000);
	ck_assert_int_eq(policy->unroute_timeout, SPEC_UNROUTE_TIMEOUT);
	ck_assert_int_eq(policy->abort_timeout, SPEC_ABORT_TIMEOUT);
	ck_assert_int_eq(policy->kill_retry, SPEC_KILL_RETRY);
	ck_assert_uint_eq(spec.log_level, LOG_LEVEL_INFO);
}
END_TEST

START_TEST(every_setting_reaches_its_field)
{
	const struct app_spec *app = load_app(
		"cwd = \"sub\"; env = { A = \"x y\"; B = 3000; C = true; D = -5; };"
		"env_file = \"/abs/e\"; pass_env = [ \"TERM\", \"TZ\" ]; autostart = "
		"false;"
		"instances = \"50%\"; listen = [ \"127.0.0.1:80\", \"unix:/run/a.sock\" "
		"];"
		"backlog = 7; adopt = \"listen-fds\"; balance = \"ip-hash\";"
		"weights = [ 3, 2 ]; affinity = \"auto\";"
		"ready = { on = \"notify\"; timeout = \"1m\"; exec = \"2s\"; };"
		"heartbeat = { interval = \"250ms\"; timeout = \"2s\"; };"
		"drain = { how = \"signal\"; signal = \"QUIT\"; timeout = \"1h30m\"; };"
		"reload = { surge = \"25%\"; settle = \"0ms\"; failures = 2; };"
		"restart = { when = \"on-failure\"; delay = \"1s\"; delay_max = \"2s\";"
		"stable_after = \"3s\"; stop_exit_codes = [ 42, 0 ]; max = 9; };"
		"log = { to = \"none\"; };");
	const struct core_policy *policy = &app->policy;

	ck_assert_str_eq(app->directory, "/base/sub");
	ck_assert_uint_eq(app->env_count, 4);
	ck_assert_str_eq(app->env[0].name, "A");
	ck_assert_str_eq(app->env[0].value, "x y");
	ck_assert_str_eq(app->env[1].value, "3000");
	ck_assert_str_eq(app->env[2].value, "true");
	ck_assert_str_eq(app->env[3].value, "-5");
	ck_assert_str_eq(app->env_file, "/abs/e");
	ck_assert_uint_eq(app->pass_env_count, 2);
	ck_assert_str_eq(app->pass_env[1], "TZ");
	ck_assert(!app->autostart);
	ck_assert_int_eq(app->instances.kind, SPEC_INSTANCES_PERCENT);
	ck_assert_uint_eq(app->instances.number, 50);
	ck_assert_uint_eq(app->listen_count, 2);
	ck_assert_str_eq(app->listen[1], "unix:/run/a.sock");
	ck_assert_uint_eq(app->backlog, 7);
	ck_assert_int_eq(app->adopt, SPEC_ADOPT_LISTEN_FDS);
	ck_assert_int_eq(app->balance, BALANCE_IP_HASH);
	ck_assert_uint_eq(spec_weight(app, 0), 3);
	ck_assert_uint_eq(spec_weight(app, 1), 2);
	ck_assert_int_eq(app->affinity, SPEC_AFFINITY_AUTO);

	ck_assert_int_eq(policy->ready, CORE_READY_NOTIFY);
	ck_assert_int_eq(policy->ready_timeout, 60000);
	ck_assert_int_eq(policy->ready_exec, 2000);
	ck_assert_int_eq(policy->beat_interval, 250);
	ck_assert_int_eq(policy->beat_timeout, 2000);
	ck_assert_int_eq(app->drain_signal, SIGQUIT);
	ck_assert_int_eq(policy->drain_timeout, 5400000);
	ck_assert_uint_eq(policy->surge, 25);
	ck_assert(policy->surge_percent);
	ck_assert_int_eq(policy->settle, 0);
	ck_assert_uint_eq(policy->failures, 2);
	ck_assert_int_eq(policy->restart, CORE_RESTART_ON_FAILURE);
	ck_assert_int_eq(policy->backoff.first, 1000);
	ck_assert_int_eq(policy->backoff.most, 2000);
	ck_assert_int_eq(policy->backoff.steady, 3000);
	ck_assert_uint_eq(app->stop_exit_codes, 2);
	ck_assert_int_eq(app->stop_exit_code[0], 42);
	ck_assert_uint_eq(policy->restart_max, 9);
	ck_assert_int_eq(app->log.to, SPEC_LOG_NONE);
}
END_TEST

START_TEST(a_list_may_be_written_in_many_ways)
{
	const struct app_spec *app =
		load_app("listen = 8080; weights = (2, 3.0);"
			 "restart = { stop_exit_codes = 3; };"
			 "env = [ \"_X=1=2\", \"Y=\" ];"
			 "pass_env = \"TERM\"; reload = { surge = 2; };");

	ck_assert_str_eq(app->listen[0], "*:8080");
	ck_assert_uint_eq(spec_weight(app, 1), 3);
	ck_assert_int_eq(app->stop_exit_code[0], 3);
	ck_assert_str_eq(app->env[0].name, "_X");
	ck_assert_str_eq(app->env[0].value, "1=2");
	ck_assert_str_eq(app->env[1].value, "");
	ck_assert_str_eq(app->pass_env[0], "TERM");
	ck_assert_uint_eq(app->policy.surge, 2);
	ck_assert(!app->policy.surge_percent);
}
END_TEST

START_TEST(a_command_is_a_list_or_a_text_to_split)
{
	ck_assert_int_eq(
		load("apps = ({ name = \"a\"; command = ( \"sleep\", 5, \"x y\" ); },"
		     "{ name = \"b\"; command = \"sleep 5 'x y' %i\"; });"),
		0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_str_eq(spec.app[i].command[0], "sleep");
		ck_assert_str_eq(spec.app[i].command[1], "5");
		ck_assert_str_eq(spec.app[i].command[2], "x y");
	}
	ck_assert_ptr_null(spec.app[0].command[3]);
	ck_assert_str_eq(spec.app[1].command[3], "%i");
}
END_TEST

static const struct {
	const char *text;
	enum spec_instances_kind kind;
	unsigned number;
} instances[] = {
	{"3", SPEC_INSTANCES_COUNT, 3},
	{"3.0", SPEC_INSTANCES_COUNT, 3},
	{"0x10", SPEC_INSTANCES_COUNT, 16},
	{"256L", SPEC_INSTANCES_COUNT, 256},
	{"\"4\"", SPEC_INSTANCES_COUNT, 4},
	{"\"max\"", SPEC_INSTANCES_MAX_MINUS, 0},
	{"\"max-2\"", SPEC_INSTANCES_MAX_MINUS, 2},
	{"\"150%\"", SPEC_INSTANCES_PERCENT, 150},
};

START_TEST(instances_are_a_number_or_relative_to_max)
{
	char text[64];
	const struct app_spec *app;

	(void)snprintf(text, sizeof(text), "instances = %s;", instances[_i].text);
	app = load_app(text);
	ck_assert_int_eq(app->instances.kind, instances[_i].kind);
	ck_assert_uint_eq(app->instances.number, instances[_i].number);
}
END_TEST

START_TEST(a_heartbeat_can_be_switched_off)
{
	ck_assert(!load_app("heartbeat = false;")->policy.beats);
	ck_assert(load_app("heartbeat = true;")->policy.beats);
	ck_assert(load_app("heartbeat = { interval = \"2s\"; };")->policy.beats);
}
END_TEST

START_TEST(probes_are_as_many_failures_as_make_a_worker_sick)
{
	const struct app_spec *app = load_app(
		"listen = [ \"[::1]:80\", \"127.0.0.1:80\" ];"
		"probe = { http = \"/healthz?x=1\"; interval = \"2s\"; failures = 5; };");

	ck_assert_str_eq(app->probe.http, "/healthz?x=1");
	ck_assert_int_eq(app->probe.interval, 2000);
	ck_assert_int_eq(app->probe.timeout, 1000);
	ck_assert_uint_eq(app->policy.probe_failures, 5);

	app = load_app("listen = \"80\"; probe = { tcp = true; };");
	ck_assert(app->probe.tcp);
	ck_assert_uint_eq(app->policy.probe_failures, 3);
	ck_assert_uint_eq(load_app("")->policy.probe_failures, 0);
	app = load_app("probe = { tcp = false; failures = 2; };");
	ck_assert_uint_eq(app->policy.probe_failures, 0);
}
END_TEST

/* All that is known by name and brought by a later version. */
static const char *const later[] = {
	"reload = { canary = { share = 10; }; };",
	"budget = { cpu = 70; };",
	"autoscale = { min = 2; };",
};

START_TEST(what_a_later_version_brings_is_refused_by_name)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "apps = ({ name = \"a\"; command = \"b\"; %s });", later[_i]);
	ck_assert_int_eq(load(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(faults.list[0].text, "not supported yet"));
	ck_assert_uint_eq(faults.count, 1);
}
END_TEST

#define FIELD(member) offsetof(struct app_spec, member)

static const struct {
	const char *settings;
	size_t field;
	unsigned value;
} choices[] = {
	{"balance = \"auto\";", FIELD(balance), BALANCE_ROUND_ROBIN},
	{"balance = \"round-robin\";", FIELD(balance), BALANCE_ROUND_ROBIN},
	{"balance = \"random\";", FIELD(balance), BALANCE_RANDOM},
	{"balance = \"hash\";", FIELD(balance), BALANCE_HASH},
	{"balance = \"cpu\";", FIELD(balance), BALANCE_CPU},
	{"balance = \"least-conn\";", FIELD(balance), BALANCE_LEAST_CONN},
	{"balance = \"least-latency\";", FIELD(balance), BALANCE_LEAST_LATENCY},
	{"balance = \"queue\";", FIELD(balance), BALANCE_QUEUE},
	{"balance = \"ip-hash\";", FIELD(balance), BALANCE_IP_HASH},
	{"adopt = \"auto\";", FIELD(adopt), SPEC_ADOPT_AUTO},
	{"adopt = \"listen-fds\";", FIELD(adopt), SPEC_ADOPT_LISTEN_FDS},
	{"adopt = \"node\";", FIELD(adopt), SPEC_ADOPT_NODE},
	{"adopt = \"preload\";", FIELD(adopt), SPEC_ADOPT_PRELOAD},
	{"adopt = \"seccomp\";", FIELD(adopt), SPEC_ADOPT_SECCOMP},
	{"adopt = \"none\";", FIELD(adopt), SPEC_ADOPT_NONE},
	{"ready = { on = \"auto\"; };", FIELD(policy.ready), CORE_READY_AUTO},
	{"ready = { on = \"notify\"; };", FIELD(policy.ready), CORE_READY_NOTIFY},
	{"ready = { on = \"exec\"; };", FIELD(policy.ready), CORE_READY_EXEC},
	{"ready = { on = \"listen\"; };", FIELD(policy.ready), CORE_READY_LISTEN},
	{"listen = \"auto\";", FIELD(listen_count), 0},
	{"restart = { when = \"always\"; };", FIELD(policy.restart), CORE_RESTART_ALWAYS},
	{"restart = { when = \"on-failure\"; };", FIELD(policy.restart),
	 CORE_RESTART_ON_FAILURE},
	{"restart = { when = \"never\"; };", FIELD(policy.restart), CORE_RESTART_NEVER},
	{"log = { to = \"file\"; };", FIELD(log.to), SPEC_LOG_FILE},
	{"log = { to = \"inherit\"; };", FIELD(log.to), SPEC_LOG_INHERIT},
	{"log = { to = \"none\"; };", FIELD(log.to), SPEC_LOG_NONE},
	{"log = { to = \"journal\"; };", FIELD(log.to), SPEC_LOG_JOURNAL},
};

START_TEST(every_word_of_a_choice_has_its_value)
{
	const char *app = (const char *)load_app(choices[_i].settings);
	unsigned value;

	memcpy(&value, app + choices[_i].field, sizeof(value));
	ck_assert_uint_eq(value, choices[_i].value);
}
END_TEST

/* What stands in an app, and what is said about it. */
static const struct {
	const char *settings;
	const char *fault;
} mistakes[] = {
	{"instances = 900;", "a.instances: 900 is more than 256"},
	{"instances = 0;", "a.instances: 0 is less than 1"},
	{"instances = -100;", "a.instances: -100 is less than 1"},
	{"instances = 1.5;", "a.instances: 1.5 is not a whole number"},
	{"instances = true;", "a.instances: expects a whole number, not true or false"},
	{"instances = \"maximum\";",
	 "a.instances: \"maximum\" is none of 1 to 256, \"max\", \"max-1\", \"50%\""},
	{"instances = \"0%\";",
	 "a.instances: \"0%\" is none of 1 to 256, \"max\", \"max-1\", \"50%\""},
	{"instances = 99999999999;",
	 "syntax: a number of more than 9 digits; text is in quotes"},
	{"env = { A = 1.50; };",
	 "a.env: a number with a point or 0x is text only in quotes"},
	{"env = { A = 0xff; };",
	 "a.env: a number with a point or 0x is text only in quotes"},
	{"listen = 80.5;",
	 "a.listen: a number with a point or 0x is text only in quotes"},
	{"backlog = \"7\";", "a.backlog: expects a whole number, not text"},
	{"backlog = 1e99;", "a.backlog: 1e+99 is more than 65535"},
	{"redy = 1;", "a.redy: unknown key; did you mean ready?"},
	{"script = \"x\";", "a.script: unknown key; did you mean command?"},
	{"hm = 1;", "a.hm: unknown key"},
	{"ready = { timout = 1; };",
	 "a.ready.timout: unknown key; did you mean ready.timeout?"},
	{"ready = \"notify\";", "a.ready: expects a group, not text"},
	{"ready = { timeout = 30; };",
	 "a.ready.timeout: 30 has no unit: write \"30s\" or \"30ms\""},
	{"ready = { timeout = \"30\"; };", "a.ready.timeout: \"30\" is not a span of "
					   "time such as \"500ms\", \"30s\", \"5m\""},
	{"ready = { timeout = \"5ms\"; };", "a.ready.timeout: \"5ms\" is less than 10ms"},
	{"ready = { timeout = \"2d\"; };", "a.ready.timeout: \"2d\" is more than 1d"},
	{"ready = { timeout = true; };",
	 "a.ready.timeout: expects a span of time such as \"30s\", not true or false"},
	{"ready = { exec = \"30s\"; };", "a.ready.exec: must be less than ready.timeout"},
	{"ready = { on = \"open\"; };",
	 "a.ready.on: \"open\" is none of: auto, notify, exec, listen"},
	{"ready = { on = \"listen\"; }; adopt = \"listen-fds\";",
	 "a.ready.on: \"listen\" cannot be told without a bridge: see adopt"},
	{"heartbeat = \"off\";", "a.heartbeat: expects false or a group, not text"},
	{"heartbeat = { interval = \"5s\"; };",
	 "a.heartbeat.timeout: must be more than heartbeat.interval"},
	{"drain = { how = \"loud\"; };",
	 "a.drain.how: \"loud\" is none of: auto, signal, quiet"},
	{"drain = { how = \"quiet\"; }; balance = \"queue\";",
	 "a.drain.how: \"quiet\" needs a socket for each worker: there is one for all by "
	 "balance = \"queue\", and at a unix: address"},
	{"drain = { how = \"quiet\"; }; listen = \"unix:/run/a\";",
	 "a.drain.how: \"quiet\" needs a socket for each worker: there is one for all by "
	 "balance = \"queue\", and at a unix: address"},
	{"drain = { signal = \"TERMINATE\"; };",
	 "a.drain.signal: \"TERMINATE\" is not a signal"},
	{"drain = { signal = 65; };", "a.drain.signal: 65 is more than 64"},
	{"reload = { surge = \"101%\"; };", "a.reload.surge: \"101%\" is neither a whole "
					    "number nor a share of the instances such "
					    "as \"25%\""},
	{"reload = { canary = { share = 10; }; };", "a.reload.canary: not supported yet"},
	{"restart = { delay = \"31s\"; };",
	 "a.restart.delay: is more than restart.delay_max"},
	{"restart = { stop_exit_codes = [ 256 ]; };",
	 "a.restart.stop_exit_codes: 256 is more than 255"},
	{"restart = { stop_exit_codes = [ 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 ]; };",
	 "a.restart.stop_exit_codes: more than 16 numbers"},
	{"weights = [ 0 ];", "a.weights: 0 is less than 1"},
	{"recycle = { memory = 512; };",
	 "a.recycle.memory: 512 has no unit: write \"512M\" or \"512B\""},
	{"recycle = { memory = \"much\"; };", "a.recycle.memory: \"much\" is not a size "
					      "such as \"512K\", \"64M\", \"1G\""},
	{"recycle = { memory = \"1023K\"; };",
	 "a.recycle.memory: \"1023K\" is less than 1M"},
	{"recycle = { memory = \"99999999T\"; };",
	 "a.recycle.memory: \"99999999T\" is too large"},
	{"recycle = { memory = [ ]; };",
	 "a.recycle.memory: expects a size such as \"512M\", not a list"},
	{"recycle = { age = \"999ms\"; };", "a.recycle.age: \"999ms\" is less than 1s"},
	{"recycle = { age = \"366d\"; };", "a.recycle.age: \"366d\" is more than 365d"},
	{"recycle = { cron = 4; };",
	 "a.recycle.cron: expects text such as \"0 4 * * *\", not a number"},
	{"recycle = { cron = \"0 4 * *\"; };",
	 "a.recycle.cron: \"0 4 * *\" never comes: it "
	 "has neither five fields nor six"},
	{"recycle = { cron = \"0 0 30 2 *\"; };",
	 "a.recycle.cron: \"0 0 30 2 *\" never comes: there is no such day"},
	{"recycle = { jitter = 91; };", "a.recycle.jitter: 91 is more than 90"},
	{"log = { rotate = 64; };",
	 "a.log.rotate: 64 has no unit: write \"64M\" or \"64B\""},
	{"log = { compress = \"xz\"; };",
	 "a.log.compress: \"xz\" is none of: true, false, zstd, gzip"},
	{"log = { out = \"\"; };", "a.log.out: is empty"},
	{"log = { out = \"logs/\"; };", "a.log.out: \"logs/\" is a directory"},
	{"listen = [ \"8080\", \"[::1]:8080\" ];",
	 "a.listen: [::1]:8080 is claimed by a as *:8080 at t.conf:4"},
	{"listen = \"8080\"; adopt = \"none\";",
	 "a.adopt: \"none\" leaves nobody to take the sockets of listen"},
	{"listen = { };", "a.listen: expects text, not a group"},
	{"autostart = 0;", "a.autostart: expects true or false, not a number"},
	{"cwd = \"\";", "a.cwd: is empty"},
	{"env_file = [ \"x\" ];", "a.env_file: expects text, not a list"},
	{"env = { X = [ \"secret\" ]; };", "a.env: expects text, not a list"},
	{"env = [ \"secret\" ];", "a.env: expects \"NAME=value\""},
	{"env = \"secret\";",
	 "a.env: expects a group such as { NAME = \"value\"; }, not text"},
	{"env = { NOTIFY_SOCKET = \"secret\"; };",
	 "a.env: NOTIFY_SOCKET is set by clusterd"},
	{"pass_env = [ \"A=secret\" ];", "a.pass_env: expects the name of a variable"},
	{"probe = { http = 4; };", "a.probe.http: expects text, not a number"},
	{"probe = { http = \"healthz\"; };",
	 "a.probe.http: \"healthz\" is no path of a URL, such as /healthz"},
	{"probe = { http = \"/a b\"; };",
	 "a.probe.http: \"/a b\" is no path of a URL, such as /healthz"},
	{"probe = { interval = \"9s\"; };", "a.probe: asks for neither http nor tcp"},
	{"probe = true;", "a.probe: expects a group, not true or false"},
	{"probe = { http = \"/\"; }; listen = [ \"[::]:80\", \"unix:/x\" ];",
	 "a.probe: needs an IPv4 address in listen, slot_addresses, and no queue for a "
	 "balance, to reach each slot"},
	{"probe = { tcp = true; http = \"/\"; }; listen = [ \"*:80\" ];",
	 "a.probe.tcp: says less than probe.http: leave it out"},
	{"autoscale = { min = 1; };", "a.autoscale: not supported yet"},
	{"backlog = 1; backlog = 2;", "syntax: a setting is given twice in one group"},
	{"weights = [ 1, \"2\" ];",
	 "syntax: the values of [ ] are of different kinds; ( ) takes any"},
	{"backlog 7;",
	 "syntax: not understood, here or just before; settings are NAME = VALUE;"},
};

START_TEST(a_mistake_is_told_with_its_place_and_key)
{
	char text[1024];
	char expected[FAULT_SIZE];

	(void)snprintf(text, sizeof(text),
		       "\napps = (\n{ name = \"a\"; command = \"b\";\n%s\n});",
		       mistakes[_i].settings);
	(void)snprintf(expected, sizeof(expected), "t.conf:4: %s", mistakes[_i].fault);
	ck_assert_int_eq(load(text), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, expected);
	ck_assert_uint_eq(faults.count, 1);
	ck_assert_ptr_null(strstr(faults.list[0].text, "secret"));
	ck_assert_uint_eq(arena.bytes, 0);
}
END_TEST

static void forget(void)
{
	arena_free(&arena);
}

static Suite *suite_of_assign(void)
{
	Suite *suite = suite_create("assign");
	TCase *tcase = tcase_create("assign");

	tcase_add_checked_fixture(tcase, NULL, forget);
	tcase_add_test(tcase, an_app_of_name_and_command_has_all_defaults);
	tcase_add_test(tcase, every_setting_reaches_its_field);
	tcase_add_test(tcase, a_list_may_be_written_in_many_ways);
	tcase_add_test(tcase, a_command_is_a_list_or_a_text_to_split);
	tcase_add_loop_test(tcase, instances_are_a_number_or_relative_to_max, 0,
			    ARRAY_COUNT(instances));
	tcase_add_test(tcase, a_heartbeat_can_be_switched_off);
	tcase_add_loop_test(tcase, what_a_later_version_brings_is_refused_by_name, 0,
			    ARRAY_COUNT(later));
	tcase_add_loop_test(tcase, every_word_of_a_choice_has_its_value, 0,
			    ARRAY_COUNT(choices));
	tcase_add_loop_test(tcase, a_mistake_is_told_with_its_place_and_key, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_test(tcase, probes_are_as_many_failures_as_make_a_worker_sick);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_assign)
