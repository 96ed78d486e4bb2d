/*
 * test_birth.c - a child takes its rights before it becomes a program, or says which not.
 *
 * Real children: a shell plays the worker and says what it found.  Who changes users
 * needs root; here those calls are only noted, since all that matters is when they come.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/process.h"
#include "tests/unit/unit.h"

/* wraps: setgroups setresgid setresuid setpriority prctl syscall umask */

#define PATIENCE 20000 /* ms */

/* What the child called, in order, one letter each: written on the other side of the
 * fork. */
static char *calls;
static const char *refused; /* the call that fails with EPERM; NULL: none */

static int note(char letter, const char *name)
{
	calls[strlen(calls)] = letter;
	errno = EPERM;
	return refused && strcmp(refused, name) == 0 ? -1 : 0;
}

int __wrap_setgroups(size_t count, const gid_t *group);
int __wrap_setgroups(size_t count, const gid_t *group)
{
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(group[1], 77);
	return note('g', "setgroups");
}

int __wrap_setresgid(gid_t real, gid_t effective, gid_t saved);
int __wrap_setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return real == 55 && effective == 55 && saved == 55 ? note('G', "setresgid") : -1;
}

int __wrap_setresuid(uid_t real, uid_t effective, uid_t saved);
int __wrap_setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return real == 44 && effective == 44 && saved == 44 ? note('u', "setresuid") : -1;
}

int __real_setpriority(__priority_which_t which, id_t who, int nice);
int __wrap_setpriority(__priority_which_t which, id_t who, int nice);
int __wrap_setpriority(__priority_which_t which, id_t who, int nice)
{
	return note('p', "setpriority") < 0 ? -1 : __real_setpriority(which, who, nice);
}

int __real_prctl(int what, ...);
int __wrap_prctl(int what, ...);
int __wrap_prctl(int what, ...)
{
	if (what != PR_SET_NO_NEW_PRIVS)
		return 0;
	return note('n', "prctl") < 0 ? -1 : __real_prctl(what, 1, 0, 0, 0);
}

mode_t __real_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask)
{
	(void)note('m', "umask");
	return __real_umask(mask);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list list;
	long word[4];

	va_start(list, number);
	for (int i = 0; i < 4; i++)
		word[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_capset && note('c', "capset") < 0)
		return -1;
	if (number == SYS_sched_setaffinity && note('a', "sched_setaffinity") < 0)
		return -1;
	return __real_syscall(number, word[0], word[1], word[2], word[3]);
}

/* ---- a shell as worker ---- */

static struct process worker;
static struct fault fault;
static char said[4096];
static struct process_rights rights;
static unsigned cpu;

static const gid_t groups[] = {55, 77};

static void begin(void)
{
	calls = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_ptr_ne(calls, MAP_FAILED);
}

static const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
static const char *environment[] = {"PATH=/usr/bin:/bin", NULL};

static char *const *words(const char *const given[])
{
	union {
		const char *const *given;
		char *const *wanted;
	} same = {.given = given};

	return same.wanted;
}

static struct process_order shell(const char *script)
{
	argv[2] = script;
	return (struct process_order){.path = argv[0],
				      .argv = words(argv),
				      .envp = words(environment),
				      .directory = -1,
				      .out = -1,
				      .err = STDERR_FILENO,
				      .rights = &rights};
}

static void wait_readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&ready, 1, PATIENCE), 1);
}

static int collect(void)
{
	pid_t pid = worker.pid;
	int status = -1;

	wait_readable(worker.pidfd);
	ck_assert_int_eq(process_collect(pid, &worker, &status), 0);
	return status;
}

/* Runs it to its end; what it wrote is in `said`. */
static int run(struct process_order order)
{
	int ends[2];
	ssize_t count;
	int result;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	order.out = ends[1];
	ck_assert_int_eq(process_spawn(&worker, &order, &fault), 0);
	(void)close(ends[1]);
	wait_readable(worker.exec_pipe);
	result = process_exec_result(&worker, &fault);
	wait_readable(worker.pidfd);
	count = read(ends[0], said, sizeof(said) - 1);
	ck_assert_int_ge(count, 0);
	said[count] = '\0';
	(void)close(ends[0]);
	(void)collect();
	return result;
}

