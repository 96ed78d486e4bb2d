#include "worker/logger/rotation.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

size_t rotation_room(const struct logging_rules *rules, uint64_t size, const char *bytes,
		     size_t count)
{
	const char *last;
	uint64_t room;

	if (rules->rotate == 0 || size + count <= rules->rotate)
		return count;
	room = size < rules->rotate ? rules->rotate - size : 0;
	last = room > 0 ? memrchr(bytes, '\n', (size_t)room) : NULL;
	if (last)
		return (size_t)(last - bytes) + 1;
	if (size > 0)
		return 0;
	last = memchr(bytes, '\n', count);
	return last ? (size_t)(last - bytes) + 1 : count;
}

bool rotation_is_old(const struct logging_rules *rules, uint64_t size, msec age)
{
	return rules->age > 0 && size > 0 && age >= rules->age;
}

bool rotation_stamp(char stamp[ROTATION_STAMP + 1], msec wall, const char *last)
{
	time_t seconds = (time_t)(wall / 1000);
	unsigned number = 0;
	struct tm at;
	char text[64];

	if (!gmtime_r(&seconds, &at))
		return false;
	(void)snprintf(text, sizeof(text), "%04d%02d%02d-%02d%02d%02d", at.tm_year + 1900,
		       at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec);
	if (last[0] != '\0' && strncmp(last, text, ROTATION_STAMP - 4) >= 0) {
		memcpy(text, last, ROTATION_STAMP - 4);
		if (sscanf(last + ROTATION_STAMP - 3, "%3u", &number) == 1)
			number++;
	}
	if (number >= ROTATION_IN_SECOND)
		return false;
	(void)snprintf(stamp, ROTATION_STAMP + 1, "%.15s-%03u", text, number);
	return true;
}
