/*
 * status.c - what people and programs are told of an app and its workers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "supervisor/estate.h"
#include "supervisor/sample.h"

static const char *const app_states[APP_STATES] = {
	[APP_STOPPED] = "stopped",   [APP_STARTING] = "starting",
	[APP_ONLINE] = "online",     [APP_RELOADING] = "reloading",
	[APP_SCALING] = "scaling",   [APP_STOPPING] = "stopping",
	[APP_DEGRADED] = "degraded", [APP_FAILED] = "failed",
};

static const char *const worker_states[WORKER_STATES] = {
	[WORKER_IS_STOPPED] = "stopped",   [WORKER_IS_BACKOFF] = "backoff",
	[WORKER_IS_STARTING] = "starting", [WORKER_IS_READY] = "ready",
	[WORKER_IS_LATE] = "late",         [WORKER_IS_DRAINING] = "draining",
	[WORKER_IS_STOPPING] = "stopping",
};

const char *app_state_name(enum app_state state)
{
	return app_states[state];
}

const char *worker_state_name(enum worker_state state)
{
	return worker_states[state];
}

static unsigned count_running(const struct app *app)
{
	unsigned running = 0;

	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		for (unsigned j = 0; app->place[i] != NULL && j < CORE_SEATS; j++)
			running += app->place[i]->seat[j].process.pid != 0;
	return running;
}

static enum app_state state_of_operation(const struct app *app)
{
	switch (app->core.operation.kind) {
	case CORE_OPERATION_SCALE:
		return APP_SCALING;
	case CORE_OPERATION_RELOAD:
	case CORE_OPERATION_RENEW:
		return APP_RELOADING;
	case CORE_OPERATION_START:
	case CORE_OPERATION_RESTART:
		return APP_STARTING;
	case CORE_OPERATION_STOP:
		return APP_STOPPING;
	case CORE_OPERATION_NONE:
	case CORE_OPERATION_KINDS:
		break;
	}
	return APP_STATES;
}

/* Every worker ended for good: by its own will, or because it was given up. */
static bool is_at_rest(const struct app *app, bool *ret_given_up)
{
	unsigned max = app->core.policy.restart_max;

	*ret_given_up = false;
	for (unsigned i = 0; i < app->core.want.count; i++) {
		const struct slot *slot = &app->core.slot[i];

		if (!slot->resting)
			return false;
		if (max > 0 && slot->backoff.failures >= max)
			*ret_given_up = true;
	}
	return count_running(app) == 0;
}

enum app_state app_state(const struct app *app)
{
	bool given_up;
	unsigned serving = core_serving(&app->core);
	enum app_state during = state_of_operation(app);

	if (!app->core.want.running)
		return count_running(app) > 0 ? APP_STOPPING : APP_STOPPED;
	if (during != APP_STATES)
		return during;
	if (is_at_rest(app, &given_up))
		return given_up ? APP_FAILED : APP_STOPPED;
	if (serving >= app->core.want.count)
		return APP_ONLINE;
	if (serving > 0)
		return APP_DEGRADED;
	return app->trouble[0] != '\0' ? APP_FAILED : APP_STARTING;
}

static bool went_well(const struct app *app, unsigned slot)
{
	const struct app_spec *spec = app_spec(app);
	const struct place *place = app->place[slot];

	if (place == NULL || place->last_exit.kind != EXIT_CODE)
		return false;
	for (unsigned i = 0; i < spec->stop_exit_codes; i++)
		if (spec->stop_exit_code[i] == place->last_exit.number)
			return true;
	return place->last_exit.number == 0;
}

bool app_has_ended(const struct app *app, bool *ret_well)
{
	bool given_up;

	if (!app->core.want.running || app->core.want.count == 0 ||
	    state_of_operation(app) != APP_STATES || !is_at_rest(app, &given_up))
		return false;
	*ret_well = !given_up;
	for (unsigned i = 0; i < app->core.want.count; i++)
		*ret_well = *ret_well && went_well(app, i);
	return true;
}

static unsigned count_restarts(const struct app *app)
{
	unsigned restarts = 0;

	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		if (app->place[i] != NULL && app->place[i]->spawns > 0)
			restarts += app->place[i]->spawns - 1;
	return restarts;
}

static const char *phase_of(const struct app *app)
{
	switch (app->core.operation.kind) {
	case CORE_OPERATION_START:
		return "starting";
	case CORE_OPERATION_SCALE:
		return "scaling";
	case CORE_OPERATION_RELOAD:
	case CORE_OPERATION_RENEW:
		return app->core.operation.reverted ? "reverting" : "rolling";
	case CORE_OPERATION_RESTART:
		return count_running(app) > core_serving(&app->core) ? "stopping"
								     : "starting";
	case CORE_OPERATION_STOP:
		return "draining";
	case CORE_OPERATION_NONE:
	case CORE_OPERATION_KINDS:
		break;
	}
	return NULL;
}