/* All there is. */
static struct process_order order_of_everything(void)
{
	CLOSE_FD int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	struct process_order order = shell("true");

	ck_assert_int_ge(read(fd, rights.oom_score_adj, 3), 0);
	*strchrnul(rights.oom_score_adj, '\n') = '\0';
	rights.has_oom_score_adj = rights.has_nice = rights.has_umask = true;
	rights.nice = 19;
	rights.umask = 027;
	rights.limit[0] = (struct process_limit){"core", RLIMIT_CORE, {0, 0}};
	rights.limit[1] = (struct process_limit){"nofile", RLIMIT_NOFILE, {40, 50}};
	rights.limits = 2;
	rights.changes_identity = true;
	rights.uid = 44;
	rights.gid = 55;
	rights.group = groups;
	rights.groups = ARRAY_COUNT(groups);
	rights.denies_new_privileges = true;
	cpu = (unsigned)sched_getcpu();
	order.cpu = &cpu;
	return order;
}

START_TEST(privileges_are_given_up_after_all_that_needs_them)
{
	begin();
	ck_assert_msg(run(order_of_everything()) == 0, "%s", fault.text);
	ck_assert_str_eq(calls, "pagGucnm");
}
END_TEST

START_TEST(a_process_without_rights_of_its_own_only_leaves_capabilities)
{
	begin();
	ck_assert_int_eq(run(shell("true")), 0);
	ck_assert_str_eq(calls, "c");
}
END_TEST

static const struct {
	const char *call;
	const char *text;
} refusals[] = {
	{"setgroups", "cannot apply user: setgroups: Operation not permitted"},
	{"setresgid", "cannot apply group: setresgid: Operation not permitted"},
	{"setresuid", "cannot apply user: setresuid: Operation not permitted"},
	{"setpriority", "cannot apply nice: setpriority: Operation not permitted"},
	{"sched_setaffinity",
	 "cannot apply affinity: sched_setaffinity: Operation not permitted"},
	{"capset", "cannot give up capabilities: capset: Operation not permitted"},
	{"prctl", "cannot apply no_new_privileges: prctl: Operation not permitted"},
};

START_TEST(each_right_that_is_refused_is_told_by_its_name)
{
	begin();
	refused = refusals[_i].call;
	ck_assert_int_eq(run(order_of_everything()), -EPERM);
	ck_assert_str_eq(fault.text, refusals[_i].text);
}
END_TEST

START_TEST(a_limit_that_is_refused_is_told_by_its_name)
{
	struct process_order order = shell("true");

	begin();
	rights.limit[0] = (struct process_limit){"core", RLIMIT_CORE, {0, 0}};
	rights.limit[1] = (struct process_limit){"stack", RLIMIT_STACK, {2, 1}};
	rights.limits = 2;
	ck_assert_int_eq(run(order), -EINVAL);
	ck_assert_str_eq(fault.text, "cannot apply limits.stack: Invalid argument");
}
END_TEST

START_TEST(an_oom_score_out_of_range_is_told)
{
	begin();
	rights.has_oom_score_adj = true;
	(void)strcpy(rights.oom_score_adj, "9999");
	ck_assert_int_eq(run(shell("true")), -EINVAL);
	ck_assert_str_eq(fault.text,
			 "cannot apply oom_score_adj: write: Invalid argument");
}
END_TEST

START_TEST(a_cpu_that_is_not_there_is_told)
{
	struct process_order order = shell("true");

	begin();
	cpu = PROCESS_CPUS - 1;
	order.cpu = &cpu;
	ck_assert_int_eq(run(order), -EINVAL);
	ck_assert_ptr_nonnull(strstr(fault.text, "sched_setaffinity: Invalid argument"));
}
END_TEST

START_TEST(a_failure_after_the_limits_names_the_program)
{
	struct process_order order = shell("true");

	begin();
	rights.limit[0] = (struct process_limit){"core", RLIMIT_CORE, {0, 0}};
	rights.limits = 1;
	order.path = "/no/such";
	ck_assert_int_eq(run(order), -ENOENT);
	ck_assert_str_eq(fault.text,
			 "cannot execute /no/such: No such file or directory");
}
END_TEST

