#include "worker/http/health.h"

#include <string.h>

static const char *const names[HEALTHS] = {
	[HEALTH_LIVE] = "live",
	[HEALTH_READY] = "ready",
	[HEALTH_STARTUP] = "started",
};

static bool app_is(const struct json *app, enum health what)
{
	switch (what) {
	case HEALTH_READY:
		return !snapshot_rests(app) && !snapshot_is_leaving(app) &&
		       snapshot_ready(app) > 0;
	case HEALTH_STARTUP:
		return snapshot_rests(app) || json_find_bool(app, "started");
	case HEALTH_LIVE:
	case HEALTHS:
		break;
	}
	return true;
}

/* Who rests is not asked of when all are meant; who is meant alone is. */
static bool counts(const struct json *app, const struct health_question *question)
{
	const char *name = json_find_text(app, "name");

	if (question->app != NULL)
		return name != NULL && strcmp(name, question->app) == 0;
	return !snapshot_rests(app) && (question->self == NULL || name == NULL ||
					strcmp(name, question->self) != 0);
}

static const char *judge_apps(const struct snapshot *snapshot,
			      const struct health_question *question)
{
	const struct json *app;
	unsigned counted = 0;

	for (size_t i = 0; (app = snapshot_app(snapshot, i)) != NULL; i++) {
		if (!counts(app, question))
			continue;
		counted++;
		if (!app_is(app, question->what))
			return question->what == HEALTH_READY ? "no worker serves"
							      : "it was not online yet";
	}
	if (question->what == HEALTH_READY && counted == 0)
		return "no app runs";
	return NULL;
}

/* NULL: it is so. */
static const char *find_objection(const struct snapshot *snapshot,
				  const struct health_question *question)
{
	if (question->what == HEALTH_LIVE)
		return NULL;
	if (question->what == HEALTH_READY && snapshot_is_stopping(snapshot))
		return "the supervisor is about to end";
	if (question->what == HEALTH_STARTUP && question->app == NULL &&
	    json_find_bool(snapshot_supervisor(snapshot), "started"))
		return NULL; /* what was started later is no part of the start */
	return judge_apps(snapshot, question);
}

static void put_app(struct json_writer *writer, const struct json *app,
		    const struct health_question *question)
{
	json_open_object(writer, NULL);
	json_put_text(writer, "name", json_find_text(app, "name"));
	json_put_bool(writer, names[question->what], app_is(app, question->what));
	json_put_text(writer, "state", json_find_text(app, "state"));
	json_put_number(writer, "workers_ready", snapshot_ready(app));
	json_put_number(writer, "workers_desired", snapshot_desired(app));
	json_close_object(writer);
}

static void put_apps(struct json_writer *writer, const struct snapshot *snapshot,
		     const struct health_question *question)
{
	const struct json *app;

	json_open_array(writer, "apps");
	for (size_t i = 0; (app = snapshot_app(snapshot, i)) != NULL; i++)
		if (counts(app, question))
			put_app(writer, app, question);
	json_close_array(writer);
}

enum health_verdict health_judge(const struct snapshot *snapshot, const char *trouble,
				 const struct health_question *question,
				 struct buffer *ret_text)
{
	struct json_writer writer = {.to = ret_text};
	const char *objection = trouble;

	if (snapshot != NULL) {
		if (question->app != NULL &&
		    snapshot_find(snapshot, question->app) == NULL)
			return HEALTH_NO_SUCH_APP;
		objection = find_objection(snapshot, question);
	}
	json_open_object(&writer, NULL);
	json_put_bool(&writer, names[question->what], objection == NULL);
	json_put_text(&writer, "reason", objection);
	if (snapshot != NULL && question->what != HEALTH_LIVE)
		put_apps(&writer, snapshot, question);
	json_close_object(&writer);
	buffer_append_text(ret_text, "\n");
	return objection == NULL ? HEALTH_GOOD : HEALTH_BAD;
}
