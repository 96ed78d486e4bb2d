/*
 * steer.h - the BPF program that sends a connection to its slot's socket.
 *
 * A group of SO_REUSEPORT sockets asks a classic BPF program which of its members gets a
 * new connection.  Ours computes a key from the packet (by lot, or a hash of addresses),
 * and finds its bucket's owner by binary search.  A client that comes from a slot's own
 * address is asked for nothing: it is the slot's.  Needs no privilege.  It knows members
 * by the kernel's index, not slots; listener.c keeps that mirror.
 */
#ifndef SUPERVISOR_STEER_H
#define SUPERVISOR_STEER_H

#include <linux/filter.h>

#include "supervisor/core/buckets.h"

#define STEER_STEPS 2048 /* the worst tables need 1850; the kernel allows 4096 */
#define STEER_NOBODY \
	0xffff /* index of nobody: the kernel picks a member by its own hash */

struct steer_program {
	unsigned short steps;
	struct sock_filter step[STEER_STEPS];
};

/* The slots that can be reached by an address of their own. */
struct steer_slots {
	unsigned count;
	uint16_t index[BUCKETS]; /* the kernel's, by slot */
};

/* `index` is the kernel's index of each bucket's owner; `groups` is of buckets.h. */
void steer_build(struct steer_program *program, enum balance balance, unsigned groups,
		 const uint16_t index[BUCKETS], const struct steer_slots *slots);

/* Replaces the program of the group that `fd` is in, atomically.  Not before the group's
 * first listen(), which would fail then. */
int steer_attach(int fd, struct steer_program *program);

#endif
