/*
 * start.c - brings up the supervisor if none runs, then applies a file, starts apps or a
 * program.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/ctl/background.h"
#include "supervisor/ctl/launch.h"
#include "supervisor/ctl/verbs.h"

static bool ends_in(const char *word, const char *end)
{
	size_t length = strlen(word);

	return length > strlen(end) && strcmp(word + length - strlen(end), end) == 0;
}

static bool is_file_name(const char *word)
{
	return ends_in(word, ".conf");
}

/* What PM2 takes for a list of apps where we would run a program, or ask for `chmod`. */
static bool is_of_pm2(const char *word)
{
	static const char *const ends[] = {".config.js", ".config.cjs", ".config.mjs",
					   ".json",      ".yaml",       ".yml"};

	for (size_t i = 0; i < ARRAY_COUNT(ends); i++)
		if (ends_in(word, ends[i]))
			return access(word, F_OK) == 0;
	return false;
}

/* What the words of a start mean. */
struct request {
	const char *file; /* a configuration */
	bool is_program;
	struct program program;
};

/* What a config file says is wrong is told before anything is started. */
static enum exit_code check_first(const struct options *options, const char *file)
{
	struct buffer output;
	enum exit_code code = EXIT_DONE;
	int result;

	buffer_init(&output, (size_t)1 << 20);
	result = background_check(file, &output);
	if (result == -EINVAL)
		code = say_faults(options, output.bytes, output.count);
	else if (result < 0)
		code = say_error(options, EXIT_FAILED, NULL,
				 "start: cannot run clusterd: %s", strerror(-result));
	buffer_free(&output);
	return code;
}

/* Does the running supervisor have an app, or a worker, that this word means? */
static bool is_target(const struct options *options, const char *word)
{
	struct varlink_reply reply;
	struct json_writer *writer;
	struct client client;
	bool is = false;

	if (strchr(word, '/') != NULL || client_connect(&client, options, true) < 0)
		return false;
	writer = client_begin(&client, "Show", true);
	json_open_array(writer, "targets");
	json_put_text(writer, NULL, word);
	json_close_array(writer);
	client_send(&client);
	if (client_receive(&client, &reply) == 1) {
		is = reply.error == NULL;
		varlink_free_reply(&reply);
	}
	client_close(&client);
	return is;
}

/* Options that a program takes say that one is meant; else it is a program that no app
 * and no file goes by the name of.  What is none of these is left to be an unknown app.
 */
static enum exit_code understand_program(const struct options *options,
					 struct request *request)
{
	struct fault fault = {0};
	int result;

	if (is_of_pm2(options->argument[0]) && !launch_is_asked(options))
		return say_error(options, EXIT_USAGE, NULL,
				 "start: %s: PM2's file: `clusterctl import` makes a "
				 "configuration of it",
				 options->argument[0]);
	if (is_file_name(options->argument[0]))
		return say_error(options, EXIT_USAGE, NULL,
				 "start: %s: the apps of a file have their options in it",
				 options->argument[0]);
	result = program_find(&request->program, options->argument[0], &fault);
	request->is_program = result == 0;
	if (result == 0)
		return launch_check(options);
	if (fault.text[0] != '\0')
		return say_error(options, EXIT_FAILED, NULL, "start: %s", fault.text);
	if (!launch_is_asked(options))
		return EXIT_DONE;
	(void)say_error(options, EXIT_FAILED, NULL,
			"start: %s: no such program here or in PATH",
			options->argument[0]);
	if (is_target(options, options->argument[0]))
		say_hint(options,
			 "it is an app: what it runs with is changed by `scale`, "
			 "in its file, or by `delete` and a new start");
	return EXIT_FAILED;
}

static enum exit_code refuse_many(const struct options *options, const char *what)
{
	return say_error(options, EXIT_USAGE, NULL,
			 "start: one %s at a time, and nothing beside it", what);
}

static enum exit_code understand_site(const struct options *options,
				      struct request *request)
{
	struct fault fault;

	if (!options_has(options, FLAG_SERVE))
		return say_error(options, EXIT_USAGE, NULL,
				 "start: --spa goes with --serve DIR");
	if (options->arguments > 0)
		return say_error(options, EXIT_USAGE, NULL,
				 "start: --serve takes no program beside it: %s",
				 options->argument[0]);
	if (program_find_site(&request->program, options->value[FLAG_SERVE], &fault) < 0)
		return say_error(options, EXIT_FAILED, NULL, "start: --serve %s",
				 fault.text);
	request->is_program = true;
	return launch_check(options);
}

/* An app wins over a file, a file over a program; what has a slash is never an app. */
static enum exit_code understand(const struct options *options, struct request *request)
{
	unsigned strangers = 0;

