#include "supervisor/import/translate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/import/pm2.h"
#include "supervisor/import/sheet.h"
#include "supervisor/settings.h"
#include "tests/unit/unit.h"

static struct faults faults;
static struct buffer out;

static bool has_file(const char *path)
{
	return strcmp(path, "/srv/api/server") == 0 ||
	       strcmp(path, "/srv/my app.js") == 0;
}

/* Translates the object, or list of apps; what comes of it is in `out`, as text. */
static int run(const char *json, const char *profile)
{
	const struct translate how = {.file = "eco.json",
				      .directory = "/srv",
				      .profile = profile,
				      .has_file = has_file};
	struct json *root = json_parse(json, strlen(json), NULL);
	int result;

	ck_assert_ptr_nonnull(root);
	faults.count = 0;
	buffer_init(&out, TRANSLATE_BYTES);
	result = translate(&how, root, &out, &faults);
	buffer_append(&out, "", 1);
	json_free(root);
	return result;
}

/* The text has this line: a setting as it is, or a comment that begins so. */
static bool has_line(const char *line)
{
	size_t length = strlen(line);
	char *copy = strdup(out.bytes);
	char *rest = copy;
	bool found = false;

	for (char *at = strsep(&rest, "\n"); at != NULL; at = strsep(&rest, "\n")) {
		at += strspn(at, " ");
		found = found || (at[0] == '#' ? strncmp(at, line, length) == 0
					       : strcmp(at, line) == 0);
	}
	free(copy);
	return found;
}

