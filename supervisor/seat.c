/*
 * seat.c - what comes from workers: their datagrams and their ends, turned into events.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define PAUSE 0.1 /* seconds that a flooding slot is not listened to */
#define READ_TURNS                                                          \
	16 /* of HEARTBEAT_TURN datagrams: what "until empty" means at most \
	    */

struct seat_ref seat_ref(const struct seat *seat)
{
	const struct place *place = seat->place;

	return (struct seat_ref){.slot = (uint16_t)place->slot,
				 .seat = (uint8_t)(seat - place->seat)};
}

static void post(const struct seat *seat, enum core_event_kind kind, uint32_t arg)
{
	struct core_event event = {.kind = kind, .at = seat_ref(seat), .arg = arg};

	supervisor_post(seat->place->app, &event);
}

static void keep_figure(uint64_t *figure, uint64_t said)
{
	if (said != BEAT_UNKNOWN)
		*figure = said;
}

static void keep_figures(struct seat *seat, const struct beat *beat)
{
	keep_figure(&seat->figures.lag_usec, beat->lag_usec);
	keep_figure(&seat->figures.connections, beat->connections);
	keep_figure(&seat->figures.requests, beat->requests);
	keep_figure(&seat->figures.errors, beat->errors);
	keep_figure(&seat->figures.latency_usec, beat->latency_usec);
	if (beat->has_status) {
		seat->figures.has_status = true;
		memcpy(seat->figures.status, beat->status, sizeof(beat->status));
	}
}

static void translate(struct seat *seat, const struct beat *beat)
{
	keep_figures(seat, beat);
	if (beat->requests != BEAT_UNKNOWN)
		bounds_check(seat, CORE_BOUND_REQUESTS, beat->requests);
	if (beat->extend_usec > 0) {
		uint64_t span = beat->extend_usec / 1000;

		post(seat, CORE_EXTEND, span > UINT32_MAX ? UINT32_MAX : (uint32_t)span);
	}
	if (beat->ready) {
		seat->figures.ready = true;
		remember_seat(seat->place->app, seat_ref(seat)); /* said only once */
		post(seat, CORE_READY, 0);
	}
	if (beat->watchdog) {
		seat->beat = clock_now();
		post(seat, CORE_BEAT, 0);
		dealing_hear(seat, beat);
	}
	if (beat->stopping)
		post(seat, CORE_LEAVE, 0);
	seat->figures.trigger = beat->trigger;
	if (beat->trigger)
		post(seat, CORE_TRIGGER, 0);
}

/* The main process itself, or a live member of its session; NULL: a stranger. */
static struct seat *sender_seat(struct place *place, pid_t sender)
{
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (place->seat[i].process.pid != 0 &&
		    place->seat[i].process.pid == sender)
			return &place->seat[i];
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (place->seat[i].process.pid != 0 &&
		    process_is_of_session(sender, place->seat[i].process.pid))
			return &place->seat[i];
	return NULL;
}

/* At most so many; returns how many were read. */
static unsigned read_some(struct place *place, unsigned most)
{
	struct beat beat;
	unsigned count;
	pid_t sender;
	int result;

	for (count = 0; count < most; count++) {
		if (!supervisor_has_room(place->app->supervisor))
			break;
		result = heartbeat_read(&place->heartbeat, &beat, &sender);
		if (result == -EBADMSG)
			continue;
		if (result <= 0)
			break;
		struct seat *seat = sender_seat(place, sender);

		if (seat != NULL)
			translate(seat, &beat);
		else
			place->heartbeat.strangers++;
	}
	return count;
}

void place_read_beats(struct place *place)
{
	(void)read_some(place, READ_TURNS * HEARTBEAT_TURN);
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct place *place = timer->data;

	(void)events;
	ev_io_start(loop, &place->beat_watch);
}

static void tell_flood(const struct place *place)
{
	char reason[96];

	(void)snprintf(reason, sizeof(reason),
		       "more than %d datagrams a second, listened to at intervals",
		       HEARTBEAT_FLOOD);
	slot_tell(place->app, place->slot,
		  (struct happening){.kind = HAPPENING_FLOOD, .reason = reason});
}

/* A second one seldom waits, and would wake the loop again: to find none costs each beat
 * another system call. */
static void on_beats(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct place *place = watch->data;
	unsigned count = read_some(place, place->flooded ? HEARTBEAT_TURN : 1);

	(void)events;
	if (!heartbeat_floods(&place->heartbeat, count, clock_now()))
		return;
	if (!place->flooded)
		tell_flood(place);
	place->flooded = true;
	ev_io_stop(loop, watch);
	ev_timer_set(&place->pause, PAUSE, 0.);
	ev_timer_start(loop, &place->pause);
}