	if (options_has(options, FLAG_SERVE) || options_has(options, FLAG_SPA))
		return understand_site(options, request);
	if (launch_is_asked(options) && options->arguments != 1)
		return refuse_many(options, "program");
	if (launch_is_asked(options))
		return understand_program(options, request);
	for (unsigned i = 0; i < options->arguments; i++) {
		const char *word = options->argument[i];

		if (is_target(options, word))
			continue;
		strangers++;
		if (is_file_name(word))
			request->file = word;
	}
	if (strangers > 0 && options->arguments > 1)
		return request->file != NULL ? refuse_many(options, "config file")
					     : EXIT_DONE;
	return strangers > 0 && request->file == NULL
		       ? understand_program(options, request)
		       : EXIT_DONE;
}

/* Without a file or a program: the targets that were named, or the default
 * configuration. */
static void put_request(struct json_writer *writer, const struct options *options,
			const struct request *request)
{
	if (request->is_program)
		launch_put(writer, options, &request->program);
	else if (request->file != NULL)
		json_put_text(writer, "file", request->file);
	else
		verb_put_targets(writer, options, 0);
	if (options_has(options, FLAG_NO_WAIT))
		json_put_bool(writer, "wait", false);
}

static enum exit_code call_start(const struct options *options,
				 const struct request *request)
{
	struct client client;
	int connected = client_connect(&client, options, true);
	enum exit_code code = EXIT_USAGE;

	if (connected < 0)
		return client_say_absent(options, connected);
	if (client_take_timeout(&client, options)) {
		put_request(client_begin(&client, "Start", true), options, request);
		client_put_ticket(&client);
		if (client.out.broken)
			code = say_error(
				options, EXIT_USAGE, NULL,
				"start: arguments and environment are more than "
				"%zu KiB together; pass single variables with -e",
				VARLINK_REQUEST_BYTES / 1024);
		else
			code = change_await(&client, options);
	}
	client_close(&client);
	if (code == EXIT_DONE && request->is_program)
		launch_hint(options);
	else if (code == EXIT_NO_TARGET)
		say_hint(options,
			 options->arguments > 1
				 ? "what a program is to get follows `--`"
				 : "nor is there such a program here or in PATH");
	else if (code == EXIT_USAGE && request->is_program)
		launch_hint_name(options, &request->program);
	return code;
}

static bool has_apps(const struct options *options)
{
	struct varlink_reply reply;
	struct client client;
	bool has = true;

	if (client_connect(&client, options, true) < 0)
		return false;
	(void)client_begin(&client, "List", true);
	client_send(&client);
	if (client_receive(&client, &reply) == 1) {
		has = json_count(json_find(reply.parameters, "apps")) > 0;
		varlink_free_reply(&reply);
	}
	client_close(&client);
	return has;
}

/* A supervisor that we brought up for nothing goes again. */
static void take_back(const struct options *options)
{
	struct options quietly = {
		.command = COMMAND_SHUTDOWN, .socket = options->socket, .quiet = true};

	if (has_apps(options) || verb_shutdown(&quietly) != EXIT_DONE)
		return;
	say(options, "clusterd has ended again: there is nothing to run");
}

static enum exit_code bring_up(const struct options *options,
			       const struct request *request)
{
	enum exit_code code = EXIT_DONE;
	bool started;

	if (!request->is_program)
		code = check_first(options, request->file);
	if (code == EXIT_DONE)
		code = background_start(options, &started);
	if (code != EXIT_DONE)
		return code;
	code = call_start(options, request);
	if (code != EXIT_DONE && started)
		take_back(options);
	return code;
}

static enum exit_code start_without(const struct options *options, int connected,
				    const struct request *request)
{
	if (connected != -ENOENT || options->socket != NULL)
		return client_say_absent(options, connected);
	if (options->arguments == 0 || request->file != NULL || request->is_program)
		return bring_up(options, request);
	(void)client_say_absent(options, connected);
	say_hint(options, "`clusterctl start` brings one up with the default config");
	return EXIT_NOT_RUNNING;
}

enum exit_code verb_start(const struct options *options)
{
	struct request request = {0};
	struct client client;
	char path[PATH_MAX];
	enum exit_code code = understand(options, &request);
	int connected;

	if (code != EXIT_DONE)
		return code;
	if (request.file != NULL && realpath(request.file, path) == NULL)
		return say_error(options, EXIT_USAGE, NULL, "start: %s: %s", request.file,
				 strerror(errno));
	if (request.file != NULL)
		request.file = path;
	connected = client_connect(&client, options, true);
	if (connected < 0)
		return start_without(options, connected, &request);
	client_close(&client);
	return call_start(options, &request);
}
