#include "supervisor/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/sockdiag.h"

#define SPARE_TEXT (ADDRESS_TEXT + 16)

static const char *path_of(const struct local *local)
{
	return local->address.at.path.sun_path;
}

static void name_spare(const struct local *local, char text[SPARE_TEXT])
{
	const char *path = path_of(local);
	const char *name = strrchr(path, '/') + 1;

	snprintf(text, SPARE_TEXT, "%.*s.%s.spare", (int)(name - path), path, name);
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -errno;
	return fd;
}

static int explain(struct fault *fault, int code, const struct local *local)
{
	return fault_set(fault, code, "cannot listen on %s: %s", path_of(local),
			 strerror(-code));
}

/* Somebody answered at our path: say who. */
static int refuse_living(struct fault *fault, const struct local *local, int connected)
{
	struct sockdiag_holder holder;
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == -1 ||
	    peer.pid <= 0)
		return fault_set(fault, -EADDRINUSE, "%s is in use by another process",
				 path_of(local));
	sockdiag_name_holder(&holder, peer.pid);
	return fault_set(fault, -EADDRINUSE, "%s is in use by %s (pid %ld)",
			 path_of(local), holder.command, (long)peer.pid);
}

/* Makes way for a bind: nothing is at the path, or a socket without a listener, which
 * goes. */
static int clear_path(const struct local *local, struct fault *fault)
{
	CLOSE_FD int fd = -1;
	struct stat there;

	if (lstat(path_of(local), &there) == -1)
		return errno == ENOENT ? 0 : explain(fault, -errno, local);
	if (!S_ISSOCK(there.st_mode))
		return fault_set(fault, -EADDRINUSE, "%s exists and is not a socket",
				 path_of(local));

	fd = open_socket();
	if (fd < 0)
		return explain(fault, fd, local);
	if (connect(fd, &local->address.at.any, local->address.bytes) == 0 ||
	    errno == EAGAIN)
		return refuse_living(fault, local, fd);
	if (errno != ECONNREFUSED)
		return explain(fault, -errno, local);
	if (unlink(path_of(local)) == -1 && errno != ENOENT)
		return explain(fault, -errno, local);
	return 0;
}

static bool is_ours(const struct local *local, const char *path)
{
	struct stat there;

	return lstat(path, &there) == 0 && there.st_dev == local->device &&
	       there.st_ino == local->inode;
}

/* The mode is given at birth, through the umask: a chmod later could hit what somebody
 * put in our place. */
static int bind_path(struct local *local, int fd)
{
	mode_t before = umask(0111);
	int failed =
		bind(fd, &local->address.at.any, local->address.bytes) == -1 ? errno : 0;
	struct stat there;

	umask(before);
	if (failed)
		return -failed;
	if (lstat(path_of(local), &there) == -1)
		return -errno;
	local->device = there.st_dev;
	local->inode = there.st_ino;
	return 0;
}

/* Without it a path that was removed needs a new socket. */
static int make_spare(const struct local *local)
{
	char spare[SPARE_TEXT];

	name_spare(local, spare);
	(void)unlink(spare);
	return link(path_of(local), spare) == -1 ? -errno : 0;
}

/* A new socket at the path, listening. */
static int open_path(struct local *local, int backlog, struct fault *fault)
{
	CLOSE_FD int fd = -1;
	int result = clear_path(local, fault);

	if (result < 0)
		return result;
	fd = open_socket();
	result = fd < 0 ? fd : bind_path(local, fd);
	if (result < 0)
		return explain(fault, result, local);
	if (listen(fd, backlog) == -1) {
		result = explain(fault, -errno, local);
		(void)unlink(path_of(local));
		return result;
	}
	(void)make_spare(local);
	return fd_take(&fd);
}

int local_open(struct local *local, const struct address *address, int backlog,
	       struct fault *fault)
{
	int fd;

	*local = (struct local){.fd = -1, .address = *address};
	fd = open_path(local, backlog, fault);
	if (fd < 0)
		return fd;
	local->fd = fd;
	return 0;
}

void local_adopt(struct local *local, const struct address *address, int fd)
{
	*local = (struct local){.fd = fd, .is_lent = true, .address = *address};
}

/* shutdown() by anybody who holds a copy; a Unix socket cannot listen again after that.
 */
static bool is_shut_down(const struct local *local)
{
	struct pollfd state = {.fd = local->fd, .events = POLLRDHUP};

	return poll(&state, 1, 0) == 1 && (state.revents & (POLLRDHUP | POLLHUP));
}

static int replace_socket(struct local *local, int backlog, struct fault *fault)
{
	CLOSE_FD int fd = -1;

	if (is_ours(local, path_of(local)))
		(void)unlink(path_of(local));
	fd = open_path(local, backlog, fault);
	if (fd < 0)
		return fd;
	if (dup3(fd, local->fd, O_CLOEXEC) == -1)
		return explain(fault, -errno, local);
	return 1;
}

int local_restore(struct local *local, int backlog, struct fault *fault)
{
	char spare[SPARE_TEXT];
	int result;

	if (local->is_lent)
		return 0;
	if (is_shut_down(local))
		return replace_socket(local, backlog, fault);
	if (is_ours(local, path_of(local)))
		return 0;

	result = clear_path(local, fault);
	if (result < 0)
		return result;
	name_spare(local, spare);
	if (is_ours(local, spare) && link(spare, path_of(local)) == 0)
		return 1;
	return replace_socket(local, backlog, fault);
}

void local_close(struct local *local)
{
	char spare[SPARE_TEXT];

	if (!local->is_lent && local->fd >= 0) {
		name_spare(local, spare);
		if (is_ours(local, spare))
			(void)unlink(spare);
		if (is_ours(local, path_of(local)))
			(void)unlink(path_of(local));
	}
	fd_close(&local->fd);
}
