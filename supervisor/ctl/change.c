#include "supervisor/ctl/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

#define RESULTS_BYTES ((size_t)64 << 20)

/* How results read, and how the command ends by them. */
static const struct {
	const char *result, *words;
	enum exit_code code;
} verdicts[] = {
	{"done", NULL, EXIT_DONE},
	{"unchanged", "nothing to do", EXIT_DONE},
	{"queued", "is under way", EXIT_DONE},
	{"planned", "differs in the file", EXIT_DONE},
	{"reverted", "failed, the old workers stay", EXIT_FAILED},
	{"failed", "failed", EXIT_FAILED},
	{"superseded", "a newer command took its place", EXIT_FAILED},
	{"refused", "refused", EXIT_USAGE},
};

static const struct {
	const char *kind, *done;
} participles[] = {
	{"start", "started"},   {"stop", "stopped"},   {"restart", "restarted"},
	{"reload", "reloaded"}, {"renew", "reloaded"}, {"scale", "scaled"},
	{"remove", "removed"},  {"delete", "deleted"}, {"rollback", "rolled back"},
	{"flush", "flushed"},
};

struct change {
	const struct options *options;
	bool shows_progress;
	struct buffer results; /* --json: the verdicts as they came */
	struct json_writer writer;
	unsigned again;        /* the call was made, when we looked last */
	struct buffer told;    /* the verdicts since then, in short */
	struct buffer skipped; /* those before */
	enum exit_code code;   /* of the first verdict that failed */
	char app[64], message[512];
};

static void erase_progress(const struct change *change)
{
	if (change->shows_progress)
		(void)fputs("\r\033[K", stderr);
}

static void tell_progress(const struct change *change, const struct json *progress)
{
	const struct json *first = json_at(progress, 0);
	const char *phase = json_find_text(first, "phase");

	if (!change->shows_progress || first == NULL)
		return;
	(void)fprintf(stderr, "%s %s: %s %lld/%lld", json_find_text(first, "kind"),
		      json_find_text(first, "app"), phase != NULL ? phase : "",
		      (long long)json_find_number(first, "done", 0),
		      (long long)json_find_number(first, "total", 0));
}

static void tell_done(const struct change *change, const char *app,
		      const struct json *verdict)
{
	int64_t duration_ms = json_find_number(verdict, "duration_ms", -1);
	const char *kind = json_find_text(verdict, "kind");
	const char *done = "done";
	char span[32];

	for (size_t i = 0; kind != NULL && i < ARRAY_COUNT(participles); i++)
		if (strcmp(participles[i].kind, kind) == 0)
			done = participles[i].done;
	if (duration_ms < 0) {
		say(change->options, "%s: %s", app, done);
		return;
	}
	text_format_duration(span, sizeof(span), duration_ms);
	say(change->options, "%s: %s in %s", app, done, span);
}

static void tell_failure(struct change *change, const char *app, const char *reason,
			 enum exit_code code)
{
	const char *command = command_rows[change->options->command].name;

	(void)fflush(stdout);
	(void)fprintf(stderr, "clusterctl: %s %s: %s\n", command, app, reason);
	if (change->code != EXIT_DONE)
		return;
	change->code = code;
	(void)text_copy(change->app, sizeof(change->app), app);
	(void)snprintf(change->message, sizeof(change->message), "%s %s: %s", command,
		       app, reason);
}

/* After the call was made again, all that came of it comes again. */
static bool is_told(struct change *change, const char *line)
{
	struct buffer *skipped = &change->skipped;
	char *at = skipped->count > 0
			   ? memmem(skipped->bytes, skipped->count, line, strlen(line))
			   : NULL;

	buffer_append_text(&change->told, line);
	if (at != NULL)
		at[0] = '\0'; /* only this one */
	return at != NULL;
}

static void note_again(struct change *change, const struct client *client)
{
	if (change->again == client->again)
		return;
	change->again = client->again;
	buffer_cut(&change->skipped, 0);
	buffer_append(&change->skipped, change->told.bytes, change->told.count);
	buffer_cut(&change->told, 0);
}

