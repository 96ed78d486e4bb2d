/*
 * entry.h - a happening as an entry of systemd's journal: pure.
 *
 * Each kind has a MESSAGE_ID of its own, made of its name, so that it stays what it is
 * and a new kind needs no list.
 */
#ifndef SUPERVISOR_ENTRY_H
#define SUPERVISOR_ENTRY_H

#include "common/buffer.h"
#include "supervisor/happening.h"

#define ENTRY_ID 33 /* 128 bits in hexadecimal, with the NUL */

void entry_id(enum happening_kind kind, char id[ENTRY_ID]);

/* All fields of it; `message` is the line that the log would have. */
void entry_put(struct buffer *entry, const struct happening *happening,
	       const char *message);

#endif
