/*
 * packer.h - one child at a time that packs rotated files, out of the way of the lines.
 */
#ifndef WORKER_LOGGER_PACKER_H
#define WORKER_LOGGER_PACKER_H

#include <sys/types.h>

#include "worker/logger/sink.h"

struct packer {
	pid_t pid;           /* 0: none */
	const char *program; /* ourselves */
	char path[ROTATION_NAME];
};

/* Begins with the next file that is to be packed, unless one is. */
void packer_work(struct packer *packer, struct sink *sinks);
/* A child has ended.  Returns 0, or a negative errno: what is in `path` stays plain. */
int packer_reap(struct packer *packer, struct sink *sinks);
void packer_end(struct packer *packer);

#endif
