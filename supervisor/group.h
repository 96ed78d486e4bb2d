/*
 * group.h - the order in which the kernel counts the members of a SO_REUSEPORT group.
 *
 * A steering program answers with a member's index.  The kernel gives the next index to
 * whoever calls listen(), and when a member leaves LISTEN (close, shutdown) moves the
 * last one into its place; it tells nobody.  This is the mirror: it knows our members by
 * number (listener.h) and those of others only by inode.  Others are counted, so that
 * ours are right, and never found.  Memory only; listener.c brings what sock_diag sees.
 */
#ifndef SUPERVISOR_GROUP_H
#define SUPERVISOR_GROUP_H

#include "supervisor/core/buckets.h"

#define GROUP_SOCKETS (2 * BUCKETS) /* that can be ours: two a slot */
#define GROUP_MEMBERS 768           /* these, and room for half as many of others */
#define GROUP_FOREIGN (-1)          /* number of a member that is not ours */
#define GROUP_NOBODY  0xffff

struct group {
	unsigned members;
	struct group_member {
		uint32_t inode;
		int number;
	} member[GROUP_MEMBERS]; /* by the kernel's index */
};

/* Has called listen() after all others.  -ENOBUFS: the mirror is full. */
int group_join(struct group *group, uint32_t inode, int number);
/* Left LISTEN; nothing if it was not there. */
void group_leave(struct group *group, uint32_t inode);
/* These, and no others, are in LISTEN now: who is gone has left, who is new has joined.
 */
int group_observe(struct group *group, const uint32_t *inode, unsigned count);

bool group_has(const struct group *group, uint32_t inode);
/* The kernel's index of each of our sockets; GROUP_NOBODY: it is not in LISTEN. */
void group_index(const struct group *group, uint16_t ret_index[GROUP_SOCKETS]);
/* How many members are not ours, and the inode of one of them. */
unsigned group_foreign(const struct group *group, uint32_t *ret_inode);

#endif
