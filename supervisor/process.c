#include "supervisor/process.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

#define EXIT_EXEC_FAILED 127 /* as shells have it */
#define LISTEN_FDS_START 3
#define SWEEP_ROUNDS     4 /* enough for what forks while it is swept, but for a bomb */

enum birth_step {
	BIRTH_SESSION,
	BIRTH_DIRECTORY,
	BIRTH_DESCRIPTORS,
	BIRTH_FILES,
	BIRTH_EXECUTE,
	BIRTH_INTERPRETER,
	BIRTH_STEPS
};

/* What the child says when it cannot become what it should; one atomic write. */
struct birth_failure {
	enum birth_step step;
	int code;
	char subject[FAULT_SIZE / 2];
};

/* What the child needs and cannot make itself: it may not allocate. */
struct birth {
	const struct process_order *order;
	char **envp; /* a copy, whose entries for the pid are the next two */
	char listen_pid[sizeof("LISTEN_PID=") + 10];
	char watchdog_pid[sizeof("WATCHDOG_PID=") + 10];
	int program; /* as in the order, out of the way of what the worker is given */
	int report;  /* the end of the exec pipe that is written */
};

/* ---- between fork and exec: async-signal-safe calls only, errno says why ---- */

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

/* All sources are lifted above all targets first, so that no dup2 closes what a later one
 * needs.  The range at the end is a belt: whatever is open here is close-on-exec. */
static int give_descriptors(struct birth *birth)
{
	const struct process_order *order = birth->order;
	int count = LISTEN_FDS_START + (int)order->listen_count;
	int fd[LISTEN_FDS_START + PROCESS_LISTEN_FDS];
	int report = fcntl(birth->report, F_DUPFD_CLOEXEC, count);

	if (report == -1)
		return -1;
	birth->report = report;
	if (order->program > 0)
		birth->program = fcntl(order->program, F_DUPFD_CLOEXEC, count);
	if (birth->program == -1)
		return -1;

	fd[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fd[1] = order->out == -1 ? fd[0] : order->out;
	fd[2] = order->err == -1 ? fd[0] : order->err;
	for (int i = LISTEN_FDS_START; i < count; i++)
		fd[i] = order->listen_fd[i - LISTEN_FDS_START];
	for (int i = 0; i < count; i++) {
		fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, count);
		if (fd[i] == -1)
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

static int enter_directory(const struct process_order *order)
{
	if (order->directory != -1)
		return fchdir(order->directory);
	return order->directory_path ? chdir(order->directory_path) : 0;
}

/* Returns only when it failed: at which step. */
static enum birth_step become(struct birth *birth)
{
	const struct process_order *order = birth->order;

	if (setsid() == -1)
		return BIRTH_SESSION;
	if (enter_directory(order) == -1)
		return BIRTH_DIRECTORY;
	if (give_descriptors(birth) == -1)
		return BIRTH_DESCRIPTORS;
	if (order->files && setrlimit(RLIMIT_NOFILE, order->files) == -1)
		return BIRTH_FILES;
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

static _Noreturn void begin(struct birth *birth)
{
	const struct process_order *order = birth->order;
	struct birth_failure failure = {.step = become(birth)};
	const char *subject = order->path;

	failure.code = errno;
	if (failure.step == BIRTH_DIRECTORY)
		subject = order->directory_path ? order->directory_path : "its directory";
	else if (failure.step == BIRTH_EXECUTE && lacks_interpreter(order, failure.code))
		failure.step = BIRTH_INTERPRETER;
	(void)strncpy(failure.subject, subject, sizeof(failure.subject) - 1);
	(void)!write(birth->report, &failure, sizeof(failure));
	_exit(EXIT_EXEC_FAILED);
}

/* ---- the supervisor's side ---- */

/* A copy of the pointers, for the child to have the entries of its pid in it. */
static int copy_environment(struct birth *birth)
{
	char *const *envp = birth->order->envp;
	size_t count = 0;

	while (envp[count])
		count++;
	birth->envp = calloc(count + 1, sizeof(*birth->envp));
	if (!birth->envp)
		return -ENOMEM;

	(void)strcpy(birth->listen_pid, "LISTEN_PID=");
	(void)strcpy(birth->watchdog_pid, "WATCHDOG_PID=");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(envp[i], birth->listen_pid) == 0)
			birth->envp[i] = birth->listen_pid;
		else if (strcmp(envp[i], birth->watchdog_pid) == 0)
			birth->envp[i] = birth->watchdog_pid;
		else
			birth->envp[i] = envp[i];
	}
	return 0;
}

/* Plain fork: the supervisor is small, so that vfork would save some 50 us of the 700 an
 * exec takes, and would stop us while a slow file system looks for the program.  No
 * signal may reach a handler of ours in the child, hence all wait meanwhile. */
static pid_t fork_quietly(struct birth *birth)
{
	sigset_t all;
	sigset_t before;
	pid_t pid;
	int code;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	code = errno;
	if (pid == 0)
		begin(birth);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid == -1 ? -code : pid;
}

int process_spawn(struct process *ret_process, const struct process_order *order,
		  struct fault *fault)
{
	struct birth birth = {.order = order};
	int ends[2];
	pid_t pid;
	int pidfd;
	int code;

	assert(order->listen_count <= PROCESS_LISTEN_FDS);
	code = copy_environment(&birth);
	if (code < 0)
		return fault_set(fault, code, "cannot fork: %s", strerror(-code));
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) {
		code = -errno;
		free(birth.envp);
		return fault_set(fault, code, "cannot make a pipe: %s", strerror(-code));
	}
	CLOSE_FD int exec_pipe = ends[0];
	birth.report = ends[1];
	pid = fork_quietly(&birth);
	(void)close(ends[1]);
	free(birth.envp);
	if (pid < 0)
		return fault_set(fault, pid, "cannot fork: %s", strerror(-pid));

	pidfd = pidfd_open(pid, 0);
	if (pidfd == -1) {
		code = -errno;
		(void)kill(pid, SIGKILL); /* the reaping loop will find an orphan */
		return fault_set(fault, code, "cannot watch process %d: %s", (int)pid,
				 strerror(-code));
	}
	ret_process->pid = pid;
	ret_process->pidfd = pidfd;
	ret_process->exec_pipe = fd_take(&exec_pipe);
	return 0;
}

