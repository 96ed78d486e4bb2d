#include "worker/http/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE    32 /* bytes of a number as text */
#define THOUSAND 1e3
#define MILLION  1e6
#define PERCENT  100.

enum subject { OF_SUPERVISOR, OF_APP, OF_WORKER };

/* `key`: where in the subject's object the value is, "instances.ready"; its value is
 * divided.  A name ends with its unit. */
struct family {
	const char *name;
	const char *unit; /* NULL: none */
	bool counts;      /* only upward, but for resets: a counter */
	enum subject subject;
	const char *key;
	double divisor;
	const char *help;
};

/* clang-format off */
static const struct family families[] = {
	{"clusterd_uptime_seconds", "seconds", false, OF_SUPERVISOR, "uptime_ms",
	 THOUSAND, "How long the supervisor has run."},
	{"clusterd_resident_memory_bytes", "bytes", false, OF_SUPERVISOR, "rss_bytes", 1,
	 "Resident memory of the supervisor."},
	{"clusterd_stopping", NULL, false, OF_SUPERVISOR, "stopping", 1,
	 "Whether the supervisor was told to stop."},
	{"clusterd_started", NULL, false, OF_SUPERVISOR, "started", 1,
	 "Whether every app that was to start has been online."},

	{"clusterd_app_workers_configured", NULL, false, OF_APP,
	 "instances.configured", 1, "How many workers the configuration wants."},
	{"clusterd_app_workers_desired", NULL, false, OF_APP, "instances.desired", 1,
	 "How many workers are wanted now."},
	{"clusterd_app_workers_ready", NULL, false, OF_APP, "instances.ready", 1,
	 "How many workers serve."},
	{"clusterd_app_workers_running", NULL, false, OF_APP, "instances.running", 1,
	 "How many worker processes there are, those that come and go included."},
	{"clusterd_app_generation", NULL, false, OF_APP, "generation", 1,
	 "Number of the generation that is wanted."},
	{"clusterd_app_restarts", NULL, true, OF_APP, "restarts", 1,
	 "Workers started in the place of others, since the last reset."},
	{"clusterd_app_last_operation_ok", NULL, false, OF_APP, "last_operation.ok", 1,
	 "Whether the last reload, scale, start... did what it was to do."},
	{"clusterd_app_last_operation_duration_seconds", "seconds", false, OF_APP,
	 "last_operation.duration_ms", THOUSAND, "How long that took."},

	{"clusterd_worker_ready", NULL, false, OF_WORKER, "ready", 1,
	 "Whether the slot's worker serves."},
	{"clusterd_worker_restarts", NULL, true, OF_WORKER, "restarts", 1,
	 "Workers started in this slot after its first, since the last reset."},
	{"clusterd_worker_generation", NULL, false, OF_WORKER, "generation", 1,
	 "Number of the generation that the worker is of."},
	{"clusterd_worker_uptime_seconds", "seconds", false, OF_WORKER, "uptime_ms",
	 THOUSAND, "How long the worker has run."},
	{"clusterd_worker_resident_memory_bytes", "bytes", false, OF_WORKER,
	 "rss_bytes", 1, "Resident memory of the worker."},
	{"clusterd_worker_cpu_ratio", "ratio", false, OF_WORKER, "cpu_percent", PERCENT,
	 "Share of one CPU that the worker used of late."},
	{"clusterd_worker_heartbeat_age_seconds", "seconds", false, OF_WORKER,
	 "heartbeat_age_ms", THOUSAND, "Time since the worker's last heartbeat."},
	{"clusterd_worker_loop_lag_seconds", "seconds", false, OF_WORKER, "loop_lag_us",
	 MILLION, "Longest wait in the worker's event loop between two heartbeats."},
	{"clusterd_worker_connections", NULL, false, OF_WORKER, "connections", 1,
	 "Connections that the worker holds."},
	{"clusterd_worker_requests", NULL, true, OF_WORKER, "requests", 1,
	 "Requests that the worker has answered."},
	{"clusterd_worker_errors", NULL, true, OF_WORKER, "errors", 1,
	 "Requests that the worker has answered with a fault of its own."},
	{"clusterd_worker_latency_seconds", "seconds", false, OF_WORKER, "latency_us",
	 MILLION, "Mean time of the requests between the last two heartbeats."},
	{"clusterd_worker_share_ratio", "ratio", false, OF_WORKER, "share_percent",
	 PERCENT, "Share of the app's new connections that the slot gets."},
	{"clusterd_worker_queue_depth", NULL, false, OF_WORKER, "queue_depth", 1,
	 "Connections that wait to be accepted at the slot's own sockets."},
};
/* clang-format on */

static const char *const states[] = {"stopped", "starting", "online",   "reloading",
				     "scaling", "stopping", "degraded", "failed"};

