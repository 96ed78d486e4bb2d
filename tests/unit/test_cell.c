/*
 * test_cell.c - bounds of control groups, as files of a kernel that has the controllers.
 *
 * A folder stands for the group; what the kernel would put into a new one is put there by
 * the mkdir below.
 */
/* wraps: mkdir rmdir */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/cell.h"
#include "tests/unit/unit.h"

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);

static char folder[] = "/tmp/test-cell-XXXXXX";
static struct cells cells;
static struct fault fault;
static bool has_memory, is_populated;
static unsigned removed;

static void put(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	int result = __real_mkdir(path, mode);

	if (result == -1)
		return -1;
	put(path, "cgroup.procs", "");
	put(path, "cgroup.kill", "");
	put(path, "cpu.max", "");
	put(path, "cpu.weight", "");
	put(path, "pids.max", "");
	if (!has_memory)
		return 0;
	put(path, "memory.max", "");
	put(path, "memory.high", "");
	put(path, "memory.events", "low 0\nhigh 4\nmax 2\noom 1\noom_kill 0\n");
	return 0;
}

/* The kernel removes the files with the folder, once nobody lives there. */
int __wrap_rmdir(const char *path)
{
	char command[300];

	if (is_populated) {
		errno = EBUSY;
		return -1;
	}
	if (access(path, F_OK) == -1)
		return -1;
	(void)snprintf(command, sizeof(command), "rm -r %s", path);
	removed++;
	return system(command) == 0 ? 0 : -1;
}

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	put(folder, "cgroup.controllers", "cpuset cpu io memory pids\n");
	put(folder, "cgroup.subtree_control", "\n");
	cells = (struct cells){0};
	(void)snprintf(cells.root, sizeof(cells.root), "%s", folder);
	has_memory = true;
	is_populated = false;
	removed = 0;
}

static void end(void)
{
	char command[128];

	cells_close(&cells);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const char *text_of(const char *name)
{
	static char text[256];
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return "not there";
	return text;
}

static uint32_t make(const char *slot, const struct spec_cgroup *bounds)
{
	uint32_t number = 0;
	CLOSE_FD int fd = cell_make(&cells, slot, bounds, &number, &fault);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "0", 1), 1);
	return number;
}

START_TEST(bounds_are_written_in_the_kernels_words)
{
	const struct spec_cgroup bounds = {.memory_max = 64 << 20,
					   .memory_high = 60 << 20,
					   .cpu_max = 150,
					   .cpu_weight = 50,
					   .pids_max = 20};

	ck_assert_uint_eq(make("web.0", &bounds), 1);
	ck_assert_str_eq(text_of("web.0.1/memory.max"), "67108864");
	ck_assert_str_eq(text_of("web.0.1/memory.high"), "62914560");
	ck_assert_str_eq(text_of("web.0.1/cpu.max"), "150000 100000");
	ck_assert_str_eq(text_of("web.0.1/cpu.weight"), "50");
	ck_assert_str_eq(text_of("web.0.1/pids.max"), "20");
	ck_assert_str_eq(text_of("web.0.1/cgroup.procs"), "0");
	ck_assert_ptr_null(cell_lacks(&cells, &bounds));
}
END_TEST

START_TEST(a_controller_is_enabled_when_a_bound_needs_it)
{
	const struct spec_cgroup none = {0}, some = {.pids_max = 20};

	(void)make("web.0", &none);
	ck_assert_str_eq(text_of("cgroup.subtree_control"), "\n");
	ck_assert_str_eq(text_of("web.0.1/pids.max"), "");
	(void)make("web.1", &some);
	ck_assert_str_eq(text_of("cgroup.subtree_control"), "+pids");
}
END_TEST

START_TEST(a_bound_without_a_controller_is_left_out_and_named)
{
	const struct spec_cgroup bounds = {.memory_max = 64 << 20, .pids_max = 20};

	put(folder, "cgroup.controllers", "cpu pids\n");
	has_memory = false;
	(void)make("web.0", &bounds);
	ck_assert_str_eq(text_of("web.0.1/pids.max"), "20");
	ck_assert_str_eq(text_of("web.0.1/memory.max"), "not there");
	ck_assert_str_eq(cell_lacks(&cells, &bounds), "cgroup.memory_max");
}
END_TEST

START_TEST(a_bound_that_is_refused_is_a_fault_and_leaves_no_cell)
{
	const struct spec_cgroup bounds = {.memory_max = 64 << 20};
	uint32_t number = 77;

	has_memory = false; /* though the group says that there is one */
	ck_assert_int_eq(cell_make(&cells, "web.0", &bounds, &number, &fault), -ENOENT);
	ck_assert_ptr_nonnull(strstr(fault.text, "cgroup.memory_max: "));
	ck_assert_uint_eq(number, 77);
	ck_assert_str_eq(text_of("web.0.1/cgroup.procs"), "not there");
}
END_TEST

