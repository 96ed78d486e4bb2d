/*
 * buffer.h - bytes that come and go: a bounded queue for one end of a connection.
 *
 * Appended at the back, dropped from the front.  What would exceed `most`, or the memory
 * there is, is not appended and leaves the buffer broken; so a whole message can be
 * written without a look at every step, and taken back (buffer_cut) when it did not fit.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include "common/base.h"

struct buffer {
	char *bytes;
	size_t count; /* bytes that wait */
	size_t size;  /* bytes there is room for */
	size_t most;
	bool broken; /* something was not appended */
};

void buffer_init(struct buffer *buffer, size_t most);
void buffer_free(struct buffer *buffer); /* accepts a zeroed one */

void buffer_append(struct buffer *buffer, const void *bytes, size_t count);
void buffer_append_text(struct buffer *buffer, const char *text);

/* The first `count` bytes are done with. */
void buffer_drop(struct buffer *buffer, size_t count);
/* Takes back what came after the first `count` bytes; the buffer is whole again. */
void buffer_cut(struct buffer *buffer, size_t count);

/* Reads what the descriptor has: how many bytes, 0 at the end, a negative errno (-EAGAIN:
 * nothing now), or -ENOBUFS when the buffer is full. */
int buffer_read(struct buffer *buffer, int fd);
/* Writes what the descriptor takes without waiting, and drops it: 0 or a negative errno.
 * A peer that is gone is -EPIPE, never a signal: `fd` is a socket. */
int buffer_write(struct buffer *buffer, int fd);

#endif
