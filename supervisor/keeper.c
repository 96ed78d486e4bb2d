#include "supervisor/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/deposit.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/shelf.h"
#include "common/text.h"
#include "supervisor/process.h"
#include "supervisor/store.h"

#define EXIT_EXEC_FAILED 127
#define LIFE_QUICK       10000 /* ms: one that dies sooner failed, perhaps of itself */
#define QUICK_FREE       3     /* of these in a row are followed at once */
#define WAIT_FIRST       100   /* ms, doubled by each that follows */
#define WAIT_MOST        5000

static const int passed_on[] = {SIGHUP,  SIGTTIN, SIGTTOU, SIGUSR1,
				SIGUSR2, SIGTERM, SIGINT,  SIGQUIT};

struct custody {
	const struct keeper_order *order;
	struct shelf shelf;  /* the wire's names; all of it is ours */
	char path[PATH_MAX]; /* by which we were started, made absolute */
	int program;         /* what we are, held open */
	int ours, theirs;    /* ends of the socket; both are kept, so that it lives on */
	int signals;
	struct rlimit files; /* as it was before we raised it */
	pid_t supervisor;    /* 0: none */
	msec born;
	msec next;      /* start one then; MSEC_NEVER */
	unsigned quick; /* lives in a row */
	int ending;     /* the signal by which the end was asked for; 0 */
	bool is_full;   /* the supervisor has to read before more ends are told */
	bool ended;
	int code;
};

static msec wait_after(unsigned quick, msec most)
{
	msec wait = WAIT_FIRST;

	if (quick <= QUICK_FREE)
		return 0;
	for (unsigned i = QUICK_FREE + 1; i < quick && wait < most; i++)
		wait *= 2;
	return wait < most ? wait : most;
}

/* ---- birth ---- */

void keeper_find_program(char path[PATH_MAX], const char *own_name)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char directory[PATH_MAX];

	path[0] = '\0';
	if (name == NULL || strncmp(name, "/dev/fd/", strlen("/dev/fd/")) == 0)
		name = own_name;
	if (name != NULL && name[0] == '/')
		(void)text_copy(path, PATH_MAX, name);
	else if (name != NULL && getcwd(directory, sizeof(directory)) != NULL &&
		 strlen(directory) + strlen(name) + 2 < PATH_MAX)
		(void)stpcpy(stpcpy(stpcpy(path, directory), "/"), name);
}

/* By name while the name leads to it, so that it looks like what it is. */
static void execute(const struct custody *custody)
{
	const struct shelf_item *newer = shelf_find(&custody->shelf, STORE_PROGRAM);
	int program = newer != NULL ? newer->fd : custody->program;
	const char *path = custody->path;
	struct stat named, held;

	if (stat(path, &named) == 0 && fstat(program, &held) == 0 &&
	    named.st_dev == held.st_dev && named.st_ino == held.st_ino)
		(void)execv(path, custody->order->arguments);
	(void)execveat(program, "", custody->order->arguments, environ, AT_EMPTY_PATH);
}

/* The signals that are passed on stay blocked until the supervisor listens to them, so
 * that none is lost meanwhile. */
static void prepare_supervisor(const struct custody *custody, int list)
{
	const char *listen_pid = getenv("LISTEN_PID");
	char pid[16];
	sigset_t mask;

	(void)setsid(); /* a terminal's signals come through us, and only once */
	(void)sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_COUNT(passed_on); i++)
		(void)sigaddset(&mask, passed_on[i]);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	(void)setrlimit(RLIMIT_NOFILE, &custody->files);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (listen_pid != NULL && atoi(listen_pid) == (int)getppid())
		(void)setenv("LISTEN_PID", pid, 1);
	store_announce(getpid(), custody->theirs, list);
}

/* The first goes on in what we have in memory already, all of which is shared then. */
static void become_first(struct custody *custody)
{
	fd_close(&custody->ours);
	fd_close(&custody->signals);
	fd_close(&custody->program);
	shelf_clear(&custody->shelf); /* what stood there is in the list */
	custody->ended = true;
	custody->code = KEEPER_CHILD;
}

