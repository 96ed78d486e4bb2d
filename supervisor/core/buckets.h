/*
 * buckets.h - which slot owns which of the 256 buckets of a listener.
 *
 * Every balance policy is a pure function of weights and health.  The connection's key
 * picks a bucket (steer.h), the table its slot; `round-robin` goes by turns (rotor.h).
 * Shares are proportional to the weights, exact to 1/256, and nobody who is healthy goes
 * empty.  By `ip-hash` a slot's coming or going moves only its own share, and its return
 * restores it.
 *
 * By `cpu` the buckets are as many equal groups as there are cores, rounded up to a power
 * of two.  A core's group belongs to the slots that are at home there, or to all where no
 * healthy one is; the lot picks a bucket of it.  So weights and health mean what they
 * always do, among the slots of a core.
 */
#ifndef SUPERVISOR_CORE_BUCKETS_H
#define SUPERVISOR_CORE_BUCKETS_H

#include "common/base.h"

#define BUCKETS 256

enum balance {
	BALANCE_RANDOM,        /* by lot */
	BALANCE_HASH,          /* of both addresses and ports */
	BALANCE_IP_HASH,       /* of the client's address: sticky */
	BALANCE_ROUND_ROBIN,   /* in turn; by lot where that is not allowed */
	BALANCE_CPU,           /* of the core that received it; by lot among several */
	BALANCE_LEAST_CONN,    /* in turn, less often to who has many open (lean.h) */
	BALANCE_LEAST_LATENCY, /* in turn, less often to who is slow */
	BALANCE_QUEUE,         /* nobody's: whoever accepts first, from one socket */
	BALANCES
};

const char *buckets_balance_name(enum balance balance); /* as configurations say it */
bool buckets_find_balance(const char *name, enum balance *ret_balance);
/* Goes by turns, where that is allowed; else by lot. */
bool buckets_go_in_turn(enum balance balance);

struct buckets {
	uint16_t owner[BUCKETS]; /* slot */
	uint16_t groups;         /* by `cpu`: one a core; 0: one for all */
};

struct buckets_slot {
	bool healthy;
	unsigned weight; /* 1 to 1000 */
	unsigned cpu;    /* where it is at home */
};

/* How many groups it takes when cores have numbers up to `highest`. */
uint16_t buckets_groups_for(unsigned highest);
unsigned buckets_groups(const struct buckets *buckets); /* >= 1 */

/* `slots` is how many the app is to have, at most 256; the sick among them count, so that
 * `ip-hash` knows whom their clients belong to.  When none is healthy the table stays as
 * it was.  `groups` is the caller's.  Returns true when it changed. */
bool buckets_assign(struct buckets *buckets, enum balance balance,
		    const struct buckets_slot *slot, unsigned slots);

/* How many of the 256 buckets a slot owns. */
unsigned buckets_share(const struct buckets *buckets, unsigned slot);

/* The slots in turn, each as often as it owns buckets and as evenly as can be. */
void buckets_rotate(const struct buckets *buckets, uint16_t ret_turn[BUCKETS]);

#endif
