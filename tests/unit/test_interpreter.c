/*
 * test_interpreter.c - the script of a command line is found, and nothing else is taken
 * for it.
 */
#include "supervisor/interpreter.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"
#include "common/fd.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/test_interpreter.XXXXXX";
static const char *const files[] = {"app", "other", "-odd"};

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		ck_assert_int_eq(close(open(files[i], O_CREAT | O_CLOEXEC, 0644)), 0);
	ck_assert_int_eq(mkdir("folder", 0755), 0);
	ck_assert_int_eq(symlink("app", "link"), 0);
	ck_assert_int_eq(chdir("/"), 0);
}

static void tear_down(void)
{
	CLOSE_FD int directory = open(folder, O_PATH | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		ck_assert_int_eq(unlinkat(directory, files[i], 0), 0);
	ck_assert_int_eq(unlinkat(directory, "link", 0), 0);
	ck_assert_int_eq(unlinkat(directory, "folder", AT_REMOVEDIR), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static const struct {
	const char *command;
	unsigned script;
} commands[] = {
	{"node app", 1},
	{"node app other", 1},
	{"nodejs link", 1},
	{"/opt/node-18/bin/node ./app", 1},
	{"node --inspect app", 2},
	{"node -r other app", 3},
	{"node -rother app", 2},
	{"node --require other --enable-source-maps app", 4},
	{"node --require=other app", 2},
	{"node -- -odd", 2},
	{"node -e other app", 0},
	{"node -pe other app", 0},
	{"node --eval other app", 0},
	{"node --require", 0},
	{"node -r", 0},
	{"node", 0},
	{"node missing app", 0},
	{"node folder", 0},
	{"node app-%i", 0},
	{"python3 app", 1},
	{"python3.11 -u app", 2},
	{"python -W ignore -Xdev app", 4},
	{"python3 -m app", 0},
	{"python3 -mapp other", 0},
	{"python3 -um app", 0},
	{"python3 -c app", 0},
	{"python3 - app", 0},
	{"pypy3 app", 1},
	{"ruby3.1 -I other -w app", 4},
	{"perl -w app", 2},
	{"perl -e app", 0},
	{"php8.2 -d other app", 3},
	{"php -f app", 2},
	{"php -S other app", 0},
	{"sh -eu app", 2},
	{"bash -o other app", 3},
	{"dash -c app", 0},
	{"luajit app", 1},
	{"gunicorn app", 0},
	{"shell app", 0},
	{"nod app", 0},
	{"./app other", 0},
	{"3.11 app", 0},
};

START_TEST(the_script_is_found)
{
	CLOSE_FD int directory = open(folder, O_PATH | O_CLOEXEC);
	char text[64], *word[8] = {NULL}, *rest = text;
	unsigned count = 0;

	(void)snprintf(text, sizeof(text), "%s", commands[_i].command);
	while (rest)
		word[count++] = strsep(&rest, " ");
	ck_assert_msg(interpreter_script(word, directory) == commands[_i].script,
		      "%s: word %u", commands[_i].command,
		      interpreter_script(word, directory));
}
END_TEST

static Suite *suite_of_interpreter(void)
{
	Suite *suite = suite_create("interpreter");
	TCase *all = tcase_create("interpreter");

	tcase_add_checked_fixture(all, set_up, tear_down);
	unit_watch_fds(all);
	tcase_add_loop_test(all, the_script_is_found, 0, ARRAY_COUNT(commands));
	suite_add_tcase(suite, all);
	return suite;
}

UNIT_MAIN(suite_of_interpreter)