static void seat_init(struct seat *seat, struct place *place)
{
	seat->place = place;
	seat->process.pidfd = -1;
	seat->process.exec_pipe = -1;
	seat->kin.is_one = false;
	seat->channel.fd = -1;
	seat->snare.socket = seat->snare.trap = -1;
}

#define NOTIFY_PATH (PLACES_PATH + SPEC_NAME + 32)

static void name_notify(const struct place *place, char path[NOTIFY_PATH])
{
	const struct app *app = place->app;

	(void)snprintf(path, NOTIFY_PATH, "%s/notify/%s.%u", app->supervisor->places.run,
		       app->name, place->slot);
}

static int open_notify(struct place *place, struct fault *fault)
{
	char path[NOTIFY_PATH];

	name_notify(place, path);
	return heartbeat_open(&place->heartbeat, path, fault);
}

static void place_init(struct place *place, struct app *app, unsigned slot)
{
	place->app = app;
	place->slot = slot;
	for (unsigned i = 0; i < CORE_SEATS; i++)
		seat_init(&place->seat[i], place);
	place->heartbeat.fd = -1;
}

static void place_begin(struct place *place)
{
	struct app *app = place->app;

	ev_io_init(&place->beat_watch, on_beats, place->heartbeat.fd, EV_READ);
	place->beat_watch.data = place;
	ev_timer_init(&place->pause, on_pause_over, PAUSE, 0.);
	place->pause.data = place;
	ev_io_start(app->supervisor->loop, &place->beat_watch);
	app->place[place->slot] = place;
	(void)remember_fd(app->supervisor, place->heartbeat.fd, "%s.%u.notify", app->name,
			  place->slot);
}

/* The slot's place, made when it is first needed. */
struct place *place_need(struct app *app, unsigned slot, struct fault *fault)
{
	struct place *place = app->place[slot];

	if (place != NULL)
		return place;
	place = calloc(1, sizeof(*place));
	if (place == NULL) {
		(void)fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	place_init(place, app, slot);
	if (open_notify(place, fault) < 0) {
		free(place);
		return NULL;
	}
	place_begin(place);
	return place;
}

int place_adopt(struct app *app, unsigned slot, struct place *place, int notify,
		struct fault *fault)
{
	char path[NOTIFY_PATH];
	int result = 0;

	place_init(place, app, slot);
	name_notify(place, path);
	(void)text_copy(place->heartbeat.path, sizeof(place->heartbeat.path), path);
	place->heartbeat.fd = notify;
	if (notify < 0)
		result = open_notify(place, fault);
	if (result < 0)
		free(place);
	else
		place_begin(place);
	return result;
}

/* Accepts NULL.  No worker sits there any more. */
void place_free(struct place *place)
{
	if (place == NULL)
		return;
	ev_io_stop(place->app->supervisor->loop, &place->beat_watch);
	ev_timer_stop(place->app->supervisor->loop, &place->pause);
	checkup_free(place);
	conduit_part(place);
	forget_fd(place->app->supervisor, "%s.%u.notify", place->app->name, place->slot);
	heartbeat_close(&place->heartbeat);
	free(place);
}

struct seat *seat_find(struct supervisor *supervisor, pid_t pid)
{
	struct seat *seat = supervisor->by_pid[(unsigned)pid % PIDS];

