/*
 * rotation.h - when a log file has had enough, what it is called then, and what goes.
 *
 * A rotated file is NAME.YYYYMMDD-HHMMSS-NNN, in UTC and with a number within the second,
 * so that names sort as they came and nothing is renamed twice; .zst or .gz is added when
 * it was packed.  Pure: the caller brings the time and the names there are.
 */
#ifndef WORKER_LOGGER_ROTATION_H
#define WORKER_LOGGER_ROTATION_H

#include "common/logging.h"

#define ROTATION_STAMP     19 /* "20261129-151944-000" */
#define ROTATION_IN_SECOND 1000
#define ROTATION_NAME      (LOGGING_PATH + ROTATION_STAMP + 8)

/* Of `count` bytes, whole lines all, those that still go into a file of `size`; less than
 * `count` means: then rotate.  A line that is longer than a file may be has a file of its
 * own. */
size_t rotation_room(const struct logging_rules *rules, uint64_t size, const char *bytes,
		     size_t count);
bool rotation_is_old(const struct logging_rules *rules, uint64_t size, msec age);

/* The stamp of a file that is rotated now, later than `last` (empty: none) whatever the
 * clock says.  Returns false when a second has too many; rotate a little later. */
bool rotation_stamp(char stamp[ROTATION_STAMP + 1], msec wall, const char *last);

#endif
