#include "worker/http/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void snapshot_free(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->replies; i++)
		varlink_free_reply(&snapshot->reply[i]);
	free(snapshot->reply);
	*snapshot = (struct snapshot){0};
}

int snapshot_add(struct snapshot *snapshot, struct varlink_reply *reply)
{
	struct varlink_reply *grown;

	if (reply->error != NULL || snapshot->whole ||
	    snapshot->replies == SNAPSHOT_REPLIES) {
		varlink_free_reply(reply);
		return -EPROTO;
	}
	grown = realloc(snapshot->reply, (snapshot->replies + 1) * sizeof(*grown));
	if (grown == NULL) {
		varlink_free_reply(reply);
		return -ENOMEM;
	}
	snapshot->reply = grown;
	snapshot->reply[snapshot->replies++] = *reply;
	snapshot->whole = !reply->continues;
	return 0;
}

const struct json *snapshot_supervisor(const struct snapshot *snapshot)
{
	return snapshot->replies > 0
		       ? json_find(snapshot->reply[0].parameters, "supervisor")
		       : NULL;
}

const struct json *snapshot_app(const struct snapshot *snapshot, size_t index)
{
	for (size_t i = 0; i < snapshot->replies; i++) {
		const struct json *apps =
			json_find(snapshot->reply[i].parameters, "apps");

		if (index < json_count(apps))
			return json_at(apps, index);
		index -= json_count(apps);
	}
	return NULL;
}

const struct json *snapshot_find(const struct snapshot *snapshot, const char *name)
{
	const struct json *app;

	for (size_t i = 0; (app = snapshot_app(snapshot, i)) != NULL; i++) {
		const char *its = json_find_text(app, "name");

		if (its != NULL && strcmp(its, name) == 0)
			return app;
	}
	return NULL;
}

static bool has_state(const struct json *object, const char *wanted)
{
	const char *state = json_find_text(object, "state");

	return state != NULL && strcmp(state, wanted) == 0;
}

bool snapshot_is_stopping(const struct snapshot *snapshot)
{
	return json_find_bool(snapshot_supervisor(snapshot), "stopping");
}

/* A late worker holds its slot, but nobody is sent to it. */
int64_t snapshot_ready(const struct json *app)
{
	const struct json *workers = json_find(app, "workers");
	bool serves[SNAPSHOT_SLOTS] = {false};
	int64_t ready = 0;

	for (size_t i = 0; i < json_count(workers); i++) {
		const struct json *worker = json_at(workers, i);
		int64_t slot = json_find_number(worker, "slot", -1);

		if (slot < 0 || slot >= SNAPSHOT_SLOTS || serves[slot] ||
		    !has_state(worker, "ready"))
			continue;
		serves[slot] = true;
		ready++;
	}
	return ready;
}

int64_t snapshot_desired(const struct json *app)
{
	return json_find_number(json_find(app, "instances"), "desired", 0);
}

bool snapshot_rests(const struct json *app)
{
	return has_state(app, "stopped");
}

bool snapshot_is_leaving(const struct json *app)
{
	return has_state(app, "stopping");
}
