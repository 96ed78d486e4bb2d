/*
 * arena.h - memory that lives and dies together.
 *
 * A configuration is one arena: built once, const after birth, freed whole.  A zeroed
 * arena is an empty one.  What one can take is bounded, so that no input can make it grow
 * without end.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include "common/base.h"

#define ARENA_MOST ((size_t)64 << 20) /* bytes that one arena hands out at most */

struct arena_block;

struct arena {
	struct arena_block *last;
	size_t bytes; /* handed out */
};

/* Zeroed memory, aligned for any type; NULL: out of memory, or over ARENA_MOST. */
void *arena_take(struct arena *arena, size_t bytes);
char *arena_text(struct arena *arena, const char *text);
char *arena_print(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
void arena_free(struct arena *arena); /* accepts a zeroed one, and leaves one */

#endif
