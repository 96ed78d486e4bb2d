#include "worker/http/range.h"

#include <string.h>
#include <strings.h>

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
