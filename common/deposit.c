#include "common/deposit.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

#define ATTACHED 8 /* descriptors of one datagram that are looked at; one is wanted */

bool deposit_is_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == ':')
			return false;
	return 0 < length && length < DEPOSIT_NAME;
}

size_t deposit_encode(char bytes[DEPOSIT_BYTES], const struct deposit *deposit)
{
	int count = 0;

	switch (deposit->kind) {
	case DEPOSIT_STORE:
		assert(deposit_is_name(deposit->name));
		count = snprintf(bytes, DEPOSIT_BYTES, "FDSTORE=1\nFDNAME=%s\nFDPOLL=0",
				 deposit->name);
		break;
	case DEPOSIT_REMOVE:
		assert(deposit_is_name(deposit->name));
		count = snprintf(bytes, DEPOSIT_BYTES, "FDSTOREREMOVE=1\nFDNAME=%s",
				 deposit->name);
		break;
	case DEPOSIT_EXITED:
		count = snprintf(bytes, DEPOSIT_BYTES, "EXITED=%d %d", (int)deposit->pid,
				 deposit->status);
		break;
	case DEPOSIT_KINDS:
		break;
	}
	assert(0 < count && count < DEPOSIT_BYTES);
	return (size_t)count;
}

/* "PID STATUS" */
static bool take_exit(struct deposit *deposit, const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10), status;

	if (end == text || *end != ' ' || pid <= 1 || pid > INT32_MAX)
		return false;
	text = end + 1;
	status = strtol(text, &end, 10);
	if (end == text || *end != '\0' || status < 0 || status > 0xffff)
		return false;
	deposit->kind = DEPOSIT_EXITED;
	deposit->pid = (pid_t)pid;
	deposit->status = (int)status;
	return true;
}

static bool take_line(struct deposit *deposit, const char *line)
{
	if (strcmp(line, "FDSTORE=1") == 0)
		deposit->kind = DEPOSIT_STORE;
	else if (strcmp(line, "FDSTOREREMOVE=1") == 0)
		deposit->kind = DEPOSIT_REMOVE;
	else if (strncmp(line, "EXITED=", strlen("EXITED=")) == 0)
		return take_exit(deposit, line + strlen("EXITED="));
	else if (strncmp(line, "FDNAME=", strlen("FDNAME=")) == 0)
		return deposit_is_name(line + strlen("FDNAME=")) &&
		       text_copy(deposit->name, sizeof(deposit->name),
				 line + strlen("FDNAME="));
	return true;
}

int deposit_decode(struct deposit *ret_deposit, const char *bytes, size_t count)
{
	struct deposit deposit = {.kind = DEPOSIT_KINDS};
	char text[DEPOSIT_BYTES + 1], *rest = text;

	if (count == 0 || count > DEPOSIT_BYTES || memchr(bytes, '\0', count) != NULL)
		return -EBADMSG;
	memcpy(text, bytes, count);
	text[count] = '\0';
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (!take_line(&deposit, line))
			return -EBADMSG;
	if (deposit.kind == DEPOSIT_KINDS ||
	    (deposit.kind != DEPOSIT_EXITED && deposit.name[0] == '\0'))
		return -EBADMSG;
	*ret_deposit = deposit;
	return 0;
}

int deposit_send(int socket, const struct deposit *deposit, int attached)
{
	char bytes[DEPOSIT_BYTES];
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec part = {.iov_base = bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	part.iov_len = deposit_encode(bytes, deposit);
	if (attached >= 0) {
		memcpy(CMSG_DATA(&control.head), &attached, sizeof(attached));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return -errno;
	return 0;
}

/* The first is kept; whatever else came is nobody's. */
static int take_attached(struct msghdr *message)
{
	int first = -1, fd;

	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
	     head = CMSG_NXTHDR(message, head)) {
		size_t count;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(head) + i * sizeof(fd), sizeof(fd));
			if (first == -1)
				first = fd;
			else
				(void)close(fd);
		}
	}
	return first;
}

static int receive_one(int socket, struct deposit *ret_deposit, int *ret_attached)
{
	char bytes[DEPOSIT_BYTES];
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(ATTACHED * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int code;

	if (count == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*ret_attached = take_attached(&message);
	if (count == 0 && *ret_attached == -1)
		return -EPIPE;
	code = deposit_decode(ret_deposit, bytes, (size_t)count);
	if ((message.msg_flags & MSG_TRUNC) != 0)
		code = -EBADMSG;
	if (code < 0)
		fd_close(ret_attached);
	return code < 0 ? code : 1;
}

int deposit_receive(int socket, struct deposit *ret_deposit, int *ret_attached)
{
	int code;

	do
		code = receive_one(socket, ret_deposit, ret_attached);
	while (code == -EBADMSG);
	return code == -ECONNRESET ? -EPIPE : code;
}
