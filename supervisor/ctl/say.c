#include "supervisor/ctl/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

#define JSON_MOST SIZE_MAX
#define MESSAGE   1024

bool say_in_colours(const struct options *options)
{
	const char *no = getenv("NO_COLOR");

	return !options->plain && (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO);
}

void say_put_error(struct json_writer *writer, enum exit_code code, const char *message,
		   const char *app)
{
	json_open_object(writer, "error");
	json_put_number(writer, "code", code);
	json_put_text(writer, "message", message);
	json_put_text(writer, "app", app);
	json_close_object(writer);
}

void say_json(struct buffer *json)
{
	if (json->broken) {
		(void)fputs("clusterctl: out of memory\n", stderr);
		exit(EXIT_FAILED);
	}
	(void)fwrite(json->bytes, 1, json->count, stdout);
	(void)putchar('\n');
}

static void say_error_object(enum exit_code code, const char *message, const char *app)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};

	buffer_init(&json, JSON_MOST);
	json_open_object(&writer, NULL);
	say_put_error(&writer, code, message, app);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
}

enum exit_code say_error(const struct options *options, enum exit_code code,
			 const char *app, const char *format, ...)
{
	char message[MESSAGE];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(message, sizeof(message), format, values);
	va_end(values);
	(void)fflush(stdout);
	(void)fprintf(stderr, "clusterctl: %s\n", message);
	if (options->json)
		say_error_object(code, message, app);
	return code;
}

void say_hint(const struct options *options, const char *format, ...)
{
	va_list values;

	if (options->quiet)
		return;
	va_start(values, format);
	(void)fputs("  hint: ", stderr);
	(void)vfprintf(stderr, format, values);
	(void)fputc('\n', stderr);
	va_end(values);
}

void say(const struct options *options, const char *format, ...)
{
	va_list values;

	if (options->quiet || options->json)
		return;
	va_start(values, format);
	(void)vprintf(format, values);
	va_end(values);
	(void)putchar('\n');
}

/* "FILE:LINE: key: why" -> its parts; what is missing is null. */
static void put_fault(struct json_writer *writer, char *line)
{
	char *number = strchr(line, ':');
	char *key = number != NULL ? strstr(number, ": ") : NULL;
	char *why = key != NULL ? strstr(key + 2, ": ") : NULL;
	unsigned at;

	json_open_object(writer, NULL);
	json_put_text(writer, "text", line);
	if (why != NULL) {
		*number = *key = *why = '\0';
		json_put_text(writer, "file", line);
		if (text_parse_unsigned(&at, number + 1, 1, UINT32_MAX) == 0)
			json_put_number(writer, "line", at);
		json_put_text(writer, "key", key + 2);
		json_put_text(writer, "message", why + 2);
	}
	json_close_object(writer);
}

static void put_faults(struct json_writer *writer, char *lines)
{
	char *rest = NULL;

	json_open_array(writer, "faults");
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		put_fault(writer, line);
	json_close_array(writer);
}

enum exit_code say_faults(const struct options *options, const char *text, size_t count)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};
	char *lines;

	(void)fwrite(text, 1, count, stderr);
	if (!options->json)
		return EXIT_USAGE;
	lines = strndup(text, count);
	if (lines == NULL)
		return EXIT_USAGE;
	buffer_init(&json, JSON_MOST);
	json_open_object(&writer, NULL);
	say_put_error(&writer, EXIT_USAGE, "the configuration is invalid", NULL);
	put_faults(&writer, lines);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
	free(lines);
	return EXIT_USAGE;
}

static enum exit_code say_invalid_config(const struct options *options,
					 const struct json *parameters)
{
	const struct json *faults = json_find(parameters, "faults");
	struct buffer text;

	buffer_init(&text, JSON_MOST);
	for (size_t i = 0; i < json_count(faults); i++) {
		const char *line = json_text(json_at(faults, i));

		buffer_append_text(&text, line != NULL ? line : "?");
		buffer_append_text(&text, "\n");
	}
	(void)say_faults(options, text.bytes, text.count);
	if (json_find_number(parameters, "count", 0) > (int64_t)json_count(faults))
		say_hint(options, "and %lld more",
			 (long long)json_find_number(parameters, "count", 0) -
				 (long long)json_count(faults));
	buffer_free(&text);
	return EXIT_USAGE;
}

enum exit_code say_refusal(const struct options *options,
			   const struct varlink_reply *reply)
{
	static const struct {
		const char *error, *key, *why;
		enum exit_code code;
	} refusals[] = {
		{VARLINK_INTERFACE ".NoSuchTarget", "target", "no such app or worker",
		 EXIT_NO_TARGET},
		{VARLINK_INTERFACE ".Busy", "message", "try again", EXIT_BUSY},
		{VARLINK_INTERFACE ".Lagged", "message", "cut off", EXIT_FAILED},
		{VARLINK_INTERFACE ".Failed", "message", "failed", EXIT_FAILED},
		{VARLINK_SERVICE ".PermissionDenied", "user",
		 "permission denied: the supervisor is another user's, and lets nobody "
		 "else in",
		 EXIT_DENIED},
		{VARLINK_SERVICE ".InvalidParameter", "parameter", "not understood",
		 EXIT_USAGE},
		{VARLINK_SERVICE ".MethodNotFound", "method",
		 "the supervisor does not know it", EXIT_FAILED},
	};
	const char *command = command_rows[options->command].name;

	if (strcmp(reply->error, VARLINK_INTERFACE ".InvalidConfig") == 0)
		return say_invalid_config(options, reply->parameters);
	for (size_t i = 0; i < ARRAY_COUNT(refusals); i++) {
		const char *what = json_find_text(reply->parameters, refusals[i].key);
		bool is_said = what != NULL && strcmp(refusals[i].key, "message") == 0;

		if (strcmp(reply->error, refusals[i].error) != 0)
			continue;
		return say_error(options, refusals[i].code,
				 refusals[i].code == EXIT_NO_TARGET ? what : NULL,
				 "%s%s%s%s: %s", command, is_said ? ":" : "",
				 what != NULL ? " " : "", what != NULL ? what : "",
				 refusals[i].why);
	}
	return say_error(options, EXIT_FAILED, NULL, "%s: %s", command, reply->error);
}
