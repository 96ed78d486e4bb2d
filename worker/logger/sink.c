#include "worker/logger/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "worker/logger/archive.h"

#define FILE_MODE   0640
#define FOLDER_MODE 0750
#define RETRY       1000             /* ms between attempts while it fails */
#define TORN_MOST   ((off_t)4 << 20) /* bytes that a write which was cut short left */
#define NAP         100              /* ms until a rotation that failed is tried again */

struct sink *sink_need(struct sink **list, const char *path,
		       const struct logging_rules *rules, bool resumes)
{
	struct sink *sink = *list;

	while (sink && strcmp(sink->path, path) != 0)
		sink = sink->next;
	if (!sink) {
		sink = calloc(1, sizeof(*sink));
		if (!sink)
			return NULL;
		sink->fd = -1;
		sink->packs = true;
		sink->resumes = resumes;
		(void)text_copy(sink->path, sizeof(sink->path), path);
		sink->next = *list;
		*list = sink;
	}
	sink->rules = *rules;
	sink->users++;
	return sink;
}

void sink_leave(struct sink **list, struct sink *sink)
{
	if (--sink->users > 0)
		return;
	while (*list != sink)
		list = &(*list)->next;
	*list = sink->next;
	fd_close(&sink->fd);
	free(sink);
}

static void make_folders(const char *path)
{
	char folder[LOGGING_PATH];

	(void)text_copy(folder, sizeof(folder), path);
	for (char *slash = strchr(folder + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(folder, FOLDER_MODE);
		*slash = '/';
	}
}

/* A write that a killed logger did not end left a piece of a line, which the pipe still
 * has: it will be written whole. */
static void cut_torn(const struct sink *sink)
{
	char bytes[4096];
	off_t end = (off_t)sink->size;

	while (end > 0 && (off_t)sink->size - end < TORN_MOST) {
		off_t begin = end > (off_t)sizeof(bytes) ? end - (off_t)sizeof(bytes) : 0;
		ssize_t got = pread(sink->fd, bytes, (size_t)(end - begin), begin);
		const char *last = got > 0 ? memrchr(bytes, '\n', (size_t)got) : NULL;

		if (got <= 0)
			return;
		if (last) {
			off_t whole = begin + (last - bytes) + 1;

			if (whole < (off_t)sink->size)
				(void)!ftruncate(sink->fd, whole);
			return;
		}
		end = begin;
	}
	if (end == 0)
		(void)!ftruncate(sink->fd, 0);
}

static msec birth_of(int fd)
{
	struct statx file;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &file) == -1 ||
	    !(file.stx_mask & STATX_BTIME))
		return clock_wall();
	return file.stx_btime.tv_sec * 1000 + file.stx_btime.tv_nsec / 1000000;
}

static int open_file(struct sink *sink)
{
	int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat status;

	sink->fd = open(sink->path, flags, FILE_MODE);
	if (sink->fd == -1 && errno == ENOENT) {
		make_folders(sink->path);
		sink->fd = open(sink->path, flags, FILE_MODE);
	}
	if (sink->fd == -1 && (errno == EACCES || errno == ENXIO))
		sink->fd = open(sink->path, (flags & ~O_RDWR) | O_WRONLY, FILE_MODE);
	if (sink->fd == -1)
		return -errno;
	if (fstat(sink->fd, &status) == -1)
		return -errno;
	sink->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	sink->begun = birth_of(sink->fd);
	if (sink->resumes && S_ISREG(status.st_mode)) {
		cut_torn(sink);
		if (fstat(sink->fd, &status) == 0)
			sink->size = (uint64_t)status.st_size;
	}
	sink->resumes = false;
	return 0;
}

/* ---- rotation ---- */

static int rotate(struct sink *sink)
{
	char stamp[ROTATION_STAMP + 1], path[ROTATION_NAME];

	if (sink->last[0] == '\0')
		archive_find_last(sink->path, sink->last);
	if (!rotation_stamp(stamp, clock_wall(), sink->last))
		return -EAGAIN;
	(void)snprintf(path, sizeof(path), "%s.%s", sink->path, stamp);
	if (rename(sink->path, path) == -1 && errno != ENOENT)
		return -errno;
	(void)text_copy(sink->last, sizeof(sink->last), stamp);
	fd_close(&sink->fd);
	sink->packs = true;
	archive_thin(sink->path, sink->rules.keep);
	return 0;
}

/* A file that cannot be rotated goes on as it is. */
static void try_rotate(struct sink *sink, msec now, struct sink_news *news)
{
	int code = rotate(sink);

	if (code == 0)
		return;
	sink->nap = now + NAP;
	if (code != -EAGAIN && code != sink->trouble)
		news->trouble = sink->trouble = code;
}