/* Slots that are where the operation wants them. */
static unsigned count_done(const struct app *app)
{
	unsigned done = 0;

	for (unsigned i = 0; i < app->core.want.count; i++) {
		bool serves = false, vacant = true;

		for (unsigned j = 0; j < CORE_SEATS; j++) {
			const struct worker *worker = &app->core.slot[i].seat[j];

			vacant = vacant && worker->phase == WORKER_VACANT;
			serves = serves ||
				 (worker->phase == WORKER_SERVING &&
				  worker->generation == app->core.want.generation);
		}
		done += app->core.want.running ? serves : vacant;
	}
	return done;
}

static void read_operations(const struct app *app, struct app_status *status)
{
	const struct operation *now = app->operations;

	status->operation = (struct app_operation_status){0};
	if (now != NULL && app->core.operation.kind != CORE_OPERATION_NONE) {
		status->operation.kind = now->name;
		status->operation.phase = phase_of(app);
		status->operation.done = count_done(app);
		status->operation.total = app->core.want.count;
		status->operation.duration_ms = clock_now() - now->began;
	}
	status->last_operation = (struct app_operation_status){
		.kind = app->last.name,
		.ok = app->last.result == CORE_RESULT_OK,
		.error = app->last.error[0] != '\0' ? app->last.error : NULL,
		.duration_ms = app->last.took,
	};
}

static void read_listens(const struct app *app, struct app_status *status)
{
	static char text[ARRAY_COUNT(status->listen)][ADDRESS_TEXT];
	const struct generation *wanted;

	wanted = generation_find(app, app->core.want.generation);
	status->listens = status->spec->listen_count;
	if (wanted != NULL && wanted->holdings > status->listens)
		status->listens = wanted->holdings;
	for (unsigned i = 0; i < status->listens; i++) {
		if (wanted != NULL && i < wanted->holdings) {
			address_format(&wanted->holding[i]->listener.address, text[i]);
			status->listen[i] = text[i];
		} else {
			status->listen[i] = status->spec->listen[i];
		}
	}
}

static const char *slot_listen(const struct app *app)
{
	static char text[ADDRESS_TEXT];
	const struct listener *listener = route_to_slots(app);

	if (listener == NULL)
		return NULL;
	address_format(&listener->address, text);
	return text;
}

/* A socket of somebody else that joined our group; it gets nothing from us. */
static const char *foreign_text(const struct app *app)
{
	static char text[ADDRESS_TEXT + 128];

	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		struct sockdiag_holder holder;
		unsigned count = listener_foreign(&at->listener, &holder);

		if (count == 0)
			continue;
		(void)snprintf(text, sizeof(text), "%u on %s, of %s (pid %d)", count,
			       at->text, holder.command, (int)holder.pid);
		return text;
	}
	return NULL;
}

static const char *log_text(const struct app *app, enum spec_stream stream)
{
	static char path[SPEC_STREAMS][LOGGING_PATH];

	if (!spec_logs(app_spec(app), stream) || app_spec(app)->log.to != SPEC_LOG_FILE)
		return NULL;
	conduit_path(app, app_spec(app), stream, -1, path[stream], LOGGING_PATH);
	return path[stream];
}

void app_read_status(const struct app *app, struct app_status *ret_status)
{
	const struct generation *wanted;
	struct app_status status = {.name = app->name, .state = app_state(app)};

	wanted = generation_find(app, app->core.want.generation);
	status.spec = app_spec(app);
	status.configured = app_generation(app)->count;
	status.desired = app->core.want.running ? app->core.want.count : 0;
	status.ready = core_serving(&app->core);
	status.running = count_running(app);
	status.overridden = app->core.want.count != status.configured;
	status.generation = app->core.want.generation;
	status.rolled_back_from = app_rolled_back_from(app);
	dealing_read_status(app, &status);
	status.restarts = count_restarts(app);
	status.log_out = log_text(app, SPEC_OUT);
	status.log_err = log_text(app, SPEC_ERR);
	if (wanted != NULL) {
		status.directory = wanted->directory_path;
		status.program = wanted->program.path;
	}
	if (app->trouble[0] != '\0')
		status.trouble = app->trouble;
	status.next_cron = bounds_next_cron(app);
	if (app->bounds.last.at_wall != 0)
		status.last_recycle = &app->bounds.last;
	status.ad_hoc = app_is_ad_hoc(app);
	status.started = app->was_online;
	status.foreign = foreign_text(app);
	read_operations(app, &status);
	read_listens(app, &status);
	status.slot_listen = slot_listen(app);
	*ret_status = status;
}

static enum worker_state state_of_worker(enum worker_phase phase)
{
	switch (phase) {
	case WORKER_STARTING:
		return WORKER_IS_STARTING;
	case WORKER_SERVING:
		return WORKER_IS_READY;
	case WORKER_LATE:
		return WORKER_IS_LATE;
	case WORKER_UNROUTING:
	case WORKER_STOPPING:
		return WORKER_IS_DRAINING;
	case WORKER_ABORTING:
	case WORKER_KILLING:
		return WORKER_IS_STOPPING;
	case WORKER_VACANT:
	case WORKER_PHASES:
		break;
	}
	return WORKER_IS_STOPPED;
}

