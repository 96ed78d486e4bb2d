/*
 * logs.c - what workers wrote: the last lines of their files, and what comes after.
 *
 * Follows by inotify on the folders, so that files that are renamed, truncated or made
 * anew are followed too, and an idle log costs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "supervisor/ctl/trail.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE   10000 /* ms */
#define LINES      15    /* shown of each file at first */
#define LINES_MOST 1000000
#define CHUNK      65536

struct trails {
	const struct options *options;
	struct trail_style style;
	msec since;
	struct trail **list;
	unsigned count;
	unsigned apps;
};

/* ---- following ---- */

static int watch_folders(const struct trails *trails)
{
	CLOSE_FD int fd = inotify_init1(IN_CLOEXEC);
	char folder[LOGGING_PATH];

	for (unsigned i = 0; fd >= 0 && i < trails->count; i++) {
		(void)text_copy(folder, sizeof(folder), trails->list[i]->path);
		(void)inotify_add_watch(fd, dirname(folder),
					IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE);
	}
	return fd >= 0 ? fd_take(&fd) : -errno;
}

/* Until interrupted, or nobody reads any more. */
static void follow_all(const struct trails *trails, int watch)
{
	char events[CHUNK];

	while (fflush(stdout) == 0) {
		ssize_t got = read(watch, events, sizeof(events));

		if (got == -1 && errno != EINTR)
			return;
		for (unsigned i = 0; i < trails->count; i++)
			trail_follow(trails->list[i], &trails->style);
	}
}

/* ---- which there are ---- */

/* Does an argument name this app, and is it one slot of it?  -1: all of them. */
static void choose_slots(const struct options *options, struct trail *trail)
{
	size_t length = strlen(trail->app);

	trail->picky = options->arguments > 0;
	for (unsigned i = 0; i < options->arguments; i++) {
		const char *word = options->argument[i];
		unsigned slot;

		if (strncmp(word, trail->app, length) == 0 && word[length] == '.' &&
		    text_parse_unsigned(&slot, word + length + 1, 0, LOGGING_SLOTS - 1) ==
			    0)
			trail->wanted[slot] = true;
		else if (!strrchr(word, '.') || strcmp(word, trail->app) == 0)
			trail->picky = false;
	}
}

static enum logging_format format_of(const char *name)
{
	if (name && strcmp(name, "json") == 0)
		return LOGGING_JSON;
	return name && strcmp(name, "prefixed") == 0 ? LOGGING_PREFIXED : LOGGING_RAW;
}

/* The pattern's "%i" is this slot; -1: there is none in it. */
static int add_trail(struct trails *trails, const struct json *app, const char *stream,
		     const char *pattern, int slot)
{
	const char *mark = slot >= 0 ? strstr(pattern, "%i") : NULL;
	const char *name = json_find_text(app, "name");
	struct trail **grown =
		realloc(trails->list, (trails->count + 1) * sizeof(struct trail *));
	struct trail *trail = calloc(1, sizeof(*trail));

	if (grown)
		trails->list = grown;
	if (!grown || !trail) {
		free(trail);
		return -ENOMEM;
	}
	trail_init(trail);
	trail->stream = stream;
	trail->slot = slot;
	trail->since = trails->since;
	trail->colour = trails->apps;
	trail->format = format_of(json_find_text(app, "log_format"));
	(void)text_copy(trail->app, sizeof(trail->app), name);
	choose_slots(trails->options, trail);
	if (mark)
		(void)snprintf(trail->path, sizeof(trail->path), "%.*s%d%s",
			       (int)(mark - pattern), pattern, slot, mark + 2);
	else
		(void)text_copy(trail->path, sizeof(trail->path), pattern);
	trails->list[trails->count++] = trail;
	trails->style.labelled |= slot >= 0 || strcmp(name, trails->list[0]->app) != 0;
	return 0;
}

static void add_stream(struct trails *trails, const struct json *app, const char *stream,
		       const char *pattern)
{
	const struct json *workers = json_find(app, "workers");

	if (!pattern || !json_find_text(app, "name"))
		return;
	if (!strstr(pattern, "%i")) {
		(void)add_trail(trails, app, stream, pattern, -1);
		return;
	}
	for (size_t i = 0; i < json_count(workers); i++) {
		int slot = (int)json_find_number(json_at(workers, i), "slot", -1);
		const struct trail *last;

		if (slot < 0 || add_trail(trails, app, stream, pattern, slot) < 0)
			continue;
		last = trails->list[trails->count - 1];
		if ((last->picky && slot < LOGGING_SLOTS && !last->wanted[slot]) ||
		    (trails->count > 1 &&
		     strcmp(trails->list[trails->count - 2]->path, last->path) == 0)) {
			trail_free(trails->list[--trails->count]);
			free(trails->list[trails->count]);
		}
	}
}

