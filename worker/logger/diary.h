/*
 * diary.h - lines as entries of systemd's journal, each with its app, slot and stream.
 *
 * The sink's path is the journal's socket.  Who reads it too slowly is waited for a
 * moment; what then has no room, or no journal, is dropped and counted as by a file.
 */
#ifndef WORKER_LOGGER_DIARY_H
#define WORKER_LOGGER_DIARY_H

#include "worker/logger/sink.h"
#include "worker/logger/wording.h"

/* `bytes` are whole lines, of which the last may lack its end. */
void diary_write(struct sink *sink, const struct wording *wording, const char *bytes,
		 size_t count, msec now, struct sink_news *news);

#endif
