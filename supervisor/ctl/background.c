#include "supervisor/ctl/background.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/places.h"
#include "supervisor/ctl/aide.h"
#include "supervisor/ctl/client.h"

#define PATIENCE   30000 /* ms in which a supervisor answers for the first time */
#define TAIL_BYTES 4096  /* of its log, when it did not */

int background_find(char *path, size_t size)
{
	char own[PLACES_PATH];

	if (places_own_directory(own, sizeof(own)) < 0)
		return -ENOENT;
	(void)snprintf(path, size, "%s/clusterd", own);
	if (access(path, X_OK) == 0)
		return 0;
	(void)snprintf(path, size, "%s/../sbin/clusterd", own);
	return access(path, X_OK) == 0 ? 0 : -ENOENT;
}

int background_check(const char *file, struct buffer *output)
{
	const char *const words[] = {"--check", file != NULL ? "-c" : NULL, file, NULL};
	char path[2 * PLACES_PATH];
	int status;

	if (background_find(path, sizeof(path)) < 0)
		return -ENOENT;
	status = aide_run(path, words, output);
	if (status < 0)
		return status;
	return status == EXIT_DONE ? 0 : -EINVAL;
}

/* A private socket on which the supervisor says READY=1; an abstract one leaves no trace.
 * Its name, as in NOTIFY_SOCKET. */
static int open_notify(char *name, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t bytes = sizeof(sa_family_t); /* the kernel picks the name */
	CLOSE_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&address, bytes) == -1)
		return -errno;
	bytes = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &bytes) == -1)
		return -errno;
	(void)snprintf(name, size, "@%.*s",
		       (int)(bytes - offsetof(struct sockaddr_un, sun_path) - 1),
		       address.sun_path + 1);
	return fd_take(&fd);
}

static int open_log(const struct places *places, char *path, size_t size)
{
	int fd;

	(void)snprintf(path, size, "%s/clusterd.log", places->log);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	return fd == -1 ? -errno : fd;
}

/* What was meant for us by whoever started us is not meant for it. */
static void clean_environment(void)
{
	static const char *const ours[] = {"JOURNAL_STREAM", "LISTEN_FDS",
					   "LISTEN_PID",     "LISTEN_FDNAMES",
					   "WATCHDOG_USEC",  "WATCHDOG_PID"};

	for (size_t i = 0; i < ARRAY_COUNT(ours); i++)
		(void)unsetenv(ours[i]);
}

/* What only the child does: it becomes a daemon, then clusterd. */
static void become_clusterd(const char *path, int log, const char *notify)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *home = getenv("CLUSTERD_HOME");
	char absolute[PATH_MAX];

	if (home != NULL && realpath(home, absolute) != NULL)
		(void)setenv("CLUSTERD_HOME", absolute, 1);
	clean_environment();
	(void)setenv("NOTIFY_SOCKET", notify, 1);
	(void)setsid();
	(void)!chdir("/");
	if (dup2(nothing, STDIN_FILENO) == -1 || dup2(log, STDOUT_FILENO) == -1 ||
	    dup2(log, STDERR_FILENO) == -1)
		_exit(EXIT_FAILED);
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
	aide_become(path, (const char *const[]){"--empty", NULL});
}

/* Until the supervisor says READY=1 (1), ends (0), or is late (-ETIMEDOUT). */
static int await_ready(int notify, int pidfd)
{
	msec deadline = clock_now() + PATIENCE;
	char text[512];

	for (;;) {
		struct pollfd ready[] = {{.fd = notify, .events = POLLIN},
					 {.fd = pidfd, .events = POLLIN}};
		msec left = deadline - clock_now();
		ssize_t got;

		if (left <= 0 || poll(ready, 2, (int)left) == 0)
			return -ETIMEDOUT;
		if ((ready[0].revents & POLLIN) != 0) {
			got = recv(notify, text, sizeof(text) - 1, 0);
			text[got > 0 ? got : 0] = '\0';
			if (strstr(text, "READY=1") != NULL)
				return 1;
		} else if ((ready[1].revents & POLLIN) != 0) {
			return 0;
		}
	}
}

