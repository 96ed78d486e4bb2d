/*
 * lookout.h - asks the supervisor what there is, when somebody wants to know.
 *
 * A worker whose app may read the control socket (`control = "read"`) asks the broker for
 * a connection, and on it for a List.  An answer is good for a moment, so that many who
 * ask cost the supervisor no more than a few; nobody asks, nothing happens.  A supervisor
 * that is just being replaced is asked again until patience ends.  Nothing here blocks.
 */
#ifndef WORKER_HTTP_LOOKOUT_H
#define WORKER_HTTP_LOOKOUT_H

#include <ev.h>

#include "worker/http/snapshot.h"

/* Somebody who waits; `told` is called once, with NULL if there was no answer. */
struct lookout_guest {
	struct lookout_guest *next;
	void (*told)(struct lookout_guest *guest, const struct snapshot *snapshot);
};

enum lookout_stage {
	LOOKOUT_APART,   /* no connection */
	LOOKOUT_DIALING, /* the broker was asked for one */
	LOOKOUT_IDLE,    /* there is one */
	LOOKOUT_ASKING   /* and a question on it */
};

struct lookout {
	struct ev_loop *loop;
	const char *broker; /* the path of its socket, borrowed */
	enum lookout_stage stage;
	ev_io readable;
	ev_timer patience; /* of those who wait */
	ev_timer again;    /* when the supervisor could not be asked */
	struct buffer in;
	struct snapshot last, coming;
	msec heard;          /* when `last`, or that there is no answer, became known */
	const char *trouble; /* why there is no answer; NULL: there is */
	struct lookout_guest *guests;
};

void lookout_init(struct lookout *lookout, struct ev_loop *loop, const char *broker);
void lookout_fini(struct lookout *lookout); /* nobody waits any more */

/* Tells the guest: now, if an answer is fresh, else as soon as there is one. */
void lookout_ask(struct lookout *lookout, struct lookout_guest *guest);

#endif