/* How many of these bytes are for the file as it is; others may have cut it meanwhile. */
static size_t find_room(struct sink *sink, const char *bytes, size_t count, msec now)
{
	struct stat status;
	size_t room = rotation_room(&sink->rules, sink->size, bytes, count);

	if (room == count &&
	    !rotation_is_old(&sink->rules, sink->size, clock_wall() - sink->begun))
		return count;
	if (now < sink->nap || fstat(sink->fd, &status) == -1 || !S_ISREG(status.st_mode))
		return count;
	sink->size = (uint64_t)status.st_size;
	if (rotation_is_old(&sink->rules, sink->size, clock_wall() - sink->begun))
		return 0;
	return rotation_room(&sink->rules, sink->size, bytes, count);
}

/* ---- writing ---- */

static uint64_t count_lines(const char *bytes, size_t count)
{
	uint64_t lines = 0;
	const char *end = bytes + count;

	while (bytes < end && (bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		lines++;
		bytes++;
	}
	return lines;
}

void sink_lose(struct sink *sink, const char *bytes, size_t count)
{
	sink->lost.lines += count_lines(bytes, count);
	sink->lost.bytes += count;
}

void sink_fail(struct sink *sink, int code, msec now, struct sink_news *news)
{
	news->failed = news->failed || sink->failing == 0;
	sink->failing = code;
	sink->again = now + RETRY;
	fd_close(&sink->fd);
}

void sink_recover(struct sink *sink, struct sink_news *news)
{
	if (sink->failing == 0)
		return;
	sink->failing = 0;
	news->recovered = true;
	news->lines = sink->lost.lines;
	news->bytes = sink->lost.bytes;
	sink->lost.lines = sink->lost.bytes = 0;
}

bool sink_may_try(const struct sink *sink, msec now)
{
	return sink->failing == 0 || now >= sink->again;
}

/* How many bytes, whole lines if it is a file, were written before `ret_code`. */
static size_t write_all(struct sink *sink, const char *bytes, size_t count, int *ret_code)
{
	size_t done = 0;

	*ret_code = 0;
	while (done < count && *ret_code == 0) {
		ssize_t wrote = write(sink->fd, bytes + done, count - done);

		if (wrote > 0)
			done += (size_t)wrote;
		else if (wrote == 0 || errno != EINTR)
			*ret_code = wrote == 0 ? -ENOSPC : -errno;
	}
	if (*ret_code != 0 && done > 0) { /* half a line is none */
		const char *last = memrchr(bytes, '\n', done);
		size_t whole = last ? (size_t)(last - bytes) + 1 : 0;

		if (ftruncate(sink->fd, (off_t)(sink->size + whole)) == 0)
			done = whole;
	}
	sink->size += done;
	return done;
}

/* Writes until the file is full, rotates, writes on; returns how many bytes it came to.
 */
static size_t write_on(struct sink *sink, const char *bytes, size_t count, msec now,
		       int *ret_code, struct sink_news *news)
{
	size_t done = 0, room;

	*ret_code = 0;
	while (done < count && *ret_code == 0) {
		if (sink->fd == -1)
			*ret_code = open_file(sink);
		if (*ret_code < 0)
			break;
		room = find_room(sink, bytes + done, count - done, now);
		if (room == 0) {
			try_rotate(sink, now, news);
			continue;
		}
		done += write_all(sink, bytes + done, room, ret_code);
	}
	return done;
}

void sink_write(struct sink *sink, const void *writer, const char *bytes, size_t count,
		msec now, struct sink_news *news)
{
	size_t done = 0;
	int code = sink->failing;

	if (sink->unended && sink->unended != writer && sink->fd != -1 && code == 0)
		(void)write_all(sink, "\n", 1, &code);
	sink->unended = bytes[count - 1] == '\n' ? NULL : writer;
	if (sink_may_try(sink, now))
		done = write_on(sink, bytes, count, now, &code, news);
	if (done > 0)
		sink_recover(sink, news);
	if (code == 0)
		return;
	sink_lose(sink, bytes + done, count - done);
	if (code != sink->failing || now >= sink->again)
		sink_fail(sink, code, now, news);
}

void sink_reopen(struct sink *sink, msec now, struct sink_news *news)
{
	int code;

	fd_close(&sink->fd);
	if (sink->is_journal)
		return; /* the next line opens it */
	code = open_file(sink);
	if (code < 0)
		sink_fail(sink, code, now, news);
}

void sink_flush(struct sink *sink, struct sink_news *news)
{
	if (sink->is_journal)
		return;
	if (sink->fd == -1 && truncate(sink->path, 0) == -1 && errno != ENOENT)
		news->trouble = -errno;
	else if (sink->fd != -1 && ftruncate(sink->fd, 0) == -1)
		news->trouble = -errno;
	else
		sink->size = 0;
}
