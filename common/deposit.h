/*
 * deposit.h - a datagram between a supervisor and whoever keeps its descriptors.
 *
 * The words are those of systemd's FDSTORE protocol, so that one way of asking serves for
 * systemd and for clusterd's own keeper, and one more: the keeper, who is the subreaper,
 * tells the end of a process whose supervisor died before it.  A name may be anything
 * printable without a colon.
 */
#ifndef COMMON_DEPOSIT_H
#define COMMON_DEPOSIT_H

#include <sys/types.h>

#include "common/base.h"

#define DEPOSIT_NAME  256 /* the longest name, with its NUL */
#define DEPOSIT_BYTES 320 /* the longest datagram */

enum deposit_kind {
	DEPOSIT_STORE,  /* keep what comes with this, by this name */
	DEPOSIT_REMOVE, /* what is kept by this name may go */
	DEPOSIT_EXITED, /* a process has ended, with this status as of waitpid */
	DEPOSIT_KINDS
};

struct deposit {
	enum deposit_kind kind;
	char name[DEPOSIT_NAME]; /* empty: of none */
	pid_t pid;
	int status;
};

bool deposit_is_name(const char *name);

/* Returns how many bytes; what is encoded makes sense. */
size_t deposit_encode(char bytes[DEPOSIT_BYTES], const struct deposit *deposit);
/* Lines that are unknown are passed over.  -EBADMSG: it says none of the three, or not
 * well. */
int deposit_decode(struct deposit *ret_deposit, const char *bytes, size_t count);

/* Never waits: 0, or a negative errno (-EAGAIN: the other end has to read first).
 * `attached`: goes along; -1: nothing does. */
int deposit_send(int socket, const struct deposit *deposit, int attached);
/* The next datagram that makes sense: 1, 0 when there is none now, -EPIPE when the other
 * end is gone.  What came along is the caller's; -1: nothing did. */
int deposit_receive(int socket, struct deposit *ret_deposit, int *ret_attached);

#endif