START_TEST(limits_are_taken_soft_and_hard)
{
	begin();
	rights.limit[0] = (struct process_limit){"nofile", RLIMIT_NOFILE, {123, 456}};
	rights.limits = 1;
	ck_assert_int_eq(run(shell("ulimit -Sn; ulimit -Hn")), 0);
	ck_assert_str_eq(said, "123\n456\n");
}
END_TEST

START_TEST(a_limit_of_files_below_the_lent_ones_takes_none_away)
{
	struct process_order order = shell("test -e /proc/$$/fd/10 && echo all");
	int lent[8];

	begin();
	for (size_t i = 0; i < ARRAY_COUNT(lent); i++)
		lent[i] = STDERR_FILENO;
	order.listen_fd = lent;
	order.listen_count = ARRAY_COUNT(lent);
	rights.limit[0] = (struct process_limit){"nofile", RLIMIT_NOFILE, {12, 12}};
	rights.limits = 1;
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "all\n");
}
END_TEST

START_TEST(umask_nice_cpu_and_no_new_privileges_are_taken)
{
	struct process_order order = shell(
		"umask; nice; exec grep -E 'NoNew|Cpus_allowed_list' /proc/self/status");
	char wanted[256];

	begin();
	rights.has_umask = rights.has_nice = rights.denies_new_privileges = true;
	rights.umask = 0134;
	rights.nice = 17;
	cpu = (unsigned)sched_getcpu();
	order.cpu = &cpu;
	(void)snprintf(wanted, sizeof(wanted),
		       "0134\n17\nNoNewPrivs:\t1\nCpus_allowed_list:\t%u\n", cpu);
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, wanted);
}
END_TEST

START_TEST(what_the_supervisor_may_hand_down_is_not_handed_down)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[2];

	begin();
	ck_assert_int_eq((int)__real_syscall(SYS_capget, &header, set), 0);
	if (!(set[0].permitted & 1U << CAP_NET_BIND_SERVICE))
		UNIT_SKIP("needs a capability to hand down");
	set[0].inheritable = 1U << CAP_NET_BIND_SERVICE;
	ck_assert_int_eq((int)__real_syscall(SYS_capset, &header, set), 0);
	ck_assert_int_eq(__real_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
				      CAP_NET_BIND_SERVICE, 0, 0),
			 0);
	ck_assert_int_eq(run(shell("grep -E 'CapInh|CapAmb' /proc/self/status")), 0);
	ck_assert_str_eq(said, "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n");
}
END_TEST

START_TEST(the_directory_is_entered_though_its_number_is_lent_anew)
{
	CLOSE_FD int directory = open("/usr/bin", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct process_order order = shell("pwd");
	int lent[PROCESS_LISTEN_FDS];

	begin();
	ck_assert_int_lt(directory, 3 + PROCESS_LISTEN_FDS);
	for (size_t i = 0; i < ARRAY_COUNT(lent); i++)
		lent[i] = STDERR_FILENO;
	order.listen_fd = lent;
	order.listen_count = ARRAY_COUNT(lent);
	order.directory = directory;
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "/usr/bin\n");
}
END_TEST

static Suite *suite_of_birth(void)
{
	Suite *suite = suite_create("birth");
	TCase *tcase = tcase_create("rights");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, privileges_are_given_up_after_all_that_needs_them);
	tcase_add_test(tcase,
		       a_process_without_rights_of_its_own_only_leaves_capabilities);
	tcase_add_loop_test(tcase, each_right_that_is_refused_is_told_by_its_name, 0,
			    ARRAY_COUNT(refusals));
	tcase_add_test(tcase, a_limit_that_is_refused_is_told_by_its_name);
	tcase_add_test(tcase, an_oom_score_out_of_range_is_told);
	tcase_add_test(tcase, a_cpu_that_is_not_there_is_told);
	tcase_add_test(tcase, a_failure_after_the_limits_names_the_program);
	tcase_add_test(tcase, limits_are_taken_soft_and_hard);
	tcase_add_test(tcase, a_limit_of_files_below_the_lent_ones_takes_none_away);
	tcase_add_test(tcase, umask_nice_cpu_and_no_new_privileges_are_taken);
	tcase_add_test(tcase, what_the_supervisor_may_hand_down_is_not_handed_down);
	tcase_add_test(tcase, the_directory_is_entered_though_its_number_is_lent_anew);
	return suite;
}

UNIT_MAIN(suite_of_birth)
