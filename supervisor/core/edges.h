/*
 * edges.h - the life of a worker as one table: phase x stimulus.
 *
 * The story: starting, then serving; retired, it is unrouted first, then told to stop,
 * and killed if it will not.  How long it is left unrouted is its way to go: until its
 * queue is empty, or quietly, until its connections are at rest too.  A missing beat
 * makes it late (steered away), a long silence aborts it, for the evidence, and then
 * kills it.  A pair that the table does not name changes nothing: a beat of a vacant seat
 * is late news, not an error.  TERM is ordered only on the way into `stopping`, hence
 * once in a worker's life.  Whatever is not yet on its way out and ends unasked is
 * judged, once: no edge out of the last three phases is.
 */
#ifndef SUPERVISOR_CORE_EDGES_H
#define SUPERVISOR_CORE_EDGES_H

#include "common/base.h"
#include "supervisor/core/core.h"

enum stimulus {
	STIMULUS_READY,
	STIMULUS_BEAT,
	STIMULUS_LEAVE,    /* STOPPING=1 */
	STIMULUS_TRIGGER,  /* WATCHDOG=trigger */
	STIMULUS_EXIT,     /* reaped, or never born */
	STIMULUS_DEADLINE, /* of its phase */
	STIMULUS_UNROUTED, /* nothing waits for it any more */
	STIMULUS_RETIRE,   /* it goes quietly: its sockets have no heir */
	STIMULUS_REPLACE,  /* its sockets have an heir, or are to wait for one: at once */
	STIMULUS_STAY,     /* its slot is wanted again */
	STIMULI
};

struct edge {
	bool moves; /* false: nothing happens */
	enum worker_phase to;
	bool orders;
	enum core_action_kind order;
	bool notes;
	enum core_note note;
	bool judged; /* an end against our will: see verdict.h */
};

const struct edge *edge_find(enum worker_phase phase, enum stimulus stimulus);

#endif
