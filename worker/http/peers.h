/*
 * peers.h - who is connected, who waits for an answer, and who has been idle for how
 * long.
 *
 * One row for each descriptor, so nothing is allocated for a connection.  A peer is busy
 * from the end of its request's head to the end of our answer; else it is idle, be it
 * silent or in the middle of a head.
 */
#ifndef WORKER_HTTP_PEERS_H
#define WORKER_HTTP_PEERS_H

#include "common/base.h"

struct peer {
	bool open;
	bool busy;
	bool leaves;     /* has said that it sends no further request */
	bool dismissed;  /* we read nothing more from it */
	msec idle_since; /* while not busy */
};

struct peers {
	struct peer *row; /* owned; by descriptor */
	int rows;
	int used;      /* all rows from here on are closed */
	unsigned open; /* how many are */
};

int peers_init(struct peers *peers, int rows);
void peers_fini(struct peers *peers);

/* NULL: the descriptor is beyond the last row. */
struct peer *peers_open(struct peers *peers, int fd, msec now);
void peers_close(struct peers *peers, int fd); /* harmless a second time */

/*
 * Dismisses those that have been silent for `patience`, or idle for twice that, however
 * slowly a head may come: shuts their receiving side, which the HTTP library takes for
 * their farewell.  A request that has reached us by then is still read and answered.
 * `from`: idleness counts only from then on.
 */
void peers_dismiss_idle(struct peers *peers, msec from, msec patience, msec now);

#endif
