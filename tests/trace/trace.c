/*
 * trace.c - replays the stories of tests/trace and compares what the core says.
 *
 *   trace [--write] [FILE...]          no FILE: every one in tests/trace
 *
 * A story is a text that a person can review.  `#` begins a comment.  `policy
 * key=value...` and `count N` come first.  Each further line is an event with its time,
 * and the actions that the core answers with.  Ticks come when the core asked for them,
 * and only then; a line `late` says that the supervisor slept until the next one.  A line
 * `died N` says that it died when N orders of the step before were carried out.
 * `state` shows what is at that point.  With --write the answers are written anew, to be
 * reviewed as a difference.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/core/core.h"
#include "supervisor/core/trace.h"

#define COLUMN 27 /* of the arrow */
#define LINE   512
#define ALL    UINT32_MAX

struct story {
	struct core_app app;
	bool late;
	unsigned orders; /* of the last step, that were carried out in time */
	char *answer;    /* the whole story as the core tells it */
	size_t size;
	FILE *out;
};

/* What a story need not say. */
static const struct core_policy usual = {
	.ready = CORE_READY_NOTIFY,
	.ready_timeout = 1000,
	.ready_exec = 100,
	.beats = true,
	.beat_interval = 1000,
	.beat_timeout = 5000,
	.drain_timeout = 3000,
	.surge = 1,
	.settle = 200,
	.restart = CORE_RESTART_ALWAYS,
	.backoff = {.first = 100, .most = 1000, .steady = 2000},
	.unroute_timeout = 500,
	.drain_grace = 400,
	.abort_timeout = 100,
	.kill_retry = 1000,
};

static struct core_actions actions;

static bool set_number(struct core_policy *policy, const char *key, long number)
{
	const struct {
		const char *key;
		msec *time;
		unsigned *count;
		bool *flag;
	} keys[] = {
		{"ready_timeout", &policy->ready_timeout, NULL, NULL},
		{"ready_exec", &policy->ready_exec, NULL, NULL},
		{"beats", NULL, NULL, &policy->beats},
		{"moves", NULL, NULL, &policy->moves},
		{"beat_interval", &policy->beat_interval, NULL, NULL},
		{"beat_timeout", &policy->beat_timeout, NULL, NULL},
		{"drain_timeout", &policy->drain_timeout, NULL, NULL},
		{"surge", NULL, &policy->surge, NULL},
		{"surge_percent", NULL, NULL, &policy->surge_percent},
		{"settle", &policy->settle, NULL, NULL},
		{"failures", NULL, &policy->failures, NULL},
		{"restart_max", NULL, &policy->restart_max, NULL},
		{"age", &policy->recycle.age, NULL, NULL},
		{"probe_failures", NULL, &policy->probe_failures, NULL},
		{"jitter", NULL, &policy->recycle.jitter, NULL},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(keys); i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		if (keys[i].time)
			*keys[i].time = number;
		if (keys[i].count)
			*keys[i].count = (unsigned)number;
		if (keys[i].flag)
			*keys[i].flag = number != 0;
		return true;
	}
	return false;
}

static bool set_word(struct core_policy *policy, const char *key, const char *value)
{
	static const char *const ready[] = {
		[CORE_READY_NOTIFY] = "notify",
		[CORE_READY_EXEC] = "exec",
		[CORE_READY_LISTEN] = "listen",
		[CORE_READY_AUTO] = "auto",
	};
	static const char *const drain[] = {
		[CORE_DRAIN_AUTO] = "auto",
		[CORE_DRAIN_SIGNAL] = "signal",
		[CORE_DRAIN_QUIET] = "quiet",
	};
	static const char *const restart[] = {
		[CORE_RESTART_ALWAYS] = "always",
		[CORE_RESTART_ON_FAILURE] = "on-failure",
		[CORE_RESTART_NEVER] = "never",
	};

	for (unsigned i = 0; strcmp(key, "ready") == 0 && i < ARRAY_COUNT(ready); i++)
		if (strcmp(ready[i], value) == 0) {
			policy->ready = (enum core_ready_rule)i;
			return true;
		}
	for (unsigned i = 0; strcmp(key, "drain") == 0 && i < ARRAY_COUNT(drain); i++)
		if (strcmp(drain[i], value) == 0) {
			policy->drain = (enum core_drain_rule)i;
			return true;
		}
	for (unsigned i = 0; strcmp(key, "restart") == 0 && i < ARRAY_COUNT(restart); i++)
		if (strcmp(restart[i], value) == 0) {
			policy->restart = (enum core_restart_rule)i;
			return true;
		}
	return set_number(policy, key, strtol(value, NULL, 10));
}

static bool read_policy(struct story *story, const char *settings)
{
	char text[LINE];
	char *rest = NULL;

	snprintf(text, sizeof(text), "%s", settings);
	for (char *word = strtok_r(text, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest)) {
		char *value = strchr(word, '=');

		if (!value)
			return false;
		*value++ = '\0';
		if (!set_word(&story->app.policy, word, value))
			return false;
	}
	return true;
}

static void tell_seat(struct story *story, const char *slot, unsigned seat,
		      const struct worker *worker)
{
	static const char *const phases[WORKER_PHASES] = {
		[WORKER_STARTING] = "starting", [WORKER_SERVING] = "serving",
		[WORKER_LATE] = "late",         [WORKER_UNROUTING] = "unrouting",
		[WORKER_STOPPING] = "stopping", [WORKER_ABORTING] = "aborting",
		[WORKER_KILLING] = "killing",
	};

	if (worker->phase != WORKER_VACANT)
		fprintf(story->out, "; %s%c %s g%u%s", slot, 'a' + (int)seat,
			phases[worker->phase], worker->generation,
			worker->socket ? " (second)" : "");
}