static void become_next(const struct custody *custody, int list)
{
	if (custody->order->notifies_once)
		(void)unsetenv("NOTIFY_SOCKET");
	(void)fcntl(custody->theirs, F_SETFD, 0);
	(void)fcntl(list, F_SETFD, 0);
	shelf_pass_on(&custody->shelf, true);
	execute(custody);
	log_error("%s: %s", custody->path, strerror(errno));
	_exit(EXIT_EXEC_FAILED);
}

static void be_supervisor(struct custody *custody, int *list)
{
	prepare_supervisor(custody, *list);
	if (custody->born != 0)
		become_next(custody, *list);
	(void)fd_take(list); /* the store's to close */
	become_first(custody);
}

static void spawn(struct custody *custody)
{
	CLOSE_FD int list = shelf_write(&custody->shelf);
	pid_t pid = list >= 0 ? fork() : -1;

	if (pid == 0) {
		be_supervisor(custody, &list);
		return;
	}
	if (pid == -1) {
		custody->quick += QUICK_FREE;
		custody->next = clock_now() + wait_after(custody->quick, WAIT_MOST);
		log_error("cannot start a supervisor: %s", strerror(errno));
		return;
	}
	custody->supervisor = pid;
	custody->born = clock_now();
	custody->next = MSEC_NEVER;
	if (custody->ending != 0)
		(void)kill(pid, custody->ending);
}

/* ---- what is kept ---- */

static void put(struct custody *custody, const char *name, int fd)
{
	struct shelf_item *item = fd >= 0 ? shelf_need(&custody->shelf, name) : NULL;

	if (item == NULL) {
		fd_close(&fd);
		log_error("%s cannot be kept", name);
		return;
	}
	fd_close(&item->fd);
	item->fd = fd;
}

static void take_deposits(struct custody *custody)
{
	struct deposit deposit;
	struct shelf_item *item;
	int fd;

	while (deposit_receive(custody->ours, &deposit, &fd) == 1) {
		item = shelf_find(&custody->shelf, deposit.name);
		if (deposit.kind == DEPOSIT_STORE) {
			put(custody, deposit.name, fd);
			continue;
		}
		fd_close(&fd);
		if (deposit.kind != DEPOSIT_REMOVE || item == NULL)
			continue;
		fd_close(&item->fd);
		shelf_remove(&custody->shelf, item);
	}
}

/* ---- ends ---- */

/* Who was killed by others did nothing wrong, and its successor will hardly, either. */
static msec longest_wait(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? WAIT_FIRST
								  : WAIT_MOST;
}

/* Nothing was kept that says who they are: so no supervisor can take them over. */
static void end_orphans(void)
{
	pid_t pid;
	int status;

	process_kill_children();
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		continue;
}

static void supervisor_ended(struct custody *custody)
{
	msec now = clock_now();
	pid_t pid = custody->supervisor;
	int status;

	if (process_collect(pid, NULL, &status) < 0)
		return;
	custody->supervisor = 0;
	take_deposits(custody); /* what it sent last */
	if (WIFEXITED(status) && WEXITSTATUS(status) != EXIT_EXEC_FAILED &&
	    shelf_find(&custody->shelf, STORE_PROBATION) == NULL) {
		custody->ended = true;
		custody->code = WEXITSTATUS(status);
		return;
	}
	custody->quick = now - custody->born < LIFE_QUICK ? custody->quick + 1 : 0;
	custody->next = now + wait_after(custody->quick, longest_wait(status));
	if (WIFEXITED(status))
		log_error("the supervisor, process %d, exited with code %d on probation",
			  (int)pid, WEXITSTATUS(status));
	else
		log_error("the supervisor, process %d, was killed by SIG%s", (int)pid,
			  sigabbrev_np(WTERMSIG(status)));
	if (shelf_find(&custody->shelf, STORE_STATE) == NULL)
		end_orphans();
}

