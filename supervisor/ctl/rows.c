#include "supervisor/ctl/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/ctl/say.h"

#define CELL 64

enum column {
	COLUMN_NAME,
	COLUMN_STATE,
	COLUMN_PID,
	COLUMN_GENERATION,
	COLUMN_UPTIME,
	COLUMN_RESTARTS,
	COLUMN_MEMORY,
	COLUMN_CPU,
	COLUMN_REQUESTS,
	COLUMN_SHARE,
	COLUMN_QUEUE,
	COLUMN_NOTE,
	COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[COLUMN_NAME] = {"APP", false},     [COLUMN_STATE] = {"STATE", false},
	[COLUMN_PID] = {"PID", true},       [COLUMN_GENERATION] = {"GEN", true},
	[COLUMN_UPTIME] = {"UP", true},     [COLUMN_RESTARTS] = {"RESTARTS", true},
	[COLUMN_MEMORY] = {"MEM", true},    [COLUMN_CPU] = {"CPU%", true},
	[COLUMN_REQUESTS] = {"REQS", true}, [COLUMN_SHARE] = {"SHARE%", true},
	[COLUMN_QUEUE] = {"QUEUE", true},   [COLUMN_NOTE] = {"LISTEN", false},
};

static const struct {
	const char *state, *colour;
} colours[] = {
	{"online", "green"},     {"ready", "green"},    {"starting", "yellow"},
	{"reloading", "yellow"}, {"scaling", "yellow"}, {"stopping", "yellow"},
	{"draining", "yellow"},  {"late", "yellow"},    {"degraded", "red"},
	{"backoff", "red"},      {"failed", "red"},
};

static const char *colour_of(const char *state)
{
	for (size_t i = 0; state != NULL && i < ARRAY_COUNT(colours); i++)
		if (strcmp(colours[i].state, state) == 0)
			return colours[i].colour;
	return NULL;
}

static void set_number(const struct rows *rows, struct libscols_line *row,
		       enum column column, const struct json *json, const char *key)
{
	int64_t number = json_find_number(json, key, -1);
	char text[CELL];

	if (number < 0)
		return;
	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	table_set(rows->table, row, column, text, NULL);
}

static void set_percent(const struct rows *rows, struct libscols_line *row,
			enum column column, const struct json *json, const char *key)
{
	double percent = json_find_real(json, key, -1);
	char text[CELL];

	if (percent < 0)
		return;
	(void)snprintf(text, sizeof(text), percent < 10 ? "%.1f" : "%.0f", percent);
	table_set(rows->table, row, column, text, NULL);
}

static void set_uptime(const struct rows *rows, struct libscols_line *row,
		       const struct json *worker)
{
	int64_t uptime = json_find_number(worker, "uptime_ms", -1);
	char text[CELL];

	if (uptime < 0)
		return;
	/* below a second the first digit is news enough */
	text_format_duration(text, sizeof(text),
			     uptime < 1000 ? uptime : uptime / 1000 * 1000);
	table_set(rows->table, row, COLUMN_UPTIME, text, NULL);
}

static void set_memory(const struct rows *rows, struct libscols_line *row, int64_t bytes)
{
	char text[CELL];

	if (bytes < 0)
		return;
	text_format_bytes(text, sizeof(text), (uint64_t)bytes);
	table_set(rows->table, row, COLUMN_MEMORY, text, NULL);
}

/* Beside a worker: what it says of itself, or why the one before it ended. */
static void set_worker_note(const struct rows *rows, struct libscols_line *row,
			    const struct json *worker)
{
	const char *note = json_find_text(worker, "status");
	const char *state = json_find_text(worker, "state");

	if (state != NULL && strcmp(state, "backoff") == 0)
		note = json_find_text(json_find(worker, "last_exit"), "reason");
	if (note != NULL)
		table_set(rows->table, row, COLUMN_NOTE, note, NULL);
}

static void add_worker(const struct rows *rows, const struct json *worker)
{
	struct libscols_line *row = table_add(rows->table, rows->app);
	const char *state = json_find_text(worker, "state");

	set_number(rows, row, COLUMN_NAME, worker, "slot");
	table_set(rows->table, row, COLUMN_STATE, state, colour_of(state));
	set_number(rows, row, COLUMN_PID, worker, "pid");
	set_number(rows, row, COLUMN_GENERATION, worker, "generation");
	set_uptime(rows, row, worker);
	set_number(rows, row, COLUMN_RESTARTS, worker, "restarts");
	set_memory(rows, row, json_find_number(worker, "rss_bytes", -1));
	set_percent(rows, row, COLUMN_CPU, worker, "cpu_percent");
	set_number(rows, row, COLUMN_REQUESTS, worker, "requests");
	set_percent(rows, row, COLUMN_SHARE, worker, "share_percent");
	set_number(rows, row, COLUMN_QUEUE, worker, "queue_depth");
	set_worker_note(rows, row, worker);
}

/* "online 4/4": how many are ready of those wanted */
static void set_app_state(const struct rows *rows, const struct json *app)
{
	const struct json *instances = json_find(app, "instances");
	const char *state = json_find_text(app, "state");
	char text[CELL];

	(void)snprintf(text, sizeof(text), "%s %lld/%lld", state,
		       (long long)json_find_number(instances, "ready", 0),
		       (long long)json_find_number(instances, "desired", 0));
	table_set(rows->table, rows->app, COLUMN_STATE, text, colour_of(state));
}

/* Beside an app: where it listens; a trouble is more urgent. */
static void set_app_note(const struct rows *rows, const struct json *app)
{
	const struct json *listen = json_find(app, "listen");
	const char *trouble = json_find_text(app, "trouble");
	const char *state = json_find_text(app, "state");
	char text[512] = "";

	if (trouble != NULL && colour_of(state) != NULL && strcmp(state, "online") != 0) {
		table_set(rows->table, rows->app, COLUMN_NOTE, trouble, "red");
		return;
	}
	for (size_t i = 0; i < json_count(listen); i++) {
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? " " : "",
			       json_text(json_at(listen, i)));
	}
	table_set(rows->table, rows->app, COLUMN_NOTE, text, NULL);
}

void rows_add_app(struct rows *rows, const struct json *app)
{
	const struct json *workers = json_find(app, "workers");

	rows->app = table_add(rows->table, NULL);
	table_set(rows->table, rows->app, COLUMN_NAME, json_find_text(app, "name"),
		  "bold");
	set_app_state(rows, app);
	set_number(rows, rows->app, COLUMN_GENERATION, app, "generation");
	set_number(rows, rows->app, COLUMN_RESTARTS, app, "restarts");
	set_app_note(rows, app);
	for (size_t i = 0; i < json_count(workers); i++)
		add_worker(rows, json_at(workers, i));
}

int rows_init(struct rows *rows, const struct options *options)
{
	*rows = (struct rows){
		.table = table_new(columns, COLUMNS, say_in_colours(options))};
	return rows->table != NULL ? 0 : -ENOMEM;
}

void rows_fini(struct rows *rows)
{
	table_free(rows->table);
}
