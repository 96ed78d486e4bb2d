#include "supervisor/ctl/launch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITE_ADDRESS "127.0.0.1:8080" /* where files are served if nothing is said */

/* Of all variables those that are about this shell, or about a worker that we may run in.
 */
static const char *const unmeant[] = {
	"_",
	"PWD",
	"OLDPWD",
	"SHLVL",
	"NOTIFY_SOCKET",
	"LISTEN_FDS",
	"LISTEN_PID",
	"LISTEN_FDNAMES",
	"WATCHDOG_USEC",
	"WATCHDOG_PID",
	"NODE_CHANNEL_FD",
	"NODE_UNIQUE_ID",
	"CLUSTER_BROKER",
};

bool launch_is_asked(const struct options *options)
{
	return (options->flags & FLAGS_AD_HOC) != 0 || options->passes > 0;
}

/* JSON has no words for other bytes.  Values of variables are not repeated. */
static enum exit_code check_text(const struct options *options, const char *text,
				 const char *shown)
{
	if (json_is_utf8(text))
		return EXIT_DONE;
	return say_error(options, EXIT_USAGE, NULL,
			 "start: %.*s: not UTF-8, which cannot be passed on",
			 (int)strcspn(shown, "="), shown);
}

static enum exit_code check_variable(const struct options *options, const char *word)
{
	if (word[0] == '=' || word[0] == '\0')
		return say_error(options, EXIT_USAGE, NULL,
				 "start: -e %s: NAME=VALUE, or NAME to copy it", word);
	if (strchr(word, '=') != NULL)
		return check_text(options, word, word);
	if (getenv(word) == NULL)
		return say_error(options, EXIT_USAGE, NULL,
				 "start: -e %s: there is no such variable here to copy",
				 word);
	return check_text(options, getenv(word), word);
}

enum exit_code launch_check(const struct options *options)
{
	enum exit_code code = EXIT_DONE;

	for (unsigned i = 0; i < options->givens && code == EXIT_DONE; i++)
		if (options->given[i].flag == FLAG_ENV)
			code = check_variable(options, options->given[i].value);
		else if (options->given[i].value != NULL)
			code = check_text(options, options->given[i].value,
					  options->given[i].value);
	for (unsigned i = 0; i < options->passes && code == EXIT_DONE; i++)
		code = check_text(options, options->passed[i], options->passed[i]);
	return code;
}

static void put_variable(struct json_writer *writer, const char *name)
{
	const char *value = getenv(name);
	char *entry;

	if (value == NULL || asprintf(&entry, "%s=%s", name, value) == -1)
		return;
	json_put_text(writer, NULL, entry);
	free(entry);
}

static void put_given(struct json_writer *writer, const struct options *options)
{
	json_open_array(writer, "given");
	for (unsigned i = 0; i < options->givens; i++) {
		const char *word = options->given[i].value;

		if (options->given[i].flag != FLAG_ENV)
			continue;
		if (strchr(word, '=') != NULL)
			json_put_text(writer, NULL, word);
		else
			put_variable(writer, word);
	}
	json_close_array(writer);
}

static bool is_meant(const char *entry)
{
	size_t length = strcspn(entry, "=");

	if (length == 0 || entry[length] != '=' || !json_is_utf8(entry))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(unmeant); i++)
		if (strlen(unmeant[i]) == length &&
		    strncmp(unmeant[i], entry, length) == 0)
			return false;
	return true;
}

/* With its PATH a program finds what it would have found here, its interpreter too. */
static void put_passed(struct json_writer *writer, const struct options *options)
{
	json_open_array(writer, "passed");
	if (!options_has(options, FLAG_ENV_ALL))
		put_variable(writer, "PATH");
	for (char **entry = environ; options_has(options, FLAG_ENV_ALL) && *entry;
	     entry++)
		if (is_meant(*entry))
			json_put_text(writer, NULL, *entry);
	json_close_array(writer);
}

static void put_command(struct json_writer *writer, const struct options *options,
			const struct program *program)
{
	json_open_array(writer, "command");
	if (options_has(options, FLAG_SERVE)) {
		json_put_text(writer, NULL, "cluster-worker");
		json_put_text(writer, NULL, "--root");
	} else if (program->interpreter[0] != '\0') {
		json_put_text(writer, NULL, program->interpreter);
	}
	json_put_text(writer, NULL, program->path);
	if (options_has(options, FLAG_SPA))
		json_put_text(writer, NULL, "--spa");
	for (unsigned i = 0; i < options->passes; i++)
		json_put_text(writer, NULL, options->passed[i]);
	json_close_array(writer);
}

static void put_listens(struct json_writer *writer, const struct options *options)
{
	json_open_array(writer, "listen");
	for (unsigned i = 0; i < options->givens; i++)
		if (options->given[i].flag == FLAG_LISTEN)
			json_put_text(writer, NULL, options->given[i].value);
	if (options_has(options, FLAG_SERVE) && !options_has(options, FLAG_LISTEN))
		json_put_text(writer, NULL, SITE_ADDRESS);
	json_close_array(writer);
}

static void put_instances(struct json_writer *writer, const char *instances)
{
	if (instances != NULL && strcmp(instances, "0") == 0)
		instances = "max"; /* as PM2 has it */
	if (instances != NULL)
		json_put_text(writer, "instances", instances);
}

static void put_if_said(struct json_writer *writer, const char *key, const char *value)
{
	if (value != NULL)
		json_put_text(writer, key, value);
}

void launch_put(struct json_writer *writer, const struct options *options,
		const struct program *program)
{
	const char *const *value = options->value;
	const char *directory = value[FLAG_CWD] != NULL ? value[FLAG_CWD] : ".";
	char absolute[PATH_MAX];

	if (program_absolute(absolute, sizeof(absolute), directory) < 0)
		absolute[0] = '\0';
	put_command(writer, options, program);
	json_put_text(writer, "name",
		      value[FLAG_NAME] != NULL ? value[FLAG_NAME] : program->name);
	json_put_text(writer, "cwd", absolute);
	put_given(writer, options);
	put_passed(writer, options);
	put_listens(writer, options);
	put_instances(writer, value[FLAG_INSTANCES]);
	put_if_said(writer, "balance", value[FLAG_BALANCE]);
	put_if_said(writer, "max_memory", value[FLAG_MAX_MEMORY]);
	put_if_said(writer, "ready", value[FLAG_READY]);
	put_if_said(writer, "user", value[FLAG_USER]);
}

static bool is_given(const struct options *options, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 0; i < options->givens; i++) {
		const char *word = options->given[i].value;

		if (options->given[i].flag == FLAG_ENV &&
		    strncmp(word, name, length) == 0 &&
		    (word[length] == '\0' || word[length] == '='))
			return true;
	}
	return options_has(options, FLAG_ENV_ALL);
}

void launch_hint_name(const struct options *options, const struct program *program)
{
	const char *name = program->name;

	while (isalnum((unsigned char)*name) || (*name != '\0' && strchr("._-", *name)))
		name++;
	if (!options_has(options, FLAG_NAME) &&
	    (*name != '\0' || program->name[0] == '.' || program->name[0] == '-'))
		say_hint(options, "its file has this name; give it another with -n");
}

void launch_hint(const struct options *options)
{
	if (getenv("NODE_ENV") != NULL && !is_given(options, "NODE_ENV"))
		say_hint(options, "NODE_ENV is set here and not passed on: -e NODE_ENV");
	if (getenv("PORT") != NULL && !is_given(options, "PORT") &&
	    !options_has(options, FLAG_LISTEN))
		say_hint(options, "PORT is set here and not passed on: -e PORT");
}
