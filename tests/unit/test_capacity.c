/*
 * test_capacity.c - how many workers `max` is: masks and quotas, made up and real.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/capacity.h"
#include "tests/unit/unit.h"

#define ANY CAPACITY_UNBOUND

/* ---- trees that look like /proc and /sys/fs/cgroup ---- */

struct tree {
	const char *cgroup, *mountinfo;
	struct {
		const char *path, *text;
	} file[4];
	unsigned quota;
};

#define UNIFIED "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
#define HYBRID                                                                   \
	"25 20 0:22 / /proc rw shared:12 - proc proc rw\n"                       \
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"             \
	"32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"      \
	"33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:1 - cgroup " \
	"cgroup rw,cpu,cpuacct\n"                                                \
	"34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
#define V1 "/sys/fs/cgroup/cpu,cpuacct"

/* clang-format off */
static const struct tree trees[] = {
	/* nothing is said, or nothing is readable */
	{NULL, NULL, {{NULL, NULL}}, ANY},
	{"0::/\n", UNIFIED, {{NULL, NULL}}, ANY},
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "max 100000\n"}}, ANY},
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "rubbish\n"}}, ANY},
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "100000 0\n"}}, ANY},
	{"rubbish\n", "rubbish\n", {{NULL, NULL}}, ANY},

	/* v2: ours, rounded up; that of an ancestor; the least of them */
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "200000 100000\n"}}, 2},
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "200001 100000\n"}}, 3},
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "1000 100000\n"}}, 1},
	{"0::/a/b/c\n", UNIFIED, {{"/sys/fs/cgroup/a/cpu.max", "400000 100000\n"}}, 4},
	{"0::/a/b/c\n", UNIFIED,
	 {{"/sys/fs/cgroup/a/cpu.max", "400000 100000\n"},
	  {"/sys/fs/cgroup/a/b/cpu.max", "50000 10000\n"},
	  {"/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"}}, 4},
	{"0::/a/b\n", UNIFIED,
	 {{"/sys/fs/cgroup/a/cpu.max", "400000 100000\n"},
	  {"/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n"}}, 3},
	{"0::/a\n", UNIFIED, {{"/sys/fs/cgroup/b/cpu.max", "100000 100000\n"}}, ANY},

	/* a container: its own root is what it sees, with or without a namespace */
	{"0::/\n", UNIFIED, {{"/sys/fs/cgroup/cpu.max", "150000 100000\n"}}, 2},
	{"0::/docker/1\n",
	 "31 23 0:28 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
	 {{"/sys/fs/cgroup/cpu.max", "150000 100000\n"}}, 2},
	{"0::/docker/1/x\n",
	 "31 23 0:28 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
	 {{"/sys/fs/cgroup/x/cpu.max", "300000 100000\n"}}, 3},
	{"0::/docker/123\n",
	 "31 23 0:28 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
	 {{"/sys/fs/cgroup/23/cpu.max", "300000 100000\n"},
	  {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}}, 2},
	{"0::/../sibling\n", UNIFIED,
	 {{"/sys/fs/cgroup/cpu.max", "200000 100000\n"},
	  {"/sys/fs/sibling/cpu.max", "100000 100000\n"}}, 2},

	/* v1, beside a v2 that has no controllers */
	{"4:cpu,cpuacct:/a\n3:cpuset:/c\n1:name=systemd:/b\n0::/b\n", HYBRID,
	 {{V1 "/a/cpu.cfs_quota_us", "150000\n"},
	  {V1 "/a/cpu.cfs_period_us", "100000\n"}}, 2},
	{"4:cpu,cpuacct:/a\n0::/\n", HYBRID,
	 {{V1 "/a/cpu.cfs_quota_us", "-1\n"},
	  {V1 "/a/cpu.cfs_period_us", "100000\n"}}, ANY},
	{"4:cpu,cpuacct:/a/b\n0::/\n", HYBRID,
	 {{V1 "/a/cpu.cfs_quota_us", "500000\n"},
	  {V1 "/a/cpu.cfs_period_us", "100000\n"},
	  {V1 "/a/b/cpu.cfs_quota_us", "-1\n"},
	  {V1 "/a/b/cpu.cfs_period_us", "100000\n"}}, 5},

	/* a path with a space, as mountinfo writes it */
	{"0::/a\n", "31 23 0:28 / /my\\040cgroups rw - cgroup2 none rw\n",
	 {{"/my cgroups/a/cpu.max", "300000 100000\n"}}, 3},
};
/* clang-format on */

static char root[] = "/tmp/clusterd-capacity-XXXXXX";