START_TEST(numbers_of_a_predecessor_are_not_used_again)
{
	const struct spec_cgroup none = {0};
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/web.0.1", folder);
	ck_assert_int_eq(__real_mkdir(path, 0755), 0);
	ck_assert_uint_eq(make("web.0", &none), 2);
}
END_TEST

START_TEST(a_kill_for_want_of_memory_is_told_apart)
{
	const struct spec_cgroup none = {0};
	uint32_t number = make("web.0", &none);

	ck_assert(!cell_ran_out_of_memory(&cells, "web.0", number));
	put(folder, "web.0.1/memory.events", "oom 1\noom_kill 1\n");
	ck_assert(cell_ran_out_of_memory(&cells, "web.0", number));
	ck_assert(!cell_ran_out_of_memory(&cells, "web.0", 0));
	ck_assert(!cell_ran_out_of_memory(&cells, "web.1", 5));
}
END_TEST

START_TEST(a_cell_goes_when_the_last_one_in_it_has)
{
	const struct spec_cgroup none = {0};
	uint32_t number = make("web.0", &none);

	is_populated = true;
	cell_end(&cells, "web.0", number);
	ck_assert_str_eq(text_of("web.0.1/cgroup.kill"), "1");
	cells_tidy(&cells);
	ck_assert_uint_eq(removed, 0);
	is_populated = false;
	cells_tidy(&cells);
	ck_assert_uint_eq(removed, 1);
	ck_assert_str_eq(text_of("web.0.1/cgroup.kill"), "not there");
	cells_tidy(&cells);
	ck_assert_uint_eq(removed, 1);
}
END_TEST

/* It may wait for a child that is about to enter. */
START_TEST(an_empty_cell_that_is_not_doomed_stays)
{
	const struct spec_cgroup none = {0};

	(void)make("web.0", &none);
	cell_end(&cells, "web.1", 9);
	cells_tidy(&cells);
	ck_assert_str_eq(text_of("web.0.1/cgroup.procs"), "0");
}
END_TEST

static bool is_web(void *data, const char *cell)
{
	(void)data;
	return strncmp(cell, "web.", 4) == 0;
}

START_TEST(a_sweep_ends_whom_nobody_knows)
{
	const struct spec_cgroup none = {0};
	char leaf[128];

	(void)snprintf(leaf, sizeof(leaf), "%s/supervisor", folder);
	ck_assert_int_eq(__real_mkdir(leaf, 0755), 0);
	(void)make("web.0", &none);
	(void)make("old.0", &none);
	cells_sweep(&cells, is_web, NULL);
	ck_assert_str_eq(text_of("web.0.1/cgroup.kill"), "");
	ck_assert_str_eq(text_of("old.0.2/cgroup.procs"), "not there");
	ck_assert_int_eq(access(leaf, F_OK), 0);
}
END_TEST

START_TEST(without_a_group_to_divide_nothing_is_done)
{
	const struct spec_cgroup bounds = {.pids_max = 20};
	struct cells none = {0};

	ck_assert_str_eq(cell_lacks(&none, &bounds), "cgroup.pids_max");
	ck_assert_uint_eq(cell_find(&none, "web.0", getpid(), &bounds), 0);
	cell_kill(&none, "web.0", 1);
	cell_end(&none, "web.0", 1);
	cells_sweep(&none, is_web, NULL);
	cells_close(&none);
}
END_TEST

static Suite *suite_of_cell(void)
{
	Suite *suite = suite_create("cell");
	TCase *tcase = tcase_create("cells");

	tcase_add_checked_fixture(tcase, begin, end);
	unit_watch_fds(tcase);
	tcase_add_test(tcase, bounds_are_written_in_the_kernels_words);
	tcase_add_test(tcase, a_controller_is_enabled_when_a_bound_needs_it);
	tcase_add_test(tcase, a_bound_without_a_controller_is_left_out_and_named);
	tcase_add_test(tcase, a_bound_that_is_refused_is_a_fault_and_leaves_no_cell);
	tcase_add_test(tcase, numbers_of_a_predecessor_are_not_used_again);
	tcase_add_test(tcase, a_kill_for_want_of_memory_is_told_apart);
	tcase_add_test(tcase, a_cell_goes_when_the_last_one_in_it_has);
	tcase_add_test(tcase, an_empty_cell_that_is_not_doomed_stays);
	tcase_add_test(tcase, a_sweep_ends_whom_nobody_knows);
	tcase_add_test(tcase, without_a_group_to_divide_nothing_is_done);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_cell)
