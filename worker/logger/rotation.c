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

const char *rotation_suffix(enum logging_packing packing)
{
	switch (packing) {
	case LOGGING_ZSTD:
		return ".zst";
	case LOGGING_GZIP:
		return ".gz";
	case LOGGING_PLAIN:
	case LOGGING_PACKINGS:
		break;
	}
	return "";
}

static bool is_stamp(const char *text)
{
	static const char shape[] = "00000000-000000-000";

	for (size_t i = 0; i < ROTATION_STAMP; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == '0' ? !digit : text[i] != shape[i])
			return false;
	}
	return true;
}

const char *rotation_find_stamp(const char *base, const char *name,
				enum logging_packing *ret_packing)
{
	size_t length = strlen(base);

	if (strncmp(name, base, length) != 0 || name[length] != '.' ||
	    !is_stamp(name + length + 1))
		return NULL;
	for (unsigned i = 0; i < LOGGING_PACKINGS; i++)
		if (strcmp(name + length + 1 + ROTATION_STAMP,
			   rotation_suffix((enum logging_packing)i)) == 0) {
			*ret_packing = (enum logging_packing)i;
			return name + length + 1;
		}
	return NULL;
}
