/*
 * test_process.c - children are born clean, die whole, and are told apart.
 *
 * Real processes: a shell plays the worker and says through a pipe what it found.  Waits
 * end by an event or by PATIENCE, never by having slept long enough.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/process.h"
#include "tests/unit/unit.h"

/* wraps: fork pipe2 pidfd_open opendir */

#define PATIENCE 20000 /* ms */

static bool fork_fails, fork_stops, pipe2_fails, pidfd_open_fails;
static unsigned folders_opened;

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
	pid_t pid;

	errno = EAGAIN;
	pid = fork_fails ? -1 : __real_fork();
	if (pid == 0 && fork_stops)
		(void)raise(SIGSTOP);
	return pid;
}

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags)
{
	errno = EMFILE;
	return pipe2_fails ? -1 : __real_pipe2(ends, flags);
}

int __real_pidfd_open(pid_t pid, unsigned flags);
int __wrap_pidfd_open(pid_t pid, unsigned flags);
int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
	errno = EMFILE;
	return pidfd_open_fails ? -1 : __real_pidfd_open(pid, flags);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
	folders_opened++;
	return __real_opendir(path);
}

/* ---- a shell as worker ---- */

static struct process worker;
static struct fault fault;
static char said[4096];

static const char *const environment[] = {
	"PATH=/usr/bin:/bin", "LISTEN_PID=", "COLOUR=blue", "WATCHDOG_PID=", NULL};

/* execve takes its words as writable, and writes nothing. */
static char *const *words(const char *const given[])
{
	union {
		const char *const *given;
		char *const *wanted;
	} same = {.given = given};

	return same.wanted;
}

static const struct process_rights no_rights;

static struct process_order order_of(const char *const argv[])
{
	return (struct process_order){.path = argv[0],
				      .argv = words(argv),
				      .envp = words(environment),
				      .directory = -1,
				      .out = -1,
				      .err = STDERR_FILENO,
				      .rights = &no_rights};
}

#define SHELL(...) order_of((const char *const[]){"/bin/sh", "-c", __VA_ARGS__, NULL})

static bool wait_readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, PATIENCE) == 1;
}

/* Starts it and waits for the word from its exec pipe. */
static int spawn(struct process_order order)
{
	fault.text[0] = '\0';
	ck_assert_int_eq(process_spawn(&worker, &order, &fault), 0);
	ck_assert(wait_readable(worker.exec_pipe));
	return process_exec_result(&worker, &fault);
}

/* Leaves the child stopped right after the fork. */
static void spawn_and_stop(struct process_order order)
{
	siginfo_t info;

	fork_stops = true;
	ck_assert_int_eq(process_spawn(&worker, &order, &fault), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)worker.pid, &info, WSTOPPED | WNOWAIT), 0);
}

static int collect(void)
{
	int status = -1;
	pid_t pid = worker.pid;

	ck_assert_msg(wait_readable(worker.pidfd), "the worker does not end");
	ck_assert_int_eq(process_next_exited(), pid);
	ck_assert_int_eq(process_collect(pid, &worker, &status), 0);
	ck_assert_int_eq(worker.pid, 0);
	ck_assert_int_eq(worker.pidfd, -1);
	ck_assert_int_eq(worker.exec_pipe, -1);
	return status;
}

/* Starts it with its output in a pipe, whose other end is returned. */
static int spawn_and_listen(struct process_order order)
{
	int ends[2];

	ck_assert_int_eq(__real_pipe2(ends, O_CLOEXEC), 0);
	order.out = ends[1];
	ck_assert_msg(spawn(order) == 0, "%s", fault.text);
	(void)close(ends[1]);
	return ends[0];
}