/* ---- which format ---- */

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* The weight of one element of Accept, from its type to its comma, for `type`; below 0:
 * it is another type, or a version that is not ours. */
static double weigh(const char *element, size_t length, const char *type,
		    const char *version)
{
	const char *end = element + length;
	size_t word = strcspn(element, " \t;,");
	double weight = 1;

	if (word > length || !is_word(element, word, type))
		return -1;
	for (const char *at = memchr(element, ';', length); at != NULL;
	     at = memchr(at, ';', (size_t)(end - at))) {
		at++;
		at += strspn(at, " \t");
		word = strcspn(at, " \t;,");
		if (strncasecmp(at, "version=", 8) == 0 &&
		    !is_word(at + 8, word - 8, version))
			return -1;
		if (strncasecmp(at, "q=", 2) == 0)
			weight = strtod(at + 2, NULL);
	}
	return weight;
}

static double best_weight(const char *accept, const char *type, const char *version)
{
	double best = -1;

	while (*accept != '\0') {
		size_t length = strcspn(accept, ",");
		size_t blanks = strspn(accept, " \t");
		double weight = blanks < length ? weigh(accept + blanks, length - blanks,
							type, version)
						: -1;

		if (weight > best)
			best = weight;
		accept += length + (accept[length] == ',');
	}
	return best;
}

enum metrics_format metrics_choose(const char *accept)
{
	double open, text;

	if (accept == NULL)
		return METRICS_TEXT;
	open = best_weight(accept, "application/openmetrics-text", "1.0.0");
	text = best_weight(accept, "text/plain", "0.0.4");
	return open > 0 && open >= text ? METRICS_OPEN : METRICS_TEXT;
}

