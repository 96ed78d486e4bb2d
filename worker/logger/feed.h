/*
 * feed.h - one pipe: looked at by tee(2), written to its sink, and only then consumed.
 *
 * The supervisor holds both ends of every pipe, so whatever was not consumed is there for
 * the next logger.  What was written but not yet consumed when a logger is killed comes
 * twice; nothing is lost.  A line without its end waits in the pipe.
 */
#ifndef WORKER_LOGGER_FEED_H
#define WORKER_LOGGER_FEED_H

#include "common/buffer.h"
#include "common/logging.h"
#include "worker/logger/sink.h"

struct feed {
	struct feed *next;
	struct feed *next_ready;
	bool ready;    /* queued: there may be something to read */
	bool ended;    /* a worker has: what is there is whole */
	bool detaches; /* to be told when it is empty */
	bool over;     /* nobody writes to it any more */
	bool large;    /* its pipe was made so, or could not be */
	int fd;
	struct logging_order order; /* the last that attached it */
	struct sink *sink;
};

/* What is looked at, and the words made of it: one for all feeds. */
struct glass {
	int pipe[2]; /* to look through */
	int waste;   /* what is consumed goes here: /dev/null */
	size_t size;
	char *bytes;
	struct buffer words;
};

int glass_open(struct glass *glass);
void glass_close(struct glass *glass);

/* Takes what is there, one look at most.  Returns the bytes consumed; 0: nothing more for
 * now, or `feed->over`. */
size_t feed_take(struct feed *feed, struct glass *glass, msec now,
		 struct sink_news *news);

#endif