static void tell_verdict(struct change *change, const struct json *verdict)
{
	const char *app = json_find_text(verdict, "app");
	const char *result = json_find_text(verdict, "result");
	const char *reason = json_find_text(verdict, "reason");
	const char *kind = json_find_text(verdict, "kind");
	char line[160];
	size_t i = 0;

	(void)snprintf(line, sizeof(line), "\n%s %s %s", app != NULL ? app : "",
		       kind != NULL ? kind : "", result != NULL ? result : "");
	if (is_told(change, line))
		return;
	json_put(&change->writer, NULL, verdict);
	while (i < ARRAY_COUNT(verdicts) - 1 &&
	       (result == NULL || strcmp(verdicts[i].result, result) != 0))
		i++;
	if (reason == NULL || reason[0] == '\0')
		reason = verdicts[i].words;
	if (app == NULL)
		app = "?";
	if (verdicts[i].code != EXIT_DONE)
		tell_failure(change, app, reason, verdicts[i].code);
	else if (i == 0 && reason == NULL)
		tell_done(change, app, verdict);
	else
		say(change->options, "%s: %s", app, reason);
}

static void take_reply(struct change *change, const struct varlink_reply *reply)
{
	const struct json *list = json_find(reply->parameters, "verdicts");

	erase_progress(change);
	for (size_t i = 0; i < json_count(list); i++)
		tell_verdict(change, json_at(list, i));
	tell_progress(change, json_find(reply->parameters, "progress"));
}

static void begin(struct change *change, const struct options *options)
{
	*change = (struct change){.options = options};
	change->shows_progress =
		!options->json && !options->quiet && isatty(STDERR_FILENO);
	buffer_init(&change->results, RESULTS_BYTES);
	buffer_init(&change->told, RESULTS_BYTES);
	buffer_init(&change->skipped, RESULTS_BYTES);
	change->writer.to = &change->results;
	json_open_object(&change->writer, NULL);
	json_open_array(&change->writer, "results");
}

static enum exit_code end(struct change *change)
{
	json_close_array(&change->writer);
	if (change->code != EXIT_DONE)
		say_put_error(&change->writer, change->code, change->message,
			      change->app);
	json_close_object(&change->writer);
	if (change->options->json)
		say_json(&change->results);
	return change->code;
}

enum exit_code change_await(struct client *client, const struct options *options)
{
	struct change change;
	enum exit_code code = EXIT_DONE;
	bool continues = true;

	client_send(client);
	begin(&change, options);
	while (continues && code == EXIT_DONE) {
		struct varlink_reply reply;

		code = client_expect(client, options, &reply);
		if (code != EXIT_DONE)
			break;
		continues = reply.continues;
		note_again(&change, client);
		take_reply(&change, &reply);
		varlink_free_reply(&reply);
	}
	erase_progress(&change);
	if (code == EXIT_DONE)
		code = end(&change);
	else if (code == EXIT_TIMED_OUT)
		say_hint(options, "what was begun goes on");
	buffer_free(&change.results);
	buffer_free(&change.told);
	buffer_free(&change.skipped);
	return code;
}

void verb_put_targets(struct json_writer *writer, const struct options *options,
		      unsigned first)
{
	if (first == options->arguments)
		return;
	json_open_array(writer, "targets");
	for (unsigned i = first; i < options->arguments; i++)
		json_put_text(writer, NULL, options->argument[i]);
	json_close_array(writer);
}

static enum exit_code dry_run(struct client *client, const struct options *options)
{
	struct varlink_reply reply;
	enum exit_code code;

	client_send(client);
	code = client_expect(client, options, &reply);
	if (code != EXIT_DONE)
		return code;
	plan_print(options, reply.parameters);
	varlink_free_reply(&reply);
	return EXIT_DONE;
}

enum exit_code verb_change(const struct options *options)
{
	const struct command_row *row = &command_rows[options->command];
	bool dry = options_has(options, FLAG_DRY_RUN);
	struct json_writer *writer;
	struct client client;
	enum exit_code code = client_open(&client, options);

	if (code != EXIT_DONE)
		return code;
	if (!client_take_timeout(&client, options)) {
		client_close(&client);
		return EXIT_USAGE;
	}
	writer = client_begin(&client, row->method, !dry);
	if (options->command == COMMAND_SCALE) {
		json_put_text(writer, "target", options->argument[0]);
		json_put_text(writer, "count", options->argument[1]);
	} else if (options->command == COMMAND_BALANCE) {
		json_put_text(writer, "target", options->argument[0]);
		json_put_text(writer, "policy", options->argument[1]);
		if (options_has(options, FLAG_WEIGHTS))
			json_put_text(writer, "weights", options->value[FLAG_WEIGHTS]);
	} else {
		verb_put_targets(writer, options, 0);
	}
	if (dry)
		json_put_bool(writer, "dry_run", true);
	else
		client_put_ticket(&client);
	if (options_has(options, FLAG_NO_WAIT))
		json_put_bool(writer, "wait", false);
	code = dry ? dry_run(&client, options) : change_await(&client, options);
	client_close(&client);
	return code;
}
