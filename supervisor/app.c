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
	app->number = ++supervisor->last_app;
	app->origin = origin;
	app->deadline = MSEC_NEVER;
	app->core.want.count = 1;
	(void)text_copy(app->name, sizeof(app->name), name);
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
	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		place_free(app->place[i]);
	while (app->generations != NULL)
		generation_drop(app, app->generations);
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
		seat_tell(app_seat(app, action->at),
			  (struct happening){.kind = HAPPENING_STARTING});
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

/* Between its exit and the step that hears of it, nobody is there any more. */
static bool is_gone(const struct seat *seat)
{
	return seat->process.pid == 0;
}

static void signal_worker(const struct seat *seat, int number)
{
	int result = process_signal(&seat->process, number);

	if (result < 0 && result != -ESRCH)
		app_alert(seat->place->app, "cannot signal worker %d: %s",
			  (int)seat->process.pid, strerror(-result));
}

static void drain_worker(const struct app *app, const struct seat *seat)
{
	int number = generation_find(app, seat->generation)->spec->drain_signal;

	if (is_gone(seat))
		return;
	signal_worker(seat, number);
	seat_tell(seat, (struct happening){.kind = HAPPENING_DRAINING, .signal = number});
}

static void abort_worker(const struct seat *seat)
{
	if (!is_gone(seat)) /* that it is hung was told */
		signal_worker(seat, SIGABRT);
}

static void kill_worker(const struct seat *seat)
{
	if (is_gone(seat))
		return;
	(void)process_kill(&seat->process);
	housing_kill(seat);
	seat_tell(seat, (struct happening){.kind = HAPPENING_KILLING, .signal = SIGKILL});
}

static void retire_worker(struct seat *seat)
{
	route_retreat(seat);
	seat_tell(seat, (struct happening){.kind = HAPPENING_RETIRING});
}

static void tell_reason(const struct seat *seat, enum happening_kind kind)
{
	seat_tell(seat, (struct happening){.kind = kind, .reason = seat->reason});
}

/* What can be learned of a worker that no longer beats goes into its reason. */
static void note_hung(struct app *app, struct seat *seat)
{
	char evidence[REASON_SIZE / 2], span[32];
	unsigned waiting = 0, depth;
	unsigned socket = sharing_socket(seat);

	sample_evidence(seat->process.pid, evidence, sizeof(evidence));
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		if (listener_depth(&at->listener, socket, &depth) == 0)
			waiting += depth;
	text_format_duration(span, sizeof(span), app->supervisor->now - seat->beat);
	(void)snprintf(seat->reason, sizeof(seat->reason),
		       "hung: %s%s (%.100s; %u connections waiting%s%.40s)",
		       seat->figures.trigger ? "it says so itself" : "no heartbeat for ",
		       seat->figures.trigger ? "" : span, evidence, waiting,
		       seat->figures.has_status ? "; status: " : "",
		       seat->figures.has_status ? seat->figures.status : "");
	tell_reason(seat, HAPPENING_HUNG);
}

static void note_ready_timeout(struct app *app, struct seat *seat)
{
	char span[32];

	text_format_duration(span, sizeof(span), app->supervisor->now - seat->started);
	(void)snprintf(seat->reason, sizeof(seat->reason), "not ready within %s", span);
	tell_reason(seat, HAPPENING_READY_TIMEOUT);
}

static void note_failed(struct app *app, struct seat *seat)
{
	if (seat->reason[0] == '\0')
		(void)text_copy(seat->reason, sizeof(seat->reason), "failed");
	(void)snprintf(app->trouble, sizeof(app->trouble), "slot %u: %s",
		       seat->place->slot, seat->reason);
	tell_reason(seat, HAPPENING_FAILED);
}

static void note_backoff(const struct app *app, unsigned slot)
{
	const struct backoff *backoff = &app->core.slot[slot].backoff;
	msec wait = backoff->until - app->supervisor->now;

	slot_tell(app, slot,
		  (struct happening){.kind = HAPPENING_BACKOFF,
				     .failures = backoff->failures,
				     .has_duration = true,
				     .duration = wait});
}

/* What could not be told of a seat that was never made. */
static void note_unmade(struct app *app, const struct core_action *action)
{
	if (action->arg == CORE_NOTE_FAILED)
		slot_tell(app, action->at.slot,
			  (struct happening){.kind = HAPPENING_FAILED,
					     .reason = app->trouble});
	else if (action->arg == CORE_NOTE_BACKOFF)
		note_backoff(app, action->at.slot);
}