/* Runs it to its end; what it wrote to its output is in `said`. */
static int run(struct process_order order)
{
	CLOSE_FD int fd = spawn_and_listen(order);
	size_t length = 0;
	ssize_t count;

	while (wait_readable(fd) &&
	       (count = read(fd, said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)count;
	said[length] = '\0';
	return collect();
}

/* Starts a script that says the pid of what it started, in one line, and goes on. */
static pid_t spawn_with_child(const char *script)
{
	CLOSE_FD int fd = spawn_and_listen(SHELL(script));
	ssize_t count;

	ck_assert(wait_readable(fd));
	count = read(fd, said, sizeof(said) - 1);
	ck_assert_int_gt(count, 0);
	said[count] = '\0';
	return (pid_t)strtol(said, NULL, 10);
}

static void become_subreaper(void)
{
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
}

/* All children that are left: each must end of SIGKILL.  How many there were. */
static unsigned collect_killed_orphans(void)
{
	siginfo_t info;
	unsigned count = 0;
	int status = 0;

	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0) {
		ck_assert_int_eq(process_collect(process_next_exited(), NULL, &status),
				 0);
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		count++;
	}
	return count;
}

/* ---- birth ---- */

START_TEST(arguments_and_environment_arrive_as_they_are)
{
	ck_assert_int_eq(
		run(SHELL("printf '%s|' \"$@\"; echo \"$COLOUR ${HOME-none}\"", "sh",
			  "two words", "--", "-n", "", "'quoted'", "a\nb")),
		0);
	ck_assert_str_eq(said, "two words|--|-n||'quoted'|a\nb|blue none\n");
}
END_TEST

START_TEST(pid_entries_are_completed_by_the_child)
{
	char expected[64];
	pid_t pid;

	ck_assert_int_eq(run(SHELL("echo $$ $LISTEN_PID $WATCHDOG_PID")), 0);
	pid = (pid_t)strtol(said, NULL, 10);
	ck_assert_int_gt(pid, 1);
	(void)snprintf(expected, sizeof(expected), "%d %d %d\n", pid, pid, pid);
	ck_assert_str_eq(said, expected);
	ck_assert_str_eq(environment[1], "LISTEN_PID=");
}
END_TEST

START_TEST(a_worker_leads_a_session_of_its_own)
{
	ck_assert_int_eq(spawn(SHELL("exec sleep 600")), 0);
	ck_assert_int_eq(getsid(worker.pid), worker.pid);
	ck_assert_int_eq(getpgid(worker.pid), worker.pid);
	ck_assert_int_eq(process_kill(&worker), 0);
	ck_assert_int_eq(WTERMSIG(collect()), SIGKILL);
}
END_TEST

START_TEST(signals_are_as_new)
{
	sigset_t before;
	sigset_t mask;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &mask, &before);
	ck_assert_int_eq(run(SHELL("exec grep ^Sig[BI] /proc/self/status")), 0);
	ck_assert_str_eq(said, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");

	(void)sigprocmask(SIG_SETMASK, &before, &mask);
	ck_assert(sigismember(&mask, SIGTERM));
	ck_assert(!sigismember(&mask, SIGINT));
}
END_TEST

static int witness[2];

static void testify(int number)
{
	(void)number;
	(void)!write(witness[1], "", 1);
}

START_TEST(no_handler_of_ours_runs_in_the_child)
{
	struct process_order order = SHELL("exec sleep 600");
	struct pollfd told = {.events = POLLIN};

	ck_assert_int_eq(__real_pipe2(witness, O_CLOEXEC), 0);
	told.fd = witness[0];
	(void)signal(SIGTERM, testify);
	spawn_and_stop(order);
	ck_assert_int_eq(process_signal(&worker, SIGTERM), 0);
	ck_assert_int_eq(process_signal(&worker, SIGCONT), 0);
	ck_assert_int_eq(WTERMSIG(collect()), SIGTERM);
	ck_assert_int_eq(poll(&told, 1, 0), 0);
	(void)close(witness[0]);
	(void)close(witness[1]);
}
END_TEST

START_TEST(only_lent_descriptors_are_open)
{
	struct process_order order = SHELL("exec ls /proc/self/fd");
	int leak[2];

	ck_assert_int_eq(__real_pipe2(leak, 0),
			 0); /* not close-on-exec: the belt's case */
	order.listen_fd = leak;
	order.listen_count = 2;
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "0\n1\n2\n3\n4\n5\n"); /* 5: ls reads the folder */
	(void)close(leak[0]);
	(void)close(leak[1]);
}
END_TEST

