#include "common/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)4096)

struct arena_block {
	struct arena_block *before;
	size_t size;
	size_t used;
	_Alignas(max_align_t) char bytes[];
};

static struct arena_block *block_new(struct arena *arena, size_t bytes)
{
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->size = size;
	block->before = arena->last;
	arena->last = block;
	return block;
}

void *arena_take(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->last;
	size_t step = _Alignof(max_align_t);
	void *memory;

	if (bytes > ARENA_MOST - arena->bytes)
		return NULL;
	bytes = (bytes + step - 1) / step * step;
	if (bytes > ARENA_MOST - arena->bytes)
		return NULL;
	if (!block || bytes > block->size - block->used)
		block = block_new(arena, bytes);
	if (!block)
		return NULL;

	memory = block->bytes + block->used;
	block->used += bytes;
	arena->bytes += bytes;
	return memory;
}

char *arena_text(struct arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = arena_take(arena, size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;
	text = arena_take(arena, (size_t)length + 1);
	if (!text)
		return NULL;

	va_start(arguments, format);
	(void)vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void arena_free(struct arena *arena)
{
	while (arena->last) {
		struct arena_block *block = arena->last;

		arena->last = block->before;
		free(block);
	}
	arena->bytes = 0;
}
