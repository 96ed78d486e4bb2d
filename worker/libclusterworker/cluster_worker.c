#include "worker/libclusterworker/cluster_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FIGURES_BYTES 320 /* two words and five lines of the longest key and number */

/* What the supervisor said to us; there is one process, hence one of these. */
static struct {
	bool taken;  /* out of the environment */
	int sockets; /* how many are lent, or a negative errno */
	char *names; /* one after the other, each with its NUL */
	size_t names_bytes;
	int fd; /* sends to `to`, or a negative errno; unset when to_bytes is 0 */
	struct sockaddr_un to;
	socklen_t to_bytes; /* 0: nobody listens */
	uint64_t interval;  /* of beats, in microseconds; 0: none wanted */
	uint64_t last_beat; /* when, in microseconds; 0: none yet */
	const char *owed;   /* a word that met a full queue; NULL: none.  Atomic. */
} us;

static bool parse_number(const char *text, uint64_t *ret_number)
{
	char *end;
	uint64_t number;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*ret_number = number;
	return true;
}

/* Is the variable set, and set to this process?  Forked children inherit both. */
static int names_us(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t pid;

	if (text == NULL)
		return 0;
	if (!parse_number(text, &pid))
		return -EINVAL;
	return pid == (uint64_t)getpid();
}

static int take_sockets(void)
{
	uint64_t count;
	int ours = names_us("LISTEN_PID");

	if (ours <= 0)
		return ours;
	if (!parse_number(getenv("LISTEN_FDS"), &count))
		return -EINVAL;
	if (count > INT_MAX - CLUSTER_LISTEN_FIRST)
		return -EINVAL;
	for (int fd = CLUSTER_LISTEN_FIRST; fd < CLUSTER_LISTEN_FIRST + (int)count;
	     fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags == -1 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == -1)
			return -errno;
	}
	return (int)count;
}

static void take_names(void)
{
	const char *list = getenv("LISTEN_FDNAMES");

	if (us.sockets <= 0 || list == NULL)
		return;
	us.names = strdup(list); /* without memory the sockets are nameless, but serve */
	if (us.names == NULL)
		return;
	us.names_bytes = strlen(list) + 1;
	for (char *colon = us.names; (colon = strchr(colon, ':')) != NULL; colon++)
		*colon = '\0';
}

static void take_notify_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path != NULL ? strlen(path) : 0;

	if (length == 0)
		return;
	us.to_bytes = sizeof(us.to);
	if (path[0] != '/' && path[0] != '@') {
		us.fd = -EAFNOSUPPORT;
		return;
	}
	if (length >= sizeof(us.to.sun_path)) {
		us.fd = -E2BIG;
		return;
	}
	us.to.sun_family = AF_UNIX;
	memcpy(us.to.sun_path, path, length);
	us.to_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (path[0] == '@')
		us.to.sun_path[0] = '\0';

	/* Kept open: a worker that ran out of descriptors must still be able to beat. */
	us.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (us.fd == -1)
		us.fd = -errno;
}

static void take_interval(void)
{
	uint64_t timeout;

	if (getenv("WATCHDOG_PID") != NULL && names_us("WATCHDOG_PID") != 1)
		return;
	if (parse_number(getenv("WATCHDOG_USEC"), &timeout))
		us.interval = timeout / 2;
}

static void take_environment(void)
{
	static const char *const variables[] = {"LISTEN_FDS",     "LISTEN_PID",
						"LISTEN_FDNAMES", "NOTIFY_SOCKET",
						"WATCHDOG_USEC",  "WATCHDOG_PID"};

	if (us.taken)
		return;
	us.taken = true;
	us.sockets = take_sockets();
	take_names();
	take_notify_socket();
	take_interval();
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)unsetenv(variables[i]);
}

static int send_text(const char *text, size_t bytes)
{
	ssize_t sent;

	take_environment();
	if (us.to_bytes == 0)
		return 0;
	if (us.fd < 0)
		return us.fd;
	sent = sendto(us.fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&us.to, us.to_bytes);
	return sent == -1 ? -errno : 1;
}

