/*
 * Dealing.  The first slot gets all buckets.  Each further one takes its share from the
 * others, one bucket at a time, always from the one who is richest for its weight, until
 * nobody would be richer than it by giving: Webster's method (highest averages, each
 * slot's first bucket free).  Unlike largest remainders it has no paradoxes: a newcomer
 * never makes anybody else's share grow, so what moves is what the newcomer takes.
 *
 * Standing in.  `random` and `hash` deal among the healthy alone.  `ip-hash` deals among
 * all; a bucket of a sick slot asks other buckets, in an order of its own that never
 * changes, and goes where the first one of a healthy slot belongs.  Thus each bucket
 * ranks the slots, with chances by weight, and gets the first healthy of its ranking
 * (rendezvous hashing): one slot's health moves only buckets that are, or become, its
 * own.
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

struct deal {
	const struct buckets_slot *slot;
	uint16_t owner[BUCKETS];
	unsigned share[BUCKETS]; /* by slot: how many it owns */
	unsigned dealt;          /* slots below this one have theirs */
};

static bool takes_part(const struct buckets_slot *slot, bool with_sick)
{
	return slot->weight > 0 && (slot->healthy || with_sick);
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
	unsigned bucket = BUCKETS - 1;

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

static void deal_all(struct deal *deal, unsigned slots, bool with_sick)
{
	bool first = true;

	for (unsigned i = 0; i < slots; i++) {
		if (!takes_part(&deal->slot[i], with_sick))
			continue;
		if (first) {
			for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
				deal->owner[bucket] = (uint16_t)i;
			deal->share[i] = BUCKETS;
			deal->dealt = i + 1;
		} else {
			deal_in(deal, i);
		}
		first = false;
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
		if (takes_part(&slot[i], false))
			return true;
	return false;
}

bool buckets_assign(struct buckets *buckets, enum balance balance,
		    const struct buckets_slot *slot, unsigned slots)
{
	struct deal deal = {.slot = slot};
	bool changed = false;

	assert(slots <= BUCKETS);

	if (!is_any_healthy(slot, slots))
		return false;
	deal_all(&deal, slots, balance == BALANCE_IP_HASH);
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
