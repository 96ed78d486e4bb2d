/*
 * test_cgroup.c - where control groups are, and who is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/test-cgroup-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void begin(void)
{
	char path[128];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/below", folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	put("cgroup.procs", "7\n12\n");
	put("below/cgroup.procs", "345678\n");
	put("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
}

static void end(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(the_processes_of_a_group_are_those_below_it_too)
{
	pid_t pid[8];

	ck_assert_int_eq(cgroup_read_pids(folder, pid, 8), 3);
	ck_assert_int_eq(pid[0], 7);
	ck_assert_int_eq(pid[1], 12);
	ck_assert_int_eq(pid[2], 345678);
	ck_assert_int_eq(cgroup_read_pids(folder, pid, 2), 2);
	ck_assert_int_eq(cgroup_read_pids("/none", pid, 2), -ENOENT);
}
END_TEST

START_TEST(a_key_is_found_by_its_whole_name)
{
	ck_assert_int_eq(cgroup_read_key(folder, "memory.events", "oom_kill", -1), 2);
	ck_assert_int_eq(cgroup_read_key(folder, "memory.events", "oom", -1), 3);
	ck_assert_int_eq(cgroup_read_key(folder, "memory.events", "low", -1), 0);
	ck_assert_int_eq(cgroup_read_key(folder, "memory.events", "kill", -1), -1);
	ck_assert_int_eq(cgroup_read_key(folder, "none", "oom", 9), 9);
}
END_TEST

START_TEST(what_is_written_is_there)
{
	char text[16];

	ck_assert_int_eq(cgroup_write(folder, "cgroup.procs", "9"), 0);
	ck_assert_int_eq(cgroup_read(folder, "cgroup.procs", text, sizeof(text)), 5);
	ck_assert_str_eq(text, "9\n12\n");
	ck_assert_int_eq(cgroup_write(folder, "none", "9"), -ENOENT);
}
END_TEST

START_TEST(we_are_in_our_own_group)
{
	static pid_t pid[65536];
	char path[CGROUP_PATH], again[CGROUP_PATH];
	int count;

	if (cgroup_of(0, path, sizeof(path)) < 0)
		UNIT_SKIP("no cgroup2 here");
	ck_assert_int_eq(cgroup_of(getpid(), again, sizeof(again)), 0);
	ck_assert_str_eq(path, again);
	count = cgroup_read_pids(path, pid, 65536);
	if (count < 0)
		UNIT_SKIP("our group is not in this mount");
	for (int i = 0; i < count; i++)
		if (pid[i] == getpid())
			return;
	ck_abort_msg("not found among %d", count);
}
END_TEST

static Suite *suite_of_cgroup(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *tcase = tcase_create("groups");

	tcase_add_checked_fixture(tcase, begin, end);
	unit_watch_fds(tcase);
	tcase_add_test(tcase, the_processes_of_a_group_are_those_below_it_too);
	tcase_add_test(tcase, a_key_is_found_by_its_whole_name);
	tcase_add_test(tcase, what_is_written_is_there);
	tcase_add_test(tcase, we_are_in_our_own_group);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_cgroup)
