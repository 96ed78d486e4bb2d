/*
 * lean.h - how much more or less than its weight each slot should get, by its load.
 *
 * For `least-conn` and `least-latency`.  Workers say with their beats how loaded they
 * are; each figure is smoothed, and whoever carries half of what the one in the middle
 * does gets twice as much.  Nobody gets less than a quarter or more than four times its
 * weight: who gets nothing could not show that it is well again.  Who says nothing counts
 * as the one in the middle, and so does a worker that is new.
 *
 * A load that grows with the share makes this a loop, and the smoothing is what keeps it
 * from swinging: it is slower than the looks.  Differences of an eighth change nothing.
 * Pure; it acts when it is told something, and never by itself.
 */
#ifndef SUPERVISOR_CORE_LEAN_H
#define SUPERVISOR_CORE_LEAN_H

#include "common/base.h"

#define LEAN_SLOTS 256
#define LEAN_LOOK  1000 /* ms between two looks, and so at least between two changes */
#define LEAN_LEAST 16
#define LEAN_EVEN  64 /* the factor of who carries what the one in the middle does */
#define LEAN_MOST  256

/* All zeros: nothing is known, everybody is even. */
struct lean {
	msec looked;
	uint64_t middle; /* load, as of then; 0: of nobody yet */
	struct lean_slot {
		uint64_t worker; /* whose load it is; 0: unknown */
		uint64_t load;   /* smoothed */
		msec heard;
		unsigned factor; /* in force; 0: even */
	} slot[LEAN_SLOTS];
};

/* `worker` tells those apart who sit in the slot one after the other; neither it nor the
 * load is 0. */
void lean_hear(struct lean *lean, unsigned slot, uint64_t worker, uint64_t load,
	       msec now);
/* Returns true when factors changed. */
bool lean_look(struct lean *lean, unsigned slots, msec now);
unsigned lean_factor(const struct lean *lean, unsigned slot);

#endif
