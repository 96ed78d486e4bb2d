/*
 * range.h - which part of a file a request wants, and whether it has the file already.
 *
 * The headers of RFC 9110 sections 13 and 14 against what the file is now.  Pure: text
 * in, answer out.
 */
#ifndef WORKER_HTTP_RANGE_H
#define WORKER_HTTP_RANGE_H

#include <time.h>

#include "common/base.h"

#define RANGE_TAG  64 /* an entity tag with its quotes and its NUL */
#define RANGE_DATE 32 /* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */

enum range_kind {
	RANGE_WHOLE, /* not asked for, not understood, or more than one part */
	RANGE_PART,
	RANGE_BEYOND, /* nothing of it is within the file */
	RANGE_KINDS
};

struct range {
	uint64_t first;
	uint64_t count;
};

/* `header` may be NULL.  Writes the range for RANGE_PART only. */
enum range_kind range_parse(const char *header, uint64_t size, struct range *ret_range);

void range_format_tag(char tag[RANGE_TAG], const struct timespec *modified,
		      uint64_t size);
void range_format_date(char date[RANGE_DATE], time_t when);

/* Is the tag in a list like `W/"a", "b"`, or the list `*`? */
bool range_lists_tag(const char *list, const char *tag);

/* Is the file no newer than this header's date?  False if it is no date. */
bool range_is_unchanged(const char *date, time_t modified);

/* Does the validator of If-Range, a tag or a date, still describe the file? */
bool range_is_current(const char *validator, const char *tag, time_t modified);

#endif
