/*
 * media.h - what a file's name promises of its content.
 */
#ifndef WORKER_HTTP_MEDIA_H
#define WORKER_HTTP_MEDIA_H

#include "common/base.h"

/* By the extension, whatever its case; unknown ones are bytes. */
const char *media_type(const char *path);

/* Is what it has compressed as it is? */
bool media_is_packed(const char *path);

#endif
