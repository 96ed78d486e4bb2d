#include "supervisor/import/script.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define BYTES    4096
#define PATIENCE 30000

static struct buffer json;
static struct fault fault;
static unsigned line;

static bool has_node(void)
{
	return system("command -v node >/dev/null") == 0;
}

/* Writes the script and asks what it exports. */
static int run(const char *name, const char *text, msec patience)
{
	char folder[] = "/tmp/test-script-XXXXXX";
	char path[PATH_MAX];
	int result;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	buffer_init(&json, BYTES);
	fault.text[0] = '\0';
	result = script_to_json(path, patience, &json, &line, &fault);
	buffer_append(&json, "", 1);
	unlink(path);
	rmdir(folder);
	return result;
}

static const struct {
	const char *name;
	const char *text;
	const char *json;
} scripts[] = {
	{"eco.config.js", "module.exports = { apps: [1, 'a'] };", "{\"apps\":[1,\"a\"]}"},
	{"eco.cjs", "exports.apps = [process.pid > 0];", "{\"apps\":[true]}"},
	{"eco.mjs", "export default { apps: [undefined, null] };",
	 "{\"apps\":[null,null]}"},
	{"eco.mjs", "export const apps = [];", "{\"apps\":[]}"},
	{"eco.js", "console.log('{}'); console.error('x'); module.exports = [1];", "[1]"},
	{"eco.js", "setInterval(() => {}, 1000); module.exports = [1];", "[1]"},
};

START_TEST(what_a_script_exports_is_what_it_says)
{
	if (!has_node())
		UNIT_SKIP("there is no node");
	ck_assert_int_eq(run(scripts[_i].name, scripts[_i].text, PATIENCE), 0);
	ck_assert_str_eq(json.bytes, scripts[_i].json);
	buffer_free(&json);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	unsigned line; /* 0: not known */
	const char *why;
} mistakes[] = {
	{"eco.js", "let a = 1;\nmodule.exports = {", 2, NULL},
	{"eco.js", "\n\nthrow new Error('no such luck');", 3, "no such luck"},
	{"eco.mjs", "\nthrow new Error('no such luck');", 2, "no such luck"},
	{"eco.js", "throw 'no such luck';", 0, "no such luck"},
	{"eco.js", "throw null;", 0, "null"},
	{"eco.js", "module.exports = null;", 0, "it exports nothing"},
	{"eco.js", "process.exit(0);", 0, "node could not run it"},
	{"eco.js", "process.kill(process.pid, 'SIGKILL');", 0, "node could not run it"},
	{"eco.js", "module.exports = 'x'.repeat(5000);", 0, "there is too much of it"},
};

START_TEST(what_fails_says_why_and_where)
{
	if (!has_node())
		UNIT_SKIP("there is no node");
	ck_assert_int_eq(run(mistakes[_i].name, mistakes[_i].text, PATIENCE), -EINVAL);
	if (mistakes[_i].line > 0)
		ck_assert_uint_eq(line, mistakes[_i].line);
	if (mistakes[_i].why != NULL)
		ck_assert_str_eq(fault.text, mistakes[_i].why);
	buffer_free(&json);
}
END_TEST

START_TEST(one_that_does_not_end_is_ended)
{
	if (!has_node())
		UNIT_SKIP("there is no node");
	ck_assert_int_eq(run("eco.js", "for (;;);", 100), -ETIMEDOUT);
	ck_assert_str_eq(fault.text, "it did not come to its end in time");
	buffer_free(&json);
}
END_TEST

START_TEST(without_node_that_is_said)
{
	setenv("PATH", "/nonexistent", 1);
	ck_assert_int_eq(run("eco.js", "", PATIENCE), -ENOENT);
	ck_assert_str_eq(fault.text,
			 "it takes node to read it, and there is none in PATH");
	buffer_free(&json);
}
END_TEST

static Suite *suite_of_script(void)
{
	Suite *suite = suite_create("script");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 2. * PATIENCE / 1000);
	unit_watch_fds(tcase);
	tcase_add_loop_test(tcase, what_a_script_exports_is_what_it_says, 0,
			    ARRAY_COUNT(scripts));
	tcase_add_loop_test(tcase, what_fails_says_why_and_where, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_test(tcase, one_that_does_not_end_is_ended);
	tcase_add_test(tcase, without_node_that_is_said);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_script)
