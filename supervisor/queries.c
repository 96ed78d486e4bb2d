#include "supervisor/queries.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/select.h"
#include "supervisor/view.h"

/* The first app behind the cursor, by name: apps may come and go while a slow peer reads.
 */
static struct app *next_asked_for(const struct call *call, const char *cursor,
				  int *ret_slot)
{
	struct app *best = NULL;
	int slot;

	for (struct app *app = supervisor_next(call->supervisor, NULL); app != NULL;
	     app = supervisor_next(call->supervisor, app)) {
		if (strcmp(app_name(app), cursor) <= 0 || !select_has(call, app, &slot) ||
		    (best != NULL && strcmp(app_name(app), app_name(best)) >= 0))
			continue;
		best = app;
		*ret_slot = slot;
	}
	return best;
}

/* One app; without `more` all of them in one message, which may turn out too long. */
static void tell_apps(struct call *call)
{
	bool whole = call->command == COMMAND_SHOW;
	const struct chronicle *chronicle =
		whole ? supervisor_chronicle(call->supervisor) : NULL;
	int slot = -1, ignored;
	struct app *app = next_asked_for(call, call->cursor, &slot);
	struct app *after = app ? next_asked_for(call, app_name(app), &ignored) : NULL;
	bool continues = call->message.more && after != NULL;
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, continues);
	if (!whole && call->cursor[0] == '\0')
		view_supervisor(&writer, "supervisor", call->supervisor);
	json_open_array(&writer, "apps");
	while (app != NULL) {
		view_app(&writer, app, slot, chronicle);
		(void)text_copy(call->cursor, sizeof(call->cursor), app_name(app));
		app = call->message.more ? NULL
					 : next_asked_for(call, call->cursor, &slot);
	}
	json_close_array(&writer);
	call->state = continues ? CALL_LISTING : CALL_NONE;
	if (call->out->broken && !call->message.more) {
		buffer_cut(call->out, call->mark);
		call_fail(call, CALL_ERROR_EXPECTED_MORE, "message",
			  "too much for one reply");
		return;
	}
	call_close_reply(call, &writer, continues);
}

void query_list(struct call *call)
{
	tell_apps(call);
}

void query_show(struct call *call)
{
	struct selection selection;

	if (select_targets(call, &selection) < 0)
		return;
	select_free(&selection);
	tell_apps(call);
}

void query_go_on(struct call *call)
{
	tell_apps(call);
}

static bool worker_is(struct app *app, int slot, bool ready)
{
	struct worker_status worker;
	bool runs = false;

	for (unsigned i = 0; app_read_worker(app, i, false, &worker); i++) {
		if (worker.slot != (unsigned)slot)
			continue;
		if (worker.state == WORKER_IS_READY && ready)
			return true;
		runs = runs || worker.pid > 0;
	}
	return !ready && !runs;
}

static bool app_is(struct app *app, int slot, bool ready)
{
	if (slot >= 0)
		return worker_is(app, slot, ready);
	return app_state(app) == (ready ? APP_ONLINE : APP_STOPPED);
}

/* Is all that `text` means as it is waited for?  -ENOENT: it means nothing any more. */
static int target_is(const struct call *call, const char *text, bool ready)
{
	struct supervisor *supervisor = call->supervisor;
	struct target target;
	bool any = false;

	if (target_parse(supervisor, text, &target) < 0)
		return -ENOENT;
	for (struct app *app = supervisor_next(supervisor, NULL); app != NULL;
	     app = supervisor_next(supervisor, app)) {
		if (!target_matches(&target, app))
			continue;
		any = true;
		if (!app_is(app, target.slot, ready))
			return 0;
	}
	return any || !ready ? 1 : -ENOENT; /* what is gone has stopped */
}

static bool waits_for_ready(const struct call *call)
{
	const char *state = json_find_text(call->message.parameters, "for");

	return state == NULL || strcmp(state, "ready") == 0;
}

void query_look_again(struct call *call)
{
	const struct json *targets = json_find(call->message.parameters, "targets");
	bool ready = waits_for_ready(call);
	struct supervisor_status status;
	bool is = true;

	for (size_t i = 0; i < json_count(targets); i++) {
		const char *text = json_text(json_at(targets, i));
		int one = target_is(call, text, ready);

		if (one < 0 && strcmp(text, "all") != 0) {
			(void)select_refuse(call, text);
			return;
		}
		is = is && one != 0;
	}
	supervisor_read_status(call->supervisor, &status);
	if (is)
		call_reply_empty(call);
	else if (ready && status.stopping)
		call_fail(call, CALL_ERROR_BUSY, "message",
			  "the supervisor is shutting down");
}

void query_wait(struct call *call)
{
	const char *state = json_find_text(call->message.parameters, "for");
	struct selection selection;

	if (!waits_for_ready(call) && strcmp(state, "stopped") != 0) {
		call_refuse_parameter(call, "for");
		return;
	}
	if (select_targets(call, &selection) < 0)
		return;
	select_free(&selection);
	call->state = CALL_WATCHING;
	query_look_again(call);
}

void query_ping(struct call *call)
{
	struct supervisor_status status;
	struct json_writer writer;

	supervisor_read_status(call->supervisor, &status);
	call_open_reply(call, &writer, NULL, false);
	json_put_number(&writer, "pid", status.pid);
	json_put_figure(&writer, "keeper_pid", status.keeper_pid);
	json_put_text(&writer, "version", status.version);
	json_put_number(&writer, "upgrades", status.upgrades);
	json_put_bool(&writer, "upgrading", status.upgrading);
	json_put_text(&writer, "upgrade_fault", status.upgrade_fault);
	json_put_number(&writer, "uptime_ms", status.uptime_ms);
	json_put_text(&writer, "log", status.places->log);
	call_close_reply(call, &writer, false);
}
