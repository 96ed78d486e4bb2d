/*
 * bounds.c - what the lives of workers are held to: memory that is sampled, requests that
 * they tell, a time that comes; and what people are told when one is recycled.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"
#include "supervisor/sample.h"
#include "supervisor/schedule.h"

#define SAMPLE_EVERY 2.0  /* seconds, for apps whose memory is bounded */
#define FAR_AWAY     1e30 /* for a loop that must be told a time */

/* What it exceeds is told once; the core knows when its turn comes. */
void bounds_check(struct seat *seat, enum core_bound bound, uint64_t measure)
{
	struct app *app = seat->place->app;
	struct core_event event = {
		.kind = CORE_EXCEEDED, .at = seat_ref(seat), .arg = bound};

	if (!core_exceeds(&app->core, event.at, bound, measure))
		return;
	seat->excess = measure;
	supervisor_post(app, &event);
}

static void check_memory(struct seat *seat)
{
	struct sample sample;

	if (sample_read(seat->process.pid, &sample) == 0)
		bounds_check(seat, CORE_BOUND_MEMORY, sample.rss_bytes);
}

static void check_time(struct seat *seat)
{
	bounds_check(seat, CORE_BOUND_CRON, 0);
}

static void check_all(const struct app *app, void (*check)(struct seat *seat))
{
	for (unsigned i = 0; i < app->core.slots; i++)
		for (unsigned j = 0; app->place[i] != NULL && j < CORE_SEATS; j++)
			if (app->place[i]->seat[j].process.pid != 0)
				check(&app->place[i]->seat[j]);
}

static void on_sample(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	check_all(timer->data, check_memory);
}

static void on_time(struct ev_loop *loop, struct ev_periodic *clock, int events)
{
	(void)loop;
	(void)events;
	check_all(clock->data, check_time);
}

/* Called again whenever the clock of the wall was set. */
static ev_tstamp on_reckoning(struct ev_periodic *clock, ev_tstamp now)
{
	const struct app *app = clock->data;
	int64_t next = schedule_next(&app->bounds.cron, (int64_t)now);

	return next == SCHEDULE_NEVER ? FAR_AWAY : (ev_tstamp)next;
}

void bounds_init(struct app *app)
{
	ev_timer_init(&app->bounds.sampler, on_sample, SAMPLE_EVERY, SAMPLE_EVERY);
	app->bounds.sampler.data = app;
	ev_periodic_init(&app->bounds.clock, on_time, 0., 0., on_reckoning);
	app->bounds.clock.data = app;
}

void bounds_free(struct app *app)
{
	ev_timer_stop(app->supervisor->loop, &app->bounds.sampler);
	ev_periodic_stop(app->supervisor->loop, &app->bounds.clock);
}

/* A pattern that a configuration let pass. */
static void set_clock(struct app *app, const char *pattern)
{
	struct ev_loop *loop = app->supervisor->loop;

	if (strcmp(app->bounds.pattern, pattern) == 0)
		return;
	(void)text_copy(app->bounds.pattern, sizeof(app->bounds.pattern), pattern);
	ev_periodic_stop(loop, &app->bounds.clock);
	if (cron_parse(&app->bounds.cron, pattern) == CRON_FITS)
		ev_periodic_start(loop, &app->bounds.clock);
}

void bounds_update(struct app *app)
{
	struct ev_loop *loop = app->supervisor->loop;
	const char *pattern = app_spec(app)->cron;
	bool running = app->core.want.running;
	bool samples = running && app->core.policy.recycle.memory != 0;

	set_clock(app, running && pattern != NULL ? pattern : "");
	if (samples == (bool)ev_is_active(&app->bounds.sampler))
		return;
	if (samples)
		ev_timer_again(loop, &app->bounds.sampler);
	else
		ev_timer_stop(loop, &app->bounds.sampler);
}

static const struct worker *worker_at(const struct app *app, struct seat_ref at)
{
	return &app->core.slot[at.slot].seat[at.seat];
}

/* "612M of memory" */
static void describe(const struct app *app, struct seat_ref at, char *text, size_t size)
{
	const struct seat *seat = app_seat(app, at);
	const struct worker *worker = worker_at(app, at);
	char number[32];

	switch (worker->due) {
	case CORE_BOUND_MEMORY:
		text_format_bytes(number, sizeof(number), seat->excess);
		(void)snprintf(text, size, "%s of memory", number);
		break;
	case CORE_BOUND_AGE:
		text_format_duration(number, sizeof(number),
				     app->supervisor->now - worker->served);
		(void)snprintf(text, size, "ready for %s", number);
		break;
	case CORE_BOUND_REQUESTS:
		(void)snprintf(text, size, "%llu requests",
			       (unsigned long long)seat->excess);
		break;
	case CORE_BOUND_CRON:
		(void)snprintf(text, size, "recycle.cron");
		break;
	case CORE_BOUND_PROBE:
		(void)snprintf(text, size, "%u failed probes", worker->misses);
		break;
	case CORE_BOUND_NONE:
	case CORE_BOUNDS:
		(void)text_copy(text, size, "");
		break;
	}
}

static void note_recycling(struct app *app, struct seat_ref at)
{
	struct last_recycle *last = &app->bounds.last;

	last->at_wall = clock_wall();
	last->slot = at.slot;
	describe(app, at, last->reason, sizeof(last->reason));
	seat_tell(app_seat(app, at), (struct happening){.kind = HAPPENING_RECYCLING,
							.reason = last->reason});
}

void bounds_note(struct app *app, const struct core_action *action)
{
	struct happening what = {.kind = HAPPENING_RECYCLE_DELAYED,
				 .reason = "is not recycled yet, its successor failed"};
	msec wait = app->core.recycle.backoff.until - app->supervisor->now;
	char excess[64], span[32], reason[192];

	if (action->arg == CORE_NOTE_RECYCLING) {
		note_recycling(app, action->at);
		return;
	}
	if (action->arg == CORE_NOTE_FRUITLESS) {
		describe(app, action->at, excess, sizeof(excess));
		text_format_duration(span, sizeof(span), wait > 0 ? wait : 0);
		(void)snprintf(reason, sizeof(reason),
			       "was just recycled and has %s already; next recycle in %s",
			       excess, span);
		what.reason = reason;
		what.has_duration = true;
		what.duration = wait > 0 ? wait : 0;
	}
	seat_tell(app_seat(app, action->at), what);
}

msec bounds_next_cron(const struct app *app)
{
	struct ev_periodic clock = app->bounds.clock; /* libev asks no const one */

	if (!ev_is_active(&clock))
		return MSEC_NEVER;
	return (msec)(ev_periodic_at(&clock) * 1e3);
}

/* Why it was told to go belongs to the end that it will have. */
void bounds_part(struct app *app, struct seat_ref at)
{
	const struct worker *worker = worker_at(app, at);
	struct seat *seat = app_seat(app, at);
	char excess[64];

	if (!worker->renew || worker->due == CORE_BOUND_NONE ||
	    !core_wants(&app->core, at.slot))
		return;
	describe(app, at, excess, sizeof(excess));
	(void)snprintf(seat->reason, sizeof(seat->reason), "recycled: %s", excess);
}
