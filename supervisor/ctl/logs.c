/*
 * logs.c - what workers wrote: the last lines of their files, and what comes after.
 *
 * Follows by inotify on the folders, so that files that are renamed, truncated or made
 * anew are followed too, and an idle log costs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE   10000 /* ms */
#define LINES      15    /* shown of each file at first */
#define LINES_MOST 1000000
#define CHUNK      65536
#define LINE_BYTES ((size_t)1 << 20) /* a longer line is printed in pieces */

struct source {
	char path[PATH_MAX];
	char app[64];
	const char *stream; /* "out" or "err" */
	int fd;             /* -1: there is no file */
	ino_t inode;
	off_t at;           /* what is before was read */
	struct buffer line; /* begun, not yet ended */
};

struct sources {
	struct source *list;
	unsigned count;
	bool json;
	bool labelled; /* lines of several apps: each says whose it is */
};

static void print_object(const struct source *source, const char *text, size_t count)
{
	char *line = strndup(text, count);
	struct buffer json;
	struct json_writer writer = {.to = &json};

	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_put_text(&writer, "app", source->app);
	json_put_text(&writer, "stream", source->stream);
	json_put_text(&writer, "line", line);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
	free(line);
}

static void print_line(const struct sources *sources, const struct source *source,
		       const char *text, size_t count)
{
	if (sources->json) {
		print_object(source, text, count);
		return;
	}
	if (sources->labelled)
		(void)printf("%s | ", source->app);
	(void)fwrite(text, 1, count, stdout);
	(void)putchar('\n');
}

static void print_lines(const struct sources *sources, struct source *source)
{
	struct buffer *line = &source->line;
	size_t at = 0;
	const char *end;

	while (at < line->count &&
	       (end = memchr(line->bytes + at, '\n', line->count - at)) != NULL) {
		print_line(sources, source, line->bytes + at,
			   (size_t)(end - line->bytes) - at);
		at = (size_t)(end - line->bytes) + 1;
	}
	buffer_drop(line, at);
	if (line->count > LINE_BYTES - CHUNK) {
		print_line(sources, source, line->bytes, line->count);
		buffer_drop(line, line->count);
	}
}

/* The last line may lack its newline. */
static void print_rest(const struct sources *sources, struct source *source)
{
	if (source->line.count > 0)
		print_line(sources, source, source->line.bytes, source->line.count);
}

static void print_new(const struct sources *sources, struct source *source)
{
	char bytes[CHUNK];
	ssize_t got;

	while ((got = pread(source->fd, bytes, sizeof(bytes), source->at)) > 0) {
		source->at += got;
		buffer_append(&source->line, bytes, (size_t)got);
		print_lines(sources, source);
	}
}

/* Where the last `lines` lines begin. */
static off_t find_tail(int fd, off_t size, unsigned lines)
{
	char bytes[CHUNK];
	off_t end = size;

	while (end > 0) {
		off_t begin = end > CHUNK ? end - CHUNK : 0;
		ssize_t got = pread(fd, bytes, (size_t)(end - begin), begin);

		for (ssize_t i = got - 1; i >= 0; i--) {
			if (bytes[i] != '\n' || begin + i == size - 1)
				continue; /* the newline of the last line begins none */
			if (--lines == 0)
				return begin + i + 1;
		}
		if (got <= 0)
			break;
		end = begin;
	}
	return 0;
}

static void open_source(struct source *source)
{
	struct stat now;

	fd_close(&source->fd);
	source->fd = open(source->path, O_RDONLY | O_CLOEXEC);
	source->at = 0;
	if (source->fd >= 0 && fstat(source->fd, &now) == 0)
		source->inode = now.st_ino;
}

static void print_tail(const struct sources *sources, struct source *source,
		       unsigned lines)
{
	struct stat now;

	open_source(source);
	if (source->fd == -1 || fstat(source->fd, &now) == -1)
		return;
	source->at = lines > 0 ? find_tail(source->fd, now.st_size, lines) : now.st_size;
	print_new(sources, source);
}

/* After something happened in the folder: a new file of this name, a shorter one, or more
 * of the same. */
static void follow(const struct sources *sources, struct source *source)
{
	struct stat named, held;

	if (source->fd >= 0)
		print_new(sources, source);
	if (stat(source->path, &named) == -1)
		return;
	if (source->fd == -1 || named.st_ino != source->inode)
		open_source(source);
	else if (fstat(source->fd, &held) == 0 && held.st_size < source->at)
		source->at = 0;
	if (source->fd >= 0)
		print_new(sources, source);
}

