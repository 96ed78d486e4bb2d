/*
 * show.c - everything about an app, for people and as JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "supervisor/ctl/rows.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE 10000 /* ms */

static void print_text(const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		(void)printf("  %-12s %s\n", name, text);
}

static void print_list(const char *name, const struct json *list)
{
	if (json_count(list) == 0)
		return;
	(void)printf("  %-12s", name);
	for (size_t i = 0; i < json_count(list); i++)
		(void)printf(" %s", json_text(json_at(list, i)));
	(void)putchar('\n');
}

static void print_span(const char *name, const struct json *app, const char *key)
{
	int64_t span = json_find_number(app, key, -1);
	char text[32];

	if (span < 0)
		return;
	text_format_duration(text, sizeof(text), span);
	print_text(name, text);
}

static void print_headline(const struct json *app)
{
	const struct json *instances = json_find(app, "instances");
	int64_t configured = json_find_number(instances, "configured", 0);

	(void)printf("%s: %s, %" PRId64 " of %" PRId64 " workers ready",
		     json_find_text(app, "name"), json_find_text(app, "state"),
		     json_find_number(instances, "ready", 0),
		     json_find_number(instances, "desired", 0));
	if (json_find_bool(instances, "overridden"))
		(void)printf(" (scaled; the config says %" PRId64 ")", configured);
	(void)putchar('\n');
}

static void print_file(const char *name, const struct json *generation, const char *key,
		       const char *digest_key, const char *note)
{
	const char *path = json_find_text(generation, key);
	const char *digest = json_find_text(generation, digest_key);

	if (path == NULL)
		return;
	(void)printf("    %-10s %s%s\n", name, path, note);
	if (digest == NULL)
		digest = json_find_text(generation, "sha256_note");
	(void)printf("    %-10s %s\n", "sha256", digest != NULL ? digest : "not known");
}

static void print_generation(const struct json *generation)
{
	bool replaced = json_find_bool(generation, "replaced_on_disk");
	const char *changed = json_find_text(generation, "changed");
	const char *directory = json_find_text(generation, "directory");
	int64_t workers = json_find_number(generation, "workers", 0);
	char age[32];

	text_format_duration(age, sizeof(age), json_find_number(generation, "age_ms", 0));
	(void)printf("  %-12s %" PRId64 ": %s, %" PRId64 " worker%s, made %s ago\n",
		     "generation", json_find_number(generation, "number", 0),
		     json_find_text(generation, "role"), workers, workers == 1 ? "" : "s",
		     age);
	print_file("program", generation, "program", "sha256",
		   replaced ? " (replaced on disk: workers start from what it was)" : "");
	print_file("script", generation, "script", "script_sha256", "");
	if (directory != NULL)
		(void)printf("    %-10s %s\n", "directory", directory);
	if (changed != NULL)
		(void)printf(
			"    %-10s %s changed on disk: workers start from what it is "
			"now\n",
			"changed", changed);
}

static void print_generations(const struct json *app)
{
	const struct json *generations = json_find(app, "generations");
	int64_t from = json_find_number(app, "rolled_back_from", -1);

	for (size_t i = 0; i < json_count(generations); i++)
		print_generation(json_at(generations, i));
	if (from >= 0)
		(void)printf("  %-12s from generation %" PRId64
			     "; `reload` is to what the configuration says\n",
			     "rolled back", from);
}

static void print_operations(const struct json *app)
{
	const struct json *now = json_find(app, "operation");
	const struct json *last = json_find(app, "last_operation");
	const char *phase = json_find_text(now, "phase");
	const char *error = json_find_text(last, "error");
	char span[32] = "";

	if (json_is_map(now))
		(void)printf("  %-12s %s: %s %" PRId64 "/%" PRId64 "\n", "now",
			     json_find_text(now, "kind"), phase != NULL ? phase : "",
			     json_find_number(now, "done", 0),
			     json_find_number(now, "total", 0));
	if (!json_is_map(last))
		return;
	text_format_duration(span, sizeof(span),
			     json_find_number(last, "duration_ms", 0));
	(void)printf("  %-12s %s: %s in %s\n", "before", json_find_text(last, "kind"),
		     json_find_bool(last, "ok") ? "done"
		     : error != NULL            ? error
						: "failed",
		     span);
}

