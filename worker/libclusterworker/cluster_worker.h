/*
 * cluster_worker.h - what a program says to be a good worker under clusterd.
 *
 *	int sockets = cluster_listen();      take the listening sockets: fds 3, 4, ...
 *	cluster_ready();                     I accept connections now
 *	cluster_beat(&figures);              I live; from a timer of my event loop
 *	cluster_draining();                  I was told to go and accept no more
 *	cluster_done(&figures);              all is answered; the next thing I do is exit
 *
 * What travels is sd_notify(3) text, so the program serves under systemd just as well.
 * Without either (started by hand, in a test, in a container) every call is a harmless
 * no-op that returns 0: a worker needs no second code path.
 *
 * No call blocks, ever, and only the first one allocates.  Each returns what it has to
 * say, a negative errno on failure.  No failure is a reason to stop serving; most
 * programs ignore all results but that of cluster_listen().
 *
 * Threads: make the first call, whichever it is, before you start any: it takes all that
 * was meant for us out of the environment, so that our children don't speak for us.  Then
 * cluster_ready, cluster_status, cluster_notify and cluster_draining may be called from
 * any thread.  cluster_beat and cluster_done belong to the one thread that runs the event
 * loop: a beat from a side thread would vouch for a loop it cannot see.  None of them is
 * for signal handlers.
 *
 * Needs libc only.  C99 or later, and C++.
 */
#ifndef CLUSTER_WORKER_H
#define CLUSTER_WORKER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLUSTER_LISTEN_FIRST 3    /* the first listening socket, if there is one */
#define CLUSTER_NOTIFY_MAX   4095 /* bytes of one message, without the final NUL */

/* "I do not measure this": a figure left out of the message. */
#define CLUSTER_UNKNOWN 0xffffffffffffffffu

/* All are whole numbers from 0 to 2^64 - 2; CLUSTER_UNKNOWN leaves one out. */
struct cluster_figures {
	uint64_t lag_usec;     /* longest wait of the event loop since the last beat */
	uint64_t connections;  /* open now */
	uint64_t requests;     /* answered since the worker started */
	uint64_t errors;       /* of these: failed by our fault (HTTP: 5xx) */
	uint64_t latency_usec; /* of requests answered since the last beat: their mean */
};

#define CLUSTER_FIGURES_UNKNOWN                                                     \
	{                                                                           \
		CLUSTER_UNKNOWN, CLUSTER_UNKNOWN, CLUSTER_UNKNOWN, CLUSTER_UNKNOWN, \
			CLUSTER_UNKNOWN                                             \
	}

/*
 * How many listening sockets the supervisor lent us; they are CLUSTER_LISTEN_FIRST and
 * up, close-on-exec from now on.  They are non-blocking and shared with whoever served
 * before us and will serve after us, so neither shutdown(2) them nor change their flags.
 * Close them at will, but take them out of an epoll set first: it would go on reporting
 * them, since the supervisor holds them open.
 *
 * 0: nobody lent any (or they are meant for another process); -EINVAL: the environment
 * makes no sense; -EBADF: it speaks of a descriptor that is not open.  May be called
 * again and says the same again.
 */
int cluster_listen(void);

/* The name of one of these sockets, or NULL; valid until cluster_done(). */
const char *cluster_listen_name(int fd);

/*
 * How often to call cluster_beat(), in microseconds; 0: nobody waits for beats.  It is
 * half of WATCHDOG_USEC, as sd_watchdog_enabled(3) recommends.
 */
uint64_t cluster_beat_interval(void);

/*
 * All that follow return 1 when the message is on its way, 0 when nobody listens, or
 *	-EAGAIN        the supervisor's queue is full; the message is dropped, not kept
 *	-ENOENT        no socket where NOTIFY_SOCKET says (the supervisor is gone)
 *	-ECONNREFUSED  a socket, but nobody behind it
 *	-EAFNOSUPPORT  NOTIFY_SOCKET is neither a path nor an abstract (@) address
 *	-E2BIG         NOTIFY_SOCKET is longer than an address can be
 *	or what socket(2) and sendto(2) may fail with.  The next call tries anew.
 */

/*
 * I accept connections now.  Like cluster_draining(), it is said again with the next beat
 * if the queue was full.
 */
int cluster_ready(void);

/*
 * I live.  Call it from a timer of your event loop every cluster_beat_interval().  Where
 * lag_usec is unknown (or figures is NULL), the lateness of that timer is reported
 * instead.
 */
int cluster_beat(const struct cluster_figures *figures);

/* One line for people, shown beside the worker; -EINVAL if it holds a line break. */
int cluster_status(const char *text);

/* I was told to go: I accept no further connection and answer what is in flight. */
int cluster_draining(void);

/*
 * All is answered and the process is about to exit.  Sends the last figures (NULL: none)
 * and closes the library's own socket, not the listening ones.  After it nothing is sent
 * any more and the calls that send return 0.
 */
int cluster_done(const struct cluster_figures *last);

/*
 * For the rest of sd_notify(3), such as "EXTEND_TIMEOUT_USEC=5000000": lines of
 * KEY=VALUE.  -EMSGSIZE if longer than CLUSTER_NOTIFY_MAX.
 */
int cluster_notify(const char *message);

#ifdef __cplusplus
}
#endif

#endif
