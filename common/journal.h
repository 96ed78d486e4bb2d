/*
 * journal.h - entries of systemd's journal, by its native protocol.
 *
 * An entry is a datagram of fields; what is too large for one goes in a sealed file.  The
 * journal adds by itself who sent it.  Names are upper case letters, digits and `_`; the
 * values may be any bytes.  Nothing here waits: an entry that cannot be sent now is the
 * caller's to give up, or to say elsewhere.
 */
#ifndef COMMON_JOURNAL_H
#define COMMON_JOURNAL_H

#include "common/buffer.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Is this descriptor what JOURNAL_STREAM says: a stream to the journal, from systemd? */
bool journal_is_behind(int fd);

/* A socket to the journal, for journal_send; a negative errno (-ENOENT: there is none).
 */
int journal_open(const char *path);

/* A field behind those that are there. */
void journal_put(struct buffer *entry, const char *name, const void *value, size_t bytes);
void journal_put_text(struct buffer *entry, const char *name, const char *text);
void journal_put_number(struct buffer *entry, const char *name, int64_t number);

/* 0, or a negative errno: -EAGAIN, it reads too slowly; -ECONNREFUSED and others, it is
 * gone, and what comes back is found by a new journal_open. */
int journal_send(int fd, const struct buffer *entry);

#endif