/* What PM2's words become; an app has these and a script. */
static const struct {
	const char *said;
	const char *line;
} translations[] = {
	{"\"name\":\"api\"", "name = \"api\";"},
	{"\"name\":\"My api (2)\"", "name = \"My-api-2\";"},
	{"\"name\":\"My api (2)\"", "# name = \"My api (2)\": names are of letters"},
	{"\"name\":\"all\"", "name = \"app\";"},
	{"\"x\":1", "name = \"app\";"},
	{"\"x\":1", "command = [ \"node\", \"app.js\" ];"},
	{"\"x\":1", "cwd = \"/srv\";"},
	{"\"x\":1", "drain = { signal = \"INT\"; };"},
	{"\"x\":1", "# x = 1: not a key that PM2 is known to have"},

	{"\"args\":\"a 'b c' \\\"d\\\"\"",
	 "command = [ \"node\", \"app.js\", \"a\", \"b c\", \"d\" ];"},
	{"\"args\":[\"a b\",1,true,1.5]",
	 "command = [ \"node\", \"app.js\", \"a b\", \"1\", \"true\", \"1.5\" ];"},
	{"\"args\":[\"%i\"]", "# command: %i becomes the number of the slot"},
	{"\"args\":[\"q\\\"\\\\\\n\"]",
	 "command = [ \"node\", \"app.js\", \"q\\\"\\\\\\x0a\" ];"},
	{"\"node_args\":\"--a --b\"",
	 "command = [ \"node\", \"--a\", \"--b\", \"app.js\" ];"},
	{"\"interpreterArgs\":[\"-u\"]", "command = [ \"node\", \"-u\", \"app.js\" ];"},
	{"\"interpreter\":\"none\"", "command = [ \"app.js\" ];"},
	{"\"interpreter\":\"/opt/bun\"", "command = [ \"/opt/bun\", \"app.js\" ];"},
	{"\"execInterpreter\":\"node@18\"", "command = [ \"node\", \"app.js\" ];"},
	{"\"interpreter\":\"node@18\"", "# interpreter = \"node@18\": versions are not"},
	{"\"script\":\"run.py\"", "command = [ \"python3\", \"run.py\" ];"},
	{"\"script\":\"./run\"", "command = [ \"./run\" ];"},
	{"\"script\":\"npm\",\"args\":\"start\"", "command = [ \"npm\", \"start\" ];"},
	{"\"cwd\":\"api\",\"script\":\"server\"", "command = [ \"./server\" ];"},
	{"\"script\":\"npm run x\"", "command = [ \"bash\", \"-c\", \"npm run x\" ];"},
	{"\"script\":\"npm run x\",\"args\":\"y\"",
	 "command = [ \"bash\", \"-c\", \"npm run x \\\"$@\\\"\", \"bash\", \"y\" ];"},
	{"\"script\":\"my app.js\"", "command = [ \"node\", \"my app.js\" ];"},
	{"\"cwd\":\"./api\"", "cwd = \"/srv/api\";"},
	{"\"cwd\":\"/opt\"", "cwd = \"/opt\";"},
	{"\"cwd\":\".\"", "cwd = \"/srv\";"},

	{"\"script\":\"serve\"",
	 "command = [ \"cluster-worker\", \"--root\", \"/srv\" ];"},
	{"\"script\":\"serve\"", "listen = [ \"0.0.0.0:8080\" ];"},
	{"\"script\":\"serve\",\"env\":{\"PM2_SERVE_PATH\":\"./dist\",\"PM2_SERVE_SPA\":"
	 "\"true\",\"PM2_SERVE_HOMEPAGE\":\"/a.html\"}",
	 "command = [ \"cluster-worker\", \"--root\", \"/srv/dist\", \"--spa\", "
	 "\"--index\", "
	 "\"a.html\" ];"},
	{"\"script\":\"serve\",\"env\":{\"PM2_SERVE_PORT\":80,\"PM2_SERVE_HOST\":\"::"
	 "1\"}",
	 "listen = [ \"[::1]:80\" ];"},
	{"\"script\":\"serve\",\"env\":{\"PM2_SERVE_BASIC_AUTH\":true,\"PM2_SERVE_HOST\":"
	 "\"0.0.0.0\"}",
	 "listen = [ \"127.0.0.1:8080\" ];"},
	{"\"script\":\"serve\",\"env\":{\"PM2_SERVE_BASIC_AUTH\":\"true\"}",
	 "# PM2_SERVE_BASIC_AUTH: the built-in worker asks nobody"},

	{"\"instances\":4", "instances = 4;"},
	{"\"instances\":\"4\"", "instances = 4;"},
	{"\"instances\":\"max\"", "instances = \"max\";"},
	{"\"instances\":0", "instances = \"max\";"},
	{"\"instances\":-1", "instances = \"max-1\";"},

	{"\"env\":{\"A\":1,\"B\":true,\"C\":\"x\\\"\"}", "C = \"x\\\"\";"},
	{"\"env\":{\"A\":1,\"B\":true}", "B = \"true\";"},
	{"\"env\":{\"A\":{\"b\":[1]}}", "A = \"{\\\"b\\\":[1]}\";"},
	{"\"env\":{\"_A\":1}", "\"_A=1\""},
	{"\"env\":{\"true\":1}", "\"true=1\""},
	{"\"env\":{\"LISTEN_FDS\":1}", "# env: LISTEN_FDS is set by clusterd"},
	{"\"env\":{\"A\":\"%i\"}", "# env.A: %i becomes the number of the slot"},
	{"\"port\":3000", "PORT = \"3000\";"},
	{"\"instance_var\":\"ID\"", "ID = \"%i\";"},
	{"\"env_test\":{\"A\":1}", "# env_test = {\"A\":1}: not taken in;"},
	{"\"increment_var\":\"P\",\"env\":{\"P\":3000},\"instances\":10",
	 "P = \"300%i\";"},
	{"\"increment_var\":\"P\",\"env\":{\"P\":0},\"instances\":99", "P = \"%i\";"},
	{"\"increment_var\":\"P\",\"env\":{\"P\":3000},\"instances\":11",
	 "P = \"3000\";"},
	{"\"increment_var\":\"P\",\"env\":{\"P\":3001},\"instances\":2",
	 "# increment_var = \"P\": there is no counting up;"},

	{"\"listen_timeout\":5000", "ready = { timeout = \"5s\"; };"},
	{"\"listen_timeout\":1000", "ready = { timeout = \"1s\"; exec = \"500ms\"; };"},
	{"\"wait_ready\":true", "# wait_ready = true: there is no process.send()"},
	{"\"kill_timeout\":1600", "drain = { signal = \"INT\"; timeout = \"1600ms\"; };"},
	{"\"kill_timeout\":1", "drain = { signal = \"INT\"; timeout = \"10ms\"; };"},
	{"\"kill_timeout\":1", "# kill_timeout = 1: drain.timeout takes at least 10"},
	{"\"autorestart\":false", "restart = { when = \"never\"; };"},
	{"\"restart_delay\":4000", "restart = { delay = \"4s\"; delay_max = \"4s\"; };"},
	{"\"exp_backoff_restart_delay\":100",
	 "restart = { delay = \"100ms\"; delay_max = \"15s\"; };"},
	{"\"min_uptime\":\"1h\"", "restart = { stable_after = \"3600s\"; };"},
	{"\"cron_restart\":\"0 25 * * *\"", "# cron_restart = \"0 25 * * *\": "},
	{"\"max_restarts\":10", "restart = { max = 10; };"},
	{"\"max_restarts\":0", "# max_restarts = 0: 0 would mean to restart"},
	{"\"stop_exit_codes\":[0,3]", "restart = { stop_exit_codes = [ 0, 3 ]; };"},
	{"\"stop_exit_codes\":3", "restart = { stop_exit_codes = [ 3 ]; };"},
	{"\"disable_logs\":true", "log = { to = \"none\"; };"},
	{"\"out\":\"/dev/null\",\"error\":\"/dev/null\"", "log = { to = \"none\"; };"},
	{"\"out_file\":\"/dev/null\"", "log = { out = \"/dev/null\"; };"},
	{"\"out_file\":\"/var/log/x.log\"", "log = { out = \"/var/log/x.log\"; };"},
	{"\"out_file\":\"/var/log/x.log\",\"instances\":4",
	 "log = { out = \"/var/log/x-%i.log\"; };"},
	{"\"err_file\":\"/var.d/log\",\"instances\":4",
	 "log = { err = \"/var.d/log-%i\"; };"},
	{"\"out\":\"/x.log\",\"instances\":4,\"merge_logs\":true",
	 "log = { out = \"/x.log\"; };"},
	{"\"out_file\":\"logs/x.log\"",
	 "# out_file = \"logs/x.log\": relative to the log"},
	{"\"log_date_format\":\"YYYY\"", "log = { format = \"prefixed\"; };"},
	{"\"time\":true", "log = { format = \"prefixed\"; };"},
	{"\"log_type\":\"json\"", "log = { format = \"json\"; };"},

	{"\"watch\":[\"src\"]", "# watch = [\"src\"]: files are not watched;"},
	{"\"treekill\":false", "# treekill = false: what is left"},
	{"\"namespace\":\"n\"", "# namespace = \"n\": there are none,"},
};

