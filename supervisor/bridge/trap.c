#include "supervisor/bridge/trap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/fd.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0 /* matches no call: the trap catches nothing */
#endif

/* ---- the child's side: async-signal-safe ---- */

static int filter_bind(void)
{
	static const struct sock_filter step[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_COUNT(step)};

	/* The kernel only reads it. */
	memcpy(&program.filter, &(const struct sock_filter *){step},
	       sizeof(program.filter));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

union room_for_fd {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int to, int fd)
{
	union room_for_fd control = {0};
	char nothing = 0;
	struct iovec part = {&nothing, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int trap_lay(int to)
{
	int fd = filter_bind();

	return fd == -1 ? -1 : send_fd(to, fd);
}

/* ---- the supervisor's side ---- */

int trap_take(int from)
{
	union room_for_fd control;
	char nothing;
	struct iovec part = {&nothing, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	int fd;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == -1)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (head == NULL || head->cmsg_type != SCM_RIGHTS)
		return -ECONNRESET; /* it ended before */
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* A pidfd of the process that this thread is of. */
static int open_process(pid_t thread)
{
	char path[64], text[4096];
	const char *group;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return -ENOENT;
	group = strstr(text, "\nTgid:");
	return group != NULL ? pidfd_open(atoi(group + strlen("\nTgid:")), 0) : -ENOENT;
}

static bool closes_on_exec(pid_t thread, int fd)
{
	char path[64], text[1024];
	const char *flags;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)thread, fd);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return true;
	flags = strstr(text, "flags:");
	return flags == NULL || strtol(flags + strlen("flags:"), NULL, 8) & O_CLOEXEC;
}

/* What kind of socket it is that is bound; false: none of ours. */
static bool look_at_socket(struct trap_call *call, bool *ret_only_v6)
{
	CLOSE_FD int process = open_process(call->pid);
	CLOSE_FD int fd = process >= 0 ? pidfd_getfd(process, call->fd, 0) : -1;
	int protocol = 0, only = 0;
	socklen_t bytes = sizeof(protocol);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &bytes) == -1 ||
	    (protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP))
		return false;
	bytes = sizeof(only);
	(void)getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &bytes);
	*ret_only_v6 = only != 0;
	call->flags = fcntl(fd, F_GETFL);
	call->closes_on_exec = closes_on_exec(call->pid, call->fd);
	return call->flags != -1;
}

static bool read_name(const struct seccomp_notif *notice, struct sockaddr_in6 *name,
		      size_t *ret_bytes)
{
	size_t bytes = notice->data.args[2];
	struct iovec ours = {name, sizeof(*name)}, theirs;

	if (bytes > sizeof(*name))
		bytes = sizeof(*name);
	ours.iov_len = bytes;
	theirs = (struct iovec){(void *)(uintptr_t)notice->data.args[1], bytes};
	*ret_bytes = bytes;
	return bytes >= sizeof(struct sockaddr_in) &&
	       process_vm_readv((pid_t)notice->pid, &ours, 1, &theirs, 1, 0) ==
		       (ssize_t)bytes;
}

/* Between what was read and its use the caller may have ended, and its number be
 * another's: the id is asked for after the last look. */
static bool is_ours(int trap, const struct seccomp_notif *notice, struct trap_call *call)
{
	struct sockaddr_in6 name = {0};
	bool only_v6;
	size_t bytes;

	if (!read_name(notice, &name, &bytes) || !look_at_socket(call, &only_v6))
		return false;
	if (address_of_name(&call->address, (const struct sockaddr *)&name,
			    (socklen_t)bytes, only_v6) < 0)
		return false;
	return address_port(&call->address) != 0 &&
	       ioctl(trap, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0;
}

int trap_next(int trap, struct trap_call *ret_call)
{
	struct seccomp_notif notice = {0};

	if (ioctl(trap, SECCOMP_IOCTL_NOTIF_RECV, &notice) == -1)
		return -errno;
	*ret_call = (struct trap_call){.id = notice.id,
				       .pid = (pid_t)notice.pid,
				       .fd = (int)notice.data.args[0]};
	if (is_ours(trap, &notice, ret_call))
		return 1;
	trap_let_go(trap, ret_call);
	return 0;
}

static int answer(int trap, const struct trap_call *call, int code, uint32_t flags)
{
	struct seccomp_notif_resp response = {
		.id = call->id, .error = code, .flags = flags};

	return ioctl(trap, SECCOMP_IOCTL_NOTIF_SEND, &response) == -1 ? -errno : 0;
}

int trap_replace(int trap, const struct trap_call *call, int fd)
{
	struct seccomp_notif_addfd add = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd,
		.newfd = (uint32_t)call->fd,
		.newfd_flags = call->closes_on_exec ? O_CLOEXEC : 0,
	};

	/* Blocking or not is the program's; all who share the socket are of its kind. */
	(void)fcntl(fd, F_SETFL, call->flags);
	if (ioctl(trap, SECCOMP_IOCTL_NOTIF_ADDFD, &add) == -1)
		return -errno;
	return answer(trap, call, 0, 0);
}

void trap_refuse(int trap, const struct trap_call *call, int code)
{
	(void)answer(trap, call, code, 0);
}

void trap_let_go(int trap, const struct trap_call *call)
{
	(void)answer(trap, call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}
