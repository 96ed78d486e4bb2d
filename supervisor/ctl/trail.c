#include "supervisor/ctl/trail.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/text.h"
#include "supervisor/ctl/say.h"

#define CHUNK      65536
#define LINE_BYTES ((size_t)4 << 20) /* a longer line is printed in pieces */
#define TIME_TEXT  24                /* "2026-11-29T15:19:44.123Z" */

void trail_init(struct trail *trail)
{
	trail->fd = -1;
	buffer_init(&trail->line, LINE_BYTES);
}

void trail_free(struct trail *trail)
{
	fd_close(&trail->fd);
	buffer_free(&trail->line);
}

/* ---- one line ---- */

struct line {
	const char *text; /* without what was put before it */
	size_t count;
	int slot;                 /* -1: not known */
	char time[TIME_TEXT + 1]; /* empty: not known */
};

static msec parse_time(const char *text)
{
	struct tm at = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &at);

	return rest ? timegm(&at) * (msec)1000 : 0;
}

/* "2026-11-29T15:19:44.123Z web.0 text": the name may have dots and no space. */
static bool read_prefix(const char *text, size_t count, struct line *line)
{
	const char *name = count > TIME_TEXT + 1 ? text + TIME_TEXT + 1 : NULL;
	const char *end = name ? memchr(name, ' ', count - TIME_TEXT - 1) : NULL;
	const char *dot = end ? memrchr(name, '.', (size_t)(end - name)) : NULL;

	if (!dot || text[TIME_TEXT] != ' ' || text[TIME_TEXT - 1] != 'Z')
		return false;
	memcpy(line->time, text, TIME_TEXT);
	line->time[TIME_TEXT] = '\0';
	line->slot = atoi(dot + 1);
	line->text = end + 1;
	line->count = count - (size_t)(end + 1 - text);
	return true;
}

static void read_object(const char *text, size_t count, struct line *line)
{
	struct json *json = json_parse(text, count, NULL);
	const char *time = json_find_text(json, "time");

	line->slot = (int)json_find_number(json, "slot", -1);
	(void)text_copy(line->time, sizeof(line->time), time ? time : "");
	json_free(json);
}

static void read_line(const struct trail *trail, const char *text, size_t count,
		      struct line *line)
{
	*line = (struct line){.text = text, .count = count, .slot = trail->slot};
	if (trail->format == LOGGING_PREFIXED)
		(void)read_prefix(text, count, line);
	else if (trail->format == LOGGING_JSON && (trail->picky || trail->since > 0))
		read_object(text, count, line);
}

static bool is_wanted(const struct trail *trail, const struct line *line)
{
	if (trail->picky && line->slot >= 0 && line->slot < LOGGING_SLOTS &&
	    !trail->wanted[line->slot])
		return false;
	return trail->since == 0 || line->time[0] == '\0' ||
	       parse_time(line->time) + 999 >= trail->since;
}

static void print_object(const struct trail *trail, const struct line *line)
{
	char *text = strndup(line->text, line->count);
	struct buffer json;
	struct json_writer writer = {.to = &json};

	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_put_text(&writer, "app", trail->app);
	json_put_text(&writer, "stream", trail->stream);
	if (line->slot >= 0)
		json_put_number(&writer, "slot", line->slot);
	if (line->time[0] != '\0')
		json_put_text(&writer, "time", line->time);
	json_put_text(&writer, "line", text);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
	free(text);
}

static void print_label(const struct trail *trail, const struct trail_style *style)
{
	static const char *const colours[] = {"\033[36m", "\033[32m", "\033[33m",
					      "\033[35m", "\033[34m", "\033[31m"};
	char name[LOGGING_APP + 16];

	if (trail->slot >= 0)
		(void)snprintf(name, sizeof(name), "%s.%d", trail->app, trail->slot);
	else
		(void)text_copy(name, sizeof(name), trail->app);
	(void)printf("%s%s%s | ",
		     style->colours ? colours[trail->colour % ARRAY_COUNT(colours)] : "",
		     name, style->colours ? "\033[0m" : "");
}

static void print_line(const struct trail *trail, const struct trail_style *style,
		       const char *text, size_t count)
{
	struct line line;

	read_line(trail, text, count, &line);
	if (!is_wanted(trail, &line))
		return;
	if (style->json && trail->format != LOGGING_JSON) {
		print_object(trail, &line);
		return;
	}
	if (style->labelled && !style->json)
		print_label(trail, style);
	(void)fwrite(text, 1, count, stdout);
	(void)putchar('\n');
}

static void print_lines(struct trail *trail, const struct trail_style *style)
{
	struct buffer *line = &trail->line;
	size_t at = 0;
	const char *end;

	while (at < line->count &&
	       (end = memchr(line->bytes + at, '\n', line->count - at)) != NULL) {
		print_line(trail, style, line->bytes + at,
			   (size_t)(end - line->bytes) - at);
		at = (size_t)(end - line->bytes) + 1;
	}
	buffer_drop(line, at);
	if (line->count > LINE_BYTES - CHUNK) {
		print_line(trail, style, line->bytes, line->count);
		buffer_drop(line, line->count);
	}
}

