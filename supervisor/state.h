/*
 * state.h - what the supervisor must not forget, as bytes.
 *
 * An image is a head, with the version of whoever wrote it, and entries one after the
 * other: a key, the bytes of a record (layout.h), and a sum over both.  A later entry of
 * the same key takes the place of an earlier one, so that a change is written by adding
 * to the end; what was added counts once the head says so, in one store.  Whoever dies in
 * between leaves what was before.
 *
 * An image never leaves the machine or survives its boot: times are monotonic.  Any bytes
 * may be read; what is not an image, or was written by a version that is too far away,
 * is refused as a whole.  Pure.
 */
#ifndef SUPERVISOR_STATE_H
#define SUPERVISOR_STATE_H

#include "common/arena.h"
#include "common/fault.h"
#include "supervisor/layout.h"

#define STATE_VERSION \
	1 /* of what we write; the one before it is read, and written, too */
#define STATE_OLDEST 1
#define STATE_HEAD   32 /* bytes before the first entry */
#define STATE_MOST   ((size_t)32 << 20)

struct state_key {
	uint32_t kind;   /* enum layout_kind; others are skipped */
	uint32_t app;    /* its number; 0: of none */
	uint32_t number; /* of what it has of this kind */
};

struct state_entry {
	struct state_key key;
	const uint8_t *bytes; /* borrowed from the image */
	size_t count;
};

/* What an image says, each key once, in the order of the keys. */
struct state {
	unsigned version;
	struct state_entry *entry; /* in the arena it was read into */
	unsigned entries;
};

/* ---- writing ---- */

/* Begins an empty image in this room. */
void state_begin(uint8_t *image, unsigned version);
size_t state_used(const uint8_t *image); /* bytes; 0: it is none */
/* -ENOSPC: there is no room in `size`, and nothing was added. */
int state_add(uint8_t *image, size_t size, struct state_key key, const void *bytes,
	      size_t count);
/* From here on there is nothing of that key; of an app, neither what belongs to it. */
int state_forget(uint8_t *image, size_t size, struct state_key key);
uint64_t state_sum(const void *bytes, size_t count);

/* ---- reading ---- */

/* Valid as long as the image and the arena.  -EBADMSG with a fault. */
int state_read(struct state *ret_state, const uint8_t *image, size_t size,
	       struct arena *arena, struct fault *fault);

/* From the first entry of this kind and app on; *ret_count: how many there are. */
const struct state_entry *state_find(const struct state *state, enum layout_kind kind,
				     uint32_t app, unsigned *ret_count);

/* Into a zeroed struct of its kind. */
int state_decode(const struct state_entry *entry, void *to, struct arena *arena);

/* Do we understand all of it, so that it has the very same bytes when it is written again
 * as the version that it came from? */
int state_check(const struct state *state, struct fault *fault);

#endif
