/*
 * depth.h - which slots new connections should avoid because their queue grows.
 *
 * A worker that is stuck leaves connections waiting in its slot's accept queue, whether
 * it beats or not.  From samples of all queues of an app taken together: a slot that
 * stands out is crowded, until its queue is empty again.  Never more than half of those
 * that take part, and nobody where all are alike: a slow database is not a sick worker.
 * Pure; what is not sampled does not change.
 */
#ifndef SUPERVISOR_CORE_DEPTH_H
#define SUPERVISOR_CORE_DEPTH_H

#include "common/base.h"

#define DEPTH_SLOTS 256

/* Samples in a row after which a slot is avoided.  Clients that should stay with their
 * worker wait for it a while: a pause is no reason to part. */
#define DEPTH_PATIENCE        2
#define DEPTH_STICKY_PATIENCE 25

/* All zeros: in, and nothing known against it. */
struct depth_slot {
	bool crowded;
	uint8_t streak; /* samples in a row that speak for the other verdict */
	msec since;     /* of the verdict "crowded" */
};

struct depth_sample {
	bool takes_part; /* it would get connections but for its queue */
	unsigned depth;  /* connections that wait */
	msec beat;       /* when its worker beat last; MSEC_NEVER: it does not beat */
};

/* One sample of all slots at one time.  Returns true when a verdict changed. */
bool depth_judge(struct depth_slot *slot, const struct depth_sample *sample,
		 unsigned slots, unsigned patience, msec now);

/* One more sample may see somebody avoided: it should be taken soon. */
bool depth_doubts(const struct depth_slot *slot, unsigned slots, unsigned patience);

#endif
