/*
 * probe.h - one question to one slot: does whoever sits there answer by HTTP, or accept?
 *
 * Connects from the slot's own address, so that nobody else can answer.  Never waits: the
 * caller watches the descriptor and the time.  Of an answer only the status is looked at;
 * the rest is read and thrown away, up to a bound, so that a worker's answer is not cut
 * off under its hands.
 *
 * The kernel connects us whoever sleeps behind the socket.  So to be accepted is shown by
 * what only the worker can do: we hang up first, and wait for it to do the same, or to
 * say anything.
 */
#ifndef SUPERVISOR_PROBE_H
#define SUPERVISOR_PROBE_H

#include "common/address.h"
#include "common/http.h"

struct probe {
	int fd;         /* -1: none under way */
	bool connected; /* and asked, or hung up */
	int refused;    /* a negative errno that connect() told at once */
	char *path;     /* owned; NULL: to be accepted is all that is asked for */
	char host[ADDRESS_TEXT];
	char status_line[16]; /* its beginning */
	size_t read;          /* bytes, in all */
	int status;           /* once it is known */
};

enum probe_state { PROBE_WAITS, PROBE_PASSED, PROBE_FAILED };

/* 0; or a negative errno when nothing could be tried, which says nothing of the worker.
 * The listener has a socket for each slot, and slots' own addresses. */
int probe_begin(struct probe *probe, const struct address *listener, unsigned slot,
		const char *path);

/* Does what can be done without waiting.  Where it fails, `fault` says how. */
enum probe_state probe_continue(struct probe *probe, struct fault *fault);

/* Its time is over: what is known by now is what counts. */
enum probe_state probe_expire(struct probe *probe, struct fault *fault);

/* Accepts one that is not under way. */
void probe_end(struct probe *probe);

#endif