static void print_recycle(const struct json *app)
{
	const struct json *bounds = json_find(app, "recycle");
	const struct json *last = json_find(app, "last_recycle");
	int64_t memory = json_find_number(bounds, "memory_bytes", -1);
	int64_t requests = json_find_number(bounds, "requests", -1);
	char text[32];

	if (memory >= 0) {
		text_format_bytes(text, sizeof(text), (uint64_t)memory);
		print_text("memory up to", text);
	}
	print_span("age up to", bounds, "age_ms");
	if (requests >= 0)
		(void)printf("  %-12s %" PRId64 "\n", "requests to", requests);
	print_text("cron", json_find_text(bounds, "cron"));
	print_text("cron next", json_find_text(bounds, "next_cron"));
	if (json_is_map(last))
		(void)printf("  %-12s slot %" PRId64 " at %s: %s\n", "recycled",
			     json_find_number(last, "slot", 0),
			     json_find_text(last, "at"), json_find_text(last, "reason"));
}

static void print_probes(const struct json *app)
{
	const struct json *probe = json_find(app, "probe");
	const struct json *workers = json_find(app, "workers");
	const char *path = json_find_text(probe, "http");
	char span[32];

	if (!json_is_map(probe))
		return;
	text_format_duration(span, sizeof(span),
			     json_find_number(probe, "interval_ms", 0));
	(void)printf("  %-12s %s every %s, sick after %" PRId64 " failures in a row\n",
		     "probed by", path != NULL ? path : "connecting", span,
		     json_find_number(probe, "failures", 0));
	for (size_t i = 0; i < json_count(workers); i++) {
		const struct json *worker = json_at(workers, i);
		const struct json *last = json_find(worker, "last_probe");
		int64_t failures = json_find_number(last, "failures", 0);

		if (!json_is_map(last))
			continue;
		text_format_duration(span, sizeof(span),
				     json_find_number(last, "latency_ms", 0) + 1);
		(void)printf("  slot %" PRId64 " probed at %s: %s within %s",
			     json_find_number(worker, "slot", 0),
			     json_find_text(last, "at"), json_find_text(last, "result"),
			     span);
		if (failures > 0)
			(void)printf(", %" PRId64 " failed in a row", failures);
		(void)putchar('\n');
	}
}

static void print_exits(const struct json *app)
{
	const struct json *workers = json_find(app, "workers");

	for (size_t i = 0; i < json_count(workers); i++) {
		const struct json *worker = json_at(workers, i);
		const struct json *last = json_find(worker, "last_exit");

		if (json_is_map(last))
			(void)printf("  slot %" PRId64 " ended %s: %s\n",
				     json_find_number(worker, "slot", 0),
				     json_find_text(last, "at"),
				     json_find_text(last, "reason"));
	}
}

static void print_origin(const struct json *app)
{
	const char *config = json_find_text(app, "config");

	if (config != NULL)
		(void)printf("  %-12s %s:%" PRId64 "\n", "config", config,
			     json_find_number(app, "config_line", 0));
	else
		print_text("config", "embedded in clusterd");
	print_list("command", json_find(app, "command"));
	print_text("stdout", json_find_text(app, "log_out"));
	print_text("stderr", json_find_text(app, "log_err"));
	print_text("drain by", json_find_text(app, "drain_signal"));
	print_span("drain within", app, "drain_timeout_ms");
	print_span("ready within", app, "ready_timeout_ms");
	print_span("beats every", app, "heartbeat_interval_ms");
	print_span("hung after", app, "heartbeat_timeout_ms");
}

/* Who goes quietly, and what for it is not told to end yet. */
static void print_waits(const struct json *app)
{
	const struct json *workers = json_find(app, "workers");

	for (size_t i = 0; i < json_count(workers); i++) {
		const struct json *worker = json_at(workers, i);
		int64_t count = json_find_number(worker, "connections_in_use", -1);

		if (count < 0)
			continue;
		(void)printf("  slot %" PRId64 " drains quietly: worker %" PRId64
			     " has %" PRId64 " connection%s in use\n",
			     json_find_number(worker, "slot", 0),
			     json_find_number(worker, "pid", 0), count,
			     count == 1 ? "" : "s");
	}
}

/* Usually all came by the same. */
static void print_doors(const struct json *app)
{
	const struct json *workers = json_find(app, "workers");
	const char *door = NULL;

	for (size_t i = 0; i < json_count(workers); i++) {
		const char *another = json_find_text(json_at(workers, i), "door");

		if (another == NULL || (door != NULL && strcmp(door, another) == 0))
			continue;
		door = another;
		print_text("sockets by", door);
	}
}

/* Equal ones say nothing. */
static void print_weights(const struct json *weights)
{
	bool differ = false;

	for (size_t i = 1; i < json_count(weights); i++)
		differ = differ || json_number(json_at(weights, i), 1) !=
					   json_number(json_at(weights, 0), 1);
	if (!differ)
		return;
	(void)printf("  %-12s", "weights");
	for (size_t i = 0; i < json_count(weights); i++)
		(void)printf(" %" PRId64, json_number(json_at(weights, i), 1));
	(void)putchar('\n');
}

