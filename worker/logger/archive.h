/*
 * archive.h - the rotated files of a log, as they lie in its folder.
 */
#ifndef WORKER_LOGGER_ARCHIVE_H
#define WORKER_LOGGER_ARCHIVE_H

#include "worker/logger/rotation.h"

/* The stamp of the last; empty: there is none. */
void archive_find_last(const char *path, char stamp[ROTATION_STAMP + 1]);
/* Removes the oldest until `keep` are left. */
void archive_thin(const char *path, unsigned keep);
/* The oldest that is not packed: false, there is none. */
bool archive_find_plain(const char *path, char found[ROTATION_NAME]);

#endif
