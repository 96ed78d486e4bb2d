/*
 * reserve.h - descriptors kept for when there are no others.
 *
 * One is for a caller who is heard all the same, so that what takes up the descriptors
 * can be ended; the last one is for telling others that they must wait.  What is spent is
 * kept again as soon as the kernel gives one.
 */
#ifndef SUPERVISOR_RESERVE_H
#define SUPERVISOR_RESERVE_H

#include "common/base.h"

#define RESERVES 2

struct reserve {
	int fd[RESERVES];
	unsigned kept; /* the first ones */
};

/* Both accept a zeroed one. */
void reserve_fill(struct reserve *reserve);
void reserve_close(struct reserve *reserve);

/* Gives one back to the kernel; returns how many are left, or -1: there was none. */
int reserve_spend(struct reserve *reserve);

#endif
