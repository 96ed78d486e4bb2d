/*
 * traffic.h - is a connection at rest, by what the kernel knows of it?
 *
 * Who serves it is not asked.  At rest is where nothing waits to be read or to be sent,
 * and what went out went after what came in, some time ago: a request that was heard is
 * in hand until its answer begins, and an answer until it has paused that long.  Pure.
 */
#ifndef SUPERVISOR_CORE_TRAFFIC_H
#define SUPERVISOR_CORE_TRAFFIC_H

#include "common/base.h"

#define TRAFFIC_REST 1000 /* ms since the last data went out */

struct traffic {
	uint32_t unread, unsent; /* bytes */
	msec received, sent;     /* ms since then; of a new one, since it was made */
};

bool traffic_rests(const struct traffic *traffic);

#endif
