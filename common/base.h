/*
 * base.h - the few words that every file of the house uses.
 *
 * Time is `msec`: milliseconds of the monotonic clock, absolute or a span.  Nothing here
 * needs a library; the pure core includes this file and no other from outside its folder.
 */
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t msec;

#define MSEC_NEVER INT64_MAX

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define PRINTF_LIKE(at, first) __attribute__((__format__(__printf__, at, first)))

#endif