static void tell_state(struct story *story)
{
	const struct core_app *app = &story->app;
	char slot[16];

	fprintf(story->out, "state  %s, %s", core_settled(app) ? "settled" : "moving",
		app->want.running ? "" : "stopped");
	if (app->want.running)
		fprintf(story->out, "wants %u of g%u", app->want.count,
			app->want.generation);
	if (core_before(app) != 0)
		fprintf(story->out, " after g%u", core_before(app));
	for (unsigned i = 0; i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			snprintf(slot, sizeof(slot), "%u", i);
			tell_seat(story, slot, seat, &app->slot[i].seat[seat]);
		}
	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		tell_seat(story, "+", seat, &app->slot[CORE_SURGE].seat[seat]);
	fprintf(story->out, "\n");
}

static void carry_out(struct story *story)
{
	for (unsigned i = 0; i < actions.count && story->orders > 0; i++)
		if (actions.list[i].kind < CORE_NOTE) {
			core_did(&story->app, actions.list[i].at);
			story->orders--;
		}
	story->orders = ALL;
}

static void tell_step(struct story *story, const struct core_event *event, msec now)
{
	char text[128];

	carry_out(story);
	core_step(&story->app, event, now, &actions);
	trace_format_event(text, sizeof(text), event, now);
	if (actions.count == 0)
		fprintf(story->out, "%s\n", text);
	for (unsigned i = 0; i < actions.count; i++) {
		fprintf(story->out, "%-*s -> ", COLUMN, i ? "" : text);
		trace_format_action(text, sizeof(text), &actions.list[i]);
		fprintf(story->out, "%s\n", text);
	}
}

static bool tell_event(struct story *story, const char *line)
{
	const struct core_event tick = {.kind = CORE_TICK};
	struct core_event event;
	msec now;

	if (!trace_parse_event(line, &event, &now))
		return false;
	while (core_deadline(&story->app) < now && !story->late)
		tell_step(story, &tick, core_deadline(&story->app));
	if (event.kind == CORE_TICK && !story->late && core_deadline(&story->app) > now)
		return true; /* nobody asked for it */
	story->late = story->late && event.kind != CORE_TICK;
	tell_step(story, &event, now);
	return true;
}

static bool starts_with(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static bool tell_line(struct story *story, const char *line)
{
	if (line[strspn(line, " ")] == '-')
		return true; /* an answer: told with its event */
	if (starts_with(line, "state")) {
		tell_state(story);
		return true;
	}
	if (line[0] == ' ' || (line[0] >= '0' && line[0] <= '9'))
		return tell_event(story, line);

	fprintf(story->out, "%s", line);
	if (starts_with(line, "policy "))
		return read_policy(story, line + strlen("policy "));
	if (starts_with(line, "count "))
		story->app.want.count =
			(unsigned)strtoul(line + strlen("count "), NULL, 10);
	else if (starts_with(line, "late"))
		story->late = true;
	else if (starts_with(line, "died "))
		story->orders = (unsigned)strtoul(line + strlen("died "), NULL, 10);
	else
		return line[0] == '#' || line[0] == '\n';
	return true;
}

static void show_difference(const char *path, const char *text, const char *answer)
{
	unsigned number = 1;

	for (;; number++) {
		size_t length = strcspn(text, "\n") + 1;

		if (strncmp(text, answer, length) != 0 || text[length - 1] == '\0')
			break;
		text += length;
		answer += length;
	}
	printf("%s:%u: the story says\n%.*s\nthe core says\n%.*s\n", path, number,
	       (int)strcspn(text, "\n"), text, (int)strcspn(answer, "\n"), answer);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) == -1) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

static bool tell(struct story *story, const char *path, const char *text)
{
	char line[LINE];

	while (*text) {
		size_t length = strcspn(text, "\n") + 1;

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		if (!tell_line(story, line)) {
			printf("%s: not understood: %s", path, line);
			return false;
		}
		text += text[length - 1] ? length : length - 1;
	}
	return true;
}

static bool replay(const char *path, bool write)
{
	static struct story story;
	char *text = read_file(path);
	bool good;

	memset(&story, 0, sizeof(story));
	memset(&actions, 0, sizeof(actions));
	story.orders = ALL;
	story.app.policy = usual;
	story.out = open_memstream(&story.answer, &story.size);
	if (!text || !story.out) {
		printf("%s: cannot be read\n", path);
		return false;
	}
	good = tell(&story, path, text);
	fclose(story.out);

	if (good && write) {
		good = write_file(path, story.answer);
	} else if (good && strcmp(text, story.answer) != 0) {
		show_difference(path, text, story.answer);
		good = false;
	}
	free(story.answer);
	free(text);
	return good;
}

int main(int argc, char **argv)
{
	bool write = argc > 1 && strcmp(argv[1], "--write") == 0;
	char **paths = argv + 1 + write;
	unsigned passed = 0;
	unsigned failed = 0;
	glob_t found = {0};

	if (!*paths && glob("tests/trace/*.trace", 0, NULL, &found) == 0)
		paths = found.gl_pathv;
	for (; *paths; paths++) {
		if (replay(*paths, write))
			passed++;
		else
			failed++;
	}
	globfree(&found);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
