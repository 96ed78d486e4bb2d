/*
 * events.c - what happened, and what happens: a line each, or an object.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/ctl/verbs.h"

#define LINES      15 /* of the past, before what comes */
#define LINES_MOST 1000000

/* "2026-11-24T01:02:03.456Z" -> the same moment by the clock on the wall */
static void format_moment(char *text, size_t size, const char *moment)
{
	struct tm when = {0};
	const char *rest = strptime(moment, "%FT%T", &when);
	time_t seconds = timegm(&when);
	size_t used;

	if (rest == NULL || localtime_r(&seconds, &when) == NULL) {
		(void)text_copy(text, size, moment);
		return;
	}
	used = strftime(text, size, "%F %T", &when);
	(void)snprintf(text + used, size - used, "%.4s", rest);
}

static const char *colour_of(const char *level)
{
	if (strcmp(level, "error") == 0)
		return "\033[31m";
	return strcmp(level, "warn") == 0 ? "\033[33m" : "\033[32m";
}

/* "web.3", "web", or the supervisor itself */
static void format_target(char *text, size_t size, const struct json *event)
{
	const char *app = json_find_text(event, "app");
	int64_t slot = json_find_number(event, "slot", -1);

	if (app == NULL)
		(void)text_copy(text, size, "clusterd");
	else if (slot < 0)
		(void)text_copy(text, size, app);
	else
		(void)snprintf(text, size, "%s.%lld", app, (long long)slot);
}

void events_print(const struct options *options, const struct json *event)
{
	const char *at = json_find_text(event, "at"),
		   *kind = json_find_text(event, "kind");
	const char *level = json_find_text(event, "level");
	const char *message = json_find_text(event, "message");
	bool colours = say_in_colours(options);
	char moment[48], target[128];

	if (at == NULL || kind == NULL || level == NULL || message == NULL)
		return;
	format_moment(moment, sizeof(moment), at);
	format_target(target, sizeof(target), event);
	(void)printf("%s  %s%-18s%s  %-12s  %s\n", moment,
		     colours ? colour_of(level) : "", kind, colours ? "\033[0m" : "",
		     target, message);
}

static void print_object(const struct json *event)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};

	buffer_init(&json, SIZE_MAX);
	json_put(&writer, NULL, event);
	say_json(&json);
	buffer_free(&json);
}

static void take_events(const struct options *options, const struct json *events)
{
	for (size_t i = 0; i < json_count(events); i++)
		if (options->json)
			print_object(json_at(events, i));
		else
			events_print(options, json_at(events, i));
	(void)fflush(stdout);
}

/* Whatever was said by then is written: following has no other end. */
static void on_interrupt(int number)
{
	(void)number;
	_exit(EXIT_DONE);
}

static enum exit_code follow(struct client *client, const struct options *options)
{
	bool continues = true;

	while (continues) {
		struct varlink_reply reply;
		enum exit_code code = client_expect(client, options, &reply);

		if (code != EXIT_DONE)
			return code;
		continues = reply.continues;
		take_events(options, json_find(reply.parameters, "events"));
		varlink_free_reply(&reply);
	}
	return EXIT_DONE;
}

enum exit_code verb_events(const struct options *options)
{
	const char *value = options->value[FLAG_LINES];
	bool follows = !options_has(options, FLAG_NO_FOLLOW);
	struct json_writer *writer;
	struct client client;
	unsigned lines = LINES;
	enum exit_code code;

	if (value != NULL && text_parse_unsigned(&lines, value, 0, LINES_MOST) < 0)
		return say_error(options, EXIT_USAGE, NULL,
				 "events: --lines: %s is no number up to %d", value,
				 LINES_MOST);
	code = client_open(&client, options);
	if (code != EXIT_DONE)
		return code;
	writer = client_begin(&client, "Events", true);
	verb_put_targets(writer, options, 0);
	if (value != NULL || follows)
		json_put_number(writer, "lines", lines);
	json_put_bool(writer, "follow", follows);
	client_send(&client);
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGTERM, on_interrupt);
	code = follow(&client, options);
	client_close(&client);
	return code;
}
