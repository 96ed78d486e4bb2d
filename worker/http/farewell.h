/*
 * farewell.h - ends connections so that the peer can read our last answer.
 *
 * close(2) with unread bytes in the receive queue, or bytes that arrive after it, makes
 * the kernel send a reset, and a reset may overtake the answer in the peer's hands.  So
 * we say that we are done writing, read until the peer closes too, and only then close.
 * Bounded in time and in number.
 */
#ifndef WORKER_HTTP_FAREWELL_H
#define WORKER_HTTP_FAREWELL_H

#include <ev.h>

#include "common/base.h"

struct farewells {
	struct ev_loop *loop;
	unsigned count;         /* of connections that linger now */
	void (*on_end)(void *); /* called after each that ended */
	void *owner;
};

/*
 * Ends the connection.  `fd` stays the caller's, who closes it right after; what lingers
 * is a duplicate.  `certain`: the peer has promised to send no more.
 */
void farewell_begin(struct farewells *farewells, int fd, bool certain);

#endif