static const char *const birth_text[BIRTH_STEPS] = {
	[BIRTH_SESSION] = "cannot begin a session for",
	[BIRTH_DIRECTORY] = "cannot change directory to",
	[BIRTH_DESCRIPTORS] = "cannot set up the descriptors of",
	[BIRTH_FILES] = "cannot set the limit of open files of",
	[BIRTH_EXECUTE] = "cannot execute",
	[BIRTH_INTERPRETER] = "cannot find the interpreter of",
};

int process_exec_result(struct process *process, struct fault *fault)
{
	struct birth_failure failure;
	ssize_t count;

	if (process->exec_pipe == -1)
		return 0;
	count = read(process->exec_pipe, &failure, sizeof(failure));
	if (count == -1 && errno == EAGAIN)
		return -EAGAIN;
	fd_close(&process->exec_pipe);
	if (count != (ssize_t)sizeof(failure))
		return 0;
	return fault_set(fault, -failure.code, "%s %s: %s", birth_text[failure.step],
			 failure.subject, strerror(failure.code));
}

int process_signal(const struct process *process, int number)
{
	if (process->pidfd == -1)
		return -ESRCH;
	return pidfd_send_signal(process->pidfd, number, NULL, 0) == -1 ? -errno : 0;
}

/* ---- sessions ---- */

bool process_is_of_session(pid_t pid, pid_t leader)
{
	/* 0 is ourselves to getsid, and a stranger from another namespace to us. */
	return pid > 0 && getsid(pid) == leader;
}

/* The pidfd comes first: a number that changed hands in between kills nobody. */
static bool kill_member(pid_t pid, pid_t leader)
{
	CLOSE_FD int fd = pidfd_open(pid, 0);
	struct pollfd exited = {.fd = fd, .events = POLLIN};

	return fd != -1 && process_is_of_session(pid, leader) &&
	       poll(&exited, 1, 0) == 0 && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
}

/* All processes of the machine are asked for their session: a millisecond for 2000. */
static unsigned kill_members(pid_t leader)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	unsigned killed = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid != leader && process_is_of_session(pid, leader) &&
		    kill_member(pid, leader))
			killed++;
	}
	(void)closedir(folder);
	return killed;
}

/* Has a process of this session become our child, as all that is left of a session does
 * when its leader ends?  True also when there is no way to know. */
static bool has_orphans(pid_t leader)
{
	CLOSE_FD int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t count;
	pid_t pid = 0;

	if (fd == -1)
		return true;
	while ((count = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < count; i++) {
			if (text[i] != ' ') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid != leader && process_is_of_session(pid, leader))
				return true;
			pid = 0;
		}
	}
	return count == -1;
}

int process_kill(const struct process *process)
{
	int code = process_signal(process, SIGKILL);

	if (code < 0)
		return code;
	assert(process->pid > 1); /* -1 would be everybody */
	(void)kill(-process->pid, SIGKILL);
	return 0;
}

unsigned process_sweep(pid_t leader)
{
	unsigned found;

	assert(leader > 1);
	if (!has_orphans(leader))
		return 0;
	found = kill_members(leader);
	for (int i = 1; i < SWEEP_ROUNDS; i++) {
		(void)kill(-leader, SIGKILL);
		if (kill_members(leader) == 0)
			break;
	}
	return found;
}

/* ---- exits ---- */

pid_t process_next_exited(void)
{
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1)
		return 0;
	return info.si_pid;
}

int process_collect(pid_t pid, struct process *process, int *ret_status)
{
	pid_t collected;
	int status;

	assert(pid > 1);
	collected = waitpid(pid, &status, WNOHANG);
	if (collected == -1)
		return -errno;
	if (collected == 0)
		return -EAGAIN;

	*ret_status = status;
	if (process) {
		fd_close(&process->pidfd);
		fd_close(&process->exec_pipe);
		process->pid = 0;
	}
	return 0;
}
