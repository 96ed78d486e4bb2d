/*
 * trap.h - bind() of a program that loads no library, met in the kernel.
 *
 * A seccomp filter stops bind(2), and no other call, until the supervisor has looked at
 * it (seccomp_unotify(2), Linux 5.9 for descriptors): the slot's socket takes the place
 * of the program's own and bind() is told to have succeeded, or the call goes on as if
 * nobody had looked.  The filter is for the life of the process and all that it starts;
 * it costs some 50 ns a system call, and wants no_new_privs.
 */
#ifndef SUPERVISOR_BRIDGE_TRAP_H
#define SUPERVISOR_BRIDGE_TRAP_H

#include <sys/types.h>

#include "common/address.h"

/* In the child, between fork and exec: lays the trap and sends its end through `to`, a
 * Unix socket.  -1 and errno. */
int trap_lay(int to);

/* The end that was sent; a negative errno. */
int trap_take(int from);

struct trap_call {
	uint64_t id;
	pid_t pid; /* of the thread that calls */
	int fd;
	int flags; /* of its socket: O_NONBLOCK or not */
	bool closes_on_exec;
	struct address address;
};

/* 1: somebody binds a TCP socket to a port of its own choice, and waits.  0: a call that
 * is none of ours went on.  -ENOENT: its caller is gone. */
int trap_next(int trap, struct trap_call *ret_call);

/* Puts `fd`, which stays ours, in the place of the caller's, and lets bind() succeed. */
int trap_replace(int trap, const struct trap_call *call, int fd);
void trap_refuse(int trap, const struct trap_call *call, int code);
void trap_let_go(int trap, const struct trap_call *call);

#endif
