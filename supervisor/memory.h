/*
 * memory.h - the state (state.h) in memory that outlives us: a memfd of two halves.
 *
 * Whoever keeps its descriptor can read it when we are gone.  One half is an image, to
 * which changes are added; when it is full, all is written anew into the other, and the
 * first page says which counts, in one store.  The file is sealed in size: who maps it
 * cannot be made to fault.  When both are too small, there is a new memory.
 */
#ifndef SUPERVISOR_MEMORY_H
#define SUPERVISOR_MEMORY_H

#include "supervisor/state.h"

#define MEMORY_LEAST ((size_t)32 << 10) /* bytes of a half */

struct memory {
	int fd; /* owned; -1: there is none */
	uint8_t *map;
	size_t half_bytes;
	uint8_t *image;   /* what counts */
	uint8_t *another; /* where the other half is written anew; NULL: it is not */
};

#define MEMORY_NONE ((struct memory){.fd = -1})

int memory_open(struct memory *memory, size_t half_bytes, struct fault *fault);
/* One that somebody else left, to be read; the descriptor is ours from here on, closed if
 * it fails. */
int memory_take(struct memory *memory, int fd, struct fault *fault);
/* What is in it now, in a file of its own that can be taken as well; -1: none could be
 * made. */
int memory_copy(const struct memory *memory);
void memory_close(struct memory *memory); /* accepts MEMORY_NONE */

/* Adds to what counts, or to what is being written anew; bytes NULL: it is forgotten.
 * -ENOSPC. */
int memory_add(struct memory *memory, struct state_key key, const void *bytes,
	       size_t count);

void memory_begin(struct memory *memory);  /* the other half, empty */
void memory_commit(struct memory *memory); /* which counts from here on */
/* Bytes of the half that is written to. */
size_t memory_used(const struct memory *memory);

#endif
