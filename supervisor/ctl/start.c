/*
 * start.c - brings up the supervisor if none runs, then applies a file or starts apps.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/ctl/background.h"
#include "supervisor/ctl/verbs.h"

static bool is_file_name(const char *word)
{
	size_t length = strlen(word);

	return length > 5 && strcmp(word + length - 5, ".conf") == 0;
}

/* Could `word` be a program that PM2's users would start? */
static bool is_program(const char *word)
{
	return strchr(word, '/') != NULL || access(word, F_OK) == 0;
}

static enum exit_code refuse_program(const struct options *options, const char *word)
{
	return say_error(options, EXIT_USAGE, NULL,
			 "start: %s: starting a program ad hoc is not supported yet; "
			 "name it in a config file",
			 word);
}

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

/* What the words mean: apps, or one file.  An app wins over a file, a file over a
 * program; what has a slash is never an app. */
static enum exit_code understand(const struct options *options, bool *ret_is_file)
{
	unsigned files = 0;

	for (unsigned i = 0; i < options->arguments; i++) {
		const char *word = options->argument[i];

		if (is_target(options, word))
			continue;
		if (is_file_name(word))
			files++;
		else if (is_program(word))
			return refuse_program(options, word);
	}
	if (files > 0 && options->arguments > 1)
		return say_error(
			options, EXIT_USAGE, NULL,
			"start: one config file at a time, and nothing beside it");
	*ret_is_file = files > 0;
	return EXIT_DONE;
}

/* `file` NULL: the targets that were named, or without any the default configuration. */
static enum exit_code call_start(const struct options *options, const char *file)
{
	struct json_writer *writer;
	struct client client;
	int connected = client_connect(&client, options, true);
	enum exit_code code = EXIT_USAGE;

	if (connected < 0)
		return client_say_absent(options, connected);
	if (client_take_timeout(&client, options)) {
		writer = client_begin(&client, "Start", true);
		if (file != NULL)
			json_put_text(writer, "file", file);
		else
			verb_put_targets(writer, options, 0);
		if (options_has(options, FLAG_NO_WAIT))
			json_put_bool(writer, "wait", false);
		code = change_await(&client, options);
	}
	client_close(&client);
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

static enum exit_code bring_up(const struct options *options, const char *file)
{
	enum exit_code code = check_first(options, file);
	bool started;

	if (code == EXIT_DONE)
		code = background_start(options, &started);
	if (code != EXIT_DONE)
		return code;
	code = call_start(options, file);
	if (code != EXIT_DONE && started)
		take_back(options);
	return code;
}

static enum exit_code start_without(const struct options *options, int connected,
				    const char *file)
{
	if (connected != -ENOENT || options->socket != NULL)
		return client_say_absent(options, connected);
	if (options->arguments == 0 || file != NULL)
		return bring_up(options, file);
	(void)client_say_absent(options, connected);
	say_hint(options, "`clusterctl start` brings one up with the default config");
	return EXIT_NOT_RUNNING;
}

enum exit_code verb_start(const struct options *options)
{
	struct client client;
	char path[PATH_MAX];
	const char *file = NULL;
	bool is_file = false;
	enum exit_code code;
	int connected;

	if (options->passes_arguments)
		return refuse_program(
			options, options->arguments > 0 ? options->argument[0] : "--");
	code = understand(options, &is_file);
	if (code != EXIT_DONE)
		return code;
	if (is_file) {
		file = realpath(options->argument[0], path);
		if (file == NULL)
			return say_error(options, EXIT_USAGE, NULL, "start: %s: %s",
					 options->argument[0], strerror(errno));
	}
	connected = client_connect(&client, options, true);
	if (connected < 0)
		return start_without(options, connected, file);
	client_close(&client);
	return call_start(options, file);
}