const char *metrics_type(enum metrics_format format)
{
	return format == METRICS_OPEN
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- what is written ---- */

struct page {
	struct buffer *to;
	enum metrics_format format;
};

static void put(const struct page *page, const char *text)
{
	buffer_append_text(page->to, text);
}

static void put_escaped(const struct page *page, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if (*text == '\n')
			put(page, "\\n");
		else if (*text == '"' || *text == '\\')
			buffer_append(page->to, (char[]){'\\', *text}, 2);
		else
			buffer_append(page->to, text, 1);
}

static void put_head(const struct page *page, const char *name, const char *unit,
		     bool counts, const char *help)
{
	/* A counter's family has its suffix in one format and not in the other. */
	const char *suffix = counts && page->format == METRICS_TEXT ? "_total" : "";

	put(page, "# HELP ");
	put(page, name);
	put(page, suffix);
	put(page, " ");
	put(page, help);
	put(page, "\n# TYPE ");
	put(page, name);
	put(page, suffix);
	put(page, counts ? " counter\n" : " gauge\n");
	if (unit == NULL || page->format != METRICS_OPEN)
		return;
	put(page, "# UNIT ");
	put(page, name);
	put(page, " ");
	put(page, unit);
	put(page, "\n");
}

struct label {
	const char *name, *value;
};

static void put_sample(const struct page *page, const char *name, const char *suffix,
		       const struct label *label, const char *value)
{
	put(page, name);
	put(page, suffix);
	for (const char *before = "{"; label->name != NULL; label++, before = ",") {
		put(page, before);
		put(page, label->name);
		put(page, "=\"");
		put_escaped(page, label->value);
		put(page, label[1].name != NULL ? "\"" : "\"}");
	}
	put(page, " ");
	put(page, value);
	put(page, "\n");
}

/* ---- what is measured ---- */

/* "instances.ready" of an object; NULL: there is none. */
static const struct json *find_path(const struct json *object, const char *path)
{
	char name[32];
	const char *dot = strchr(path, '.');

	if (dot == NULL)
		return json_find(object, path);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
	return json_find(json_find(object, name), dot + 1);
}

static bool serves(const struct json *worker)
{
	const char *state = json_find_text(worker, "state");

	return state != NULL && strcmp(state, "ready") == 0;
}

/* False: it is not known. */
static bool format_value(char text[VALUE], const struct json *object,
			 const struct family *family)
{
	const struct json *value = find_path(object, family->key);

	if (family->subject == OF_WORKER && strcmp(family->key, "ready") == 0)
		(void)snprintf(text, VALUE, "%d", serves(object));
	else if (json_is_truth(value))
		(void)snprintf(text, VALUE, "%d", json_truth(value));
	else if (json_is_whole(value) && family->divisor == 1)
		(void)snprintf(text, VALUE, "%" PRId64, json_number(value, 0));
	else if (json_is_figure(value))
		(void)snprintf(text, VALUE, "%.12g",
			       json_fraction(value, 0) / family->divisor);
	else
		return false;
	return true;
}

static void put_value(const struct page *page, const struct family *family,
		      const struct json *object, const struct label *label)
{
	char value[VALUE];

	if (format_value(value, object, family))
		put_sample(page, family->name, family->counts ? "_total" : "", label,
			   value);
}

/* The one row that stands for each slot: NULL where there is none. */
static void pick_workers(const struct json *app,
			 const struct json *picked[SNAPSHOT_SLOTS])
{
	const struct json *workers = json_find(app, "workers");

	memset(picked, 0, SNAPSHOT_SLOTS * sizeof(*picked));
	for (size_t i = 0; i < json_count(workers); i++) {
		const struct json *worker = json_at(workers, i);
		int64_t slot = json_find_number(worker, "slot", -1);

		if (slot >= 0 && slot < SNAPSHOT_SLOTS &&
		    (picked[slot] == NULL || (serves(worker) && !serves(picked[slot]))))
			picked[slot] = worker;
	}
}

static void put_workers(const struct page *page, const struct family *family,
			const struct json *app)
{
	const struct json *picked[SNAPSHOT_SLOTS];
	char slot[16];

	pick_workers(app, picked);
	for (unsigned i = 0; i < SNAPSHOT_SLOTS; i++) {
		const struct label label[] = {
			{"app", json_find_text(app, "name")}, {"slot", slot}, {0}};

		if (picked[i] == NULL)
			continue;
		(void)snprintf(slot, sizeof(slot), "%u", i);
		put_value(page, family, picked[i], label);
	}
}

static void put_family(const struct page *page, const struct family *family,
		       const struct snapshot *snapshot)
{
	static const struct label none = {0};
	const struct json *app;

	put_head(page, family->name, family->unit, family->counts, family->help);
	if (family->subject == OF_SUPERVISOR)
		put_value(page, family, snapshot_supervisor(snapshot), &none);
	for (size_t i = 0; family->subject != OF_SUPERVISOR &&
			   (app = snapshot_app(snapshot, i)) != NULL;
	     i++) {
		const struct label label[] = {{"app", json_find_text(app, "name")}, {0}};

		if (family->subject == OF_APP)
			put_value(page, family, app, label);
		else
			put_workers(page, family, app);
	}
}

/* One series for each state, of which one is 1: so that a state can be waited for. */
static void put_states(const struct page *page, const struct snapshot *snapshot)
{
	static const char name[] = "clusterd_app_state";
	const struct json *app;

	put_head(page, name, NULL, false, "Whether the app is in this state.");
	for (size_t i = 0; (app = snapshot_app(snapshot, i)) != NULL; i++) {
		const char *state = json_find_text(app, "state");

		for (size_t j = 0; j < ARRAY_COUNT(states); j++) {
			const struct label label[] = {
				{"app", json_find_text(app, "name")},
				{"state", states[j]},
				{0}};
			bool is = state != NULL && strcmp(state, states[j]) == 0;

			put_sample(page, name, "", label, is ? "1" : "0");
		}
	}
}

static void put_build(const struct page *page, const struct snapshot *snapshot)
{
	static const char name[] = "clusterd_build_info";
	const struct label label[] = {
		{"version", json_find_text(snapshot_supervisor(snapshot), "version")},
		{0}};

	put_head(page, name, NULL, false, "The supervisor's version; always 1.");
	put_sample(page, name, "", label, "1");
}

/* Is anything there that would outlive the supervisor, should it die now? */
static void put_kept(const struct page *page, const struct snapshot *snapshot)
{
	static const char name[] = "clusterd_kept";
	static const struct label none = {0};
	const struct json *supervisor = snapshot_supervisor(snapshot);
	const char *keeper = json_find_text(supervisor, "keeper");
	bool is = keeper != NULL && strcmp(keeper, "systemd") == 0;

	if (keeper == NULL)
		return;
	if (strcmp(keeper, "own") == 0)
		is = json_find_number(supervisor, "keeper_pid", -1) > 0;
	put_head(page, name, NULL, false,
		 "Whether somebody keeps what must outlive the supervisor.");
	put_sample(page, name, "", &none, is ? "1" : "0");
}

void metrics_write(struct buffer *to, const struct snapshot *snapshot,
		   enum metrics_format format)
{
	static const struct label none = {0};
	const struct page page = {to, format};

	put_head(&page, "clusterd_up", NULL, false,
		 "Whether the supervisor answered the question behind this page.");
	put_sample(&page, "clusterd_up", "", &none, snapshot != NULL ? "1" : "0");
	if (snapshot != NULL) {
		put_build(&page, snapshot);
		put_kept(&page, snapshot);
		put_states(&page, snapshot);
		for (size_t i = 0; i < ARRAY_COUNT(families); i++)
			put_family(&page, &families[i], snapshot);
	}
	if (format == METRICS_OPEN)
		put(&page, "# EOF\n");
}
