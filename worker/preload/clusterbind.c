/*
 * clusterbind.c - libclusterbind.so, preloaded into programs that open their port
 * themselves: bind() asks the supervisor, and what it answers takes the place of the
 * program's own socket.
 *
 * Only TCP sockets with a port of their own choice are asked for: a client that binds
 * before it connects leaves port 0, and passes.  After bind() nothing of this runs; a
 * listen() tells the supervisor that the worker is ready to be given connections.
 *
 * Raw system calls, libc otherwise: whoever else wraps these functions is not disturbed,
 * and nothing here needs to be looked up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ask.h"
#include "worker/preload/standin.h"

#define PATIENCE 10 /* seconds; the supervisor answers within a turn of its loop */

#define EXPORTED __attribute__((visibility("default")))

/* Under names of our own, since the C library's headers declare these with types that
 * only they can write. */
EXPORTED int ask_and_bind(int fd, const struct sockaddr *name,
			  socklen_t bytes) __asm__("bind");
EXPORTED int listen_and_tell(int fd, int backlog) __asm__("listen");

static bool is_tcp(int fd)
{
	int protocol = 0;
	socklen_t size = sizeof(protocol);

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/* Some give the room that they have for any name as the bytes of this one. */
static bool fill(struct ask *ask, int fd, const struct sockaddr *name, socklen_t bytes)
{
	int only = 0;
	socklen_t size = sizeof(only);

	if (bytes > sizeof(ask->name))
		bytes = sizeof(ask->name);
	if (name == NULL || bytes < sizeof(struct sockaddr_in) || !is_tcp(fd))
		return false;
	memcpy(&ask->name, name, bytes);
	ask->version = ASK_VERSION;
	ask->bytes = bytes;
	if (name->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)name)->sin_port != 0;
	if (name->sa_family != AF_INET6 || bytes < sizeof(struct sockaddr_in6))
		return false;
	(void)getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
	ask->only_v6 = only != 0;
	return ask->name.sin6_port != 0;
}

static int dial(void)
{
	static const struct timeval patience = {.tv_sec = PATIENCE};
	struct sockaddr_un peer = {.sun_family = AF_UNIX};
	const char *path = getenv(ASK_ENVIRONMENT);
	int fd;

	if (path == NULL || strlen(path) >= sizeof(peer.sun_path))
		return -1;
	strcpy(peer.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* The answer's error; *ret_fd is a socket or -1. */
static int hear(int fd, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct ask_answer answer = {0};
	struct iovec part = {&answer, sizeof(answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *head;

	*ret_fd = -1;
	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != sizeof(answer))
		return ASK_YOURSELF;
	head = CMSG_FIRSTHDR(&message);
	if (head != NULL && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(head), sizeof(int));
	return answer.version == ASK_VERSION ? answer.error : ASK_YOURSELF;
}

static int put_question(const struct ask *ask, int *ret_fd)
{
	int fd = dial();
	int error = ASK_YOURSELF;

	*ret_fd = -1;
	if (fd == -1)
		return error;
	if (send(fd, ask, sizeof(*ask), MSG_NOSIGNAL) == sizeof(*ask))
		error = hear(fd, ret_fd);
	(void)close(fd);
	return error;
}

int ask_and_bind(int fd, const struct sockaddr *name, socklen_t bytes)
{
	struct ask ask = {.verb = ASK_SOCKET};
	int code = errno, socket = -1, error = ASK_YOURSELF;

	if (fill(&ask, fd, name, bytes))
		error = put_question(&ask, &socket);
	errno = code;
	if (error == 0 && socket != -1)
		return standin_place(fd, socket);
	if (error > 0) {
		errno = error;
		return -1;
	}
	return (int)syscall(SYS_bind, fd, name, bytes);
}

/* Ours listens already; how many may wait there is said by the configuration. */
static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
	       listening;
}

int listen_and_tell(int fd, int backlog)
{
	struct ask ask = {.verb = ASK_LISTENING};
	struct sockaddr_in6 name;
	socklen_t bytes = sizeof(name);
	int code = errno, socket, error = ASK_YOURSELF;

	if (getsockname(fd, (struct sockaddr *)&name, &bytes) == 0 &&
	    fill(&ask, fd, (struct sockaddr *)&name, bytes))
		error = put_question(&ask, &socket);
	errno = code;
	if (error == 0 && is_listening(fd))
		return 0;
	return (int)syscall(SYS_listen, fd, backlog);
}
