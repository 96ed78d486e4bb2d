/*
 * figures.h - what the worker measures of itself and says with each beat.
 *
 * Beats come from the loop that serves, so that a stuck loop is a silent one.  Its lag is
 * the longest time between two looks at the world: the wait of whoever came just after
 * the first.  Microseconds, since a healthy lag is far below a millisecond.
 */
#ifndef WORKER_HTTP_FIGURES_H
#define WORKER_HTTP_FIGURES_H

#include <ev.h>

#include "common/base.h"
#include "worker/libclusterworker/cluster_worker.h"

struct figures {
	struct ev_loop *loop;
	ev_check woken;    /* the loop has looked at the world */
	ev_prepare sleeps; /* it is about to look again */
	ev_timer beat;
	const unsigned *connections; /* borrowed: open now */
	uint64_t woken_usec;
	uint64_t lag_usec;    /* longest since the last beat */
	uint64_t requests;    /* answered since the start */
	uint64_t errors;      /* of these, by our fault */
	uint64_t recent;      /* answered since the last beat */
	uint64_t recent_usec; /* how long these took in sum */
};

uint64_t figures_clock(void); /* monotonic, in microseconds */

void figures_start(struct figures *figures, struct ev_loop *loop,
		   const unsigned *connections);
void figures_stop(struct figures *figures);
void figures_stop_beating(struct figures *figures);

/* A request, begun at `began_usec`, is answered with this HTTP status. */
void figures_count(struct figures *figures, unsigned status, uint64_t began_usec);

/* What to say now; begins the next span for lag and latency. */
struct cluster_figures figures_take(struct figures *figures);

#endif
