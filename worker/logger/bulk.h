/*
 * bulk.h - bytes in bulk, all of them or an error.
 */
#ifndef WORKER_LOGGER_BULK_H
#define WORKER_LOGGER_BULK_H

#include <sys/types.h>

#include "common/base.h"

int bulk_write(int fd, const void *bytes, size_t count);
ssize_t bulk_read(int fd, void *bytes, size_t count); /* less only at the end */

#endif
