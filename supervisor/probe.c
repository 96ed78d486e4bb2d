#include "supervisor/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"

#define ANSWER_MOST ((size_t)64 << 10) /* bytes that are read of an answer */

static int open_socket(const struct address *source)
{
	const int on = 1;
	CLOSE_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, &source->at.any, source->bytes) == -1)
		return -errno;
	return fd_take(&fd);
}

int probe_begin(struct probe *probe, const struct address *listener, unsigned slot,
		const char *path)
{
	struct address source, target;
	CLOSE_FD int fd = -1;

	*probe = (struct probe){.fd = -1};
	if (!address_of_slot(listener, slot, &source, &target))
		return -EADDRNOTAVAIL;
	fd = open_socket(&source);
	if (fd < 0)
		return fd;
	if (connect(fd, &target.at.any, target.bytes) == -1 && errno != EINPROGRESS) {
		if (errno != ECONNREFUSED)
			return -errno;
		probe->refused = -errno;
	}
	if (path != NULL && (probe->path = strdup(path)) == NULL)
		return -ENOMEM;
	address_format(&target, probe->host);
	probe->fd = fd_take(&fd);
	return 0;
}

static enum probe_state fail(struct fault *fault, int code)
{
	(void)fault_set(fault, code, "%s", strerror(-code));
	return PROBE_FAILED;
}

static enum probe_state judge(const struct probe *probe, struct fault *fault)
{
	if (probe->status >= 200 && probe->status < 400)
		return PROBE_PASSED;
	(void)fault_set(fault, -EBADMSG, "status %d", probe->status);
	return PROBE_FAILED;
}

/* Is it connected by now?  PROBE_PASSED: yes. */
static enum probe_state connect_on(const struct probe *probe, struct fault *fault)
{
	struct sockaddr_in peer;
	socklen_t peer_bytes = sizeof(peer);
	int error = 0;
	socklen_t bytes = sizeof(error);

	if (probe->refused < 0)
		return fail(fault, probe->refused);
	if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == -1)
		return fail(fault, -errno);
	if (error != 0)
		return fail(fault, -error);
	if (getpeername(probe->fd, (struct sockaddr *)&peer, &peer_bytes) == 0)
		return PROBE_PASSED;
	return errno == ENOTCONN ? PROBE_WAITS : fail(fault, -errno);
}

/* A new connection's buffer has room for all of it. */
static enum probe_state ask(const struct probe *probe, struct fault *fault)
{
	char text[HTTP_REQUEST];
	size_t count;
	ssize_t sent;

	if (probe->path == NULL)
		return shutdown(probe->fd, SHUT_WR) == 0 ? PROBE_WAITS
							 : fail(fault, -errno);
	count = http_format_request(text, probe->path, probe->host);
	sent = send(probe->fd, text, count, MSG_NOSIGNAL);

	if (sent == -1)
		return fail(fault, -errno);
	return sent == (ssize_t)count ? PROBE_WAITS : fail(fault, -ENOBUFS);
}

static int take_bytes(struct probe *probe, const char *bytes, size_t count)
{
	size_t room = probe->read < sizeof(probe->status_line)
			      ? sizeof(probe->status_line) - probe->read
			      : 0;

	memcpy(probe->status_line + (sizeof(probe->status_line) - room), bytes,
	       count < room ? count : room);
	probe->read += count;
	if (probe->status == 0)
		probe->status = http_parse_status(probe->status_line,
						  probe->read < sizeof(probe->status_line)
							  ? probe->read
							  : sizeof(probe->status_line));
	return probe->status;
}

static enum probe_state read_answer(struct probe *probe, struct fault *fault)
{
	char bytes[4096];

	while (probe->read < ANSWER_MOST) {
		ssize_t count = recv(probe->fd, bytes, sizeof(bytes), 0);

		if (count == -1 && errno == EINTR)
			continue;
		if (count == -1 && errno == EAGAIN)
			return PROBE_WAITS;
		if (count <= 0 && probe->status > 0)
			break;
		if (count == -1)
			return fail(fault, -errno);
		if (count == 0) {
			(void)fault_set(fault, -ENODATA, "it hung up without an answer");
			return PROBE_FAILED;
		}
		if (take_bytes(probe, bytes, (size_t)count) < 0) {
			(void)fault_set(fault, -EBADMSG, "what it answered is not HTTP");
			return PROBE_FAILED;
		}
	}
	return judge(probe, fault);
}

/* Whatever comes now comes from the worker. */
static enum probe_state hear_of_accept(const struct probe *probe)
{
	char bytes[64];
	ssize_t count;

	do
		count = recv(probe->fd, bytes, sizeof(bytes), 0);
	while (count == -1 && errno == EINTR);
	return count == -1 && errno == EAGAIN ? PROBE_WAITS : PROBE_PASSED;
}

enum probe_state probe_continue(struct probe *probe, struct fault *fault)
{
	if (!probe->connected) {
		enum probe_state state = connect_on(probe, fault);

		if (state != PROBE_PASSED)
			return state;
		probe->connected = true;
		return ask(probe, fault);
	}
	return probe->path != NULL ? read_answer(probe, fault) : hear_of_accept(probe);
}

enum probe_state probe_expire(struct probe *probe, struct fault *fault)
{
	enum probe_state state = probe_continue(probe, fault);

	if (state != PROBE_WAITS)
		return state;
	if (probe->status > 0)
		return judge(probe, fault);
	(void)fault_set(fault, -ETIMEDOUT, "%s",
			probe->connected && probe->path != NULL ? "no answer"
								: "not accepted");
	return PROBE_FAILED;
}

void probe_end(struct probe *probe)
{
	if (probe->fd < 0)
		return;
	fd_close(&probe->fd);
	free(probe->path);
	*probe = (struct probe){.fd = -1};
}
