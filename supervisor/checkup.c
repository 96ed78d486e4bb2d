/*
 * checkup.c - workers are probed, each by its slot's own address, one probe at a time.
 *
 * The first probe of a worker goes out when it is ready and alone in its slot, the others
 * `probe.interval` after each other.  A supervisor that slept must not take its own
 * lateness for the worker's: what came meanwhile is read first, and if nothing did, that
 * probe says nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define LATE 250 /* ms after which a timeout is our own lateness */

static const struct spec_probe *policy_of(const struct checkup *checkup)
{
	return &app_spec(checkup->place->app)->probe;
}

static void wake_in(struct checkup *checkup, msec span)
{
	struct ev_loop *loop = checkup->place->app->supervisor->loop;

	ev_timer_stop(loop, &checkup->timer);
	ev_now_update(loop);
	checkup->wakes = clock_now() + span;
	ev_timer_set(&checkup->timer, (double)span / 1e3, 0.);
	ev_timer_start(loop, &checkup->timer);
}

/* Ends the one under way, if there is one. */
static void end_probe(struct checkup *checkup)
{
	ev_io_stop(checkup->place->app->supervisor->loop, &checkup->watch);
	probe_end(&checkup->probe);
}

static void stop(struct checkup *checkup)
{
	end_probe(checkup);
	ev_timer_stop(checkup->place->app->supervisor->loop, &checkup->timer);
}

static void wait_for_next(struct checkup *checkup)
{
	msec next = checkup->began + policy_of(checkup)->interval - clock_now();

	wake_in(checkup, next > 0 ? next : 0);
}

static const struct seat *seat_of(const struct checkup *checkup)
{
	const struct place *place = checkup->place;

	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (place->seat[i].process.pid == checkup->pid)
			return &place->seat[i];
	return NULL;
}

static void finish(struct checkup *checkup, bool passed, const struct fault *fault)
{
	struct core_event event = {.kind = CORE_PROBED,
				   .arg = passed ? CORE_PROBE_PASSED : CORE_PROBE_FAILED};
	const struct seat *seat = seat_of(checkup);
	struct last_probe *last = &checkup->last;

	*last = (struct last_probe){.known = true,
				    .passed = passed,
				    .latency = clock_now() - checkup->began,
				    .at_wall = clock_wall()};
	if (!passed)
		(void)text_copy(last->text, sizeof(last->text), fault->text);
	else if (checkup->probe.status > 0)
		(void)snprintf(last->text, sizeof(last->text), "status %d",
			       checkup->probe.status);
	else
		(void)text_copy(last->text, sizeof(last->text), "accepted");
	end_probe(checkup);
	wait_for_next(checkup);
	if (seat == NULL)
		return;
	event.at = seat_ref(seat);
	supervisor_post(checkup->place->app, &event);
}

static void on_answer(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct checkup *checkup = watch->data;
	struct fault fault = {0};
	enum probe_state state = probe_continue(&checkup->probe, &fault);

	(void)events;
	if (state != PROBE_WAITS) {
		finish(checkup, state == PROBE_PASSED, &fault);
	} else if (watch->events & EV_WRITE && checkup->probe.connected) {
		ev_io_stop(loop, watch);
		ev_io_set(watch, checkup->probe.fd, EV_READ);
		ev_io_start(loop, watch);
	}
}