void trail_end(struct trail *trail, const struct trail_style *style)
{
	if (trail->line.count > 0)
		print_line(trail, style, trail->line.bytes, trail->line.count);
	buffer_drop(&trail->line, trail->line.count);
}

static off_t print_from(struct trail *trail, const struct trail_style *style, int fd,
			off_t at)
{
	char bytes[CHUNK];
	ssize_t got;

	while ((got = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		at += got;
		buffer_append(&trail->line, bytes, (size_t)got);
		print_lines(trail, style);
	}
	return at;
}

/* ---- the last lines ---- */

/* Where the last `*lines` lines begin; leaves how many there were not. */
static off_t find_tail(int fd, off_t size, int *lines)
{
	char bytes[CHUNK];
	off_t end = size;

	if (*lines == TRAIL_ALL)
		return 0;
	if (*lines == 0)
		return size;
	while (end > 0) {
		off_t begin = end > CHUNK ? end - CHUNK : 0;
		ssize_t got = pread(fd, bytes, (size_t)(end - begin), begin);

		for (ssize_t i = got - 1; i >= 0; i--) {
			if (bytes[i] != '\n' || begin + i == size - 1)
				continue; /* the newline of the last line begins none */
			if (--*lines == 0)
				return begin + i + 1;
		}
		if (got <= 0)
			break;
		end = begin;
	}
	*lines -= size > 0; /* the first line has no newline before it */
	return 0;
}

static off_t size_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 ? status.st_size : 0;
}

/* Goes back as far as is asked for, prints on the way back. */
static void print_past(struct trail *trail, const struct trail_style *style,
		       const struct past *past, int index, int lines)
{
	CLOSE_FD int fd = -1;
	msec written = 0;
	off_t at;

	if (index < 0 || lines == 0)
		return;
	fd = past_open(past, index, &written);
	if (fd < 0 || (lines == TRAIL_ALL && written < trail->since))
		return;
	at = find_tail(fd, size_of(fd), &lines);
	print_past(trail, style, past, index - 1, lines);
	(void)print_from(trail, style, fd, at);
}

/* Opens the file that comes after those up to trail->last: false, when meanwhile that one
 * was put aside, too. */
static bool open_current(struct trail *trail)
{
	char last[LOGGING_STAMP + 1];
	struct stat now;

	fd_close(&trail->fd);
	trail->fd = open(trail->path, O_RDONLY | O_CLOEXEC);
	trail->at = 0;
	if (trail->fd >= 0 && fstat(trail->fd, &now) == 0)
		trail->inode = now.st_ino;
	past_last(trail->path, last);
	if (strcmp(last, trail->last) <= 0)
		return true;
	fd_close(&trail->fd);
	return false;
}

void trail_begin(struct trail *trail, const struct trail_style *style, int lines)
{
	struct past past;
	off_t at = 0;

	do {
		past_last(trail->path, trail->last);
	} while (!open_current(trail));
	if (trail->fd >= 0)
		at = find_tail(trail->fd, size_of(trail->fd), &lines);
	past_find(&past, trail->path, "");
	print_past(trail, style, &past, past.count - 1, lines);
	past_free(&past);
	if (trail->fd >= 0)
		trail->at = print_from(trail, style, trail->fd, at);
}

/* Of those put aside meanwhile the first is the one that was read, if one was. */
static void print_missed(struct trail *trail, const struct trail_style *style)
{
	struct past past;
	msec written;

	past_find(&past, trail->path, trail->last);
	for (int i = trail->fd >= 0 ? 1 : 0; i < past.count; i++) {
		CLOSE_FD int fd = past_open(&past, i, &written);

		if (fd >= 0)
			(void)print_from(trail, style, fd, 0);
	}
	past_newest(&past, trail->last);
	past_free(&past);
}

/* A new file of this name, a shorter one, or more of the same. */
void trail_follow(struct trail *trail, const struct trail_style *style)
{
	struct stat named, held;

	if (trail->fd >= 0)
		trail->at = print_from(trail, style, trail->fd, trail->at);
	if (stat(trail->path, &named) == -1)
		return;
	if (trail->fd == -1 || named.st_ino != trail->inode) {
		if (trail->fd >= 0) /* what came since we looked */
			(void)print_from(trail, style, trail->fd, trail->at);
		do {
			print_missed(trail, style);
		} while (!open_current(trail));
	} else if (fstat(trail->fd, &held) == 0 && held.st_size < trail->at) {
		trail->at = 0;
	}
	if (trail->fd >= 0)
		trail->at = print_from(trail, style, trail->fd, trail->at);
}
