/*
 * app.c - steps the core of one app and does what it says.
 *
 * Every case of app_apply acts; none decides.  A spawn that fails becomes an event,
 * posted and not handled.  What people should know is logged here, once.
 */
#include "supervisor/app.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "supervisor/core/trace.h"
#include "supervisor/estate.h"
#include "supervisor/sample.h"

#define TRACE_BYTES 1024

struct app *app_new(struct supervisor *supervisor, const char *name,
		    struct origin *origin)
{
	struct app *app = calloc(1, sizeof(*app));

	if (app == NULL)
		return NULL;
	app->supervisor = supervisor;
	app->origin = origin;
	app->deadline = MSEC_NEVER;
	app->core.want.count = 1;
	(void)text_copy(app->name, sizeof(app->name), name);
	(void)snprintf(app->log_out, sizeof(app->log_out), "%s/%s-out.log",
		       supervisor->places.log, name);
	(void)snprintf(app->log_err, sizeof(app->log_err), "%s/%s-err.log",
		       supervisor->places.log, name);
	route_init(app);
	bounds_init(app);
	return app;
}

void app_free(struct app *app)
{
	if (app == NULL)
		return;
	ev_timer_stop(app->supervisor->loop, &app->look);
	crowd_free(app);
	bounds_free(app);
	holdings_close(app);
	while (app->generations != NULL)
		generation_drop(app, app->generations);
	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		place_free(app->place[i]);
	free(app);
}

const char *app_name(const struct app *app)
{
	return app->name;
}

struct seat *app_seat(const struct app *app, struct seat_ref at)
{
	assert(app->place[at.slot] != NULL); /* orders go to seats that were filled */
	return &app->place[at.slot]->seat[at.seat];
}

static void spawn(struct app *app, const struct core_action *action)
{
	struct core_event event = {.kind = CORE_SPAWN_FAILED, .at = action->at};
	struct fault fault = {0};
	int result;

	result = spawn_worker(app, action->at, action->arg, &fault);
	if (result >= 0) {
		log_info("%s.%u: worker %d started, generation %u", app->name,
			 action->at.slot, (int)app_seat(app, action->at)->process.pid,
			 action->arg);
		return;
	}
	if (fault.text[0] == '\0')
		(void)fault_set(&fault, result, "cannot start: %s", strerror(-result));
	if (app->place[action->at.slot] != NULL)
		(void)text_copy(app_seat(app, action->at)->reason, REASON_SIZE,
				fault.text);
	(void)snprintf(app->trouble, sizeof(app->trouble), "slot %u: %.400s",
		       action->at.slot, fault.text);
	supervisor_post(app, &event);
}

static void signal_worker(struct app *app, struct seat_ref at, int number)
{
	const struct seat *seat = app_seat(app, at);
	int result;

	/* Between its exit and the step that hears of it, nobody is there any more. */
	if (seat->process.pid == 0)
		return;
	result = process_signal(&seat->process, number);
	if (result < 0 && result != -ESRCH)
		log_error("%s.%u: cannot signal worker %d: %s", app->name, at.slot,
			  (int)seat->process.pid, strerror(-result));
}

static void kill_worker(struct app *app, struct seat_ref at)
{
	const struct seat *seat = app_seat(app, at);

	if (seat->process.pid != 0)
		(void)process_kill(&seat->process);
}

static int drain_signal(const struct app *app, struct seat_ref at)
{
	const struct seat *seat = app_seat(app, at);

	return generation_find(app, seat->generation)->spec->drain_signal;
}

/* What can be learned of a worker that no longer beats goes into its reason. */
static void note_hung(struct app *app, struct seat *seat)
{
	char evidence[REASON_SIZE / 2], span[32];
	unsigned waiting = 0, depth;
	unsigned socket =
		sharing_socket(generation_find(app, seat->generation), seat->place->slot);

	sample_evidence(seat->process.pid, evidence, sizeof(evidence));
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		if (socket < at->listener.slots &&
		    listener_depth(&at->listener, socket, &depth) == 0)
			waiting += depth;
	text_format_duration(span, sizeof(span), app->supervisor->now - seat->beat);
	(void)snprintf(seat->reason, sizeof(seat->reason),
		       "hung: %s%s (%.100s; %u connections waiting%s%.40s)",
		       seat->figures.trigger ? "it says so itself" : "no heartbeat for ",
		       seat->figures.trigger ? "" : span, evidence, waiting,
		       seat->figures.has_status ? "; status: " : "",
		       seat->figures.has_status ? seat->figures.status : "");
	log_warn("%s.%u: worker %d %s", app->name, seat->place->slot,
		 (int)seat->process.pid, seat->reason);
}

static void note_ready_timeout(struct app *app, struct seat *seat)
{
	char span[32];

	text_format_duration(span, sizeof(span), app->supervisor->now - seat->started);
	(void)snprintf(seat->reason, sizeof(seat->reason), "not ready within %s", span);
	log_warn("%s.%u: worker %d was not ready within %s", app->name, seat->place->slot,
		 (int)seat->process.pid, span);
}

static void note_failed(struct app *app, const struct seat *seat)
{
	(void)snprintf(app->trouble, sizeof(app->trouble), "slot %u: %s",
		       seat->place->slot,
		       seat->reason[0] != '\0' ? seat->reason : "failed");
	log_warn("%s: %s", app->name, app->trouble);
}