	while (seat != NULL && seat->process.pid != pid)
		seat = seat->next_by_pid;
	return seat;
}

void seat_register(struct seat *seat)
{
	struct seat **chain;

	seat->pid = seat->process.pid;
	if (seat->process.birth == 0)
		seat->process.birth = process_read_birth(seat->pid);
	chain = &seat->place->app->supervisor->by_pid[(unsigned)seat->process.pid % PIDS];
	seat->next_by_pid = *chain;
	*chain = seat;
}

void seat_unregister(struct seat *seat, pid_t pid)
{
	struct seat **at = &seat->place->app->supervisor->by_pid[(unsigned)pid % PIDS];

	while (*at != seat)
		at = &(*at)->next_by_pid;
	*at = seat->next_by_pid;
}

/* The exec pipe is readable, or its child is gone: what became of the exec? */
void seat_settle_exec(struct seat *seat)
{
	struct fault fault = {0};
	int result;

	if (seat->process.exec_pipe == -1)
		return;
	result = process_exec_result(&seat->process, &fault);
	if (result == -EAGAIN)
		return;
	ev_io_stop(seat->place->app->supervisor->loop, &seat->exec_watch);
	if (result < 0) {
		(void)text_copy(seat->reason, sizeof(seat->reason), fault.text);
		seat->exec_failed = true;
	}
}

static void describe_end(const struct seat *seat, int status, char *text, size_t size)
{
	if (status == SEAT_STATUS_UNKNOWN)
		(void)snprintf(text, size, "ended, nobody knows how");
	else if (WIFSIGNALED(status))
		(void)snprintf(text, size, "killed by SIG%s%s%s",
			       text_signal_name(WTERMSIG(status)),
			       WCOREDUMP(status) ? " (core dumped)" : "",
			       seat->ran_out ? " for want of memory" : "");
	else
		(void)snprintf(text, size, "exited with code %d", WEXITSTATUS(status));
	if (seat->reason[0] != '\0')
		return;
	size_t used = strlen(text);
	const struct core_app *core = &seat->place->app->core;
	struct seat_ref at = seat_ref(seat);
	const struct worker *worker = &core->slot[at.slot].seat[at.seat];
	msec now = clock_now();
	char span[32];

	if (worker->served != MSEC_NEVER) {
		text_format_duration(span, sizeof(span), now - worker->served);
		(void)snprintf(text + used, size - used, " %s after it was ready", span);
	} else if (!seat->figures.ready) {
		text_format_duration(span, sizeof(span), now - seat->started);
		(void)snprintf(text + used, size - used, " before it was ready, after %s",
			       span);
	}
}

void seat_tell_exit(const struct seat *seat)
{
	struct happening what = {.kind = HAPPENING_EXITED};
	char end[REASON_SIZE / 2] = "never ran";

	if (!seat->exec_failed) {
		describe_end(seat, seat->status, end, sizeof(end));
		what.has_code = WIFEXITED(seat->status);
		what.code = WEXITSTATUS(seat->status);
		what.signal = WIFSIGNALED(seat->status) ? WTERMSIG(seat->status) : 0;
		what.core = WIFSIGNALED(seat->status) && WCOREDUMP(seat->status);
	}
	what.reason = end;
	seat_tell(seat, what);
}

static void record_end(struct seat *seat, int status)
{
	struct last_exit *exit = &seat->place->last_exit;
	char end[REASON_SIZE / 2];

	describe_end(seat, status, end, sizeof(end));
	if (seat->exec_failed)
		exit->kind = EXIT_NEVER_RAN;
	else
		exit->kind = WIFSIGNALED(status) ? EXIT_SIGNAL : EXIT_CODE;
	if (status == SEAT_STATUS_UNKNOWN && !seat->exec_failed)
		exit->kind = EXIT_UNKNOWN;
	exit->number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	exit->core = WIFSIGNALED(status) && WCOREDUMP(status);
	exit->at_wall = clock_wall();
	if (seat->exec_failed)
		(void)text_copy(exit->reason, sizeof(exit->reason), seat->reason);
	else if (seat->reason[0] != '\0')
		(void)snprintf(exit->reason, sizeof(exit->reason), "%.*s; %s",
			       REASON_SIZE / 2 - 8, seat->reason, end);
	else
		(void)text_copy(exit->reason, sizeof(exit->reason), end);
	if (seat->reason[0] == '\0')
		(void)text_copy(seat->reason, sizeof(seat->reason), end);
}

static uint32_t verdict(const struct seat *seat, int status)
{
	const struct generation *generation;

	generation = generation_find(seat->place->app, seat->generation);
	if (!WIFEXITED(status) || seat->exec_failed)
		return CORE_EXIT_FAILURE;
	for (unsigned i = 0; i < generation->spec->stop_exit_codes; i++)
		if (generation->spec->stop_exit_code[i] == WEXITSTATUS(status))
			return CORE_EXIT_FINAL;
	return WEXITSTATUS(status) == 0 ? CORE_EXIT_CLEAN : CORE_EXIT_FAILURE;
}

void seat_keep(const struct seat *seat, int fd, const char *what)
{
	const struct app *app = seat->place->app;
	struct seat_ref at = seat_ref(seat);

	(void)remember_fd(app->supervisor, fd, "%s.%u.%u.%s", app->name, at.slot, at.seat,
			  what);
}

void seat_drop(const struct seat *seat, const char *what)
{
	const struct app *app = seat->place->app;
	struct seat_ref at = seat_ref(seat);

	forget_fd(app->supervisor, "%s.%u.%u.%s", app->name, at.slot, at.seat, what);
}

void seat_forget_doors(struct seat *seat)
{
	channel_close(seat);
	snare_close(seat);
}

/* Its process was collected.  What it said before it died is read first, so that a READY
 * is not overtaken by the EXIT that followed it. */
void seat_exited(struct seat *seat, pid_t pid, int status)
{
	bool knows_oom;

	seat->process.pid = pid; /* its last words are still its own */
	place_read_beats(seat->place);
	seat->status = status;
	knows_oom = seat->cell != 0;
	housing_end(seat, status);
	seat->place->last_exit.knows_oom = knows_oom;
	seat->place->last_exit.oom = seat->ran_out;
	record_end(seat, status);
	post(seat, CORE_EXIT, verdict(seat, status));
	seat_unregister(seat, pid);
	seat_forget_doors(seat);
	seat->process.pid = 0;
	conduit_end(seat->place);
	if (seat->place->app->core.want.running)
		holdings_heal(seat->place);
}
