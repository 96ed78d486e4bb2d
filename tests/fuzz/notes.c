/*
 * notes.c - fuzz target: whatever stands in the file of the notes.  What is understood is
 * written and understood again as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "supervisor/notes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct notes one = {0}, again = {0};
	struct buffer text, twice;

	if (notes_decode(&one, (const char *)bytes, size, NULL) < 0)
		return 0;
	buffer_init(&text, (size_t)64 << 20);
	buffer_init(&twice, (size_t)64 << 20);
	notes_encode(&one, &text);
	if (notes_decode(&again, text.bytes, text.count, NULL) < 0)
		abort();
	notes_encode(&again, &twice);
	if (text.broken || text.count != twice.count ||
	    memcmp(text.bytes, twice.bytes, text.count) != 0)
		abort();
	buffer_free(&text);
	buffer_free(&twice);
	notes_free(&one);
	notes_free(&again);
	return 0;
}
