/*
 * rotor.h - connections dealt in turn, by an eBPF program of the group.
 *
 * Classic BPF has no memory, so it cannot count.  This program can: it takes the next of
 * 256 turns from a map, and the socket of that turn's slot from another.  A new table is
 * 256 map writes at most; the program stays.  Slots' own addresses come before the turn.
 * Sockets are known by themselves, not by the kernel's index.  Needs CAP_BPF; who has it
 * not learns so from rotor_open.
 */
#ifndef SUPERVISOR_ROTOR_H
#define SUPERVISOR_ROTOR_H

#include "supervisor/core/buckets.h"

/* All zeros: not open. */
struct rotor {
	bool is_open;
	int turns;   /* map: slot by turn, and the counts of connections and addresses */
	int sockets; /* map: socket by slot */
	int program;
	uint16_t turn[BUCKETS]; /* as in the map */
	unsigned addressed;     /* as in the map */
	bool seated[BUCKETS];   /* by slot: we put a socket there */
};

/* -EPERM: not allowed here; -EINVAL: a kernel that cannot. */
int rotor_open(struct rotor *rotor);
/* Accepts a zeroed rotor.  A group that still has the program keeps it. */
void rotor_close(struct rotor *rotor);

/* `fd` listens and is the slot's from now on; it may be so already.  -EBUSY: it is in the
 * map of another one that is still there, as of a supervisor that died: another program
 * of the group ends that, a little later. */
int rotor_seat(struct rotor *rotor, unsigned slot, int fd);
int rotor_deal(struct rotor *rotor, const uint16_t turn[BUCKETS]);
/* The first so many slots are reached by addresses of their own (address_of_slot). */
int rotor_address(struct rotor *rotor, unsigned slots);
/* Replaces the program of the group that `fd` is in, atomically. */
int rotor_attach(const struct rotor *rotor, int fd);

#endif
