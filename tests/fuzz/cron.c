/*
 * cron.c - fuzz target: any text a user may write as a schedule.
 */
#include <stdlib.h>
#include <string.h>

#include "supervisor/core/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cron_moment moment = {.year = 2026, .month = 11, .day = 24, .hour = 23};
	char text[2 * CRON_TEXT];
	struct cron cron;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (cron_parse(&cron, text) != CRON_FITS)
		return 0;

	for (unsigned i = 0; i < 3; i++) {
		struct cron_moment before = moment;

		if (!cron_find(&cron, &moment))
			abort();
		if (moment.year < before.year || moment.month < 1 || moment.month > 12 ||
		    moment.day < 1 || moment.day > 31 || moment.hour > 23 ||
		    moment.minute > 59 || moment.second > 59)
			abort();
		before = moment;
		if (!cron_find(&cron, &moment) ||
		    memcmp(&before, &moment, sizeof(moment)) != 0)
			abort();
		moment.year++;
		moment.day = 1;
	}
	return 0;
}
