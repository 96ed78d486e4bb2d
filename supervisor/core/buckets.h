/*
 * buckets.h - which slot owns which of the 256 buckets of a listener.
 *
 * Every balance policy is a pure function of weights and health.  The connection's key
 * picks a bucket (steer.h), the table its slot; `round-robin` goes by turns (rotor.h).
 * Shares are proportional to the weights, exact to 1/256, and nobody who is healthy goes
 * empty.  By `ip-hash` a slot's coming or going moves only its own share, and its return
 * restores it.
 */
#ifndef SUPERVISOR_CORE_BUCKETS_H
#define SUPERVISOR_CORE_BUCKETS_H

#include "common/base.h"

#define BUCKETS 256

enum balance {
	BALANCE_RANDOM,      /* by lot */
	BALANCE_HASH,        /* of both addresses and ports */
	BALANCE_IP_HASH,     /* of the client's address: sticky */
	BALANCE_ROUND_ROBIN, /* in turn; by lot where that is not allowed */
	BALANCES
};

const char *buckets_balance_name(enum balance balance); /* as configurations say it */
bool buckets_find_balance(const char *name, enum balance *ret_balance);

struct buckets {
	uint16_t owner[BUCKETS]; /* slot */
};

struct buckets_slot {
	bool healthy;
	unsigned weight; /* 1 to 1000 */
};

/* `slots` is how many the app is to have, at most 256; the sick among them count, so that
 * `ip-hash` knows whom their clients belong to.  When none is healthy the table stays as
 * it was.  Returns true when it changed. */
bool buckets_assign(struct buckets *buckets, enum balance balance,
		    const struct buckets_slot *slot, unsigned slots);

/* How many of the 256 buckets a slot owns. */
unsigned buckets_share(const struct buckets *buckets, unsigned slot);

/* The slots in turn, each as often as it owns buckets and as evenly as can be. */
void buckets_rotate(const struct buckets *buckets, uint16_t ret_turn[BUCKETS]);

#endif
