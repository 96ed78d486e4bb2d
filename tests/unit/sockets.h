/*
 * sockets.h - what the tests of listeners share: clients and who got their connection.
 *
 * Everything is on loopback and non-blocking with a deadline; a connection that is over
 * is reset, so that thousands of them leave no port in TIME_WAIT.
 */
#ifndef TESTS_UNIT_SOCKETS_H
#define TESTS_UNIT_SOCKETS_H

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/address.h"
#include "tests/unit/unit.h"

#define SOCKETS_PATIENCE 5000 /* ms; far more than loopback needs */
#define SOCKETS_MEMBERS  256

static inline struct address sockets_address(const char *text)
{
	struct address address;
	struct fault fault;

	ck_assert_msg(address_parse(&address, text, &fault) == 0, "%s", fault.text);
	return address;
}

/* "NAME (pid N)" as a fault says it, of this process or a fork of it. */
static inline void sockets_name(char text[64], pid_t pid)
{
	char name[16];

	ck_assert_int_eq(prctl(PR_GET_NAME, name), 0);
	snprintf(text, 64, "%s (pid %d)", name, (int)pid);
}

static inline bool sockets_wait(int fd, short events, int patience)
{
	struct pollfd waiting = {.fd = fd, .events = events};

	return poll(&waiting, 1, patience) == 1;
}

static inline void sockets_reset(int fd)
{
	struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* A client under way, from `source` where it is not NULL. */
static inline int sockets_begin(const struct address *target,
				const struct address *source)
{
	int fd = socket(target->at.any.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (source)
		ck_assert_int_eq(bind(fd, &source->at.any, source->bytes), 0);
	if (connect(fd, &target->at.any, target->bytes) == -1)
		ck_assert_msg(errno == EINPROGRESS, "connect: %s", strerror(errno));
	return fd;
}

/* 0 when the client got through, its errno, or ETIMEDOUT of our own patience. */
static inline int sockets_outcome(int fd, int patience)
{
	int error = 0;
	socklen_t bytes = sizeof(error);

	if (!sockets_wait(fd, POLLOUT, patience))
		return ETIMEDOUT;
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes), 0);
	return error;
}

static inline int sockets_connect(const struct address *target,
				  const struct address *source)
{
	int fd = sockets_begin(target, source);

	ck_assert_int_eq(sockets_outcome(fd, SOCKETS_PATIENCE), 0);
	return fd;
}

/* Accepts the one connection that waits in one of these; says where. */
static inline unsigned sockets_accept(const int *fd, unsigned count)
{
	struct pollfd waiting[SOCKETS_MEMBERS];

	for (unsigned i = 0; i < count; i++)
		waiting[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
	ck_assert_int_eq(poll(waiting, count, SOCKETS_PATIENCE), 1);
	for (unsigned i = 0; i < count; i++) {
		if (!waiting[i].revents)
			continue;
		sockets_reset(accept4(fd[i], NULL, NULL, SOCK_CLOEXEC));
		return i;
	}
	ck_abort_msg("nobody got the connection");
	return count;
}

/* Connects, lets whoever gets it accept and hang up, and says who. */
static inline unsigned sockets_visit(const struct address *target,
				     const struct address *source, const int *fd,
				     unsigned count)
{
	int client = sockets_connect(target, source);
	unsigned who = sockets_accept(fd, count);

	sockets_reset(client);
	return who;
}

#endif
