#include "supervisor/config.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "supervisor/core/plan.h"

/* wraps: calloc malloc realloc */
void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

static unsigned calls_to_fail; /* the last of so many fails; 0: none */

static bool fails(void)
{
	return calls_to_fail > 0 && --calls_to_fail == 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

static struct arena arena;
static struct spec spec;
static struct faults faults;
static char base[] = "/tmp/clusterd-test-XXXXXX";

static int load(const char *text)
{
	arena_free(&arena);
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

static void make_base(void)
{
	ck_assert_ptr_nonnull(mkdtemp(base));
}

static void remove_base(void)
{
	char command[128];

	arena_free(&arena);
	(void)snprintf(command, sizeof(command), "rm -rf %s", base);
	ck_assert_int_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
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
	ck_assert_int_eq(app->balance, BALANCE_RANDOM);
	ck_assert_uint_eq(app->weight_count, 0);
	ck_assert_int_eq(app->drain_signal, SIGTERM);
	ck_assert_uint_eq(app->stop_exit_codes, 0);
	ck_assert_int_eq(app->log, SPEC_LOG_FILE);
	ck_assert(app->autostart);

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
		"cwd = \"sub\"; env = { A = \"x y\"; B = 3000; C = true; D = 1.5; };"
		"env_file = \"/abs/e\"; pass_env = [ \"TERM\", \"TZ\" ]; autostart = "
		"false;"
		"instances = \"50%\"; listen = [ \"127.0.0.1:80\", \"unix:/run/a.sock\" "
		"];"
		"backlog = 7; adopt = \"listen-fds\"; balance = \"ip-hash\";"
		"weights = [ 3, 2 ]; affinity = \"none\";"
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
	ck_assert_str_eq(app->env[3].value, "1.5");
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
	ck_assert_int_eq(app->log, SPEC_LOG_NONE);
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
	{"instances = 99999999999;", "syntax: 99999999999 is too large a number"},
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
	 "a.ready.on: \"open\" is none of: auto, notify, exec"},
	{"ready = { on = \"listen\"; };", "a.ready.on: \"listen\" is not supported yet"},
	{"heartbeat = \"off\";", "a.heartbeat: expects false or a group, not text"},
	{"heartbeat = { interval = \"5s\"; };",
	 "a.heartbeat.timeout: must be more than heartbeat.interval"},
	{"drain = { how = \"quiet\"; };", "a.drain.how: \"quiet\" is not supported yet"},
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
	{"log = { to = \"journal\"; };", "a.log.to: \"journal\" is not supported yet"},
	{"log = { rotate = \"64M\"; };", "a.log.rotate: not supported yet"},
	{"listen = \"auto\";", "a.listen: \"auto\" is not supported yet"},
	{"listen = [ \"8080\", \"[::1]:8080\" ];",
	 "a.listen: [::1]:8080 is claimed by a as *:8080 at t.conf:4"},
	{"listen = \"8080\"; adopt = \"none\";",
	 "a.adopt: \"none\" leaves nobody to take the sockets of listen"},
	{"listen = { };", "a.listen: expects text, not a group"},
	{"adopt = \"node\";", "a.adopt: \"node\" is not supported yet"},
	{"balance = \"least-conn\";", "a.balance: \"least-conn\" is not supported yet"},
	{"affinity = \"auto\";", "a.affinity: \"auto\" is not supported yet"},
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
	{"user = \"www-data\";", "a.user: not supported yet"},
	{"limits = { nofile = 5; };", "a.limits: not supported yet"},
	{"probe = { http = \"/\"; };", "a.probe: not supported yet"},
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

/* Whole configurations, and the one thing that is said about each. */
static const struct {
	const char *text;
	const char *fault;
} wholes[] = {
	{"apps = ({ command = \"b\"; });", "t.conf:1: apps[0].name: is missing"},
	{"apps = (\n{ name = \"a\"; });", "t.conf:2: a.command: is missing"},
	{"apps = ({ name = \"a\"; command = \"\"; });",
	 "t.conf:1: a.command: names no program"},
	{"apps = ({ name = \"a\"; command = [ \"\" ]; });",
	 "t.conf:1: a.command: names no program"},
	{"apps = ({ name = \"a\"; command = [ ]; });",
	 "t.conf:1: a.command: names no program"},
	{"apps = ({ name = \"a\"; command = \"'x\"; });",
	 "t.conf:1: a.command: a quote is never closed"},
	{"apps = ({ name = \"\"; command = \"b\"; });",
	 "t.conf:1: apps[0].name: is empty"},
	{"apps = ({ name = 5; command = \"b\"; });",
	 "t.conf:1: apps[0].name: expects text, not a number"},
	{"apps = ({ name = \"all\"; command = \"b\"; });",
	 "t.conf:1: all.name: \"all\" means every app"},
	{"apps = ({ name = \"-x\"; command = \"b\"; });",
	 "t.conf:1: -x.name: \"-x\" is not made of letters, digits, \".\", \"_\" and "
	 "\"-\", or "
	 "begins with \".\" or \"-\""},
	{"apps = ({ name = \"a/b\"; command = \"b\"; });",
	 "t.conf:1: a/b.name: \"a/b\" is not made of letters, digits, \".\", \"_\" and "
	 "\"-\", or "
	 "begins with \".\" or \"-\""},
	{"apps = ({ name = "
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; command "
	 "= "
	 "\"b\"; });",
	 "t.conf:1: "
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.name: is "
	 "longer than 63 letters"},
	{"apps = { name = \"a\"; };",
	 "t.conf:1: apps: expects a list of groups: apps = ( { ... } );, not a group"},
	{"apps = ( 1 );", "t.conf:1: apps: expects a group, not a number"},
	{"app = ();", "t.conf:1: app: unknown key; did you mean apps?"},
	{"listen = 80;",
	 "t.conf:1: listen: unknown key; it belongs to an app: apps = ( { ... } );"},
	{"whatever = 80;", "t.conf:1: whatever: unknown key"},
	{"supervisor = 1;", "t.conf:1: supervisor: expects a group, not a number"},
	{"supervisor = { log_level = \"loud\"; };",
	 "t.conf:1: supervisor.log_level: \"loud\" is none of: debug, info, warn, error"},
	{"supervisor = { control = { mode = \"0660\"; }; };",
	 "t.conf:1: supervisor.control: not supported yet"},
	{"supervisor = { loglevel = 1; };",
	 "t.conf:1: supervisor.loglevel: unknown key; did you mean log_level?"},
	{"apps = ({ name = \"a\"; command = \"b\"; },\n{ name = \"b\"; command = \"b\"; "
	 "},\n"
	 "{ command = \"b\";\nname = \"a\"; });",
	 "t.conf:4: a.name: given twice, first at t.conf:1"},
	{"apps = ({ name = \"a\"; command = \"b\"; listen = \"127.0.0.1:80\"; },\n"
	 "{ name = \"b\"; command = \"b\"; listen = [ \"81\",\n\"127.0.0.1:80\" ]; });",
	 "t.conf:3: b.listen: 127.0.0.1:80 is claimed by a at t.conf:1"},
	{"apps = ({ name = \"a\"; command = \"b\"; listen = \"127.0.0.1:80\"; },\n"
	 "{ name = \"b\"; command = \"b\"; listen = \"0.0.0.0:80\"; });",
	 "t.conf:2: b.listen: 0.0.0.0:80 is claimed by a as 127.0.0.1:80 at t.conf:1"},
};

START_TEST(a_mistaken_whole_is_told_with_its_place)
{
	ck_assert_int_eq(load(wholes[_i].text), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, wholes[_i].fault);
	ck_assert_uint_eq(faults.count, 1);
}
END_TEST

START_TEST(a_configuration_may_have_no_apps)
{
	ck_assert_int_eq(load("supervisor: { log_level = \"warn\"; };"), 0);
	ck_assert_uint_eq(spec.apps, 0);
	ck_assert_uint_eq(spec.log_level, LOG_LEVEL_WARN);
	ck_assert_int_eq(load("# nothing\n"), 0);
	ck_assert_int_eq(load(""), 0);
	ck_assert_uint_eq(spec.log_level, LOG_LEVEL_INFO);
}
END_TEST

START_TEST(port_zero_may_be_asked_for_twice)
{
	ck_assert_int_eq(
		load("apps = ({ name = \"a\"; command = \"b\"; listen = \"127.0.0.1:0\"; "
		     "},"
		     "{ name = \"b\"; command = \"b\"; listen = \"127.0.0.1:0\"; });"),
		0);
}
END_TEST

START_TEST(all_mistakes_are_told_at_once)
{
	static const char *const expected[] = {
		"t.conf:1: supervisor.log_level: \"inof\" is none of: debug, info, warn, "
		"error",
		"t.conf:4: web.instances: 900 is more than 256",
		"t.conf:5: web.redy: unknown key; did you mean ready?",
		"t.conf:6: web.ready.timeout: 30 has no unit: write \"30s\" or \"30ms\"",
		"t.conf:7: web.listen: \"localhost\" is not an address; names are not "
		"looked up, "
		"write 127.0.0.1:PORT, [::1]:PORT, *:PORT or unix:/PATH",
		"t.conf:9: api.command: is missing",
		"t.conf:11: colour: unknown key",
		"t.conf:9: api.listen: 127.0.0.1:80 is claimed by web as 0.0.0.0:80 at "
		"t.conf:8",
	};

	ck_assert_int_eq(load("supervisor: { log_level = \"inof\"; };\n"
			      "apps = (\n"
			      "{ name = \"web\"; command = \"b\";\n"
			      "instances = 900;\n"
			      "redy = { };\n"
			      "ready = { timeout = 30; };\n"
			      "listen = [ \"localhost:1\",\n"
			      "\"0.0.0.0:80\" ]; },\n"
			      "{ name = \"api\"; listen = \"127.0.0.1:80\"; }\n"
			      ");\n"
			      "colour = 1;\n"),
			 -EINVAL);
	for (unsigned i = 0; i < ARRAY_COUNT(expected); i++)
		ck_assert_str_eq(faults.list[i].text, expected[i]);
	ck_assert_uint_eq(faults.count, ARRAY_COUNT(expected));
}
END_TEST

static const struct {
	unsigned apps;
	unsigned instances;
	const char *fault; /* NULL: fine */
} crowds[] = {
	{SPEC_APPS, 1, NULL},
	{SPEC_APPS + 1, 1, "apps: more than 1024 apps"},
	{64, 256, NULL},
	{65, 256, "a64.instances: more than 16384 workers in all"},
};

START_TEST(apps_and_workers_have_a_ceiling)
{
	char *text = malloc(SPEC_APPS * 64 + 128);
	char *end = text + sprintf(text, "apps = (");

	for (unsigned i = 0; i < crowds[_i].apps; i++)
		end += sprintf(end, "%s{name=\"a%u\";command=\"b\";instances=%u;}",
			       i ? "," : "", i, crowds[_i].instances);
	(void)strcpy(end, ");");
	ck_assert_int_eq(load(text), crowds[_i].fault ? -EINVAL : 0);
	if (crowds[_i].fault)
		ck_assert_ptr_nonnull(strstr(faults.list[0].text, crowds[_i].fault));
	free(text);
}
END_TEST

START_TEST(the_embedded_default_is_one_worker_per_core_on_8080)
{
	ck_assert_int_eq(config_load_embedded(&arena, &spec, &faults), 0);
	ck_assert_uint_eq(spec.apps, 1);
	ck_assert_str_eq(spec.app[0].name, "web");
	ck_assert_str_eq(spec.app[0].command[0], "cluster-worker");
	ck_assert_str_eq(spec.app[0].listen[0], "127.0.0.1:8080");
	ck_assert_uint_eq(spec_instances_count(&spec.app[0].instances, 7), 7);
	ck_assert_ptr_null(spec.app[0].file);
	ck_assert_ptr_null(spec.app[0].directory);
}
END_TEST

START_TEST(relative_paths_are_seen_from_the_file)
{
	write_file("a.conf",
		   "\napps = ({ name = \"a\"; command = \"b\"; env_file = \"./e\"; },\n"
		   "{ name = \"b\"; command = \"b\"; cwd = \"x\"; });");
	ck_assert_int_eq(config_load(path_of("a.conf"), false, &arena, &spec, &faults),
			 0);
	ck_assert_str_eq(spec.app[0].file, path_of("a.conf"));
	ck_assert_uint_eq(spec.app[0].line, 2);
	ck_assert_str_eq(spec.app[0].directory, base);
	ck_assert_str_eq(spec.app[0].env_file, path_of("e"));
	ck_assert_str_eq(spec.app[1].directory, path_of("x"));
}
END_TEST

START_TEST(running_out_of_memory_anywhere_is_told_and_leaves_nothing)
{
	char text[8192] = "apps = ({ name = \"a\"; command = \"b\"; env = {";
	char *end = text + strlen(text);
	unsigned calls = 0;
	int error;

	for (unsigned i = 0; i < 200; i++)
		end += sprintf(end, "VARIABLE_%u = \"value\";\n", i);
	(void)strcpy(end, "}; });");
	write_file("a.conf", text);
	do {
		calls_to_fail = ++calls;
		error = config_load(path_of("a.conf"), false, &arena, &spec, &faults);
		calls_to_fail = 0;
		ck_assert(error == 0 || error == -ENOMEM);
		ck_assert_uint_eq(faults.count, error ? 1 : 0);
		ck_assert_uint_eq(arena.bytes > 0, !error);
	} while (error);
	ck_assert_uint_gt(calls, 10);
}
END_TEST

START_TEST(a_file_named_relative_is_known_by_its_absolute_path)
{
	write_file("a.conf", "apps = ({ name = \"a\"; command = \"b\"; colour = 1; });");
	ck_assert_int_eq(chdir(base), 0);
	ck_assert_int_eq(config_load("a.conf", false, &arena, &spec, &faults), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, "a.conf:1: a.colour: unknown key");
	write_file("a.conf", "apps = ({ name = \"a\"; command = \"b\"; });");
	ck_assert_int_eq(config_load("a.conf", false, &arena, &spec, &faults), 0);
	ck_assert_str_eq(spec.app[0].file, path_of("a.conf"));
}
END_TEST

START_TEST(what_is_no_file_is_told_by_name)
{
	char expected[FAULT_SIZE];

	ck_assert_int_eq(config_load(path_of("no.conf"), false, &arena, &spec, &faults),
			 -ENOENT);
	(void)snprintf(expected, sizeof(expected), "%s: No such file or directory",
		       path_of("no.conf"));
	ck_assert_str_eq(faults.list[0].text, expected);
	ck_assert_int_eq(config_load(base, false, &arena, &spec, &faults), -EISDIR);
	ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
	ck_assert_int_eq(config_load(path_of("fifo"), false, &arena, &spec, &faults),
			 -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(faults.list[0].text, "not a regular file"));
}
END_TEST

static void write_directory(void)
{
	ck_assert_int_eq(mkdir(path_of("conf.d"), 0700), 0);
	write_file("conf.d/20-b.conf", "apps = ({ name = \"b\"; command = \"b\"; });");
	write_file("conf.d/10-c.conf",
		   "apps = ({ name = \"c\"; command = \"b\"; cwd = \"x\"; });");
	write_file("conf.d/.hidden.conf", "hidden = 1;");
	write_file("conf.d/15-x.conf.bak", "backup = 1;");
}

START_TEST(files_of_conf_d_join_in_lexical_order)
{
	write_directory();
	write_file("cluster.conf", "apps = ({ name = \"a\"; command = \"b\"; });");
	ck_assert_int_eq(
		config_load(path_of("cluster.conf"), true, &arena, &spec, &faults), 0);
	ck_assert_uint_eq(spec.apps, 3);
	ck_assert_str_eq(spec.app[0].name, "a");
	ck_assert_str_eq(spec.app[1].name, "c");
	ck_assert_str_eq(spec.app[1].directory, path_of("conf.d/x"));
	ck_assert_str_eq(spec.app[2].file, path_of("conf.d/20-b.conf"));
	ck_assert_int_eq(
		config_load(path_of("cluster.conf"), false, &arena, &spec, &faults), 0);
	ck_assert_uint_eq(spec.apps, 1);
}
END_TEST

START_TEST(conf_d_alone_will_do_but_nothing_at_all_will_not)
{
	ck_assert_int_eq(
		config_load(path_of("cluster.conf"), true, &arena, &spec, &faults),
		-ENOENT);
	ck_assert_uint_eq(faults.count, 1);
	write_directory();
	ck_assert_int_eq(
		config_load(path_of("cluster.conf"), true, &arena, &spec, &faults), 0);
	ck_assert_uint_eq(spec.apps, 2);
}
END_TEST

START_TEST(mistakes_of_all_files_are_told_together)
{
	write_directory();
	write_file("cluster.conf",
		   "supervisor: { };\napps = ({ name = \"b\"; command = \"b\"; "
		   "colour = 1; });");
	write_file("conf.d/30-x.conf", "apps = ( {\n");
	write_file("conf.d/40-y.conf", "supervisor: { };\n");
	ck_assert_int_eq(
		config_load(path_of("cluster.conf"), true, &arena, &spec, &faults),
		-EINVAL);
	ck_assert_uint_eq(faults.count, 4);
	ck_assert_ptr_nonnull(
		strstr(faults.list[0].text, "cluster.conf:2: b.colour: unknown"));
	ck_assert_ptr_nonnull(strstr(faults.list[1].text,
				     "30-x.conf:1: syntax: this \"{\" is never closed"));
	ck_assert_ptr_nonnull(strstr(faults.list[2].text,
				     "40-y.conf:1: supervisor: given twice, first at"));
	ck_assert_ptr_nonnull(
		strstr(faults.list[3].text, "20-b.conf:1: b.name: given twice"));
	ck_assert_uint_eq(arena.bytes, 0);
}
END_TEST

START_TEST(a_copy_of_an_app_outlives_its_configuration)
{
	const struct app_spec *app =
		load_app("env = { A = \"1\"; }; env_file = \"e\"; pass_env = [ \"TZ\" ];"
			 "listen = [ \"80\", \"81\" ]; weights = [ 2 ]; cwd = \"x\";");
	struct arena other = {0};
	const struct app_spec *copy;

	ck_assert_int_eq(config_copy_app(app, &other, &copy), 0);
	ck_assert_int_eq(plan_compare(app, copy).kind, PLAN_KEEP);
	ck_assert_ptr_ne(copy->listen[1], app->listen[1]);
	arena_free(&arena);
	ck_assert_str_eq(copy->name, "a");
	ck_assert_str_eq(copy->command[0], "b");
	ck_assert_ptr_null(copy->command[1]);
	ck_assert_str_eq(copy->env[0].name, "A");
	ck_assert_str_eq(copy->env[0].value, "1");
	ck_assert_str_eq(copy->env_file, "/base/e");
	ck_assert_str_eq(copy->pass_env[0], "TZ");
	ck_assert_str_eq(copy->listen[1], "*:81");
	ck_assert_str_eq(copy->directory, "/base/x");
	ck_assert_uint_eq(spec_weight(copy, 0), 2);
	arena_free(&other);
}
END_TEST

START_TEST(every_example_can_be_read)
{
	glob_t found;

	ck_assert_int_eq(glob("conf/examples/*.conf", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int error = config_load(found.gl_pathv[i], false, &arena, &spec, &faults);

		ck_assert_msg(error == 0, "%s", faults.list[0].text);
		ck_assert_uint_gt(spec.apps, 0);
		arena_free(&arena);
	}
	ck_assert_uint_gt(found.gl_pathc, 4);
	globfree(&found);
}
END_TEST

static void forget(void)
{
	arena_free(&arena);
}

static Suite *suite_of_config(void)
{
	Suite *suite = suite_create("config");
	TCase *text = tcase_create("text");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(text, NULL, forget);
	tcase_add_test(text, an_app_of_name_and_command_has_all_defaults);
	tcase_add_test(text, every_setting_reaches_its_field);
	tcase_add_test(text, a_list_may_be_written_in_many_ways);
	tcase_add_test(text, a_command_is_a_list_or_a_text_to_split);
	tcase_add_loop_test(text, instances_are_a_number_or_relative_to_max, 0,
			    ARRAY_COUNT(instances));
	tcase_add_test(text, a_heartbeat_can_be_switched_off);
	tcase_add_loop_test(text, a_mistake_is_told_with_its_place_and_key, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_loop_test(text, a_mistaken_whole_is_told_with_its_place, 0,
			    ARRAY_COUNT(wholes));
	tcase_add_test(text, a_configuration_may_have_no_apps);
	tcase_add_test(text, port_zero_may_be_asked_for_twice);
	tcase_add_test(text, all_mistakes_are_told_at_once);
	tcase_add_loop_test(text, apps_and_workers_have_a_ceiling, 0,
			    ARRAY_COUNT(crowds));
	tcase_add_test(text, the_embedded_default_is_one_worker_per_core_on_8080);
	tcase_add_test(text, a_copy_of_an_app_outlives_its_configuration);
	tcase_add_test(text, every_example_can_be_read);
	suite_add_tcase(suite, text);

	unit_watch_fds(files);
	tcase_add_checked_fixture(files, make_base, remove_base);
	tcase_add_test(files, relative_paths_are_seen_from_the_file);
	tcase_add_test(files, running_out_of_memory_anywhere_is_told_and_leaves_nothing);
	tcase_add_test(files, a_file_named_relative_is_known_by_its_absolute_path);
	tcase_add_test(files, what_is_no_file_is_told_by_name);
	tcase_add_test(files, files_of_conf_d_join_in_lexical_order);
	tcase_add_test(files, conf_d_alone_will_do_but_nothing_at_all_will_not);
	tcase_add_test(files, mistakes_of_all_files_are_told_together);
	suite_add_tcase(suite, files);
	return suite;
}

UNIT_MAIN(suite_of_config)