static void begin(struct checkup *checkup)
{
	struct app *app = checkup->place->app;
	const struct listener *listener = route_to_slots(app);
	const struct spec_probe *policy = policy_of(checkup);
	struct fault fault = {0};
	int result;

	checkup->began = clock_now();
	if (sharing_is_on(app)) { /* while it comes or goes, no slot can be reached */
		wait_for_next(checkup);
		return;
	}
	if (listener == NULL) {
		(void)fault_set(&fault, -EADDRNOTAVAIL,
				"it has no IPv4 address with a socket for each slot");
		finish(checkup, false, &fault);
		return;
	}
	result = probe_begin(&checkup->probe, &listener->address, checkup->place->slot,
			     policy->http);
	if (result < 0) { /* our own trouble, not the worker's */
		log_debug("%s.%u: cannot probe: %s", app->name, checkup->place->slot,
			  strerror(-result));
		wait_for_next(checkup);
		return;
	}
	ev_io_set(&checkup->watch, checkup->probe.fd, EV_WRITE);
	ev_io_start(app->supervisor->loop, &checkup->watch);
	wake_in(checkup, policy->timeout);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct checkup *checkup = timer->data;
	bool late = clock_now() - checkup->wakes > LATE;
	struct fault fault = {0};
	enum probe_state state;

	(void)loop;
	(void)events;
	if (checkup->probe.fd < 0) {
		begin(checkup);
		return;
	}
	state = probe_continue(&checkup->probe, &fault);
	if (state == PROBE_WAITS && (!late || checkup->probe.status > 0))
		state = probe_expire(&checkup->probe, &fault);
	if (state != PROBE_WAITS) {
		finish(checkup, state == PROBE_PASSED, &fault);
		return;
	}
	end_probe(checkup);
	wait_for_next(checkup);
}

static struct checkup *need(struct place *place)
{
	struct checkup *checkup = place->checkup;

	if (checkup != NULL)
		return checkup;
	checkup = calloc(1, sizeof(*checkup));
	if (checkup == NULL)
		return NULL; /* tried again when something happens in the app */
	checkup->place = place;
	checkup->probe.fd = -1;
	ev_init(&checkup->watch, on_answer);
	ev_init(&checkup->timer, on_timer);
	checkup->watch.data = checkup->timer.data = checkup;
	place->checkup = checkup;
	return checkup;
}

/* Another worker is another patient. */
static void attend(struct place *place, unsigned seat)
{
	struct checkup *checkup = need(place);
	pid_t pid = place->seat[seat].process.pid;

	if (checkup == NULL || pid == 0)
		return;
	if (checkup->pid != pid) {
		stop(checkup);
		checkup->pid = pid;
		checkup->last = (struct last_probe){0};
		begin(checkup);
	} else if (!ev_is_active(&checkup->timer)) {
		wait_for_next(checkup);
	}
}

void checkup_update(struct app *app)
{
	bool probes = app->core.policy.probe_failures > 0;

	if (!probes && !app->probed)
		return;
	app->probed = probes;
	for (unsigned i = 0; i < app->core.slots; i++) {
		struct place *place = app->place[i];
		unsigned seat;

		if (place == NULL)
			continue;
		if (core_may_probe(&app->core, i, &seat))
			attend(place, seat);
		else if (!probes)
			checkup_free(place);
		else if (place->checkup != NULL)
			stop(place->checkup);
	}
}

/* Accepts a place without one. */
void checkup_free(struct place *place)
{
	if (place->checkup == NULL)
		return;
	stop(place->checkup);
	free(place->checkup);
	place->checkup = NULL;
}

void checkup_note(struct app *app, const struct core_action *action)
{
	const struct place *place = app->place[action->at.slot];
	struct seat *seat = app_seat(app, action->at);
	const char *what = place->checkup != NULL ? place->checkup->last.text : "?";
	const struct spec_probe *policy = &app_spec(app)->probe;

	if (action->arg == CORE_NOTE_WELL) {
		seat_tell(seat, (struct happening){.kind = HAPPENING_WELL});
		return;
	}
	(void)snprintf(app->trouble, sizeof(app->trouble),
		       "slot %u: %u probes of %s in a row failed: %s", action->at.slot,
		       app->core.policy.probe_failures,
		       policy->http != NULL ? policy->http : "its port", what);
	seat_tell(seat,
		  (struct happening){.kind = HAPPENING_SICK, .reason = app->trouble});
}
