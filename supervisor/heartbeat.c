#include "supervisor/heartbeat.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

#define FLOOD_WINDOW 1000 /* msec */

static int bind_to(int fd, const char *path, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int code;

	(void)strcpy(address.sun_path, path);
	(void)unlink(path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == -1) {
		code = -errno;
		return fault_set(fault, code, "cannot bind %s: %s", path,
				 strerror(-code));
	}
	if (chmod(path, 0666) == -1) {
		code = -errno;
		(void)unlink(path);
		return fault_set(fault, code, "cannot open %s to all: %s", path,
				 strerror(-code));
	}
	return 0;
}

int heartbeat_open(struct heartbeat *heartbeat, const char *path, struct fault *fault)
{
	CLOSE_FD int fd = -1;
	const int on = 1;
	int code;

	if (strlen(path) >= sizeof(heartbeat->path))
		return fault_set(fault, -ENAMETOOLONG,
				 "%s: longer than a socket's path can be (%zu bytes)",
				 path, sizeof(heartbeat->path) - 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Before the bind, so that no datagram comes without its credentials. */
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1) {
		code = -errno;
		return fault_set(fault, code, "cannot make a socket: %s",
				 strerror(-code));
	}
	code = bind_to(fd, path, fault);
	if (code < 0)
		return code;

	*heartbeat = (struct heartbeat){.fd = fd_take(&fd)};
	(void)strcpy(heartbeat->path, path);
	return 0;
}

int heartbeat_connect(const struct heartbeat *heartbeat)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	CLOSE_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)strcpy(name.sun_path, heartbeat->path);
	if (fd == -1 || connect(fd, (struct sockaddr *)&name, sizeof(name)) == -1)
		return -errno;
	return fd_take(&fd);
}

void heartbeat_close(struct heartbeat *heartbeat)
{
	if (heartbeat->path[0] == '\0')
		return;
	(void)unlink(heartbeat->path);
	fd_close(&heartbeat->fd);
	heartbeat->path[0] = '\0';
}

/* NULL when there are none, as when the sender's memory ran out. */
static const struct ucred *find_credentials(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	if (!header || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_CREDENTIALS ||
	    header->cmsg_len != CMSG_LEN(sizeof(struct ucred)))
		return NULL;
	return (const struct ucred *)(const void *)CMSG_DATA(header);
}

int heartbeat_read(struct heartbeat *heartbeat, struct beat *ret_beat, pid_t *ret_sender)
{
	char bytes[BEAT_BYTES];
	union { /* room for the credentials and not for one descriptor more */
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t count = recvmsg(heartbeat->fd, &message, MSG_CMSG_CLOEXEC);
	const struct ucred *credentials;

	if (count == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	heartbeat->received++;
	credentials = find_credentials(&message);
	if (!credentials || (message.msg_flags & MSG_TRUNC) ||
	    beat_decode(ret_beat, bytes, (size_t)count) < 0) {
		heartbeat->garbage++;
		return -EBADMSG;
	}
	*ret_sender = credentials->pid;
	return 1;
}

bool heartbeat_floods(struct heartbeat *heartbeat, unsigned count, msec now)
{
	if (now - heartbeat->window >= FLOOD_WINDOW) {
		heartbeat->window = now;
		heartbeat->in_window = 0;
	}
	heartbeat->in_window += count;
	return heartbeat->in_window > HEARTBEAT_FLOOD;
}
