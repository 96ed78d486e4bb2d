#include "supervisor/draft.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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
	{"apps = ({ name = \"a.0\"; command = \"b\"; });",
	 "t.conf:1: a.0.name: \"a.0\" ends in a number, as names of workers do"},
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
	{"apps = ({ name = \"a\"; comand = \"b\"; });",
	 "t.conf:1: a.comand: unknown key; did you mean command?"},
	{"apps = ({ name = \"a\"; script = \"b\"; });",
	 "t.conf:1: a.script: unknown key; did you mean command?"},
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
	{"supervisor = { control = { mode = \"0666\"; }; };",
	 "t.conf:1: supervisor.control.mode: \"0666\" is not octal, or has other bits "
	 "than 0660"},
	{"supervisor = { control = { group = \"no such\"; }; };",
	 "t.conf:1: supervisor.control.group: no such group: \"no such\""},
	{"supervisor = { control = true; };",
	 "t.conf:1: supervisor.control: expects a group, not true or false"},
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
	ck_assert(spec.rules);
	ck_assert_int_eq(spec.control_mode.value, 0600);
	ck_assert_ptr_null(spec.control_group);
	ck_assert_int_eq(load("# nothing\n"), 0);
	ck_assert_int_eq(load(""), 0);
	ck_assert_uint_eq(spec.log_level, LOG_LEVEL_INFO);
	ck_assert(!spec.rules);
}
END_TEST

START_TEST(a_group_of_ours_may_be_let_in)
{
	char text[128], number[16];

	(void)snprintf(number, sizeof(number), "%u", (unsigned)getegid());
	(void)snprintf(text, sizeof(text),
		       "supervisor = { control = { mode = \"0660\"; group = %s; }; };",
		       number);
	ck_assert_int_eq(load(text), 0);
	ck_assert_int_eq(spec.control_mode.value, 0660);
	ck_assert_str_eq(spec.control_group, number);
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

START_TEST(faults_are_added_to_those_of_other_files)
{
	ck_assert_int_eq(load("x = 1;"), -EINVAL);
	ck_assert_int_eq(
		config_load_text("u.conf", "/", "y = 1;", &arena, &spec, &faults),
		-EINVAL);
	ck_assert_int_eq(config_load_text("v.conf", "/", "", &arena, &spec, &faults), 0);
	ck_assert_uint_eq(faults.count, 2);
	ck_assert_str_eq(faults.list[0].text, "t.conf:1: x: unknown key");
	ck_assert_str_eq(faults.list[1].text, "u.conf:1: y: unknown key");
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

static void forget(void)
{
	arena_free(&arena);
}

static Suite *suite_of_draft(void)
{
	Suite *suite = suite_create("draft");
	TCase *tcase = tcase_create("draft");

	tcase_add_checked_fixture(tcase, NULL, forget);
	tcase_add_loop_test(tcase, a_mistaken_whole_is_told_with_its_place, 0,
			    ARRAY_COUNT(wholes));
	tcase_add_test(tcase, a_configuration_may_have_no_apps);
	tcase_add_test(tcase, a_group_of_ours_may_be_let_in);
	tcase_add_test(tcase, port_zero_may_be_asked_for_twice);
	tcase_add_test(tcase, all_mistakes_are_told_at_once);
	tcase_add_test(tcase, faults_are_added_to_those_of_other_files);
	tcase_add_loop_test(tcase, apps_and_workers_have_a_ceiling, 0,
			    ARRAY_COUNT(crowds));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_draft)
