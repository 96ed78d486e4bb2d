#include "worker/http/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HTTP_DATE "%a, %d %b %Y %H:%M:%S GMT"

/* Digits up to `text`'s next other character; false without any, or too many. */
static bool take_number(const char **text, uint64_t *ret_number)
{
	const char *digit = *text;
	uint64_t number = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++) {
		if (number > (UINT64_MAX - 9) / 10)
			return false;
		number = number * 10 + (uint64_t)(*digit - '0');
	}
	if (digit == *text)
		return false;
	*text = digit;
	*ret_number = number;
	return true;
}

/* "-500": the last so many bytes. */
static enum range_kind parse_suffix(const char *text, uint64_t size,
				    struct range *ret_range)
{
	uint64_t count;

	if (!take_number(&text, &count) || *text != '\0')
		return RANGE_WHOLE;
	if (count == 0 || size == 0)
		return RANGE_BEYOND;
	if (count > size)
		count = size;
	*ret_range = (struct range){.first = size - count, .count = count};
	return RANGE_PART;
}

enum range_kind range_parse(const char *header, uint64_t size, struct range *ret_range)
{
	static const char unit[] = "bytes=";
	uint64_t first;
	uint64_t last = UINT64_MAX;

	if (header == NULL || strncasecmp(header, unit, strlen(unit)) != 0)
		return RANGE_WHOLE;
	header += strlen(unit);
	if (*header == '-')
		return parse_suffix(header + 1, size, ret_range);
	if (!take_number(&header, &first) || *header++ != '-')
		return RANGE_WHOLE;
	if (*header != '\0' && (!take_number(&header, &last) || *header != '\0'))
		return RANGE_WHOLE;
	if (last < first)
		return RANGE_WHOLE;
	if (first >= size)
		return RANGE_BEYOND;
	if (last >= size)
		last = size - 1;
	*ret_range = (struct range){.first = first, .count = last - first + 1};
	return RANGE_PART;
}

void range_format_tag(char tag[RANGE_TAG], const struct timespec *modified, uint64_t size)
{
	(void)snprintf(tag, RANGE_TAG, "\"%" PRIx64 ".%lx-%" PRIx64 "\"",
		       (uint64_t)modified->tv_sec, (unsigned long)modified->tv_nsec,
		       size);
}

void range_format_date(char date[RANGE_DATE], time_t when)
{
	struct tm broken;

	/* In the C locale, the only one this program ever has. */
	if (gmtime_r(&when, &broken) == NULL ||
	    strftime(date, RANGE_DATE, HTTP_DATE, &broken) == 0)
		date[0] = '\0';
}

bool range_lists_tag(const char *list, const char *tag)
{
	size_t length = strlen(tag);

	while (*list != '\0') {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (strncmp(list, tag, length) == 0)
			return true;
		if (*list == '"')
			list += strcspn(list + 1, "\"") + 1;
		list += strcspn(list, ",");
	}
	return false;
}

static bool parse_date(const char *text, time_t *ret_when)
{
	struct tm broken = {0};
	const char *end = strptime(text, HTTP_DATE, &broken);

	if (end == NULL || *end != '\0')
		return false;
	*ret_when = timegm(&broken);
	return true;
}

bool range_is_unchanged(const char *date, time_t modified)
{
	time_t when;

	return parse_date(date, &when) && modified <= when;
}

bool range_is_current(const char *validator, const char *tag, time_t modified)
{
	time_t when;

	if (validator[0] == '"')
		return strcmp(validator, tag) == 0;
	return parse_date(validator, &when) && when == modified;
}