/* Its number is among those that the worker is given. */
START_TEST(a_program_is_executed_by_descriptor_too)
{
	struct process_order order = SHELL("exec ls /proc/self/fd");
	int program = open("/bin/sh", O_PATH | O_CLOEXEC);
	const int lent[] = {1, 1, 1, 1, 1, 1};

	ck_assert(program > 2 && program < 3 + (int)ARRAY_COUNT(lent));
	order.program = program;
	order.path = "/no/such/program";
	order.listen_fd = lent;
	order.listen_count = ARRAY_COUNT(lent);
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
	(void)close(program);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_executed_is_told)
{
	struct process_order order = SHELL("exit 0");

	order.program = open("/", O_PATH | O_CLOEXEC);
	order.path = "/what/it/was";
	ck_assert_int_eq(spawn(order), -EACCES);
	ck_assert_msg(strstr(fault.text, "/what/it/was"), "%s", fault.text);
	ck_assert_int_eq(WEXITSTATUS(collect()), 127);
	(void)close(order.program);
}
END_TEST

START_TEST(streams_not_given_are_dev_null)
{
	struct process_order order =
		SHELL("for fd in 0 2; do readlink /proc/$$/fd/$fd; done");

	order.err = -1;
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "/dev/null\n/dev/null\n");
}
END_TEST

/* Where out, err and three listeners come from; each source is some other's target. */
static const char *const unlucky[][5] = {
	{"2", "1", "4", "5", "3"}, {"3", "4", "5", "0", "1"}, {"5", "3", "1", "2", "0"},
	{"4", "4", "4", "4", "4"}, {"1", "2", "3", "4", "5"}, {"0", "0", "5", "3", "4"},
};

/* In a process whose descriptor N is a file named N where it is a source; the others are
 * closed, so that what is opened on the way gets their numbers. */
static int lend_unluckily(const char *const source[5])
{
	struct process_order order = SHELL(
		"fd=1; for name; do"
		" test \"$(readlink /proc/$$/fd/$fd)\" = \"/memfd:$name (deleted)\" ||"
		" exit $fd; fd=$((fd + 1)); done",
		"sh", source[0], source[1], source[2], source[3], source[4]);
	int listener[3];
	int status;

	for (int fd = 0; fd <= 5; fd++) {
		char name[2] = {(char)('0' + fd), '\0'};

		(void)close(fd);
		if (memfd_create(name, MFD_CLOEXEC) != fd)
			return 100;
	}
	for (int fd = 0; fd <= 5; fd++) {
		bool is_source = false;

		for (int i = 0; i < 5; i++)
			is_source = is_source || source[i][0] == '0' + fd;
		if (!is_source)
			(void)close(fd);
	}
	order.out = source[0][0] - '0';
	order.err = source[1][0] - '0';
	for (int i = 0; i < 3; i++)
		listener[i] = source[2 + i][0] - '0';
	order.listen_fd = listener;
	order.listen_count = 3;
	if (process_spawn(&worker, &order, NULL) < 0)
		return 101;
	if (waitpid(worker.pid, &status, 0) != worker.pid || status != 0)
		return WEXITSTATUS(status);

	/* The exec pipe is one more descriptor that must not be lost. */
	order.path = "/no/such";
	if (process_spawn(&worker, &order, NULL) < 0 ||
	    waitpid(worker.pid, &status, 0) != worker.pid)
		return 102;
	return process_exec_result(&worker, NULL) == -ENOENT ? 0 : 103;
}

START_TEST(no_descriptor_is_lost_when_numbers_collide)
{
	int status = -1;
	pid_t pid = __real_fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(lend_unluckily(unlucky[_i]));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert(WIFEXITED(status));
}
END_TEST

START_TEST(the_directory_is_entered_by_descriptor)
{
	CLOSE_FD int directory = open("/usr/bin", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct process_order order = SHELL("pwd; exec ./true");

	order.directory = directory;
	order.directory_path = "/nowhere";
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "/usr/bin\n");
}
END_TEST

