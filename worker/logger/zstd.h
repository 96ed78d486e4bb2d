/*
 * zstd.h - a file packed by Zstandard, and unpacked; the only user of libzstd.
 */
#ifndef WORKER_LOGGER_ZSTD_H
#define WORKER_LOGGER_ZSTD_H

/* From one descriptor to the other: 0 or a negative errno (-EBADMSG: it is damaged). */
int zstd_pack(int from, int to);
int zstd_unpack(int from, int to);

#endif
