/*
 * range.h - which part of a file a request wants: RFC 9110, section 14.  Pure.
 */
#ifndef WORKER_HTTP_RANGE_H
#define WORKER_HTTP_RANGE_H

#include "common/base.h"

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

#endif
