/*
 * media.h - which media type a file's name promises.
 */
#ifndef WORKER_HTTP_MEDIA_H
#define WORKER_HTTP_MEDIA_H

/* By the extension, whatever its case; unknown ones are bytes. */
const char *media_type(const char *path);

#endif
