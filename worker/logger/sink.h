/*
 * sink.h - one log file: written by whole lines, rotated, and doing without when it
 * cannot be written.
 *
 * Several feeds may share a sink; it is known by its path.  A file that cannot be written
 * is tried again at intervals, and meanwhile its lines are dropped and counted, since
 * nobody may wait for a disk.  What is upkeep (which rotated files go, which are to be
 * packed) happens beside.
 */
#ifndef WORKER_LOGGER_SINK_H
#define WORKER_LOGGER_SINK_H

#include "common/logging.h"
#include "worker/logger/rotation.h"

struct sink {
	struct sink *next;
	unsigned users;      /* feeds */
	const void *unended; /* whose line has no end yet; NULL: there is none such */
	int fd;              /* -1: not open */
	bool is_journal;     /* a socket, of diary.h */
	uint64_t size;
	msec begun; /* by the wall clock */
	struct logging_rules rules;
	bool packs;   /* there may be rotated files to pack, or too many */
	bool resumes; /* the one before us may have died in the middle of a write */
	int failing;  /* a negative errno; 0: it can be written */
	msec again;   /* when to try, then */
	msec nap;     /* before this no rotation is tried */
	int trouble;  /* with it, that was told */
	struct {
		uint64_t lines, bytes;
	} lost; /* since it fails */
	char last[ROTATION_STAMP + 1];
	char path[LOGGING_PATH];
};

/* What a call found out that others should know. */
struct sink_news {
	bool failed, recovered;
	int trouble;           /* a negative errno of the upkeep */
	uint64_t lines, bytes; /* lost, up to the recovery */
};

struct sink *sink_need(struct sink **list, const char *path,
		       const struct logging_rules *rules, bool resumes);
void sink_leave(struct sink **list, struct sink *sink); /* by one of its users */

/* `bytes` are whole lines, but for a piece of one that is too long; another `writer` then
 * begins a line of his own.  All are taken: written, or dropped and counted. */
void sink_write(struct sink *sink, const void *writer, const char *bytes, size_t count,
		msec now, struct sink_news *news);
/* For diary.h, too: what becomes of lines that cannot be written. */
bool sink_may_try(const struct sink *sink, msec now);
void sink_lose(struct sink *sink, const char *bytes, size_t count);
void sink_fail(struct sink *sink, int code, msec now, struct sink_news *news);
void sink_recover(struct sink *sink, struct sink_news *news);

void sink_reopen(struct sink *sink, msec now, struct sink_news *news);
void sink_flush(struct sink *sink, struct sink_news *news);

#endif