static void note_backoff(const struct app *app, unsigned slot)
{
	const struct backoff *backoff = &app->core.slot[slot].backoff;
	char span[32];

	text_format_duration(span, sizeof(span), backoff->until - app->supervisor->now);
	log_warn("%s.%u: failed %u times in a row, next start in %s", app->name, slot,
		 backoff->failures, span);
}

static void note(struct app *app, const struct core_action *action)
{
	unsigned slot = action->at.slot;
	struct seat *seat;
	int pid;

	if (app->place[slot] == NULL) /* it could not even be made */
		return;
	seat = app_seat(app, action->at);
	pid = (int)seat->process.pid;

	switch ((enum core_note)action->arg) {
	case CORE_NOTE_READY:
		log_info("%s.%u: worker %d is ready", app->name, slot, pid);
		break;
	case CORE_NOTE_LATE:
		log_warn(
			"%s.%u: worker %d missed its heartbeat, new connections avoid it",
			app->name, slot, pid);
		break;
	case CORE_NOTE_BACK:
		log_info("%s.%u: worker %d beats again", app->name, slot, pid);
		break;
	case CORE_NOTE_SICK:
	case CORE_NOTE_WELL:
		checkup_note(app, action);
		break;
	case CORE_NOTE_HUNG:
		note_hung(app, seat);
		break;
	case CORE_NOTE_READY_TIMEOUT:
		note_ready_timeout(app, seat);
		break;
	case CORE_NOTE_DRAIN_TIMEOUT:
		(void)text_copy(seat->reason, sizeof(seat->reason),
				"did not end within drain.timeout");
		log_warn("%s.%u: worker %d did not end in time, killed", app->name, slot,
			 pid);
		break;
	case CORE_NOTE_FAILED:
		note_failed(app, seat);
		break;
	case CORE_NOTE_BACKOFF:
		note_backoff(app, slot);
		break;
	case CORE_NOTE_RESTING:
		log_warn("%s.%u: not started again", app->name, slot);
		break;
	case CORE_NOTE_REVERTING:
		log_warn("%s: going back: %s", app->name, app->trouble);
		break;
	case CORE_NOTE_RECYCLING:
	case CORE_NOTE_HEIRLESS:
	case CORE_NOTE_FRUITLESS:
		bounds_note(app, action);
		break;
	case CORE_NOTES:
		break;
	}
}

void app_note_flood(const struct place *place)
{
	log_warn("%s.%u: more than %d datagrams a second, listened to at intervals",
		 place->app->name, place->slot, HEARTBEAT_FLOOD);
}

static void apply(struct app *app, const struct core_action *action)
{
	switch (action->kind) {
	case CORE_SPAWN:
		spawn(app, action);
		break;
	case CORE_UNROUTE:
		route_retreat(app->place[action->at.slot]);
		break;
	case CORE_TERM:
		bounds_part(app, action->at);
		signal_worker(app, action->at, drain_signal(app, action->at));
		break;
	case CORE_ABORT:
		signal_worker(app, action->at, SIGABRT);
		break;
	case CORE_KILL:
		kill_worker(app, action->at);
		break;
	case CORE_NOTE:
		note(app, action);
		break;
	case CORE_DONE:
		operation_done(app, action);
		break;
	case CORE_ACTION_KINDS:
		break;
	}
}

static void trace(const struct app *app, const struct core_event *event,
		  const struct core_actions *actions)
{
	char text[TRACE_BYTES];

	if (!log_would(LOG_LEVEL_DEBUG))
		return;
	trace_format(text, sizeof(text), event, app->supervisor->now, actions);
	log_debug("%s: %s", app->name, text);
}

void app_step(struct app *app, const struct core_event *event)
{
	struct supervisor *supervisor = app->supervisor;
	struct core_actions *actions = &supervisor->actions;

	core_step(&app->core, event, supervisor->now, actions);
	trace(app, event, actions);
	if (event->kind == CORE_BEAT && actions->count == 0) {
		app->beaten = true; /* nothing else to see to, and beats are many */
		return;
	}
	app->stepped = true;
	if (app->core.want.running)
		route_admit(app);
	for (unsigned i = 0; i < actions->count; i++)
		apply(app, &actions->list[i]);
	app->deadline = core_deadline(&app->core);
}

/* Beats that wait in the sockets come before the tick that would miss them. */
void app_hear_late_beats(struct app *app)
{
	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		if (app->place[i] != NULL &&
		    core_awaits_beat(&app->core, i, app->supervisor->now))
			place_read_beats(app->place[i]);
}

void app_settle(struct app *app)
{
	app->stepped = false;
	dealing_settle(app);
	route_update(app);
	bounds_update(app);
	checkup_update(app);
	generation_sweep(app);
	if (app->core.want.running)
		holdings_sweep(app);
	else if (core_settled(&app->core))
		holdings_close(app);
	if (app_state(app) == APP_ONLINE)
		app->was_online = true;
}

int app_signal(struct app *app, int slot, int number, unsigned *ret_reached)
{
	unsigned reached = 0;

	for (unsigned i = 0; i <= CORE_SLOTS; i++) {
		if (app->place[i] == NULL || (slot >= 0 && (unsigned)slot != i))
			continue;
		for (unsigned j = 0; j < CORE_SEATS; j++) {
			const struct process *process = &app->place[i]->seat[j].process;

			if (process->pid != 0 && process_signal(process, number) == 0)
				reached++;
		}
	}
	*ret_reached = reached;
	return reached > 0 ? 0 : -ESRCH;
}
