#include "supervisor/bridge/desk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"

#define WAITING 128

int desk_open(const char *path, struct fault *fault)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	CLOSE_FD int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(name.sun_path))
		return fault_set(fault, -ENAMETOOLONG, "%s: path is too long", path);
	strcpy(name.sun_path, path);
	(void)unlink(path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1 ||
	    chmod(path, 0666) == -1 || listen(fd, WAITING) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	return fd_take(&fd);
}

int desk_accept(int desk, pid_t *ret_pid, uid_t *ret_uid)
{
	CLOSE_FD int fd = accept4(desk, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (fd == -1)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == -1)
		return -errno;
	*ret_pid = peer.pid;
	*ret_uid = peer.uid;
	return fd_take(&fd);
}

bool desk_decode(struct desk_question *ret_question, const void *bytes, size_t count)
{
	struct ask ask;

	if (count != sizeof(ask))
		return false;
	memcpy(&ask, bytes, sizeof(ask));
	if (ask.version != ASK_VERSION || ask.verb > ASK_CONTROL ||
	    ask.bytes > sizeof(ask.name))
		return false;
	ret_question->verb = (enum ask_verb)ask.verb;
	if (ask.verb == ASK_CONTROL)
		return true;
	return address_of_name(&ret_question->address, (const struct sockaddr *)&ask.name,
			       ask.bytes, ask.only_v6 != 0) >= 0;
}

/* No room for control data: descriptors that somebody sends are closed by the kernel. */
int desk_read(int caller, struct desk_question *ret_question)
{
	struct ask ask;
	ssize_t count = recv(caller, &ask, sizeof(ask), MSG_TRUNC);

	if (count == -1)
		return -errno;
	if (count == 0)
		return -ECONNRESET;
	return desk_decode(ret_question, &ask, (size_t)count);
}

void desk_answer(int caller, int error, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct ask_answer answer = {.version = ASK_VERSION, .error = error};
	struct iovec part = {&answer, sizeof(answer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd != -1) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	(void)sendmsg(caller, &message, MSG_NOSIGNAL); /* who has gone wants no answer */
}
