/*
 * heartbeat.h - the notify socket of one slot: datagrams with kernel credentials.
 *
 * One bound Unix datagram socket per slot, mode 0666 (workers may run as other users; the
 * sender is judged by credentials), so that one worker's flood never delays another's
 * beat.  Descriptors sent along are dropped by the kernel, since no room is made for
 * them: they never enter our table, and whoever waits for a barrier goes on.  Reads never
 * block.
 */
#ifndef SUPERVISOR_HEARTBEAT_H
#define SUPERVISOR_HEARTBEAT_H

#include <sys/types.h>
#include <sys/un.h>

#include "common/beat.h"
#include "common/fault.h"

#define HEARTBEAT_TURN  64   /* datagrams read in one turn of the loop */
#define HEARTBEAT_FLOOD 1000 /* a second: above, the socket is paused for 100 ms */

struct heartbeat {
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty: not open */
	msec window;        /* the second that is counted began here */
	unsigned in_window; /* datagrams */
	uint64_t received, garbage;
	uint64_t strangers; /* counted by the caller, who knows the worker */
};

/* Removes what a former supervisor left at `path`. */
int heartbeat_open(struct heartbeat *heartbeat, const char *path, struct fault *fault);
/* A socket to send beats by, for programs that can't make one; -errno. */
int heartbeat_connect(const struct heartbeat *heartbeat);
void heartbeat_close(struct heartbeat *heartbeat); /* accepts a zeroed one */

/* The next datagram: 1 and its sender, 0 when none waits, -EBADMSG for garbage (counted,
 * read on), other negative errno.  One that is left unread wakes the loop again. */
int heartbeat_read(struct heartbeat *heartbeat, struct beat *ret_beat, pid_t *ret_sender);

/* Counts what came against HEARTBEAT_FLOOD: true when the socket must be paused. */
bool heartbeat_floods(struct heartbeat *heartbeat, unsigned count, msec now);

#endif
