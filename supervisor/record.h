/*
 * record.h - a struct as bytes that outlive the program, by a table of its fields.
 *
 * A row says where a field stands, by which tag it is known, and in which version it
 * came.  What is zero or empty is not written, so that an empty struct has no bytes; a
 * tag that no row knows is skipped.  Hence neighbouring versions read each other, and
 * the same table writes an older one: it leaves out what came later.
 *
 * The bytes may be anybody's: lengths, counts and values are held to the table, and what
 * exceeds it is -EBADMSG.  Numbers are little-endian.  Pure.
 */
#ifndef SUPERVISOR_RECORD_H
#define SUPERVISOR_RECORD_H

#include "common/arena.h"
#include "common/buffer.h"

enum record_kind {
	RECORD_NUMBER,  /* of `bytes` bytes; most: the largest value, 0: any */
	RECORD_NUMBERS, /* `most` of them in place; zeros at the end are not written */
	RECORD_CHARS,   /* char[bytes], NUL-ended */
	RECORD_TEXT,    /* const char *; NULL is not the empty text */
	RECORD_WORDS,   /* char **, ended by a NULL; most: how many */
	RECORD_STRUCT,  /* in place, of its own table */
	RECORD_POINTER, /* to one struct */
	RECORD_ARRAY,   /* `most` structs of `bytes` in place; as many as are counted */
	RECORD_LIST     /* a pointer to structs of `bytes`; most: how many */
};

#define RECORD_ALL SIZE_MAX /* nothing counts them: all of an array */

struct record_row {
	uint16_t tag; /* > 0, once in a table, for ever */
	uint16_t since;
	enum record_kind kind;
	size_t offset, bytes;
	uint64_t most;
	size_t count; /* offset of the unsigned that counts an array or a list */
	const struct record_row *row; /* of a struct */
};

/* Appends what is not zero or empty, as `version` knew it.  `row` ends with tag 0. */
void record_encode(struct buffer *out, const struct record_row *row, const void *from,
		   unsigned version);

/* Into a zeroed struct; what it points to lives in the arena.  -EBADMSG, -ENOMEM. */
int record_decode(void *to, const struct record_row *row, const void *bytes, size_t count,
		  struct arena *arena);

#endif