START_TEST(the_directory_is_entered_by_path)
{
	struct process_order order = SHELL("pwd");

	order.directory_path = "/usr";
	ck_assert_int_eq(run(order), 0);
	ck_assert_str_eq(said, "/usr\n");
}
END_TEST

/* ---- birth that fails ---- */

static int fail_to_start(struct process_order order)
{
	int code = spawn(order);

	ck_assert_int_eq(WEXITSTATUS(collect()), 127);
	return code;
}

START_TEST(a_program_that_is_not_there_is_named)
{
	ck_assert_int_eq(fail_to_start(order_of((const char *const[]){"/no/such", NULL})),
			 -ENOENT);
	ck_assert_str_eq(fault.text,
			 "cannot execute /no/such: No such file or directory");
}
END_TEST

START_TEST(a_file_that_may_not_be_executed_is_named)
{
	ck_assert_int_eq(
		fail_to_start(order_of((const char *const[]){"/etc/passwd", NULL})),
		-EACCES);
	ck_assert_str_eq(fault.text, "cannot execute /etc/passwd: Permission denied");
}
END_TEST

START_TEST(a_missing_interpreter_is_told_from_a_missing_program)
{
	char path[] = "/tmp/clusterd-script-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(dprintf(fd, "#!/no/such/interpreter\n"), 23);
	(void)fchmod(fd, 0755);
	(void)close(fd);
	ck_assert_int_eq(fail_to_start(order_of((const char *const[]){path, NULL})),
			 -ENOENT);
	(void)unlink(path);
	ck_assert_ptr_nonnull(strstr(fault.text, "cannot find the interpreter of /tmp/"));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_named)
{
	struct process_order order = SHELL("true");

	order.directory_path = "/no/such/place";
	ck_assert_int_eq(fail_to_start(order), -ENOENT);
	ck_assert_str_eq(
		fault.text,
		"cannot change directory to /no/such/place: No such file or directory");
}
END_TEST

START_TEST(a_descriptor_that_is_not_open_is_told)
{
	struct process_order order = SHELL("true");
	const int closed = 999;

	order.listen_fd = &closed;
	order.listen_count = 1;
	ck_assert_int_eq(fail_to_start(order), -EBADF);
	ck_assert_str_eq(fault.text,
			 "cannot set up the descriptors of /bin/sh: Bad file descriptor");
}
END_TEST

START_TEST(the_verdict_of_exec_is_not_waited_for)
{
	struct process_order order = order_of((const char *const[]){"/no/such", NULL});

	spawn_and_stop(order);
	ck_assert_int_eq(process_exec_result(&worker, &fault), -EAGAIN);
	ck_assert_int_eq(process_signal(&worker, SIGCONT), 0);
	ck_assert(wait_readable(worker.exec_pipe));
	ck_assert_int_eq(process_exec_result(&worker, &fault), -ENOENT);
	ck_assert_int_eq(process_exec_result(&worker, &fault), 0);
	ck_assert_int_eq(WEXITSTATUS(collect()), 127);
}
END_TEST

START_TEST(no_fork_no_process)
{
	struct process_order order = SHELL("true");

	fork_fails = true;
	ck_assert_int_eq(process_spawn(&worker, &order, &fault), -EAGAIN);
	ck_assert_str_eq(fault.text, "cannot fork: Resource temporarily unavailable");
	fork_fails = false;
	ck_assert_int_eq(run(order), 0);
}
END_TEST

START_TEST(no_pipe_no_process)
{
	struct process_order order = SHELL("true");

	pipe2_fails = true;
	ck_assert_int_eq(process_spawn(&worker, &order, &fault), -EMFILE);
	ck_assert_str_eq(fault.text, "cannot make a pipe: Too many open files");
	ck_assert_int_eq(process_next_exited(), 0);
}
END_TEST

START_TEST(a_child_that_cannot_be_watched_ends_as_an_orphan)
{
	struct process_order order = SHELL("exec sleep 600");

	pidfd_open_fails = true;
	ck_assert_int_eq(process_spawn(&worker, &order, &fault), -EMFILE);
	ck_assert_uint_eq(collect_killed_orphans(), 1);
}
END_TEST

/* ---- life and death ---- */

