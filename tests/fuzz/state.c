/*
 * state.c - fuzz target: whatever a supervisor may find in the place of the state.  The
 * input is an image; so that mutations get past the sums, it is also taken for the bytes
 * of one record of each kind.  What is understood is written and understood as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "supervisor/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_again(const struct layout *layout, const void *from, struct buffer *out)
{
	buffer_init(out, STATE_MOST);
	record_encode(out, layout->row, from, STATE_VERSION);
	if (out->broken)
		abort();
}

static void try_record(const struct layout *layout, const uint8_t *bytes, size_t size)
{
	struct arena arena = {0};
	struct buffer once, twice;
	void *one = calloc(1, layout->bytes), *other = calloc(1, layout->bytes);

	if (record_decode(one, layout->row, bytes, size, &arena) == 0) {
		write_again(layout, one, &once);
		if (record_decode(other, layout->row, once.bytes, once.count, &arena) < 0)
			abort();
		write_again(layout, other, &twice);
		if (once.count != twice.count ||
		    (once.count > 0 && memcmp(once.bytes, twice.bytes, once.count) != 0))
			abort();
		buffer_free(&once);
		buffer_free(&twice);
	}
	arena_free(&arena);
	free(one);
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena arena = {0};
	struct state state;
	uint8_t *image = aligned_alloc(8, (size + 64) / 8 * 8);

	memcpy(image, bytes, size);
	if (state_read(&state, image, size, &arena, NULL) == 0)
		(void)state_check(&state, NULL);
	for (uint32_t kind = LAYOUT_SUPERVISOR + 1; kind < LAYOUT_KINDS; kind++)
		try_record(layout_find(kind), bytes, size);
	arena_free(&arena);
	free(image);
	return 0;
}
