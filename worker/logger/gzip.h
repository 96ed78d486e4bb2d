/*
 * gzip.h - a file packed as gzip does it, and unpacked; the only user of zlib.
 */
#ifndef WORKER_LOGGER_GZIP_H
#define WORKER_LOGGER_GZIP_H

/* From one descriptor to the other: 0 or a negative errno (-EBADMSG: it is damaged). */
int gzip_pack(int from, int to);
int gzip_unpack(int from, int to);

#endif