START_TEST(signals_reach_the_worker)
{
	CLOSE_FD int fd = spawn_and_listen(
		SHELL("trap 'exit 7' TERM; echo; while :; do sleep 0.01; done"));

	ck_assert(wait_readable(fd));
	ck_assert_int_eq(process_signal(&worker, SIGTERM), 0);
	ck_assert_int_eq(WEXITSTATUS(collect()), 7);
}
END_TEST

START_TEST(signals_to_nobody_reach_nobody)
{
	struct process none = PROCESS_NONE;

	ck_assert_int_eq(process_signal(&none, SIGTERM), -ESRCH);
	ck_assert_int_eq(process_kill(&none), -ESRCH);
	ck_assert_int_eq(run(SHELL("true")), 0);
	ck_assert_int_eq(process_kill(&worker), -ESRCH);
}
END_TEST

START_TEST(one_that_has_ended_can_be_signalled_in_vain)
{
	ck_assert_int_eq(spawn(SHELL("exit 3")), 0);
	ck_assert(wait_readable(worker.pidfd));
	ck_assert_int_eq(process_signal(&worker, SIGTERM), 0);
	ck_assert_int_eq(process_kill(&worker), 0);
	ck_assert_int_eq(WEXITSTATUS(collect()), 3);
}
END_TEST

START_TEST(nothing_is_swept_after_a_worker_that_was_alone)
{
	become_subreaper();
	ck_assert_int_eq(spawn(SHELL("true")), 0);
	ck_assert(wait_readable(worker.pidfd));
	folders_opened = 0;
	ck_assert_uint_eq(process_sweep(worker.pid), 0);
	ck_assert_uint_eq(folders_opened, 0);
	ck_assert_int_eq(collect(), 0);
}
END_TEST