static void print_figure(const char *name, const struct json *app, const char *key)
{
	const struct json *figure = json_find(app, key);
	char text[32];

	if (json_is_none(figure))
		return;
	(void)snprintf(text, sizeof(text), "%" PRId64, json_find_number(app, key, 0));
	print_text(name, text);
}

static void print_limits(const struct json *limits)
{
	const char *name;

	if (json_count(limits) == 0)
		return;
	(void)printf("  %-12s", "limits");
	for (size_t i = 0; (name = json_name(limits, i)) != NULL; i++)
		(void)printf(" %s=%s", name, json_find_text(limits, name));
	(void)putchar('\n');
}

/* Only what is not as the supervisor has it. */
static void print_rights(const struct json *app)
{
	const char *affinity = json_find_text(app, "affinity");
	const char *control = json_find_text(app, "control");

	print_text("user", json_find_text(app, "user"));
	print_text("group", json_find_text(app, "group"));
	print_text("umask", json_find_text(app, "umask"));
	if (json_find_bool(app, "no_new_privileges"))
		print_text("privileges", "no new ones");
	print_figure("nice", app, "nice");
	print_figure("oom score", app, "oom_score_adj");
	if (affinity != NULL && strcmp(affinity, "none") != 0)
		print_text("affinity", affinity);
	if (control != NULL && strcmp(control, "none") != 0)
		print_text("control", control);
	print_limits(json_find(app, "limits"));
}

static void print_balance(const struct json *app)
{
	const char *balance = json_find_text(app, "balance");
	const char *note = json_find_text(app, "balance_note");
	const char *configured = json_find_text(app, "balance_configured");

	if (balance == NULL)
		return;
	(void)printf("  %-12s %s", "balance", balance);
	if (note != NULL)
		(void)printf(" (%s)", note);
	if (configured != NULL)
		(void)printf(" (ordered; the config says %s)", configured);
	(void)putchar('\n');
	print_weights(json_find(app, "weights"));
}

static void print_events(const struct options *options, const struct json *events)
{
	if (json_count(events) > 0)
		(void)printf("\nlately:\n");
	for (size_t i = 0; i < json_count(events); i++)
		events_print(options, json_at(events, i));
}

static void print_app(const struct options *options, const struct json *app)
{
	struct rows rows;

	print_headline(app);
	print_text("trouble", json_find_text(app, "trouble"));
	print_list("listen", json_find(app, "listen"));
	print_doors(app);
	print_waits(app);
	print_text("shared with", json_find_text(app, "foreign_listeners"));
	print_balance(app);
	print_operations(app);
	print_origin(app);
	print_generations(app);
	print_recycle(app);
	print_rights(app);
	print_probes(app);
	print_exits(app);
	print_events(options, json_find(app, "events"));
	(void)putchar('\n');
	if (rows_init(&rows, options) < 0)
		return;
	rows_add_app(&rows, app);
	(void)table_print(rows.table);
	(void)putchar('\n');
	rows_fini(&rows);
}

static void take_apps(const struct options *options, struct json_writer *writer,
		      const struct json *apps)
{
	for (size_t i = 0; i < json_count(apps); i++)
		if (options->json)
			json_put(writer, NULL, json_at(apps, i));
		else
			print_app(options, json_at(apps, i));
}

static enum exit_code show_all(const struct options *options, struct client *client)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};
	enum exit_code code = EXIT_DONE;
	bool continues = true;

	verb_put_targets(client_begin(client, "Show", true), options, 0);
	client_send(client);
	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_open_array(&writer, "apps");
	while (continues && code == EXIT_DONE) {
		struct varlink_reply reply;

		code = client_expect(client, options, &reply);
		if (code != EXIT_DONE)
			break;
		continues = reply.continues;
		take_apps(options, &writer, json_find(reply.parameters, "apps"));
		varlink_free_reply(&reply);
	}
	json_close_array(&writer);
	json_close_object(&writer);
	if (code == EXIT_DONE && options->json)
		say_json(&json);
	buffer_free(&json);
	return code;
}

enum exit_code verb_show(const struct options *options)
{
	struct client client;
	enum exit_code code = client_open(&client, options);

	if (code != EXIT_DONE)
		return code;
	client.deadline = clock_now() + PATIENCE;
	if (!client_take_timeout(&client, options))
		code = EXIT_USAGE;
	else if (options_has(options, FLAG_REQUEST))
		code = verb_request(options, &client);
	else
		code = show_all(options, &client);
	client_close(&client);
	return code;
}
