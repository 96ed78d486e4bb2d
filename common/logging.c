#include "common/logging.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

bool logging_is_order(const struct logging_order *order, size_t bytes)
{
	if (bytes != sizeof(*order) || order->version != LOGGING_VERSION)
		return false;
	if (order->verb >= LOGGING_VERBS || order->slot >= LOGGING_SLOTS ||
	    order->stream >= LOGGING_STREAMS || order->target >= LOGGING_TARGETS ||
	    order->format >= LOGGING_FORMATS ||
	    order->rules.packing >= LOGGING_PACKINGS || order->rules.age < 0)
		return false;
	return is_text(order->app, sizeof(order->app)) &&
	       is_text(order->path, sizeof(order->path));
}

bool logging_is_report(const struct logging_report *report, size_t bytes)
{
	return bytes == sizeof(*report) && report->version == LOGGING_VERSION &&
	       report->news < LOGGING_NEWS && is_text(report->app, sizeof(report->app)) &&
	       is_text(report->path, sizeof(report->path));
}

/* Room for one descriptor beside a message, aligned as the kernel wants it. */
union passage {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int logging_send(int socket, const void *message, size_t bytes, int fd)
{
	union {
		const void *constant;
		void *base;
	} borrowed = {.constant = message}; /* sendmsg only reads it */
	struct iovec piece = {.iov_base = borrowed.base, .iov_len = bytes};
	struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
	union passage passage = {0};

	if (fd >= 0) {
		struct cmsghdr *entry;

		header.msg_control = passage.bytes;
		header.msg_controllen = sizeof(passage.bytes);
		entry = CMSG_FIRSTHDR(&header);
		entry->cmsg_level = SOL_SOCKET;
		entry->cmsg_type = SCM_RIGHTS;
		entry->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(entry), &fd, sizeof(fd));
	}
	if (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		return -errno;
	return 0;
}

ssize_t logging_receive(int socket, void *message, size_t size, int *ret_fd)
{
	struct iovec piece = {.iov_base = message, .iov_len = size};
	union passage passage;
	struct msghdr header = {.msg_iov = &piece,
				.msg_iovlen = 1,
				.msg_control = passage.bytes,
				.msg_controllen = sizeof(passage.bytes)};
	const struct cmsghdr *entry;
	ssize_t got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*ret_fd = -1;
	if (got == -1)
		return -errno;
	entry = CMSG_FIRSTHDR(&header);
	if (entry != NULL && entry->cmsg_level == SOL_SOCKET &&
	    entry->cmsg_type == SCM_RIGHTS && entry->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(entry), sizeof(*ret_fd));
	if (header.msg_flags & MSG_TRUNC) {
		fd_close(ret_fd);
		return -EMSGSIZE;
	}
	return got;
}

const char *logging_suffix(enum logging_packing packing)
{
	switch (packing) {
	case LOGGING_ZSTD:
		return ".zst";
	case LOGGING_GZIP:
		return ".gz";
	case LOGGING_PLAIN:
	case LOGGING_PACKINGS:
		break;
	}
	return "";
}

static bool is_stamp(const char *text)
{
	static const char shape[] = "00000000-000000-000";

	for (size_t i = 0; i < LOGGING_STAMP; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == '0' ? !digit : text[i] != shape[i])
			return false;
	}
	return true;
}

const char *logging_find_stamp(const char *base, const char *name,
			       enum logging_packing *ret_packing)
{
	size_t length = strlen(base);

	if (strncmp(name, base, length) != 0 || name[length] != '.' ||
	    !is_stamp(name + length + 1))
		return NULL;
	for (unsigned i = 0; i < LOGGING_PACKINGS; i++)
		if (strcmp(name + length + 1 + LOGGING_STAMP,
			   logging_suffix((enum logging_packing)i)) == 0) {
			*ret_packing = (enum logging_packing)i;
			return name + length + 1;
		}
	return NULL;
}
