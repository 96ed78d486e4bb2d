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
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/birth.h"

#define BIRTH_FIELD  22 /* of /proc/PID/stat, counted from 1 */
#define SWEEP_ROUNDS 4  /* enough for what forks while it is swept, but for a bomb */

/* ---- birth ---- */

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
		birth_begin(birth);
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
	ret_process->birth = 0;
	ret_process->exec_pipe = fd_take(&exec_pipe);
	return 0;
}

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
	return birth_explain(&failure, fault);
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
void process_visit_session(pid_t leader, void (*visit)(pid_t pid, void *context),
			   void *context)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (process_is_of_session(pid, leader))
			visit(pid, context);
	}
	(void)closedir(folder);
}

struct killed {
	pid_t leader;
	unsigned count;
};

static void kill_follower(pid_t pid, void *context)
{
	struct killed *killed = context;

	if (pid != killed->leader && kill_member(pid, killed->leader))
		killed->count++;
}

static unsigned kill_members(pid_t leader)
{
	struct killed killed = {.leader = leader};

	process_visit_session(leader, kill_follower, &killed);
	return killed.count;
}

/* Calls for each of our children until it returns true; true also when there is no way to
 * know them. */
static bool any_child(bool (*is)(pid_t pid, pid_t leader), pid_t leader)
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
			if (is(pid, leader))
				return true;
			pid = 0;
		}
	}
	return count == -1;
}

static bool is_orphan(pid_t pid, pid_t leader)
{
	return pid != leader && process_is_of_session(pid, leader);
}

/* Has a process of this session become our child, as all that is left of a session does
 * when its leader ends? */
static bool has_orphans(pid_t leader)
{
	return any_child(is_orphan, leader);
}

static bool kill_child(pid_t pid, pid_t unused)
{
	(void)unused;
	if (pid > 1 && getsid(pid) == pid)
		(void)kill_members(pid);
	if (pid > 1)
		(void)kill(pid, SIGKILL);
	return false;
}

void process_kill_children(void)
{
	(void)any_child(kill_child, 0);
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

unsigned process_sweep_left(pid_t leader, uint64_t birth)
{
	uint64_t now = process_read_birth(leader);
	unsigned found, last;

	if (leader <= 1 || (now != 0 && now != birth))
		return 0;
	found = last = kill_members(leader);
	for (int i = 1; i < SWEEP_ROUNDS && last > 0; i++)
		last = kill_members(leader);
	return found;
}

uint64_t process_read_birth(pid_t pid)
{
	char path[32], text[1024];
	unsigned long long birth = 0;
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_text(path, text, sizeof(text)) <= 0)
		return 0;
	at = strrchr(text, ')'); /* its name may have anything in it */
	for (int i = 2; at != NULL && i < BIRTH_FIELD; i++)
		at = strchr(at + 1, ' ');
	return at != NULL && sscanf(at, "%llu", &birth) == 1 ? birth : 0;
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