/* The shell is stopped meanwhile, or it might collect the child itself. */
START_TEST(who_ended_before_is_not_counted_as_swept)
{
	siginfo_t info;
	int status = -1;
	pid_t child;

	become_subreaper();
	child = spawn_with_child("sleep 600 & echo $!; kill -STOP $$");
	ck_assert_int_eq(waitid(P_PID, (id_t)worker.pid, &info, WSTOPPED | WNOWAIT), 0);
	CLOSE_FD int watch = __real_pidfd_open(child, 0);
	ck_assert_int_eq(kill(child, SIGTERM), 0);
	ck_assert(wait_readable(watch));
	ck_assert_int_eq(process_kill(&worker), 0);
	ck_assert(wait_readable(worker.pidfd));
	ck_assert_uint_eq(process_sweep(worker.pid), 0);
	ck_assert_int_eq(WTERMSIG(collect()), SIGKILL);
	ck_assert_int_eq(process_collect(child, NULL, &status), 0);
	ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

START_TEST(the_sweep_takes_the_group_even_without_descriptors)
{
	become_subreaper();
	(void)spawn_with_child("trap '' TERM; sleep 600 & echo; exit 0");
	ck_assert(wait_readable(worker.pidfd));
	pidfd_open_fails = true;
	(void)process_sweep(worker.pid);
	ck_assert_int_eq(collect(), 0);
	ck_assert_uint_eq(collect_killed_orphans(), 1);
}
END_TEST

START_TEST(killing_takes_the_group)
{
	become_subreaper();
	(void)spawn_with_child("trap '' TERM INT; sleep 600 & echo; wait");
	ck_assert_int_eq(process_kill(&worker), 0);
	ck_assert_int_eq(WTERMSIG(collect()), SIGKILL);
	ck_assert_uint_eq(collect_killed_orphans(), 1);
}
END_TEST

/* timeout(1) makes a group of its own; the worker ends by itself. */
START_TEST(the_sweep_takes_what_left_the_group)
{
	pid_t child;

	become_subreaper();
	child = spawn_with_child("timeout 600 sh -c 'echo $$; exec sleep 600' & exit 5");
	ck_assert(wait_readable(worker.pidfd));
	ck_assert_int_eq(getsid(child), worker.pid);
	ck_assert_int_ne(getpgid(child), worker.pid);
	ck_assert_uint_eq(process_sweep(worker.pid), 2);
	ck_assert_int_eq(WEXITSTATUS(collect()), 5);
	ck_assert_uint_eq(collect_killed_orphans(), 2);
}
END_TEST

START_TEST(the_sweep_takes_three_levels)
{
	become_subreaper();
	(void)spawn_with_child(
		"sh -c 'timeout 600 sh -c \"sleep 600 & echo; wait\" & wait' &"
		"wait");
	ck_assert_int_eq(process_kill(&worker), 0);
	ck_assert(wait_readable(worker.pidfd));
	ck_assert_uint_ge(process_sweep(worker.pid), 3);
	ck_assert_int_eq(WTERMSIG(collect()), SIGKILL);
	ck_assert_uint_eq(collect_killed_orphans(), 4);
}
END_TEST

START_TEST(the_sweep_spares_other_sessions)
{
	struct process other;
	struct process_order order = SHELL("exec sleep 600");
	pid_t escaped;

	become_subreaper();
	ck_assert_int_eq(process_spawn(&other, &order, &fault), 0);
	escaped = spawn_with_child("setsid sh -c 'echo $$; exec sleep 600' & wait");
	ck_assert_int_eq(process_kill(&worker), 0);
	ck_assert(wait_readable(worker.pidfd));
	ck_assert_uint_eq(process_sweep(worker.pid), 0);
	ck_assert_int_eq(WTERMSIG(collect()), SIGKILL);

	ck_assert_int_eq(process_signal(&other, 0), 0);
	ck_assert_int_eq(kill(escaped, SIGKILL), 0);
	ck_assert_int_eq(process_kill(&other), 0);
	ck_assert_uint_eq(collect_killed_orphans(), 2);
	fd_close(&other.pidfd);
	fd_close(&other.exec_pipe);
}
END_TEST

/* Our list of children is then longer than one read of it; the orphan is its last. */
START_TEST(the_sweep_finds_an_orphan_among_a_thousand_children)
{
	enum { COUNT = 1000 };
	pid_t crowd[COUNT];

	become_subreaper();
	for (int i = 0; i < COUNT; i++) {
		crowd[i] = __real_fork();
		ck_assert_int_ne(crowd[i], -1);
		if (crowd[i] == 0) {
			(void)setsid();
			for (;;)
				(void)pause();
		}
	}
	(void)spawn_with_child("sleep 600 & echo; exit 0");
	ck_assert(wait_readable(worker.pidfd));
	ck_assert_uint_eq(process_sweep(worker.pid), 1);
	ck_assert_int_eq(collect(), 0);
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(kill(crowd[i], SIGKILL), 0);
	ck_assert_uint_eq(collect_killed_orphans(), COUNT + 1);
}
END_TEST

START_TEST(members_of_a_session_are_known)
{
	pid_t child;

	become_subreaper();
	child = spawn_with_child("sleep 600 & echo $!; wait");
	ck_assert(process_is_of_session(worker.pid, worker.pid));
	ck_assert(process_is_of_session(child, worker.pid));
	ck_assert(!process_is_of_session(getpid(), worker.pid));
	ck_assert(!process_is_of_session(0, getsid(0)));
	ck_assert(!process_is_of_session(-1, worker.pid));
	ck_assert_int_eq(process_kill(&worker), 0);
	(void)collect();
	ck_assert_uint_eq(collect_killed_orphans(), 1);
}
END_TEST

/* ---- exits ---- */

START_TEST(who_still_runs_is_not_collected)
{
	int status = -1;

	ck_assert_int_eq(spawn(SHELL("exec sleep 600")), 0);
	ck_assert_int_eq(process_next_exited(), 0);
	ck_assert_int_eq(process_collect(worker.pid, &worker, &status), -EAGAIN);
	ck_assert_int_eq(process_collect(getppid(), NULL, &status), -ECHILD);
	ck_assert_int_eq(status, -1);
	ck_assert_int_eq(process_kill(&worker), 0);
	(void)collect();
}
END_TEST

START_TEST(every_exit_of_a_storm_is_found_once)
{
	enum { COUNT = 200 };
	struct process_order order = order_of((const char *const[]){"/bin/true", NULL});
	struct process crowd[COUNT];
	siginfo_t info;
	unsigned collected = 0;
	int status;

	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(process_spawn(&crowd[i], &order, &fault), 0);
	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0) {
		pid_t pid = process_next_exited();
		int i = 0;

		while (i < COUNT && crowd[i].pid != pid)
			i++;
		ck_assert_int_lt(i, COUNT);
		ck_assert_int_eq(process_collect(pid, &crowd[i], &status), 0);
		collected++;
	}
	ck_assert_uint_eq(collected, COUNT);
	ck_assert_int_eq(process_next_exited(), 0);
}
END_TEST

