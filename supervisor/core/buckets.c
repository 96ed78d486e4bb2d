/*
 * Dealing.  The first slot gets all buckets.  Each further one takes its share from the
 * others, one bucket at a time, always from the one who is richest for its weight, until
 * nobody would be richer than it by giving: Webster's method (highest averages, each
 * slot's first bucket free).  Unlike largest remainders it has no paradoxes: a newcomer
 * never makes anybody else's share grow, so what moves is what the newcomer takes.
 *
 * Standing in.  All but `ip-hash` deal among the healthy alone.  `ip-hash` deals among
 * all; a bucket of a sick slot asks other buckets, in an order of its own that never
 * changes, and goes where the first one of a healthy slot belongs.  Thus each bucket
 * ranks the slots, with chances by weight, and gets the first healthy of its ranking
 * (rendezvous hashing): one slot's health moves only buckets that are, or become, its
 * own.  `cpu` deals each core's buckets on their own.
 */
#include "supervisor/core/buckets.h"

#include <assert.h>
#include <string.h>

#define MULTIPLIER 0x9e3779b1U /* 2^32 by the golden ratio: scatters what is in a row */

static const char *const names[BALANCES] = {
	[BALANCE_RANDOM] = "random",
	[BALANCE_HASH] = "hash",
	[BALANCE_IP_HASH] = "ip-hash",
	[BALANCE_ROUND_ROBIN] = "round-robin",
	[BALANCE_CPU] = "cpu",
	[BALANCE_LEAST_CONN] = "least-conn",
	[BALANCE_LEAST_LATENCY] = "least-latency",
	[BALANCE_QUEUE] = "queue",
};

const char *buckets_balance_name(enum balance balance)
{
	assert(balance < BALANCES);
	return names[balance];
}

bool buckets_find_balance(const char *name, enum balance *ret_balance)
{
	for (unsigned i = 0; i < BALANCES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*ret_balance = (enum balance)i;
		return true;
	}
	return false;
}

bool buckets_go_in_turn(enum balance balance)
{
	return balance == BALANCE_ROUND_ROBIN || balance == BALANCE_LEAST_CONN ||
	       balance == BALANCE_LEAST_LATENCY;
}

struct deal {
	const struct buckets_slot *slot;
	uint16_t owner[BUCKETS];
	unsigned first, past;    /* the buckets to deal */
	unsigned share[BUCKETS]; /* by slot: how many of these it owns */
	unsigned dealt;          /* slots below this one have theirs */
	bool with_sick;
	bool at_home; /* only to those whose core is `home` */
	unsigned home, groups;
};

static bool takes_part(const struct deal *deal, unsigned slot)
{
	const struct buckets_slot *it = &deal->slot[slot];

	return it->weight > 0 && (it->healthy || deal->with_sick) &&
	       (!deal->at_home || it->cpu % deal->groups == deal->home);
}

/* Is one / one_weight more than other / other_weight? */
static bool is_richer(unsigned one, unsigned one_weight, unsigned other,
		      unsigned other_weight)
{
	return (uint64_t)one * other_weight > (uint64_t)other * one_weight;
}

/* Who would keep the most for its weight after giving one away; never its last. */
static bool find_giver(const struct deal *deal, unsigned *ret_giver)
{
	bool found = false;
	unsigned best = 0;

	for (unsigned i = 0; i < deal->dealt; i++) {
		if (deal->share[i] < 2)
			continue;
		if (!found ||
		    is_richer(2 * deal->share[i] - 1, deal->slot[i].weight,
			      2 * deal->share[best] - 1, deal->slot[best].weight))
			best = i;
		found = true;
	}
	*ret_giver = best;
	return found;
}

static void hand_over(struct deal *deal, unsigned giver, unsigned taker)
{
	unsigned bucket = deal->past - 1;

	while (deal->owner[bucket] != giver)
		bucket--;
	deal->owner[bucket] = (uint16_t)taker;
	deal->share[giver]--;
	deal->share[taker]++;
}