/* Writes the file, and makes the folders above it. */
static void plant(const char *path, const char *text)
{
	char full[512];
	FILE *file;

	if (!text)
		return;
	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *at = strchr(full + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		ck_assert(mkdir(full, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
	file = fopen(full, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(the_quota_of_a_tree_is_found)
{
	const struct tree *tree = &trees[_i];
	char command[128];
	unsigned quota;

	ck_assert_ptr_nonnull(mkdtemp(root));
	plant("/proc/self/cgroup", tree->cgroup);
	plant("/proc/self/mountinfo", tree->mountinfo);
	for (size_t i = 0; i < ARRAY_COUNT(tree->file); i++)
		plant(tree->file[i].path, tree->file[i].text);
	quota = capacity_quota(root);
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(quota, tree->quota);
}
END_TEST

/* ---- this machine ---- */

START_TEST(the_mask_bounds_it)
{
	cpu_set_t before;
	cpu_set_t one;
	size_t cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	ck_assert_uint_eq(capacity_affinity(), (unsigned)CPU_COUNT(&before));
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ck_assert_uint_eq(capacity_affinity(), 1);
	ck_assert_uint_eq(capacity_max(), 1);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(before), &before), 0);
}
END_TEST

START_TEST(cpus_are_counted_among_the_allowed_and_begin_anew)
{
	cpu_set_t before;
	cpu_set_t last;
	unsigned first = 0, cpu = 0;
	size_t highest = CPU_SETSIZE - 1;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(first, &before))
		first++;
	while (!CPU_ISSET(highest, &before))
		highest--;
	ck_assert_int_eq(capacity_cpu(0, &cpu), 0);
	ck_assert_uint_eq(cpu, first);
	ck_assert_int_eq(capacity_cpu(capacity_affinity() - 1, &cpu), 0);
	ck_assert_uint_eq(cpu, highest);
	ck_assert_int_eq(capacity_cpu(3 * capacity_affinity(), &cpu), 0);
	ck_assert_uint_eq(cpu, first);

	CPU_ZERO(&last);
	CPU_SET(highest, &last);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(last), &last), 0);
	ck_assert_int_eq(capacity_cpu(0, &cpu), 0);
	ck_assert_uint_eq(cpu, highest);
	ck_assert_int_eq(capacity_cpu(255, &cpu), 0);
	ck_assert_uint_eq(cpu, highest);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(before), &before), 0);
}
END_TEST

/* The hierarchies of this machine where a quota can be tried, and how. */
static const struct {
	const char *folder, *file, *quota;
} places[] = {
	{"/sys/fs/cgroup/clusterd-unit", "cpu.max", "100000 100000"},
	{"/sys/fs/cgroup/cpu/clusterd-unit", "cpu.cfs_quota_us", "100000"},
	{"/sys/fs/cgroup/cpu,cpuacct/clusterd-unit", "cpu.cfs_quota_us", "100000"},
};

static bool write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;
	bool is_written;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r+e");
	if (!file)
		return false;
	is_written = fputs(text, file) >= 0;
	return fclose(file) == 0 && is_written;
}

/* In a process of its own, since it stays in the cgroup until it ends. */
static unsigned quota_inside(const char *folder)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (!write_file(folder, "cgroup.procs", "0"))
			_exit(0);
		_exit((int)(capacity_quota("") & 0xff));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return (unsigned)WEXITSTATUS(status);
}

START_TEST(a_real_quota_bounds_it)
{
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		unsigned quota = 0;

		if (mkdir(places[i].folder, 0755) == -1)
			continue;
		if (write_file(places[i].folder, places[i].file, places[i].quota))
			quota = quota_inside(places[i].folder);
		ck_assert_int_eq(rmdir(places[i].folder), 0);
		if (quota == 0)
			continue;
		ck_assert_uint_eq(quota, 1);
		return;
	}
	UNIT_SKIP("no cgroup with a cpu controller that we may make a child of");
}
END_TEST

START_TEST(there_is_always_room_for_one)
{
	ck_assert_uint_ge(capacity_max(), 1);
	ck_assert_uint_le(capacity_max(), capacity_affinity());
}
END_TEST

static Suite *suite_of_capacity(void)
{
	Suite *suite = suite_create("capacity");
	TCase *tcase = tcase_create("max");

	unit_watch_fds(tcase);
	tcase_add_loop_test(tcase, the_quota_of_a_tree_is_found, 0, ARRAY_COUNT(trees));
	tcase_add_test(tcase, the_mask_bounds_it);
	tcase_add_test(tcase, cpus_are_counted_among_the_allowed_and_begin_anew);
	tcase_add_test(tcase, a_real_quota_bounds_it);
	tcase_add_test(tcase, there_is_always_room_for_one);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_capacity)