static int64_t known(uint64_t figure)
{
	return figure == BEAT_UNKNOWN || figure > INT64_MAX ? -1 : (int64_t)figure;
}

/* The share of a core since the last reading of at least half a second ago. */
static void read_sample(struct seat *seat, msec now, struct worker_status *status)
{
	struct sample sample;

	if (sample_read(seat->process.pid, &sample) < 0)
		return;
	status->rss_bytes = (int64_t)sample.rss_bytes;
	if (seat->sampled == 0) {
		seat->sampled = seat->started;
		seat->cpu_usec = 0;
	}
	if (now - seat->sampled >= 500) {
		seat->cpu_percent = (double)(sample.cpu_usec - seat->cpu_usec) / 10.0 /
				    (double)(now - seat->sampled);
		seat->sampled = now;
		seat->cpu_usec = sample.cpu_usec;
	}
	status->cpu_percent = seat->cpu_percent;
}

/* The first listener that steers stands for all: they share health and weights. */
static double share_of(const struct app *app, unsigned slot)
{
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		if (!at->listener.shared && slot < at->listener.slots &&
		    !sharing_is_on(app))
			return buckets_share(&at->buckets, slot) * 100.0 / BUCKETS;
	return -1;
}

static void read_slot(const struct app *app, unsigned slot, struct worker_status *status)
{
	struct place *place = app->place[slot];

	*status = (struct worker_status){.slot = slot, .uptime_ms = -1, .rss_bytes = -1};
	status->cpu_percent = -1;
	status->heartbeat_age_ms = -1;
	status->loop_lag_us = status->connections = status->requests = -1;
	status->errors = status->latency_us = -1;
	status->share_percent = share_of(app, slot);
	status->queue_depth = crowd_depth(app, slot);
	status->in_use = -1;
	status->state = core_wants(&app->core, slot) && !app->core.slot[slot].resting
				? WORKER_IS_BACKOFF
				: WORKER_IS_STOPPED;
	if (place == NULL)
		return;
	status->restarts = place->spawns > 0 ? place->spawns - 1 : 0;
	if (place->last_exit.kind != EXIT_NONE)
		status->last_exit = &place->last_exit;
}

static void read_seat(struct app *app, struct seat *seat, struct worker_status *status)
{
	const struct place *place = seat->place;
	const struct worker *worker =
		&app->core.slot[place->slot].seat[seat - place->seat];
	msec now = clock_now();

	read_slot(app, place->slot, status);
	status->pid = seat->process.pid;
	status->state = state_of_worker(worker->phase);
	status->generation = seat->generation;
	status->uptime_ms = now - seat->started;
	status->heartbeat_age_ms = seat->beat >= 0 ? now - seat->beat : -1;
	status->loop_lag_us = known(seat->figures.lag_usec);
	status->connections = known(seat->figures.connections);
	status->requests = known(seat->figures.requests);
	status->errors = known(seat->figures.errors);
	status->latency_us = known(seat->figures.latency_usec);
	if (seat->retreating && core_is_quiet(&app->core, seat_ref(seat)))
		status->in_use = seat->in_use;
	status->door = broker_door(seat);
	status->status = seat->figures.has_status ? seat->figures.status : NULL;
	if (core_is_sick(&app->core, seat_ref(seat)))
		status->state = WORKER_IS_LATE;
	status->probe_failures = worker->misses;
	if (place->checkup != NULL && place->checkup->last.known &&
	    place->checkup->pid == seat->process.pid)
		status->last_probe = &place->checkup->last;
	if (worker->phase != WORKER_SERVING)
		status->share_percent = worker->phase == WORKER_LATE ? 0 : -1;
}

/* Has this slot a row although nobody sits there? */
static bool has_empty_row(const struct app *app, unsigned slot)
{
	return slot < core_count(&app->core);
}

bool app_has_slot(const struct app *app, unsigned slot)
{
	const struct place *place = slot < CORE_SLOTS ? app->place[slot] : NULL;

	for (unsigned i = 0; place != NULL && i < CORE_SEATS; i++)
		if (place->seat[i].process.pid != 0)
			return true;
	return has_empty_row(app, slot);
}

bool app_read_worker(struct app *app, unsigned index, bool sample,
		     struct worker_status *ret_status)
{
	for (unsigned slot = 0; slot <= CORE_SLOTS; slot++) {
		struct place *place = app->place[slot];
		unsigned rows = 0;

		for (unsigned j = 0; place != NULL && j < CORE_SEATS; j++) {
			if (place->seat[j].process.pid == 0)
				continue;
			rows++;
			if (index-- > 0)
				continue;
			read_seat(app, &place->seat[j], ret_status);
			if (sample)
				read_sample(&place->seat[j], clock_now(), ret_status);
			return true;
		}
		if (rows > 0 || !has_empty_row(app, slot))
			continue;
		if (index-- > 0)
			continue;
		read_slot(app, slot, ret_status);
		return true;
	}
	return false;
}
