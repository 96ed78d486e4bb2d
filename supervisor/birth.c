#include "supervisor/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/bridge/trap.h"

#define EXIT_EXEC_FAILED 127 /* as shells have it */
#define LISTEN_FDS_START 3
#define CPUS_PER_WORD    (sizeof(unsigned long) * CHAR_BIT)

static void append_number(char *text, pid_t number)
{
	char digit[10];
	unsigned count = 0;

	for (; number > 0; number /= 10)
		digit[count++] = (char)('0' + number % 10);
	text += strlen(text);
	while (count > 0)
		*text++ = digit[--count];
	*text = '\0';
}

/* A copy above the first `count` descriptors. */
static int lift(int *fd, int count)
{
	int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, count);

	if (lifted == -1)
		return -1;
	*fd = lifted;
	return 0;
}

/* All sources are lifted above all targets first, so that no dup2 closes what a later one
 * needs.  The range at the end is a belt: whatever is open here is close-on-exec. */
static int give_descriptors(struct birth *birth)
{
	const struct process_order *order = birth->order;
	int count = LISTEN_FDS_START + (int)order->listen_count;
	int fd[LISTEN_FDS_START + PROCESS_LISTEN_FDS];

	if (lift(&birth->report, count) == -1 ||
	    (birth->directory != -1 && lift(&birth->directory, count) == -1) ||
	    (birth->program > 0 && lift(&birth->program, count) == -1) ||
	    (birth->trap > 0 && lift(&birth->trap, count) == -1))
		return -1;
	fd[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd[0] == -1)
		return -1;
	fd[1] = order->out == -1 ? fd[0] : order->out;
	fd[2] = order->err == -1 ? fd[0] : order->err;
	for (int i = LISTEN_FDS_START; i < count; i++)
		fd[i] = order->listen_fd[i - LISTEN_FDS_START];
	for (int i = 0; i < count; i++) {
		if (lift(&fd[i], count) == -1)
			return -1;
	}
	for (int i = 0; i < count; i++) {
		if (dup2(fd[i], i) == -1)
			return -1;
	}
	(void)close_range((unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}

static void reset_signals(void)
{
	/* As the kernel reads it: handler, flags, restorer, mask.  glibc refuses to touch
	 * the two signals it keeps for itself, which some parents leave ignored. */
	const unsigned long by_default[4] = {0};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)syscall(SYS_rt_sigaction, number, by_default, NULL, 8);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int write_oom_score_adj(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	return fd == -1 || write(fd, text, strlen(text)) == -1 ? -1 : 0;
}

static int stay_on(unsigned cpu)
{
	unsigned long mask[PROCESS_CPUS / CPUS_PER_WORD] = {0};

	mask[cpu / CPUS_PER_WORD] = 1UL << cpu % CPUS_PER_WORD;
	return (int)syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask);
}

static int take_limits(struct birth *birth, const struct process_rights *rights)
{
	for (unsigned i = 0; i < rights->limits; i++) {
		const struct process_limit *limit = &rights->limit[i];

		if (setrlimit((__rlimit_resource_t)limit->resource, &limit->value) == 0)
			continue;
		birth->subject = limit->name;
		return -1;
	}
	return 0;
}

/* What a supervisor that is not root was given for itself, to bind low ports perhaps,
 * would outlive the exec as ambient; what is not inheritable cannot be. */
static int leave_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, set) == -1)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(set); i++)
		set[i].inheritable = 0;
	return (int)syscall(SYS_capset, &header, set);
}

