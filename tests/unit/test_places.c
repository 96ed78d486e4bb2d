#include "common/places.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOMEBODY 64321 /* no other test is this user */

static char base[] = "/tmp/clusterd-test-XXXXXX"; /* a directory of the test's own */
static struct places places;
static struct fault fault;

static void forget_environment(void)
{
	static const char *const names[] = {
		"CLUSTERD_HOME",  "XDG_CONFIG_HOME",   "XDG_RUNTIME_DIR",
		"XDG_STATE_HOME", "RUNTIME_DIRECTORY", "STATE_DIRECTORY",
		"LOGS_DIRECTORY",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		ck_assert_int_eq(unsetenv(names[i]), 0);
	ck_assert_int_eq(setenv("HOME", "/home/ann", 1), 0);
	(void)umask(022);
}

static void make_base(void)
{
	forget_environment();
	ck_assert_ptr_nonnull(mkdtemp(base));
}

static void remove_base(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", base);
	ck_assert_int_eq(system(command), 0);
}

static const char *under_base(const char *name)
{
	static char path[4][256];
	static unsigned next;

	next = (next + 1) % 4;
	(void)snprintf(path[next], sizeof(path[next]), "%s%s", base, name);
	return path[next];
}

static void touch(const char *name, mode_t mode)
{
	int fd = open(under_base(name), O_CREAT | O_WRONLY | O_CLOEXEC, mode);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
}

static unsigned mode_of(const char *path)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	return (unsigned)status.st_mode & 07777;
}

static void become_somebody(void)
{
	ck_assert_int_eq(setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
}

START_TEST(home_puts_all_under_one_directory)
{
	ck_assert_int_eq(setenv("CLUSTERD_HOME", "/srv/c", 1), 0);
	ck_assert_int_eq(setenv("RUNTIME_DIRECTORY", "/run/unit", 1), 0);
	ck_assert_int_eq(places_find(&places, NULL, &fault), 0);
	ck_assert_str_eq(places.config, "/srv/c/cluster.conf");
	ck_assert_str_eq(places.config_directory, "/srv/c/conf.d");
	ck_assert_str_eq(places.run, "/srv/c/run");
	ck_assert_str_eq(places.log, "/srv/c/log");
	ck_assert_str_eq(places.state, "/srv/c/state");
	ck_assert_str_eq(places.control, "/srv/c/run/control.sock");

	ck_assert_int_eq(places_find(&places, "/srv/d", &fault), 0);
	ck_assert_str_eq(places.run, "/srv/d/run");
}
END_TEST

START_TEST(a_relative_home_is_made_absolute)
{
	ck_assert_int_eq(chdir("/usr"), 0);
	ck_assert_int_eq(places_find(&places, "lib", &fault), 0);
	ck_assert_str_eq(places.run, "/usr/lib/run");
}
END_TEST

START_TEST(a_home_too_deep_for_a_socket_is_refused)
{
	char deep[PLACES_PATH + 2] = "/";

	memset(deep + 1, 'x', 95);
	ck_assert_int_eq(places_find(&places, deep, &fault), -ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "control.sock"));
	memset(deep + 1, 'x', PLACES_PATH);
	ck_assert_int_eq(places_find(&places, deep, &fault), -ENAMETOOLONG);
}
END_TEST

START_TEST(root_has_the_places_of_the_system)
{
	if (geteuid() != 0)
		UNIT_SKIP("not root");
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/0", 1), 0);
	ck_assert_int_eq(places_find(&places, NULL, &fault), 0);
	ck_assert_str_eq(places.config, CLUSTERD_SYSCONFDIR "/clusterd/cluster.conf");
	ck_assert_str_eq(places.config_directory, CLUSTERD_SYSCONFDIR "/clusterd/conf.d");
	ck_assert_str_eq(places.run, "/run/clusterd");
	ck_assert_str_eq(places.log, "/var/log/clusterd");
	ck_assert_str_eq(places.state, "/var/lib/clusterd");
	ck_assert_str_eq(places.control, PLACES_ROOT_CONTROL);
}
END_TEST

START_TEST(others_have_the_xdg_directories)
{
	if (geteuid() == 0)
		become_somebody();
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/x/config", 1), 0);
	ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/x/run", 1), 0);
	ck_assert_int_eq(setenv("XDG_STATE_HOME", "/x/state", 1), 0);
	ck_assert_int_eq(places_find(&places, NULL, &fault), 0);
	ck_assert_str_eq(places.config, "/x/config/clusterd/cluster.conf");
	ck_assert_str_eq(places.run, "/x/run/clusterd");
	ck_assert_str_eq(places.state, "/x/state/clusterd");
	ck_assert_str_eq(places.log, "/x/state/clusterd/log");
}
END_TEST