/* What the log has got since `from`. */
static void print_tail(const char *path, off_t from)
{
	CLOSE_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat now;
	char text[TAIL_BYTES];
	ssize_t got;

	if (fd == -1 || fstat(fd, &now) == -1)
		return;
	if (now.st_size - from > (off_t)sizeof(text))
		from = now.st_size - (off_t)sizeof(text);
	got = pread(fd, text, sizeof(text), from);
	if (got > 0)
		(void)fwrite(text, 1, (size_t)got, stderr);
}

/* It holds the run directory, and yet nobody answered on its socket. */
static enum exit_code say_silent(const struct options *options, const char *log,
				 off_t before)
{
	print_tail(log, before);
	(void)say_error(options, EXIT_BUSY, NULL,
			"start: another supervisor is just being started, try again");
	say_hint(options, "if its control socket was removed: `kill -HUP` to that "
			  "process makes it anew");
	return EXIT_BUSY;
}

static enum exit_code say_outcome(const struct options *options, int outcome, pid_t child,
				  const char *log, off_t before)
{
	int status = 0;

	if (outcome > 0) {
		say(options, "clusterd runs as process %d, its log is %s", (int)child,
		    log);
		return EXIT_DONE;
	}
	if (outcome < 0)
		return say_error(options, EXIT_TIMED_OUT, NULL,
				 "start: clusterd does not get ready, see %s", log);
	(void)waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_BUSY)
		return say_silent(options, log, before);
	print_tail(log, before);
	return say_error(options, EXIT_FAILED, NULL,
			 "start: clusterd ended at once, see %s", log);
}

static enum exit_code launch(const struct options *options, const struct places *places)
{
	char path[2 * PLACES_PATH], log_path[PLACES_PATH + 16], name[128];
	CLOSE_FD int notify = -1, log = -1, pidfd = -1;
	struct stat before = {0};
	pid_t child;

	if (background_find(path, sizeof(path)) < 0)
		return say_error(options, EXIT_FAILED, NULL,
				 "start: clusterd is not installed");
	log = open_log(places, log_path, sizeof(log_path));
	if (log < 0)
		return say_error(options, EXIT_FAILED, NULL, "start: %s: %s", log_path,
				 strerror(-log));
	notify = open_notify(name, sizeof(name));
	if (notify < 0)
		return say_error(options, EXIT_FAILED, NULL, "start: %s",
				 strerror(-notify));
	(void)fstat(log, &before);
	child = fork();
	if (child == 0)
		become_clusterd(path, log, name);
	pidfd = child > 0 ? (int)syscall(SYS_pidfd_open, child, 0) : -1;
	if (pidfd == -1)
		return say_error(options, EXIT_FAILED, NULL, "start: %s",
				 strerror(errno));
	return say_outcome(options, await_ready(notify, pidfd), child, log_path,
			   before.st_size);
}

/* Whose turn it is to start one; the others wait here until that one is done. */
static int take_turn(const struct places *places)
{
	char path[PLACES_PATH + 16];
	CLOSE_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/start.lock", places->run);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return -errno;
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			return -errno;
	return fd_take(&fd);
}

static bool is_running(const struct options *options)
{
	struct client client;

	if (client_connect(&client, options, true) < 0)
		return false;
	client_close(&client);
	return true;
}

enum exit_code background_start(const struct options *options, bool *ret_started)
{
	CLOSE_FD int turn = -1;
	struct places places;
	struct fault fault;

	*ret_started = false;
	if (places_find(&places, NULL, &fault) < 0 || places_make(&places, &fault) < 0)
		return say_error(options, EXIT_FAILED, NULL, "start: %s", fault.text);
	turn = take_turn(&places);
	if (turn < 0)
		return say_error(options, EXIT_FAILED, NULL, "start: %s: %s", places.run,
				 strerror(-turn));
	if (is_running(options))
		return EXIT_DONE;
	*ret_started = true;
	return launch(options, &places);
}