static size_t add_figure(char *text, size_t used, const char *key, uint64_t value)
{
	if (value == CLUSTER_UNKNOWN)
		return used;
	return used + (size_t)snprintf(text + used, FIGURES_BYTES - used,
				       "X_CLUSTER_%s=%" PRIu64 "\n", key, value);
}

static int send_figures(const char *head, const struct cluster_figures *figures)
{
	char text[FIGURES_BYTES];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", head);

	used = add_figure(text, used, "LAG_USEC", figures->lag_usec);
	used = add_figure(text, used, "CONNECTIONS", figures->connections);
	used = add_figure(text, used, "REQUESTS", figures->requests);
	used = add_figure(text, used, "ERRORS", figures->errors);
	used = add_figure(text, used, "LATENCY_USEC", figures->latency_usec);
	return send_text(text, used);
}

/* A word is said once in a life, so one that got lost is said again with the next beat.
 */
static int send_word(const char *word)
{
	int result = send_text(word, strlen(word));

	__atomic_store_n(&us.owed, result == -EAGAIN ? word : NULL, __ATOMIC_RELAXED);
	return result;
}

int cluster_listen(void)
{
	take_environment();
	return us.sockets;
}

const char *cluster_listen_name(int fd)
{
	const char *name;

	take_environment();
	if (us.names == NULL || fd < CLUSTER_LISTEN_FIRST ||
	    fd >= CLUSTER_LISTEN_FIRST + us.sockets)
		return NULL;
	name = us.names;
	for (int at = CLUSTER_LISTEN_FIRST; at < fd; at++) {
		name += strlen(name) + 1;
		if (name >= us.names + us.names_bytes)
			return NULL;
	}
	return name;
}

uint64_t cluster_beat_interval(void)
{
	take_environment();
	return us.interval;
}

int cluster_ready(void)
{
	return send_word("READY=1\n");
}

/* How late the caller's timer brought this beat. */
static uint64_t measure_lag(void)
{
	struct timespec time;
	uint64_t now;
	uint64_t due = us.last_beat + us.interval;
	bool first = us.last_beat == 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	now = (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
	us.last_beat = now;
	if (first || us.interval == 0)
		return CLUSTER_UNKNOWN;
	return now > due ? now - due : 0;
}

int cluster_beat(const struct cluster_figures *figures)
{
	struct cluster_figures said = CLUSTER_FIGURES_UNKNOWN;
	const char *owed = __atomic_exchange_n(&us.owed, NULL, __ATOMIC_RELAXED);
	char head[32];
	uint64_t lag;
	int result;

	take_environment();
	lag = measure_lag();
	if (figures != NULL)
		said = *figures;
	if (said.lag_usec == CLUSTER_UNKNOWN)
		said.lag_usec = lag;
	(void)snprintf(head, sizeof(head), "%sWATCHDOG=1\n", owed != NULL ? owed : "");
	result = send_figures(head, &said);
	if (result == -EAGAIN && owed != NULL)
		__atomic_store_n(&us.owed, owed, __ATOMIC_RELAXED);
	return result;
}

int cluster_status(const char *text)
{
	char message[CLUSTER_NOTIFY_MAX + 1];
	int bytes;

	if (strchr(text, '\n') != NULL)
		return -EINVAL; /* what follows would be taken for another key */
	bytes = snprintf(message, sizeof(message), "STATUS=%s", text);
	if (bytes >= (int)sizeof(message))
		return -EMSGSIZE;
	return send_text(message, (size_t)bytes);
}

int cluster_draining(void)
{
	return send_word("STOPPING=1\n");
}

int cluster_done(const struct cluster_figures *last)
{
	static const struct cluster_figures unknown = CLUSTER_FIGURES_UNKNOWN;
	int result = send_figures("STOPPING=1\nSTATUS=drained\n", last ? last : &unknown);

	if (us.to_bytes > 0 && us.fd >= 0)
		(void)close(us.fd);
	us.to_bytes = 0;
	free(us.names);
	us.names = NULL;
	return result;
}

int cluster_notify(const char *message)
{
	size_t bytes = strlen(message);

	if (bytes > CLUSTER_NOTIFY_MAX)
		return -EMSGSIZE;
	return send_text(message, bytes);
}
