/*
 * sample.h - readings of a worker from /proc, taken when somebody asks.
 *
 * Every file is read once and within bounds.  The caller makes sure that the pid is still
 * its worker's: it is, until the worker is collected.
 */
#ifndef SUPERVISOR_SAMPLE_H
#define SUPERVISOR_SAMPLE_H

#include <sys/types.h>

#include "common/base.h"

struct sample {
	uint64_t rss_bytes;
	uint64_t cpu_usec; /* user + system since its start */
};

/* Negative errno: -ENOENT or -ESRCH when there is no such process. */
int sample_read(pid_t pid, struct sample *ret_sample);

/* The inodes of the sockets that it has open, one by one.  Negative errno: not ours to
 * look at, or gone. */
int sample_sockets(pid_t pid, void (*found)(uint32_t inode, void *context),
		   void *context);

/* Evidence of a hang: "sleeping in do_poll, 17 fds, 4 threads"; what cannot be read, as
 * the rights may be missing, is left out.  Bounded text, always ended. */
void sample_evidence(pid_t pid, char *text, size_t size);

#endif