/* First what needs the privileges that are given up in the end. */
static enum birth_step take_rights(struct birth *birth,
				   const struct process_rights *rights)
{
	if (rights->has_oom_score_adj && write_oom_score_adj(rights->oom_score_adj) == -1)
		return BIRTH_OOM_SCORE_ADJ;
	if (rights->has_nice && setpriority(PRIO_PROCESS, 0, rights->nice) == -1)
		return BIRTH_NICE;
	if (birth->order->cpu && stay_on(*birth->order->cpu) == -1)
		return BIRTH_AFFINITY;
	if (take_limits(birth, rights) == -1)
		return BIRTH_LIMIT;
	if (rights->changes_identity) {
		if (setgroups(rights->groups, rights->group) == -1)
			return BIRTH_GROUPS;
		if (setresgid(rights->gid, rights->gid, rights->gid) == -1)
			return BIRTH_GROUP;
		if (setresuid(rights->uid, rights->uid, rights->uid) == -1)
			return BIRTH_USER;
	}
	if (leave_capabilities() == -1)
		return BIRTH_CAPABILITIES;
	if (rights->denies_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return BIRTH_NO_NEW_PRIVILEGES;
	if (rights->has_umask)
		(void)umask(rights->umask);
	return BIRTH_STEPS;
}

static int enter_directory(const struct birth *birth)
{
	if (birth->directory != -1)
		return fchdir(birth->directory);
	return birth->order->directory_path ? chdir(birth->order->directory_path) : 0;
}

/* Returns only when it failed: at which step.  The directory is entered as the user: it
 * is he who must be allowed to. */
static enum birth_step become(struct birth *birth)
{
	const struct process_order *order = birth->order;
	enum birth_step failed;

	if (setsid() == -1)
		return BIRTH_SESSION;
	if (order->cell > 0 && write(order->cell, "0", 1) == -1)
		return BIRTH_CELL;
	if (give_descriptors(birth) == -1)
		return BIRTH_DESCRIPTORS;
	failed = take_rights(birth, order->rights);
	if (failed != BIRTH_STEPS)
		return failed;
	if (enter_directory(birth) == -1)
		return BIRTH_DIRECTORY;
	if (birth->trap > 0 && trap_lay(birth->trap) == -1)
		return BIRTH_TRAP;
	append_number(birth->listen_pid, getpid());
	append_number(birth->watchdog_pid, getpid());
	reset_signals();
	if (birth->program > 0)
		(void)execveat(birth->program, "", order->argv, birth->envp,
			       AT_EMPTY_PATH);
	else
		(void)execve(order->path, order->argv, birth->envp);
	return BIRTH_EXECUTE;
}

/* A file that is there and yet "not found" names an interpreter that is not. */
static bool lacks_interpreter(const struct process_order *order, int code)
{
	return code == ENOENT && (order->program > 0 || access(order->path, F_OK) == 0);
}

_Noreturn void birth_begin(struct birth *birth)
{
	const struct process_order *order = birth->order;
	struct birth_failure failure;

	birth->subject = order->path;
	birth->directory = order->directory;
	birth->program = order->program;
	birth->trap = order->trap;
	failure = (struct birth_failure){.step = become(birth)};
	failure.code = errno;
	if (failure.step == BIRTH_DIRECTORY)
		birth->subject =
			order->directory_path ? order->directory_path : "its directory";
	else if (failure.step == BIRTH_EXECUTE && lacks_interpreter(order, failure.code))
		failure.step = BIRTH_INTERPRETER;
	(void)strncpy(failure.subject, birth->subject, sizeof(failure.subject) - 1);
	(void)!write(birth->report, &failure, sizeof(failure));
	_exit(EXIT_EXEC_FAILED);
}

/* What was asked for, and the call that refused it. */
static const struct {
	const char *what;
	const char *call; /* NULL: the subject says all */
} birth_text[BIRTH_STEPS] = {
	[BIRTH_SESSION] = {"cannot begin a session for ", NULL},
	[BIRTH_CELL] = {"cannot enter its control group", "write"},
	[BIRTH_DESCRIPTORS] = {"cannot set up the descriptors of ", NULL},
	[BIRTH_OOM_SCORE_ADJ] = {"cannot apply oom_score_adj", "write"},
	[BIRTH_NICE] = {"cannot apply nice", "setpriority"},
	[BIRTH_AFFINITY] = {"cannot apply affinity", "sched_setaffinity"},
	[BIRTH_LIMIT] = {"cannot apply limits.", NULL},
	[BIRTH_GROUPS] = {"cannot apply user", "setgroups"},
	[BIRTH_GROUP] = {"cannot apply group", "setresgid"},
	[BIRTH_USER] = {"cannot apply user", "setresuid"},
	[BIRTH_CAPABILITIES] = {"cannot give up capabilities", "capset"},
	[BIRTH_NO_NEW_PRIVILEGES] = {"cannot apply no_new_privileges", "prctl"},
	[BIRTH_TRAP] = {"cannot trap bind", "seccomp"},
	[BIRTH_DIRECTORY] = {"cannot change directory to ", NULL},
	[BIRTH_EXECUTE] = {"cannot execute ", NULL},
	[BIRTH_INTERPRETER] = {"cannot find the interpreter of ", NULL},
};

int birth_explain(const struct birth_failure *failure, struct fault *fault)
{
	const char *call = birth_text[failure->step].call;

	return fault_set(fault, -failure->code, "%s%s%s: %s",
			 birth_text[failure->step].what, call ? ": " : "",
			 call ? call : failure->subject, strerror(failure->code));
}
