/*
 * ask.h - what a worker, or the shim preloaded into it, asks of the supervisor, and what
 * it is answered.
 *
 * One question and one answer a connection, on a SOCK_SEQPACKET Unix socket whose path is
 * in ASK_ENVIRONMENT.  Who asks is known by kernel credentials.  Both sides are of one
 * build or of neighbouring versions: `version` tells, and who does not know the other's
 * is answered ASK_YOURSELF.
 */
#ifndef COMMON_ASK_H
#define COMMON_ASK_H

#include <sys/socket.h>

#include <netinet/in.h>

#include "common/base.h"

#define ASK_ENVIRONMENT "CLUSTER_BROKER"
#define ASK_VERSION     1

enum ask_verb {
	ASK_SOCKET,    /* to be bound to `name`: which one? */
	ASK_LISTENING, /* on `name`, from now on */
	ASK_CONTROL    /* a connection that reads what the control socket tells */
};

struct ask {
	uint32_t version;
	uint32_t verb;
	uint32_t only_v6;         /* IPV6_V6ONLY of the socket */
	uint32_t bytes;           /* of `name` */
	struct sockaddr_in6 name; /* or a sockaddr_in */
};

/* With error 0 comes the socket or the connection asked for, by SCM_RIGHTS. */
struct ask_answer {
	uint32_t version;
	int32_t error; /* an errno for the caller; ASK_YOURSELF: do as if nobody was asked
			*/
};

#define ASK_YOURSELF (-1)

#endif
