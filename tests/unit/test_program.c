/*
 * test_program.c - which program a word means, and what runs it.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ctl/program.h"
#include "tests/unit/unit.h"

static char here[64];
static struct program program;
static struct fault fault;

static void put_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(name, "we");

	ck_assert_ptr_nonnull(file);
	(void)fputs(text, file);
	(void)fclose(file);
	ck_assert_int_eq(chmod(name, mode), 0);
}

static void begin(void)
{
	(void)snprintf(here, sizeof(here), "/tmp/test_program.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(here));
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_int_eq(mkdir("bin", 0755), 0);
	ck_assert_int_eq(setenv("PWD", here, 1), 0);
	ck_assert_int_eq(setenv("PATH", "bin:/nonexistent", 1), 0);
	put_file("bin/node", "#!/bin/sh\n", 0755);
	put_file("bin/server", "#!/bin/sh\n", 0755);
	fault.text[0] = '\0';
}

static void end(void)
{
	char command[128];

	ck_assert_int_eq(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "PATH=/bin rm -rf %s", here);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static const char *at(const char *name)
{
	static char path[2][128];
	static unsigned turn;
	char *to = path[turn++ % 2];

	(void)snprintf(to, sizeof(path[0]), "%s/%s", here, name);
	return to;
}

static void find(const char *word)
{
	int result = program_find(&program, word, &fault);

	ck_assert_msg(result == 0, "%s: %s", word, fault.text);
}

static void refuse(const char *word, int error, const char *why)
{
	ck_assert_int_eq(program_find(&program, word, &fault), error);
	ck_assert_msg(strstr(fault.text, why) != NULL, "%s: %s", word, fault.text);
}

START_TEST(a_word_is_a_file_here_or_a_program_in_path)
{
	find("server");
	ck_assert_str_eq(program.path, at("bin/server"));
	put_file("server", "#!/bin/sh\n", 0755);
	find("server");
	ck_assert_str_eq(program.path, at("server"));
	find("bin/server");
	ck_assert_str_eq(program.path, at("bin/server"));
	find("./bin/../server");
	ck_assert_int_eq(program_find(&program, "nothing", &fault), -ENOENT);
	ck_assert_str_eq(fault.text, "");
}
END_TEST

START_TEST(a_folder_is_no_program)
{
	ck_assert_int_eq(program_find(&program, "bin", &fault), -ENOENT);
	refuse("./bin", -EACCES, "not a program");
	refuse("./none", -ENOENT, "./none: ");
}
END_TEST

START_TEST(what_can_run_by_itself_needs_no_interpreter)
{
	put_file("app.js", "#!/usr/bin/env node\n", 0755);
	find("app.js");
	ck_assert_str_eq(program.interpreter, "");
	put_file("binary.js", "\177ELF and more", 0755);
	find("binary.js");
	ck_assert_str_eq(program.interpreter, "");
}
END_TEST

START_TEST(else_the_name_tells_the_interpreter)
{
	put_file("app.js", "#!/usr/bin/env node\n", 0644);
	find("app.js");
	ck_assert_str_eq(program.interpreter, at("bin/node"));
	ck_assert_str_eq(program.path, at("app.js"));
	put_file("any.mjs", "x", 0755); /* as everything is on some filesystems */
	find("any.mjs");
	ck_assert_str_eq(program.interpreter, at("bin/node"));
}
END_TEST

START_TEST(an_interpreter_that_is_missing_is_named)
{
	put_file("app.rb", "", 0644);
	refuse("app.rb", -ENOENT, "needs ruby");
	put_file("notes.txt", "", 0644);
	refuse("notes.txt", -EACCES, "chmod +x");
}
END_TEST

static const struct {
	const char *file, *name;
} names[] = {
	{"app.js", "app"},
	{"server", "server"},
	{"my.server.sh", "my.server"},
	{"server-1.2", "server-1.2"},
	{".hidden", ".hidden"},
};

START_TEST(an_app_is_called_like_its_file)
{
	put_file(names[_i].file, "#!/bin/sh\n", 0755);
	find(names[_i].file);
	ck_assert_str_eq(program.name, names[_i].name);
}
END_TEST

START_TEST(links_stay_so_that_a_reload_finds_what_they_mean_then)
{
	ck_assert_int_eq(mkdir("one", 0755), 0);
	put_file("one/server", "#!/bin/sh\n", 0755);
	ck_assert_int_eq(symlink("one", "current"), 0);
	find("current/server");
	ck_assert_str_eq(program.path, at("current/server"));
	ck_assert_int_eq(chdir("current"), 0);
	ck_assert_int_eq(setenv("PWD", at("current"), 1), 0);
	find("./server");
	ck_assert_str_eq(program.path, at("current/server"));
}
END_TEST

static const struct {
	const char *folder, *path, *name; /* the path as seen from here, or absolute */
} sites[] = {
	{"example.com", "example.com", "example.com"},
	{"./example.com//", "example.com", "example.com"},
	{"/", "/", "site"},
};

START_TEST(a_site_is_called_like_its_folder)
{
	ck_assert_int_eq(mkdir("example.com", 0755), 0);
	ck_assert_int_eq(program_find_site(&program, sites[_i].folder, &fault), 0);
	ck_assert_str_eq(program.path,
			 sites[_i].path[0] == '/' ? "/" : at(sites[_i].path));
	ck_assert_str_eq(program.name, sites[_i].name);
	ck_assert_str_eq(program.interpreter, "");
}
END_TEST

START_TEST(what_is_no_folder_is_no_site)
{
	ck_assert_int_eq(program_find_site(&program, "bin/node", &fault), -ENOTDIR);
	ck_assert_str_eq(fault.text, "bin/node: Not a directory");
	ck_assert_int_eq(program_find_site(&program, "none", &fault), -ENOENT);
}
END_TEST

static Suite *suite_of_program(void)
{
	Suite *suite = suite_create("program");
	TCase *tcase = tcase_create("program");

	tcase_add_checked_fixture(tcase, begin, end);
	unit_watch_fds(tcase);
	tcase_add_test(tcase, a_word_is_a_file_here_or_a_program_in_path);
	tcase_add_test(tcase, a_folder_is_no_program);
	tcase_add_test(tcase, what_can_run_by_itself_needs_no_interpreter);
	tcase_add_test(tcase, else_the_name_tells_the_interpreter);
	tcase_add_test(tcase, an_interpreter_that_is_missing_is_named);
	tcase_add_loop_test(tcase, an_app_is_called_like_its_file, 0, ARRAY_COUNT(names));
	tcase_add_test(tcase, links_stay_so_that_a_reload_finds_what_they_mean_then);
	tcase_add_loop_test(tcase, a_site_is_called_like_its_folder, 0,
			    ARRAY_COUNT(sites));
	tcase_add_test(tcase, what_is_no_folder_is_no_site);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_program)