static void take_apps(struct trails *trails, const struct json *apps)
{
	const struct options *options = trails->options;
	bool both = options_has(options, FLAG_OUT) == options_has(options, FLAG_ERR);

	for (size_t i = 0; i < json_count(apps); i++) {
		const struct json *app = json_at(apps, i);
		const char *out = json_find_text(app, "log_out");
		const char *err = json_find_text(app, "log_err");

		if (out && (both || options_has(options, FLAG_OUT)))
			add_stream(trails, app, "out", out);
		if (both && out && err && strcmp(out, err) == 0)
			err = NULL; /* it is the same file */
		if (err && (both || options_has(options, FLAG_ERR)))
			add_stream(trails, app, "err", err);
		trails->apps++;
	}
}

/* Asks where the logs of the targets are. */
static enum exit_code find_trails(struct trails *trails)
{
	const struct options *options = trails->options;
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
		take_apps(trails, json_find(reply.parameters, "apps"));
		varlink_free_reply(&reply);
	}
	client_close(&client);
	return code;
}

/* ---- the verb ---- */

static void hint_at_raw(const struct trails *trails)
{
	for (unsigned i = 0; i < trails->count; i++) {
		const struct trail *trail = trails->list[i];

		if (trail->format != LOGGING_RAW || trail->slot >= 0)
			continue;
		if (trail->picky)
			say_hint(
				trails->options,
				"all slots write to %s: what is whose, log.format or %%i "
				"in its path would tell",
				trail->path);
		else if (trails->since > 0)
			say_hint(trails->options,
				 "lines of %s have no time: whole files are shown",
				 trail->path);
	}
}

static enum exit_code show(struct trails *trails, int lines)
{
	CLOSE_FD int watch = -1;

	if (trails->count == 0)
		return say_error(trails->options, EXIT_FAILED, NULL,
				 "logs: nothing is logged to files");
	hint_at_raw(trails);
	if (!options_has(trails->options, FLAG_NO_FOLLOW)) {
		watch = watch_folders(trails); /* before reading, to miss nothing */
		if (watch < 0)
			return say_error(trails->options, EXIT_FAILED, NULL,
					 "logs: cannot follow: %s", strerror(-watch));
	}
	for (unsigned i = 0; i < trails->count; i++)
		trail_begin(trails->list[i], &trails->style, lines);
	if (watch >= 0)
		follow_all(trails, watch);
	for (unsigned i = 0; i < trails->count; i++)
		trail_end(trails->list[i], &trails->style);
	return EXIT_DONE;
}

/* "10m" ago, or "2026-11-29T15:19", "2026-11-29 15:19:44", "2026-11-29", by UTC where a Z
 * is behind it, else by the local time. */
static bool parse_since(const char *text, msec *ret_since)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					    "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
					    "%Y-%m-%d"};
	msec span;

	if (text_parse_duration(&span, text) == 0) {
		*ret_since = clock_wall() - span;
		return true;
	}
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		struct tm at = {.tm_isdst = -1};
		const char *rest = strptime(text, forms[i], &at);

		if (!rest || (*rest != '\0' && strcmp(rest, "Z") != 0))
			continue;
		*ret_since = (*rest == 'Z' ? timegm(&at) : mktime(&at)) * (msec)1000;
		return *ret_since > 0;
	}
	return false;
}

static void free_trails(struct trails *trails)
{
	for (unsigned i = 0; i < trails->count; i++) {
		trail_free(trails->list[i]);
		free(trails->list[i]);
	}
	free(trails->list);
}

enum exit_code verb_logs(const struct options *options)
{
	struct trails trails = {
		.options = options,
		.style = {.json = options->json, .colours = say_in_colours(options)}};
	unsigned lines = LINES;
	bool since = options_has(options, FLAG_SINCE);
	enum exit_code code;

	if (options_has(options, FLAG_LINES) &&
	    text_parse_unsigned(&lines, options->value[FLAG_LINES], 0, LINES_MOST) < 0)
		return say_error(options, EXIT_USAGE, NULL,
				 "logs: -n: %s is no number of lines",
				 options->value[FLAG_LINES]);
	if (since && !parse_since(options->value[FLAG_SINCE], &trails.since))
		return say_error(options, EXIT_USAGE, NULL,
				 "logs: --since: %s is neither a span nor a time",
				 options->value[FLAG_SINCE]);
	code = find_trails(&trails);
	if (code == EXIT_DONE)
		code = show(&trails, since && !options_has(options, FLAG_LINES)
					     ? TRAIL_ALL
					     : (int)lines);
	free_trails(&trails);
	return code;
}
