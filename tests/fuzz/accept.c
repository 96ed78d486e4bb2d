/*
 * accept.c - fuzzes what a client may send as Accept when it asks for metrics.
 *
 * Whatever is said, one of the formats is chosen, and the same when it is said twice: of
 * two equal wishes none is new.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/http/metrics.h"

#define HEADER 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char once[HEADER], twice[2 * HEADER];
	enum metrics_format format;

	if (size >= HEADER || memchr(bytes, '\0', size) != NULL)
		return 0;
	(void)snprintf(once, sizeof(once), "%.*s", (int)size, (const char *)bytes);
	(void)snprintf(twice, sizeof(twice), "%s,%s", once, once);
	format = metrics_choose(once);
	if (format != METRICS_TEXT && format != METRICS_OPEN)
		abort();
	if (metrics_choose(twice) != format)
		abort();
	return 0;
}