/* ---- */

static void none_is_left(void)
{
	siginfo_t info;

	ck_assert_msg(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1,
		      "a child was left behind");
}

static Suite *suite_of_process(void)
{
	Suite *suite = suite_create("process");
	TCase *birth = tcase_create("birth");
	TCase *failure = tcase_create("failure");
	TCase *life = tcase_create("life");

	tcase_add_test(birth, arguments_and_environment_arrive_as_they_are);
	tcase_add_test(birth, pid_entries_are_completed_by_the_child);
	tcase_add_test(birth, a_worker_leads_a_session_of_its_own);
	tcase_add_test(birth, signals_are_as_new);
	tcase_add_test(birth, no_handler_of_ours_runs_in_the_child);
	tcase_add_test(birth, only_lent_descriptors_are_open);
	tcase_add_test(birth, a_program_is_executed_by_descriptor_too);
	tcase_add_test(birth, streams_not_given_are_dev_null);
	tcase_add_loop_test(birth, no_descriptor_is_lost_when_numbers_collide, 0,
			    ARRAY_COUNT(unlucky));
	tcase_add_test(birth, the_directory_is_entered_by_descriptor);
	tcase_add_test(birth, the_directory_is_entered_by_path);

	tcase_add_test(failure, a_program_that_is_not_there_is_named);
	tcase_add_test(failure, a_file_that_may_not_be_executed_is_named);
	tcase_add_test(failure, a_missing_interpreter_is_told_from_a_missing_program);
	tcase_add_test(failure, a_directory_that_is_not_there_is_named);
	tcase_add_test(failure, a_descriptor_that_is_not_open_is_told);
	tcase_add_test(failure, a_descriptor_that_cannot_be_executed_is_told);
	tcase_add_test(failure, the_verdict_of_exec_is_not_waited_for);
	tcase_add_test(failure, no_fork_no_process);
	tcase_add_test(failure, no_pipe_no_process);
	tcase_add_test(failure, a_child_that_cannot_be_watched_ends_as_an_orphan);

	tcase_add_test(life, signals_reach_the_worker);
	tcase_add_test(life, signals_to_nobody_reach_nobody);
	tcase_add_test(life, one_that_has_ended_can_be_signalled_in_vain);
	tcase_add_test(life, nothing_is_swept_after_a_worker_that_was_alone);
	tcase_add_test(life, who_ended_before_is_not_counted_as_swept);
	tcase_add_test(life, the_sweep_takes_the_group_even_without_descriptors);
	tcase_add_test(life, killing_takes_the_group);
	tcase_add_test(life, the_sweep_takes_what_left_the_group);
	tcase_add_test(life, the_sweep_takes_three_levels);
	tcase_add_test(life, the_sweep_spares_other_sessions);
	tcase_add_test(life, the_sweep_finds_an_orphan_among_a_thousand_children);
	tcase_add_test(life, members_of_a_session_are_known);
	tcase_add_test(life, who_still_runs_is_not_collected);
	tcase_add_test(life, every_exit_of_a_storm_is_found_once);

	TCase *const all[] = {birth, failure, life};

	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		tcase_set_timeout(all[i], 2 * PATIENCE / 1000);
		tcase_add_checked_fixture(all[i], NULL, none_is_left);
		unit_watch_fds(all[i]);
		suite_add_tcase(suite, all[i]);
	}
	return suite;
}

UNIT_MAIN(suite_of_process)
