/*
 * acceptor.h - takes new connections from the listening sockets, a bounded number a turn.
 *
 * The sockets are lent: their descriptions outlive this process, and other workers may
 * wait on the same ones.  So they sit in an epoll set of our own, EPOLLEXCLUSIVE, which
 * libev's has not, and leave it explicitly: a description that others hold open would be
 * reported for ever after our close.
 */
#ifndef WORKER_HTTP_ACCEPTOR_H
#define WORKER_HTTP_ACCEPTOR_H

#include <ev.h>
#include <sys/socket.h>

#include "common/base.h"

#define ACCEPTOR_SOCKETS 64

struct acceptor {
	struct ev_loop *loop;
	int epoll;
	unsigned sockets;
	int socket[ACCEPTOR_SOCKETS]; /* owned; -1: left behind */
	ev_io ready;
	ev_timer pause; /* runs while descriptors are short */
	/* Gets a connection: the descriptor is the callee's.  False: no more for now. */
	bool (*take)(void *owner, int fd, const struct sockaddr *from, socklen_t bytes);
	void *owner;
};

/* Set `take` and `owner` before; sockets are added before the start. */
int acceptor_init(struct acceptor *acceptor, struct ev_loop *loop);
int acceptor_add(struct acceptor *acceptor, int socket);
void acceptor_start(struct acceptor *acceptor);
void acceptor_stop(struct acceptor *acceptor); /* new connections wait in the queue */

/* Takes what waits in the queues, then leaves the sockets for good. */
void acceptor_retire(struct acceptor *acceptor);
void acceptor_fini(struct acceptor *acceptor);

#endif
