/*
 * pack.h - a rotated file is packed, and one that is packed or not is read.
 */
#ifndef WORKER_LOGGER_PACK_H
#define WORKER_LOGGER_PACK_H

#include "common/logging.h"

/* PATH becomes PATH.zst or PATH.gz, of the same owner, mode and time; what is left when
 * it fails is PATH.  Slow, and meant for a process of its own. */
int pack_file(const char *path, enum logging_packing packing);
/* What is in it, by its name's ending, to a descriptor. */
int pack_print(const char *path, int to);

#endif
