/*
 * beat.c - fuzz target: any bytes a worker may send as a heartbeat.
 */
#include <stdlib.h>
#include <string.h>

#include "common/beat.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct beat beat;

	if (beat_decode(&beat, (const char *)bytes, size) < 0)
		return 0;
	if (size > BEAT_BYTES || !memchr(beat.status, '\0', sizeof(beat.status)))
		abort();
	for (const char *at = beat.status; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			abort();
	}
	return 0;
}
