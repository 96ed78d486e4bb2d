/*
 * beat.h - what a worker says about itself: sd_notify datagram -> value.
 *
 * Lines of KEY=VALUE as in sd_notify(3), plus X_CLUSTER_* figures.  Unknown keys are
 * ignored, as that protocol demands; a datagram that is empty, too long, has NUL bytes
 * (but for one at its end, which some senders add) or a figure that is no number is
 * garbage as a whole (-EBADMSG).
 */
#ifndef COMMON_BEAT_H
#define COMMON_BEAT_H

#include "common/base.h"

#define BEAT_BYTES   4096 /* the longest datagram that is read */
#define BEAT_STATUS  128  /* of STATUS=: cut, printable, valid UTF-8 */
#define BEAT_UNKNOWN UINT64_MAX

struct beat {
	bool ready;    /* READY=1 */
	bool watchdog; /* WATCHDOG=1 */
	bool trigger;  /* WATCHDOG=trigger */
	bool stopping; /* STOPPING=1 */
	bool barrier;  /* BARRIER=1: the sender waits until its descriptor is closed */
	bool has_status;
	char status[BEAT_STATUS];
	uint64_t extend_usec; /* EXTEND_TIMEOUT_USEC; 0: not said */
	/* X_CLUSTER_LAG_USEC and so on; BEAT_UNKNOWN: not said */
	uint64_t lag_usec, connections, requests, errors, latency_usec;
};

int beat_decode(struct beat *ret_beat, const char *bytes, size_t count);

#endif