START_TEST(a_word_of_theirs_becomes_one_of_ours)
{
	char json[512];
	const char *said = translations[_i].said;

	snprintf(json, sizeof(json), "{%s%s}",
		 strstr(said, "\"script\"") ? "" : "\"script\":\"app.js\",", said);
	ck_assert_int_eq(run(json, NULL), 0);
	ck_assert_msg(has_line(translations[_i].line), "%s\nis not a line of\n%s",
		      translations[_i].line, out.bytes);
	buffer_free(&out);
}
END_TEST

static const char *const silent[] = {
	"\"watch\":false",
	"\"watch\":null",
	"\"ignore_watch\":[]",
	"\"merge_logs\":true",
	"\"treekill\":true",
	"\"autorestart\":true",
	"\"restart_delay\":0",
	"\"pmx\":false",
	"\"vizion\":false",
	"\"windowsHide\":true",
	"\"env\":{}",
	"\"exec_mode\":\"fork\"",
	"\"execMode\":\"cluster_mode\"",
	"\"source_map_support\":false",
	"\"cron_restart\":\"0\"",
};

START_TEST(what_is_no_loss_leaves_no_word)
{
	char json[256];
	static const char bare[] = "apps = (\n"
				   "    {\n"
				   "        name = \"a\";\n"
				   "        command = [ \"a\" ];\n"
				   "        cwd = \"/srv\";\n"
				   "        drain = { signal = \"INT\"; };\n"
				   "    }\n"
				   ");\n";

	snprintf(json, sizeof(json), "{\"script\":\"a\",%s}", silent[_i]);
	ck_assert_int_eq(run(json, NULL), 0);
	ck_assert_str_eq(strstr(out.bytes, "apps"), bare);
	buffer_free(&out);
}
END_TEST

static const struct {
	const char *path;
	const char *said;
	const char *value;
} later[] = {
	{"recycle.memory", "\"max_memory_restart\":\"300M\"", "memory = \"300M\""},
	{"recycle.memory", "\"max_memory_restart\":1", "memory = \"1M\""},
	{"recycle.memory", "\"maxMemoryRestart\":2097152", "memory = \"2097152B\""},
	{"recycle.cron", "\"cron\":\"0 4 * * *\"", "cron = \"0 4 * * *\""},
	{"user", "\"uid\":\"www-data\"", "user = \"www-data\""},
	{"user", "\"user\":1000", "user = \"1000\""},
	{"group", "\"gid\":33", "group = \"33\""},
};