START_TEST(without_xdg_there_are_home_and_a_private_directory_in_tmp)
{
	char run[64];

	if (geteuid() == 0)
		become_somebody();
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1), 0);
	(void)snprintf(run, sizeof(run), "/tmp/clusterd-%u", (unsigned)geteuid());
	ck_assert_int_eq(places_find(&places, NULL, &fault), 0);
	ck_assert_str_eq(places.config, "/home/ann/.config/clusterd/cluster.conf");
	ck_assert_str_eq(places.state, "/home/ann/.local/state/clusterd");
	ck_assert_str_eq(places.run, run);
}
END_TEST

START_TEST(directories_of_the_unit_win_and_of_several_the_first)
{
	ck_assert_int_eq(setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1), 0);
	ck_assert_int_eq(setenv("STATE_DIRECTORY", "/var/lib/a", 1), 0);
	ck_assert_int_eq(setenv("LOGS_DIRECTORY", "/var/log/a", 1), 0);
	ck_assert_int_eq(places_find(&places, NULL, &fault), 0);
	ck_assert_str_eq(places.run, "/run/a");
	ck_assert_str_eq(places.control, "/run/a/control.sock");
	ck_assert_str_eq(places.state, "/var/lib/a");
	ck_assert_str_eq(places.log, "/var/log/a");
}
END_TEST

START_TEST(directories_are_made_with_their_modes_whatever_the_umask)
{
	(void)umask(0077);
	ck_assert_int_eq(places_find(&places, under_base("/deep/home"), &fault), 0);
	ck_assert_int_eq(places_make(&places, &fault), 0);
	ck_assert_uint_eq(mode_of(places.run), 0711);
	ck_assert_uint_eq(mode_of(places.log), 0750);
	ck_assert_uint_eq(mode_of(places.state), 0700);
	ck_assert_int_eq(places_make(&places, &fault), 0);
}
END_TEST

START_TEST(a_log_directory_keeps_the_mode_that_somebody_chose)
{
	ck_assert_int_eq(places_find(&places, base, &fault), 0);
	ck_assert_int_eq(mkdir(places.log, 0700), 0);
	ck_assert_int_eq(chmod(places.log, 0755), 0);
	ck_assert_int_eq(places_make(&places, &fault), 0);
	ck_assert_uint_eq(mode_of(places.log), 0755);
}
END_TEST

START_TEST(a_run_directory_that_others_may_write_is_refused)
{
	ck_assert_int_eq(places_find(&places, base, &fault), 0);
	ck_assert_int_eq(mkdir(places.run, 0700), 0);
	ck_assert_int_eq(chmod(places.run, 0777), 0);
	ck_assert_int_eq(places_make(&places, &fault), -EPERM);
	ck_assert_ptr_nonnull(strstr(fault.text, "0777"));
}
END_TEST

START_TEST(a_run_directory_of_another_user_is_refused)
{
	if (geteuid() != 0)
		UNIT_SKIP("not root");
	ck_assert_int_eq(places_find(&places, base, &fault), 0);
	ck_assert_int_eq(mkdir(places.run, 0711), 0);
	ck_assert_int_eq(chown(places.run, SOMEBODY, SOMEBODY), 0);
	ck_assert_int_eq(places_make(&places, &fault), -EPERM);
	ck_assert_ptr_nonnull(strstr(fault.text, "another user"));
}
END_TEST

START_TEST(a_run_directory_is_no_symbolic_link)
{
	ck_assert_int_eq(places_find(&places, base, &fault), 0);
	ck_assert_int_eq(mkdir(under_base("/elsewhere"), 0711), 0);
	ck_assert_int_eq(symlink(under_base("/elsewhere"), places.run), 0);
	ck_assert_int_eq(places_make(&places, &fault), -ENOTDIR);
}
END_TEST

START_TEST(the_run_directory_in_tmp_is_for_nobody_else)
{
	if (geteuid() != 0)
		UNIT_SKIP("not root");
	ck_assert_int_eq(chown(base, SOMEBODY, SOMEBODY), 0);
	become_somebody();
	ck_assert_int_eq(setenv("XDG_STATE_HOME", base, 1), 0);
	ck_assert_int_eq(places_find(&places, NULL, &fault), 0);

	ck_assert_int_eq(places_make(&places, &fault), 0);
	ck_assert_uint_eq(mode_of(places.run), 0700);
	ck_assert_int_eq(chmod(places.run, 0711), 0);
	ck_assert_int_eq(places_make(&places, &fault), -EPERM);
	ck_assert_int_eq(rmdir(places.run), 0);
}
END_TEST

START_TEST(a_file_in_the_place_of_a_directory_is_named)
{
	ck_assert_int_eq(places_find(&places, base, &fault), 0);
	touch("/state", 0600);
	ck_assert_int_eq(places_make(&places, &fault), -ENOTDIR);
	ck_assert_ptr_nonnull(strstr(fault.text, "/state"));
}
END_TEST

