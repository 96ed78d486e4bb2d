#include "supervisor/core/lean.h"

#include <assert.h>

#define LOAD_MOST  ((uint64_t)1 << 40) /* leaves room for what is computed with it */
#define SMOOTHING  2000                /* ms after which half of a figure is new */
#define HYSTERESIS 8                   /* a change is more than one in so many */

static uint64_t smooth(uint64_t before, uint64_t load, msec since)
{
	uint64_t span = since < 0 ? 0 : (uint64_t)since;

	if (span > LEAN_LOOK * 1000)
		return load;
	return (before * SMOOTHING + load * span) / (SMOOTHING + span);
}

void lean_hear(struct lean *lean, unsigned slot, uint64_t worker, uint64_t load, msec now)
{
	struct lean_slot *it = &lean->slot[slot];

	assert(slot < LEAN_SLOTS && worker != 0 && load != 0);

	if (load > LOAD_MOST)
		load = LOAD_MOST;
	if (it->worker == worker)
		it->load = smooth(it->load, load, now - it->heard);
	else
		it->load = lean->middle > 0 ? lean->middle : load;
	it->worker = worker;
	it->heard = now;
}

/* The lower of two in the middle; 0: nobody said anything. */
static uint64_t find_middle(const struct lean_slot *slot, unsigned slots)
{
	uint64_t middle = 0;
	unsigned known = 0;

	for (unsigned i = 0; i < slots; i++)
		known += slot[i].worker != 0;
	for (unsigned i = 0; i < slots; i++) {
		unsigned below = 0, same = 0;

		for (unsigned j = 0; j < slots; j++) {
			below += slot[j].worker != 0 && slot[j].load < slot[i].load;
			same += slot[j].worker != 0 && slot[j].load == slot[i].load;
		}
		if (slot[i].worker != 0 && 2 * below < known &&
		    2 * (below + same) >= known)
			middle = slot[i].load;
	}
	return middle;
}

static unsigned find_factor(const struct lean_slot *slot, uint64_t middle)
{
	uint64_t factor;

	if (slot->worker == 0)
		return LEAN_EVEN;
	factor = (LEAN_EVEN * middle + slot->load / 2) / slot->load;
	if (factor < LEAN_LEAST)
		return LEAN_LEAST;
	return factor < LEAN_MOST ? (unsigned)factor : LEAN_MOST;
}

static bool differs(unsigned before, unsigned factor)
{
	unsigned difference = before < factor ? factor - before : before - factor;

	return difference * HYSTERESIS > before;
}

bool lean_look(struct lean *lean, unsigned slots, msec now)
{
	unsigned factor[LEAN_SLOTS];
	bool changed = false;

	assert(slots <= LEAN_SLOTS);

	if (now - lean->looked < LEAN_LOOK)
		return false;
	lean->looked = now;
	lean->middle = find_middle(lean->slot, slots);
	for (unsigned i = 0; i < slots; i++) {
		factor[i] = find_factor(&lean->slot[i], lean->middle);
		changed = changed || differs(lean_factor(lean, i), factor[i]);
	}
	for (unsigned i = 0; i < slots && changed; i++)
		lean->slot[i].factor = factor[i];
	return changed;
}

unsigned lean_factor(const struct lean *lean, unsigned slot)
{
	unsigned factor = lean->slot[slot].factor;

	return factor > 0 ? factor : LEAN_EVEN;
}