static void deal_in(struct deal *deal, unsigned taker)
{
	unsigned giver;

	while (find_giver(deal, &giver)) {
		if (deal->share[taker] > 0 &&
		    !is_richer(2 * deal->share[giver] - 1, deal->slot[giver].weight,
			       2 * deal->share[taker] + 1, deal->slot[taker].weight))
			break;
		hand_over(deal, giver, taker);
	}
	deal->dealt = taker + 1;
}

/* Returns false when nobody takes part. */
static bool deal_out(struct deal *deal, unsigned slots)
{
	bool first = true;

	memset(deal->share, 0, sizeof(deal->share));
	for (unsigned i = 0; i < slots; i++) {
		if (!takes_part(deal, i))
			continue;
		if (first) {
			for (unsigned at = deal->first; at < deal->past; at++)
				deal->owner[at] = (uint16_t)i;
			deal->share[i] = deal->past - deal->first;
			deal->dealt = i + 1;
		} else {
			deal_in(deal, i);
		}
		first = false;
	}
	return !first;
}

static void deal_by_cpu(struct deal *deal, unsigned slots)
{
	for (deal->home = 0; deal->home < deal->groups; deal->home++) {
		deal->first = BUCKETS / deal->groups * deal->home;
		deal->past = deal->first + BUCKETS / deal->groups;
		deal->at_home = true;
		if (deal_out(deal, slots))
			continue;
		deal->at_home = false;
		(void)deal_out(deal, slots);
	}
}

/* An odd stride visits all 256 buckets, each bucket's in an order of its own. */
static uint16_t stand_in(const struct deal *deal, unsigned bucket)
{
	unsigned stride = (bucket + 1) * MULTIPLIER >> 24 | 1;
	unsigned asked = bucket;

	while (!deal->slot[deal->owner[asked]].healthy)
		asked = (asked + stride) % BUCKETS;
	return deal->owner[asked];
}

static bool is_any_healthy(const struct buckets_slot *slot, unsigned slots)
{
	for (unsigned i = 0; i < slots; i++)
		if (slot[i].weight > 0 && slot[i].healthy)
			return true;
	return false;
}

uint16_t buckets_groups_for(unsigned highest)
{
	uint16_t groups = 1;

	while (groups <= highest && groups < BUCKETS)
		groups = (uint16_t)(groups * 2);
	return groups;
}

unsigned buckets_groups(const struct buckets *buckets)
{
	return buckets->groups > 0 ? buckets->groups : 1;
}

bool buckets_assign(struct buckets *buckets, enum balance balance,
		    const struct buckets_slot *slot, unsigned slots)
{
	struct deal deal = {.slot = slot,
			    .past = BUCKETS,
			    .with_sick = balance == BALANCE_IP_HASH,
			    .groups = buckets_groups(buckets)};
	bool changed = false;

	assert(slots <= BUCKETS);

	if (!is_any_healthy(slot, slots))
		return false;
	if (balance == BALANCE_CPU)
		deal_by_cpu(&deal, slots);
	else
		(void)deal_out(&deal, slots);
	for (unsigned i = 0; i < BUCKETS; i++) {
		uint16_t owner = stand_in(&deal, i);

		changed = changed || buckets->owner[i] != owner;
		buckets->owner[i] = owner;
	}
	return changed;
}

unsigned buckets_share(const struct buckets *buckets, unsigned slot)
{
	unsigned share = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		share += buckets->owner[i] == slot;
	return share;
}

/* At every turn each slot earns its share, and the richest pays one turn. */
void buckets_rotate(const struct buckets *buckets, uint16_t ret_turn[BUCKETS])
{
	int share[BUCKETS] = {0}, credit[BUCKETS] = {0};

	for (unsigned i = 0; i < BUCKETS; i++)
		share[buckets->owner[i]]++;
	for (unsigned turn = 0; turn < BUCKETS; turn++) {
		unsigned richest = 0;

		for (unsigned slot = 0; slot < BUCKETS; slot++) {
			credit[slot] += share[slot];
			if (credit[slot] > credit[richest])
				richest = slot;
		}
		credit[richest] -= BUCKETS;
		ret_turn[turn] = (uint16_t)richest;
	}
}