static void note_seat(struct app *app, const struct core_action *action,
		      struct seat *seat)
{
	static const enum happening_kind plain[CORE_NOTES] = {
		[CORE_NOTE_READY] = HAPPENING_READY,
		[CORE_NOTE_LATE] = HAPPENING_LATE,
		[CORE_NOTE_BACK] = HAPPENING_BACK,
		[CORE_NOTE_STAYS] = HAPPENING_STAYING,
	};

	switch ((enum core_note)action->arg) {
	case CORE_NOTE_READY:
	case CORE_NOTE_LATE:
	case CORE_NOTE_BACK:
	case CORE_NOTE_STAYS:
		seat_tell(seat, (struct happening){.kind = plain[action->arg]});
		break;
	case CORE_NOTE_LEAVES:
		(void)text_copy(seat->reason, sizeof(seat->reason), "said that it stops");
		seat_tell(seat, (struct happening){.kind = HAPPENING_LEAVING});
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
		tell_reason(seat, HAPPENING_DRAIN_TIMEOUT);
		break;
	case CORE_NOTE_FAILED:
		note_failed(app, seat);
		break;
	case CORE_NOTE_BACKOFF:
		note_backoff(app, action->at.slot);
		break;
	case CORE_NOTE_RESTING:
		slot_tell(app, action->at.slot,
			  (struct happening){.kind = HAPPENING_RESTING});
		break;
	case CORE_NOTE_REVERTING:
		app_tell(app, (struct happening){.kind = HAPPENING_REVERTING,
						 .reason = app->trouble});
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

static void note(struct app *app, const struct core_action *action)
{
	if (app->place[action->at.slot] == NULL) /* it could not even be made */
		note_unmade(app, action);
	else
		note_seat(app, action, app_seat(app, action->at));
}

static void apply(struct app *app, const struct core_action *action)
{
	switch (action->kind) {
	case CORE_SPAWN:
		spawn(app, action);
		break;
	case CORE_UNROUTE:
		retire_worker(app_seat(app, action->at));
		break;
	case CORE_TERM:
		bounds_part(app, action->at);
		drain_worker(app, app_seat(app, action->at));
		break;
	case CORE_ABORT:
		abort_worker(app_seat(app, action->at));
		break;
	case CORE_KILL:
		kill_worker(app_seat(app, action->at));
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

static bool orders_anything(const struct core_actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].kind < CORE_NOTE)
			return true;
	return false;
}

static void find_deadline(struct app *app)
{
	app->beaten = false;
	app->deadline = core_deadline(&app->core);
}

/* There is nothing else to see to, and beats are many.  But for a worker's first one they
 * only put deadlines off: what that comes to is asked when the time has come. */
static void note_beat(struct app *app, struct seat_ref at)
{
	msec deadline = app->core.slot[at.slot].seat[at.seat].deadline;

	app->beaten = true;
	if (deadline < app->deadline)
		app->deadline = deadline;
}

void app_step(struct app *app, const struct core_event *event)
{
	struct supervisor *supervisor = app->supervisor;
	struct core_actions *actions = &supervisor->actions;

	if (event->kind == CORE_EXIT)
		seat_tell_exit(app_seat(app, event->at));
	core_step(&app->core, event, supervisor->now, actions);
	trace(app, event, actions);
	if (event->kind == CORE_BEAT && actions->count == 0) {
		note_beat(app, event->at);
		return;
	}
	app->stepped = true;
	if (app->core.want.running)
		route_admit(app);
	if (orders_anything(actions))
		remember_app(app);
	for (unsigned i = 0; i < actions->count; i++) {
		apply(app, &actions->list[i]);
		if (actions->list[i].kind >= CORE_NOTE)
			continue;
		core_did(&app->core, actions->list[i].at);
		remember_seat(app, actions->list[i].at);
	}
	find_deadline(app);
}

bool app_is_due(struct app *app)
{
	if (app->beaten && app->deadline <= app->supervisor->now)
		find_deadline(app);
	return app->deadline <= app->supervisor->now;
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
	sharing_settle(app);
	route_update(app);
	bounds_update(app);
	checkup_update(app);
	generation_sweep(app);
	/* Who was just born may ask for what those asked for who went before; and a copy
	 * in a child that is yet to be executed would keep the port from him. */
	if (app->core.want.running && app->operations == NULL)
		holdings_sweep(app);
	else if (!app->core.want.running && core_settled(&app->core))
		holdings_close(app);
	if (app_state(app) == APP_ONLINE)
		app->was_online = true;
	remember_app(app);
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