START_TEST(a_bare_name_is_looked_for_in_the_search_path)
{
	char path[PLACES_PATH];
	char search[512];

	ck_assert_int_eq(mkdir(under_base("/one"), 0700), 0);
	ck_assert_int_eq(mkdir(under_base("/two"), 0700), 0);
	touch("/one/tool", 0600);
	touch("/two/tool", 0700);
	(void)snprintf(search, sizeof(search), "/nowhere:%s:%s", under_base("/one"),
		       under_base("/two"));
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "tool", search, "/", &fault), 0);
	ck_assert_str_eq(path, under_base("/two/tool"));
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "tool", "/nowhere", "/", &fault),
		-ENOENT);
	ck_assert_ptr_nonnull(strstr(fault.text, "tool"));
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "tool", NULL, "/", &fault),
		-ENOENT);
}
END_TEST

START_TEST(relative_elements_of_the_search_path_are_seen_from_the_directory)
{
	char path[PLACES_PATH];

	ck_assert_int_eq(mkdir(under_base("/bin"), 0700), 0);
	touch("/bin/tool", 0700);
	touch("/here", 0700);
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "tool", "bin", base, &fault), 0);
	ck_assert_str_eq(path, under_base("/bin/tool"));
	ck_assert_int_eq(places_find_program(path, sizeof(path), "here",
					     "/nowhere:", base, &fault),
			 0);
}
END_TEST

START_TEST(a_name_with_a_slash_is_seen_from_the_directory)
{
	char path[PLACES_PATH];

	touch("/run-me", 0700);
	touch("/not-me", 0600);
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "./run-me", "/bin", base, &fault),
		0);
	ck_assert_str_eq(path, under_base("/./run-me"));
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "/bin/sh", NULL, base, &fault),
		0);
	ck_assert_str_eq(path, "/bin/sh");
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "./not-me", "/bin", base, &fault),
		-EACCES);
	ck_assert_int_eq(places_find_program(path, sizeof(path), "./missing", "/bin",
					     base, &fault),
			 -ENOENT);
	ck_assert_ptr_nonnull(strstr(fault.text, "missing"));
	ck_assert_int_eq(
		places_find_program(path, sizeof(path), "./", "/bin", base, &fault),
		-EISDIR);
	ck_assert_int_eq(places_find_program(path, 4, "/bin/sh", NULL, base, &fault),
			 -ENAMETOOLONG);
}
END_TEST

START_TEST(our_own_directory_is_where_this_program_is)
{
	char directory[PLACES_PATH];
	char self[2 * PLACES_PATH];

	ck_assert_int_eq(places_own_directory(directory, sizeof(directory)), 0);
	(void)snprintf(self, sizeof(self), "%s/%s", directory,
		       program_invocation_short_name);
	ck_assert_int_eq(access(self, X_OK), 0);
	ck_assert_int_eq(places_own_directory(directory, 3), -ENAMETOOLONG);
}
END_TEST

static Suite *suite_of_places(void)
{
	Suite *suite = suite_create("places");
	TCase *found = tcase_create("found");
	TCase *made = tcase_create("made");

	tcase_add_checked_fixture(found, forget_environment, NULL);
	tcase_add_test(found, home_puts_all_under_one_directory);
	tcase_add_test(found, a_relative_home_is_made_absolute);
	tcase_add_test(found, a_home_too_deep_for_a_socket_is_refused);
	tcase_add_test(found, root_has_the_places_of_the_system);
	tcase_add_test(found, others_have_the_xdg_directories);
	tcase_add_test(found, without_xdg_there_are_home_and_a_private_directory_in_tmp);
	tcase_add_test(found, directories_of_the_unit_win_and_of_several_the_first);
	tcase_add_test(found, our_own_directory_is_where_this_program_is);
	suite_add_tcase(suite, found);

	unit_watch_fds(made);
	tcase_add_checked_fixture(made, make_base, remove_base);
	tcase_add_test(made, directories_are_made_with_their_modes_whatever_the_umask);
	tcase_add_test(made, a_log_directory_keeps_the_mode_that_somebody_chose);
	tcase_add_test(made, a_run_directory_that_others_may_write_is_refused);
	tcase_add_test(made, a_run_directory_of_another_user_is_refused);
	tcase_add_test(made, a_run_directory_is_no_symbolic_link);
	tcase_add_test(made, the_run_directory_in_tmp_is_for_nobody_else);
	tcase_add_test(made, a_file_in_the_place_of_a_directory_is_named);
	tcase_add_test(made, a_bare_name_is_looked_for_in_the_search_path);
	tcase_add_test(made,
		       relative_elements_of_the_search_path_are_seen_from_the_directory);
	tcase_add_test(made, a_name_with_a_slash_is_seen_from_the_directory);
	suite_add_tcase(suite, made);
	return suite;
}

UNIT_MAIN(suite_of_places)
