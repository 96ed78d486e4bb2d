/*
 * sockdiag.h - what the kernel knows about sockets, ours and others'.
 *
 * The one file that speaks NETLINK_SOCK_DIAG: who listens on a port, which handshakes are
 * under way, how many connections wait in a Unix socket's queue, which process holds a
 * socket.  A dump is answered within the call; all lists are bounded, and a kernel that
 * does not answer within a second is an error.
 */
#ifndef SUPERVISOR_SOCKDIAG_H
#define SUPERVISOR_SOCKDIAG_H

#include <sys/types.h>

#include "common/address.h"
#include "supervisor/core/traffic.h"

#define SOCKDIAG_MOST 65536 /* sockets in one list; more is -ENOBUFS */

enum sockdiag_state {
	SOCKDIAG_LISTENING,
	SOCKDIAG_HANDSHAKE,
	SOCKDIAG_CONNECTED /* until the kernel alone has to do with it */
};

struct sockdiag_socket {
	struct address address;
	struct address peer; /* of a handshake */
	uint32_t inode;      /* 0: a handshake has none, nor one not accepted yet */
	uid_t uid;
	uint32_t interface;     /* 0: not tied to one */
	struct traffic traffic; /* of a connection */
};

struct sockdiag_list {
	unsigned count;
	struct sockdiag_socket *socket;
};

/* TCP sockets of this machine in one state on one local port, of both families, by peer.
 */
int sockdiag_list_tcp(struct sockdiag_list *ret_list, enum sockdiag_state state,
		      unsigned port);
/* Accepts a zeroed list. */
void sockdiag_free(struct sockdiag_list *list);
/* How many of the later list have a peer that the earlier one has, too. */
unsigned sockdiag_count_left(const struct sockdiag_list *earlier,
			     const struct sockdiag_list *later);

/* How many connections wait for accept() in a listening Unix socket. */
int sockdiag_unix_queue(uint32_t inode, unsigned *ret_queue);

struct sockdiag_holder {
	pid_t pid;
	char command[32];
};

/* A process that has this socket open: this very process if it has, -ENOENT if nobody
 * whom we may look at has. */
int sockdiag_find_holder(uint32_t inode, struct sockdiag_holder *ret_holder);
/* The name of a process, or "?" when it is gone. */
void sockdiag_name_holder(struct sockdiag_holder *holder, pid_t pid);

#endif