/* Whatever the build supports: what it refuses is there as a comment. */
START_TEST(what_this_build_refuses_is_a_comment)
{
	const struct setting *setting = settings_find(SETTING_OF_APP, later[_i].path);
	bool supported = setting != NULL && setting->kind != SETTING_LATER;
	char json[256];
	const char *at;

	snprintf(json, sizeof(json), "{\"script\":\"a\",%s}", later[_i].said);
	ck_assert_int_eq(run(json, NULL), 0);
	at = strstr(out.bytes, later[_i].value);
	ck_assert_ptr_nonnull(at);
	while (at[-1] != '\n')
		at--;
	ck_assert_int_eq(at[strspn(at, " ")] == '#', !supported);
	buffer_free(&out);
}
END_TEST

static const struct {
	const char *said;
	const char *fault;
} mistakes[] = {
	{"{}", "eco.json: app.script: is missing"},
	{"[]", "eco.json: apps: there are none in it"},
	{"[3]", "eco.json: apps: expects objects, one for each app"},
	{"{\"apps\":[3]}", "eco.json: apps: expects objects, one for each app"},
	{"{\"script\":\"a\",\"instances\":\"many\"}",
	 "eco.json: a.instances: expects a whole number"},
	{"{\"script\":\"a\",\"instances\":1.5}",
	 "eco.json: a.instances: expects a whole number"},
	{"{\"script\":\"a\",\"instances\":257}",
	 "eco.json: a.instances: 257 is more than 256"},
	{"{\"script\":\"a\",\"env\":\"A=1\"}",
	 "eco.json: a.env: expects NAME: value pairs"},
	{"{\"script\":\"a\",\"env\":{\"A=\":1}}",
	 "eco.json: a.env: \"A=\" is no name of a variable"},
	{"{\"script\":\"a\",\"args\":\"'\"}",
	 "eco.json: a.args: a quote is never closed"},
	{"{\"script\":\"a\",\"args\":[[]]}", "eco.json: a.args: expects a list of words"},
	{"{\"script\":\"a\",\"autorestart\":\"maybe\"}",
	 "eco.json: a.autorestart: expects true or false"},
	{"{\"script\":\"a\",\"min_uptime\":\"long\"}",
	 "eco.json: a.min_uptime: expects milliseconds, or a time such as \"5s\""},
	{"{\"script\":\"a\",\"exec_mode\":\"x\"}",
	 "eco.json: a.exec_mode: \"x\" is neither cluster nor fork"},
	{"{\"script\":\"a\",\"stop_exit_codes\":[256]}",
	 "eco.json: a.stop_exit_codes: expects 0 to 255"},
	{"{\"script\":\"serve\",\"env\":{\"PM2_SERVE_PORT\":0}}",
	 "eco.json: serve.PM2_SERVE_PORT: expects 1 to 65535"},
	{"{\"script\":\"serve\",\"env\":{\"PM2_SERVE_HOST\":\"example.org\"}}",
	 "eco.json: serve.PM2_SERVE_HOST: expects a numeric address"},
	{"[{\"script\":\"serve\"},{\"script\":\"serve\",\"name\":\"b\"}]",
	 "eco.json: b.PM2_SERVE_PORT: 0.0.0.0:8080 is taken by serve"},
	{"{\"script\":\"a\",\"max_memory_restart\":\"much\"}",
	 "eco.json: a.max_memory_restart: expects bytes, or a size such as \"300M\""},
};

START_TEST(what_cannot_be_meant_is_a_fault)
{
	ck_assert_int_eq(run(mistakes[_i].said, NULL), -EINVAL);
	ck_assert_uint_eq(faults.count, 1);
	ck_assert_str_eq(faults.list[0].text, mistakes[_i].fault);
	buffer_free(&out);
}
END_TEST

START_TEST(all_mistakes_are_told_at_once)
{
	ck_assert_int_eq(
		run("[{\"script\":\"a\",\"instances\":\"x\",\"env\":1},{}]", NULL),
		-EINVAL);
	ck_assert_uint_eq(faults.count, 3);
	buffer_free(&out);
}
END_TEST

static const char *const shapes[] = {
	"{\"script\":\"a\"}",
	"[{\"script\":\"a\"}]",
	"{\"apps\":[{\"script\":\"a\"}]}",
	"{\"apps\":{\"script\":\"a\"}}",
	"{\"name\":\"package\",\"pm2\":{\"script\":\"a\"}}",
	"{\"pm2\":{\"apps\":[{\"script\":\"a\"}]}}",
};

