/*
 * wording.h - what workers write, line by line, as it stands in a log.
 *
 * Raw bytes are as they came.  Prefixed lines begin with the time, the app and the slot;
 * JSON has an object a line, whose text is always UTF-8 whatever the bytes were.  Pure.
 */
#ifndef WORKER_LOGGER_WORDING_H
#define WORKER_LOGGER_WORDING_H

#include "common/buffer.h"
#include "common/logging.h"

struct wording {
	enum logging_format format;
	const char *app;
	unsigned slot;
	enum logging_stream stream;
	msec wall; /* when it was read */
};

/* Of `count` bytes those that are to be taken now: whole lines; all of them when no more
 * can wait (`full`) or come (`ended`). */
size_t wording_measure(const char *bytes, size_t count, bool full, bool ended);

/* Appends these lines, not raw; a last one without a newline gets one. */
void wording_append(const struct wording *wording, const char *bytes, size_t count,
		    struct buffer *to);

#endif
