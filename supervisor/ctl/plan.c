#include "supervisor/ctl/verbs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ROLL   "every worker will be replaced, one by one"
#define REMOVE "gone from the file, will be drained and removed"

static const struct {
	const char *kind, *words;
	const char *when_rolled; /* a reload replaces workers, changed or not */
} kinds[] = {
	{"keep", "unchanged", ROLL ", unchanged"},
	{"add", "new, will be started", "new, will be started"},
	{"reshape", "changes in place, no worker is replaced", ROLL},
	{"roll", ROLL, ROLL},
	{"remove", REMOVE, REMOVE},
};

static void print_change(const struct options *options, const struct json *change)
{
	const char *kind = json_find_text(change, "kind");
	const char *fault = json_find_text(change, "fault");
	const struct json *keys = json_find(change, "keys");
	bool rolls = options->command == COMMAND_RELOAD;
	const char *words = kind;
	struct buffer list;

	for (size_t i = 0; kind != NULL && i < ARRAY_COUNT(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			words = rolls ? kinds[i].when_rolled : kinds[i].words;
	if (rolls && !json_find_bool(change, "asked_for"))
		words = "stays as it is";
	buffer_init(&list, PATH_MAX);
	for (size_t i = 0; i < json_count(keys); i++) {
		buffer_append_text(&list, i == 0 ? " (" : ", ");
		buffer_append_text(&list, json_text(json_at(keys, i)));
	}
	if (json_count(keys) > 0)
		buffer_append_text(&list, ")");
	if (json_find_number(change, "rolled_back_from", -1) > 0)
		buffer_append_text(&list, "; it was rolled back, and a reload is to what "
					  "the file says");
	buffer_append(&list, "", 1);
	say(options, "%s: %s%s", json_find_text(change, "app"),
	    fault != NULL ? fault : words, list.bytes);
	buffer_free(&list);
}

void plan_print(const struct options *options, const struct json *parameters)
{
	const struct json *changes = json_find(parameters, "changes");
	struct buffer json;
	struct json_writer writer = {.to = &json};

	if (options->json) {
		buffer_init(&json, SIZE_MAX);
		json_put(&writer, NULL, parameters);
		say_json(&json);
		buffer_free(&json);
		return;
	}
	for (size_t i = 0; i < json_count(changes); i++)
		print_change(options, json_at(changes, i));
	if (json_count(changes) == 0)
		say(options, "no apps");
}

enum exit_code verb_plan(const struct options *options)
{
	struct varlink_reply reply;
	struct json_writer *writer;
	struct client client;
	char path[PATH_MAX];
	enum exit_code code;

	if (options->arguments > 0 && realpath(options->argument[0], path) == NULL)
		return say_error(options, EXIT_USAGE, NULL, "plan: %s: no such file",
				 options->argument[0]);
	code = client_open(&client, options);
	if (code != EXIT_DONE)
		return code;
	writer = client_begin(&client, "Plan", false);
	if (options->arguments > 0)
		json_put_text(writer, "file", path);
	client_send(&client);
	code = client_expect(&client, options, &reply);
	if (code == EXIT_DONE) {
		plan_print(options, reply.parameters);
		varlink_free_reply(&reply);
	}
	client_close(&client);
	return code;
}