START_TEST(apps_are_found_wherever_they_are)
{
	ck_assert_int_eq(run(shapes[_i], NULL), 0);
	ck_assert(has_line("name = \"a\";"));
	buffer_free(&out);
}
END_TEST

START_TEST(each_name_is_there_once)
{
	ck_assert_int_eq(
		run("[{\"script\":\"a\"},{\"script\":\"a\"},{\"script\":\"a\"}]", NULL),
		0);
	ck_assert(has_line("name = \"a\";"));
	ck_assert(has_line("name = \"a-2\";"));
	ck_assert(has_line("name = \"a-3\";"));
	buffer_free(&out);
}
END_TEST

START_TEST(a_profile_wins_over_what_is_always_there)
{
	static const char said[] = "{\"script\":\"a\",\"env\":{\"A\":1,\"B\":2},"
				   "\"env_live\":{\"A\":3},\"env_test\":{\"B\":4}}";

	ck_assert_int_eq(run(said, "live"), 0);
	ck_assert(has_line("A = \"3\";"));
	ck_assert(has_line("B = \"2\";"));
	ck_assert(!has_line("# env_live"));
	ck_assert(has_line("# env_test = {\"B\":4}: not taken in"));
	buffer_free(&out);
	ck_assert_int_eq(run(said, "prod"), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, "eco.json: env_prod: no app has it");
	buffer_free(&out);
}
END_TEST

START_TEST(no_quoted_text_leaves_its_comment)
{
	ck_assert_int_eq(run("{\"script\":\"a\",\"x\\ny = 1;\":\"\\n }\","
			     "\"watch\":\"\\n@include\"}",
			     NULL),
			 0);
	for (const char *at = strstr(out.bytes, "drain"); (at = strchr(at, '\n'));) {
		at += 1 + strspn(at + 1, " ");
		ck_assert_msg(strchr("#})", *at) != NULL || *at == '\0',
			      "not a comment: %s", at);
	}
	buffer_free(&out);
}
END_TEST

START_TEST(long_comments_are_broken)
{
	struct buffer text;

	buffer_init(&text, 4096);
	sheet_print_comment(&text, "  ",
			    "one two three four five six seven eight nine ten eleven "
			    "twelve thirteen fourteen fifteen sixteen\nseventeen");
	buffer_append(&text, "", 1);
	ck_assert_str_eq(text.bytes,
			 "  # one two three four five six seven eight nine ten eleven "
			 "twelve thirteen fourteen\n"
			 "  #   fifteen sixteen\n"
			 "  #   seventeen\n");
	buffer_free(&text);
}
END_TEST

START_TEST(keys_are_known_in_every_spelling)
{
	ck_assert_str_eq(pm2_find("max_memory_restart")->name, "max_memory_restart");
	ck_assert_str_eq(pm2_find("maxMemoryRestart")->name, "max_memory_restart");
	ck_assert_str_eq(pm2_find("err_log")->name, "error_file");
	ck_assert_str_eq(pm2_find("errLog")->name, "error_file");
	ck_assert_str_eq(pm2_find("windowsHide")->name, "windows_hide");
	ck_assert_ptr_null(pm2_find("env_production"));
	ck_assert_ptr_null(pm2_find("err_log_file"));
	ck_assert_ptr_null(pm2_find(""));
	ck_assert_ptr_null(
		pm2_find("a_key_that_is_longer_than_any_that_this_table_has_or_"
			 "will_have_one_day"));
}
END_TEST

static Suite *suite_of_translate(void)
{
	Suite *suite = suite_create("translate");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, a_word_of_theirs_becomes_one_of_ours, 0,
			    ARRAY_COUNT(translations));
	tcase_add_loop_test(tcase, what_is_no_loss_leaves_no_word, 0,
			    ARRAY_COUNT(silent));
	tcase_add_loop_test(tcase, what_this_build_refuses_is_a_comment, 0,
			    ARRAY_COUNT(later));
	tcase_add_loop_test(tcase, what_cannot_be_meant_is_a_fault, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_test(tcase, all_mistakes_are_told_at_once);
	tcase_add_loop_test(tcase, apps_are_found_wherever_they_are, 0,
			    ARRAY_COUNT(shapes));
	tcase_add_test(tcase, each_name_is_there_once);
	tcase_add_test(tcase, a_profile_wins_over_what_is_always_there);
	tcase_add_test(tcase, no_quoted_text_leaves_its_comment);
	tcase_add_test(tcase, long_comments_are_broken);
	tcase_add_test(tcase, keys_are_known_in_every_spelling);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_translate)