static int watch_folders(const struct sources *sources)
{
	CLOSE_FD int fd = inotify_init1(IN_CLOEXEC);
	char folder[PATH_MAX];

	for (unsigned i = 0; fd >= 0 && i < sources->count; i++) {
		(void)text_copy(folder, sizeof(folder), sources->list[i].path);
		(void)inotify_add_watch(fd, dirname(folder),
					IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE);
	}
	return fd >= 0 ? fd_take(&fd) : -errno;
}

/* Until interrupted, or nobody reads any more. */
static void follow_all(const struct sources *sources, int watch)
{
	char events[CHUNK];

	while (fflush(stdout) == 0) {
		ssize_t got = read(watch, events, sizeof(events));

		if (got == -1 && errno != EINTR)
			return;
		for (unsigned i = 0; i < sources->count; i++)
			follow(sources, &sources->list[i]);
	}
}

static int add_source(struct sources *sources, const struct json *app, const char *stream)
{
	const char *name = json_find_text(app, "name");
	const char *path =
		json_find_text(app, strcmp(stream, "out") == 0 ? "log_out" : "log_err");
	struct source *grown;

	if (name == NULL || path == NULL)
		return 0;
	grown = realloc(sources->list, (sources->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	sources->list = grown;
	grown += sources->count++;
	*grown = (struct source){.fd = -1, .stream = stream};
	(void)text_copy(grown->path, sizeof(grown->path), path);
	(void)text_copy(grown->app, sizeof(grown->app), name);
	buffer_init(&grown->line, LINE_BYTES);
	sources->labelled |= strcmp(name, sources->list[0].app) != 0;
	return 0;
}

static void free_sources(struct sources *sources)
{
	for (unsigned i = 0; i < sources->count; i++) {
		fd_close(&sources->list[i].fd);
		buffer_free(&sources->list[i].line);
	}
	free(sources->list);
}

static void take_apps(const struct options *options, struct sources *sources,
		      const struct json *apps)
{
	bool both = options_has(options, FLAG_OUT) == options_has(options, FLAG_ERR);

	for (size_t i = 0; i < json_count(apps); i++) {
		if (both || options_has(options, FLAG_OUT))
			(void)add_source(sources, json_at(apps, i), "out");
		if (both || options_has(options, FLAG_ERR))
			(void)add_source(sources, json_at(apps, i), "err");
	}
}

/* Asks where the logs of the targets are. */
static enum exit_code find_sources(const struct options *options, struct sources *sources)
{
	struct json_writer *writer;
	struct client client;
	bool continues = true;
	enum exit_code code = client_open(&client, options);

	if (code != EXIT_DONE)
		return code;
	client.deadline = clock_now() + PATIENCE;
	writer = client_begin(&client, options->arguments > 0 ? "Show" : "List", true);
	verb_put_targets(writer, options, 0);
	client_send(&client);
	while (continues && code == EXIT_DONE) {
		struct varlink_reply reply;

		code = client_expect(&client, options, &reply);
		if (code != EXIT_DONE)
			break;
		continues = reply.continues;
		take_apps(options, sources, json_find(reply.parameters, "apps"));
		varlink_free_reply(&reply);
	}
	client_close(&client);
	return code;
}

static enum exit_code show_logs(const struct options *options, struct sources *sources,
				unsigned lines)
{
	CLOSE_FD int watch = -1;

	if (sources->count == 0)
		return say_error(options, EXIT_FAILED, NULL,
				 "logs: nothing is logged to files");
	if (!options_has(options, FLAG_NO_FOLLOW)) {
		watch = watch_folders(sources); /* before reading, to miss nothing */
		if (watch < 0)
			return say_error(options, EXIT_FAILED, NULL,
					 "logs: cannot follow: %s", strerror(-watch));
	}
	for (unsigned i = 0; i < sources->count; i++)
		print_tail(sources, &sources->list[i], lines);
	if (watch >= 0)
		follow_all(sources, watch);
	for (unsigned i = 0; i < sources->count; i++)
		print_rest(sources, &sources->list[i]);
	return EXIT_DONE;
}

enum exit_code verb_logs(const struct options *options)
{
	struct sources sources = {.json = options->json};
	unsigned lines = LINES;
	enum exit_code code;

	if (options_has(options, FLAG_LINES) &&
	    text_parse_unsigned(&lines, options->value[FLAG_LINES], 0, LINES_MOST) < 0)
		return say_error(options, EXIT_USAGE, NULL,
				 "logs: -n: %s is no number of lines",
				 options->value[FLAG_LINES]);
	code = find_sources(options, &sources);
	if (code == EXIT_DONE)
		code = show_logs(options, &sources, lines);
	free_sources(&sources);
	return code;
}
