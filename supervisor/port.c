#include "supervisor/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/sockdiag.h"

#define NOWHERE INT32_MAX /* the index of an interface that does not exist */

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == -1 ? -errno : 0;
}

/* Bound, not yet listening.  SO_REUSEADDR lets us in where connections of an earlier
 * program are still in TIME_WAIT; of UDP it would let us in where another program is.
 * SO_REUSEPORT makes groups. */
int port_bind(const struct address *address, bool reuse_port)
{
	int type = address->datagram ? SOCK_DGRAM : SOCK_STREAM;
	CLOSE_FD int fd =
		socket(address->at.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result = fd == -1 ? -errno : 0;

	if (result == 0 && !address->datagram)
		result = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (result == 0 && reuse_port)
		result = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (result == 0 && address->kind != ADDRESS_V4)
		result = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
				    address->kind == ADDRESS_V6);
	if (result == 0 && bind(fd, &address->at.any, address->bytes) == -1)
		result = -errno;
	return result < 0 ? result : fd_take(&fd);
}

/* An explicitly bound socket keeps its address and port. */
int port_disconnect(int fd)
{
	struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	struct sockaddr_storage peer;
	socklen_t bytes = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &bytes) == -1)
		return 0;
	return connect(fd, &nobody, sizeof(nobody)) == -1 ? -errno : 1;
}

/* A socket that binds to port 0 itself forgets its number when it is disconnected, so
 * that another one, which is let in beside it, tells which number is free. */
int port_bind_datagram(struct address *address)
{
	CLOSE_FD int picked = -1;
	CLOSE_FD int fd = -1;
	bool any_port = address_port(address) == 0;
	int result = 0;

	if (any_port) {
		picked = port_bind(address, true);
		result = picked < 0 ? picked : address_of_socket(address, picked);
	}
	if (result == 0) {
		fd = port_bind(address, any_port);
		result = fd < 0 ? fd : set_option(fd, SOL_SOCKET, SO_REUSEPORT, 0);
	}
	return result < 0 ? result : fd_take(&fd);
}

uint32_t port_inode(int fd)
{
	struct stat socket;

	return fstat(fd, &socket) == -1 ? 0 : (uint32_t)socket.st_ino;
}

bool port_listens(int fd)
{
	int listens = 0;
	socklen_t bytes = sizeof(listens);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 &&
	       listens;
}

static const char *why_not(int code)
{
	switch (code) {
	case -EACCES:
		return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
	case -EADDRNOTAVAIL:
		return "this machine has no such address";
	case -EADDRINUSE:
		return "in use, by a socket that does not listen or that we cannot see";
	default:
		return strerror(-code);
	}
}

int port_explain(struct fault *fault, int code, const struct address *address)
{
	char text[ADDRESS_TEXT];

	address_format(address, text);
	return fault_set(fault, code, "cannot listen on %s: %s", text, why_not(code));
}

static int refuse_held(struct fault *fault, const struct address *address,
		       const struct sockdiag_socket *by)
{
	struct sockdiag_holder holder;
	char text[ADDRESS_TEXT];

	address_format(address, text);
	if (sockdiag_find_holder(by->inode, &holder) < 0)
		return fault_set(fault, -EADDRINUSE,
				 "%s is in use by a process of user %ld", text,
				 (long)by->uid);
	return fault_set(fault, -EADDRINUSE, "%s is in use by %s (pid %ld)", text,
			 holder.command, (long)holder.pid);
}

static bool is_held_by_us(const struct sockdiag_socket *socket)
{
	struct sockdiag_holder holder;

	return sockdiag_find_holder(socket->inode, &holder) == 0 &&
	       holder.pid == getpid();
}

/* An overlapping address of our own (0.0.0.0:80 while 127.0.0.1:80 is about to go) is no
 * obstacle; the same address twice is. */
static int find_obstacle(const struct address *address, struct fault *fault)
{
	struct sockdiag_list list;
	bool ours = false;
	int result = sockdiag_list_tcp(&list, SOCKDIAG_LISTENING, address_port(address));

	if (result < 0)
		return port_explain(fault, -EADDRINUSE, address);
	for (unsigned i = 0; i < list.count && result == 0; i++) {
		if (!address_claims(address, &list.socket[i].address))
			continue;
		ours = !address_equal(address, &list.socket[i].address) &&
		       is_held_by_us(&list.socket[i]);
		if (!ours)
			result = refuse_held(fault, address, &list.socket[i]);
	}
	sockdiag_free(&list);
	if (result == 0 && !ours)
		result = port_explain(fault, -EADDRINUSE, address);
	return result;
}

/* Another program's SO_REUSEPORT listener would let us join it silently, so the first
 * socket at the port comes without that option, and goes again. */
int port_probe(const struct address *address, struct fault *fault)
{
	CLOSE_FD int fd = port_bind(address, false);

	if (fd == -EADDRINUSE)
		return find_obstacle(address, fault);
	return fd < 0 ? port_explain(fault, fd, address) : 0;
}

static bool is_of_type(int fd, int wanted)
{
	int type = 0;
	socklen_t bytes = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == wanted;
}

static int check_lent(const struct address *address, int fd, struct fault *fault)
{
	char wanted[ADDRESS_TEXT];
	struct address bound;

	address_format(address, wanted);
	if (!is_of_type(fd, address->datagram ? SOCK_DGRAM : SOCK_STREAM))
		return fault_set(fault, -EINVAL,
				 "%s: what was handed over is no %s socket", wanted,
				 address->datagram ? "datagram" : "stream");
	if (address_of_socket(&bound, fd) < 0 || !address_equal(&bound, address))
		return fault_set(fault, -EINVAL,
				 "%s: what was handed over is bound elsewhere", wanted);
	return 0;
}

/* A bound, even a listening socket can still become the first member of a group. */
static int prepare_lent(int fd, const struct address *address, int backlog)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    (!address->datagram && listen(fd, backlog) == -1))
		return -errno;
	return address_is_tcp(address) ? set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) : 0;
}

int port_adopt(int fd, const struct address *address, int backlog, struct fault *fault)
{
	int result = check_lent(address, fd, fault);

	if (result < 0)
		return result;
	result = prepare_lent(fd, address, backlog);
	return result < 0 ? port_explain(fault, result, address) : 0;
}

/* Linux before 2026 lets everybody filter, later ones ask for CAP_NET_ADMIN.  The filter
 * sees the TCP header first.  Connections accepted later inherit it, so it lets
 * everything pass but what opens a connection. */
static int drop_newcomers(int fd)
{
	struct sock_filter step[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* flags */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program;

	memset(&program, 0, sizeof(program)); /* its padding goes to the kernel, too */
	program.len = ARRAY_COUNT(step);
	program.filter = step;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == -1)
		return -errno;
	return 0;
}

/* A listener tied to an interface hears only that; what it heard before keeps its own.
 * Everybody may tie one, but only CAP_NET_RAW may untie it. */
int port_quench(int fd)
{
	int result = drop_newcomers(fd);

	return result == -EPERM ? set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, NOWHERE)
				: result;
}

int port_unquench(int fd)
{
	int unused = 0, interface = 0;
	socklen_t bytes = sizeof(interface);

	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) == -1 &&
	    errno != ENOENT)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &interface, &bytes) == -1)
		return -errno;
	return interface == NOWHERE ? set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0) : 0;
}