/* False: the supervisor has to read first; what has ended waits, uncollected. */
static bool pass_on_exit(struct custody *custody, pid_t pid)
{
	struct deposit deposit = {.kind = DEPOSIT_EXITED, .pid = pid};
	siginfo_t info = {.si_pid = 0};

	(void)process_sweep(pid);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1)
		return true;
	deposit.status =
		info.si_code == CLD_EXITED
			? (info.si_status & 0xff) << 8
			: info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
	if (deposit_send(custody->ours, &deposit, -1) == -EAGAIN)
		return false;
	(void)process_collect(pid, NULL, &deposit.status);
	return true;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return pid > 0 &&
	       waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

static void reap(struct custody *custody)
{
	pid_t pid;

	custody->is_full = false;
	if (has_ended(custody->supervisor))
		supervisor_ended(custody);
	while (!custody->ended && (pid = process_next_exited()) > 0)
		if (pid == custody->supervisor) {
			supervisor_ended(custody);
		} else if (!pass_on_exit(custody, pid)) {
			custody->is_full = true;
			return;
		}
}

/* ---- signals ---- */

static void take_signals(struct custody *custody)
{
	struct signalfd_siginfo info;

	while (read(custody->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD)
			continue; /* every turn looks who has ended */
		if (number == SIGTERM || number == SIGINT || number == SIGQUIT) {
			custody->ending = number;
			if (custody->supervisor == 0)
				custody->next = 0; /* it has workers to stop */
		}
		if (custody->supervisor > 0)
			(void)kill(custody->supervisor, number);
	}
}

/* Whatever we were started with, none of them is ignored. */
static int open_signals(void)
{
	const struct sigaction child = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigaction(SIGCHLD, &child, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_COUNT(passed_on); i++) {
		(void)signal(passed_on[i], SIG_DFL);
		(void)sigaddset(&mask, passed_on[i]);
	}
	if (sigprocmask(SIG_SETMASK, &mask, NULL) == -1)
		return -errno;
	return signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* ---- the loop ---- */

static int take_office(struct custody *custody, const struct keeper_order *order)
{
	struct rlimit files;
	int ends[2];

	*custody = (struct custody){.order = order, .next = 0};
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)getrlimit(RLIMIT_NOFILE, &custody->files);
	files = custody->files;
	files.rlim_cur = files.rlim_max; /* one for each of the supervisor's */
	(void)setrlimit(RLIMIT_NOFILE, &files);
	keeper_find_program(custody->path, order->arguments[0]);
	if (custody->path[0] != '\0')
		order->arguments[0] = custody->path;
	custody->program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	custody->signals = open_signals();
	if (custody->program == -1 || custody->signals < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -errno;
	custody->ours = ends[0];
	custody->theirs = ends[1];
	put(custody, STORE_LOCK, order->lock);
	return 0;
}

static int wait_of(const struct custody *custody)
{
	msec left = custody->next - clock_now();

	if (custody->supervisor > 0 || custody->next == MSEC_NEVER)
		return -1;
	return left < 0 ? 0 : (int)left;
}

int keeper_run(const struct keeper_order *order)
{
	static struct custody custody;
	int code = take_office(&custody, order);

	if (code < 0) {
		log_error("cannot keep anything: %s", strerror(-code));
		return EXIT_FAILURE;
	}
	spawn(&custody);
	while (!custody.ended) {
		struct pollfd ready[] = {
			{.fd = custody.signals, .events = POLLIN},
			{.fd = custody.ours,
			 .events = custody.is_full ? POLLIN | POLLOUT : POLLIN}};

		if (custody.supervisor == 0 && wait_of(&custody) == 0)
			spawn(&custody);
		(void)poll(ready, ARRAY_COUNT(ready), wait_of(&custody));
		take_signals(&custody);
		take_deposits(&custody);
		reap(&custody);
	}
	return custody.code;
}
