#include "supervisor/supervisor.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"
#include "supervisor/sample.h"

bool supervisor_has_room(const struct supervisor *supervisor)
{
	return supervisor->queued < QUEUE - QUEUE_RESERVE;
}

/* xorshift64*: chance enough for backoff, which only must not keep step. */
static uint32_t throw_dice(struct supervisor *supervisor)
{
	supervisor->dice ^= supervisor->dice >> 12;
	supervisor->dice ^= supervisor->dice << 25;
	supervisor->dice ^= supervisor->dice >> 27;
	return (uint32_t)((supervisor->dice * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

void supervisor_post(struct app *app, const struct core_event *event)
{
	struct supervisor *supervisor = app->supervisor;
	struct queued *queued;

	if (supervisor->queued == QUEUE) {
		app_alert(app, "too much happens at once, an event is lost");
		return;
	}
	queued = &supervisor->queue[(supervisor->first + supervisor->queued) % QUEUE];
	queued->app = app;
	queued->event = *event;
	queued->event.dice = throw_dice(supervisor);
	supervisor->queued++;
}

static void drain_queue(struct supervisor *supervisor)
{
	while (supervisor->queued > 0) {
		struct queued next = supervisor->queue[supervisor->first];

		supervisor->first = (supervisor->first + 1) % QUEUE;
		supervisor->queued--;
		app_step(next.app, &next.event);
	}
	supervisor->first = 0; /* an idle ring stays in its first pages */
}

/* A supervisor that slept (SIGSTOP, a paused machine, a full disk) must not take its own
 * lateness for that of the workers. */
static void absorb_lateness(struct supervisor *supervisor)
{
	msec late = supervisor->now - supervisor->armed;

	if (supervisor->armed == MSEC_NEVER || late <= 0)
		return;
	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		struct core_event awake = {.kind = CORE_AWAKE, .arg = (uint32_t)late};

		if (app->core.policy.beats && late > app->core.policy.beat_interval)
			app_step(app, &awake);
	}
}

static void tick(struct supervisor *supervisor)
{
	const struct core_event event = {.kind = CORE_TICK};

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app_is_due(app))
			app_hear_late_beats(app);
	drain_queue(supervisor);
	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		if (!app_is_due(app))
			continue;
		struct core_event last = event;

		last.dice = throw_dice(supervisor);
		app_step(app, &last);
	}
	drain_queue(supervisor);
}

void supervisor_remove(struct supervisor *supervisor, struct app *app)
{
	struct app **at = &supervisor->apps;

	while (*at != app)
		at = &(*at)->next;
	*at = app->next;
	remember_gone(supervisor, LAYOUT_APP, app->number, 0);
	app_free(app);
}

/* Returns true when anything but beats had come. */
static bool settle(struct supervisor *supervisor)
{
	struct app *next;
	bool changed = false;

	for (struct app *app = supervisor->apps; app != NULL; app = next) {
		next = app->next;
		if (!app->stepped)
			continue;
		changed = true;
		app_settle(app);
		recall_note(app);
		if (!app->removing || app_state(app) != APP_STOPPED)
			continue;
		if (supervisor->queued > 0) { /* of its events, perhaps: look again */
			app->stepped = true;
			continue;
		}
		app_tell(app, (struct happening){.kind = HAPPENING_APP_REMOVED});
		recall_forget(app);
		supervisor_remove(supervisor, app);
	}
	if (changed) {
		recall_write(supervisor);
		remember(supervisor);
	}
	if (changed || supervisor->followed != supervisor->chronicle.next) {
		supervisor->followed = supervisor->chronicle.next;
		if (supervisor->control != NULL)
			control_changed(supervisor->control);
	}
	return changed;
}

static void arm(struct supervisor *supervisor)
{
	msec deadline = MSEC_NEVER;
	ev_tstamp after;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->deadline < deadline)
			deadline = app->deadline;
	if (deadline == supervisor->armed && ev_is_active(&supervisor->timer))
		return;
	ev_timer_stop(supervisor->loop, &supervisor->timer);
	supervisor->armed = deadline;
	if (deadline == MSEC_NEVER)
		return;
	ev_now_update(supervisor->loop);
	after = (double)(deadline - clock_now()) / 1e3;
	ev_timer_set(&supervisor->timer, after > 0 ? after : 0., 0.);
	ev_timer_start(supervisor->loop, &supervisor->timer);
}

/* Before each sleep: what was posted is stepped, a TICK goes last, one timer is armed. */
static void on_prepare(struct ev_loop *loop, struct ev_prepare *prepare, int events)
{
	struct supervisor *supervisor = prepare->data;
	bool changed = false;

	(void)events;
	supervisor->now = clock_now();
	absorb_lateness(supervisor);
	do {
		drain_queue(supervisor);
		tick(supervisor);
		changed = settle(supervisor) || changed;
		if (changed || supervisor->stopping)
			shutdown_go_on(supervisor);
	} while (supervisor->queued > 0 ||
		 supervisor->followed != supervisor->chronicle.next);
	service_update(supervisor, changed);
	logger_attend(supervisor);
	arm(supervisor);
	keeping_update(supervisor);
	if (shutdown_is_over(supervisor) &&
	    (supervisor->control == NULL || !control_is_busy(supervisor->control)) &&
	    logger_is_over(supervisor))
		ev_break(loop, EVBREAK_ALL);
	upgrade_go_on(supervisor);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events; /* it only wakes the loop: the drain looks at deadlines */
}

/* One loop reaps all: workers are looked up, whatever else is an orphan of theirs. */
void supervisor_reap(struct supervisor *supervisor)
{
	pid_t pid;
	int status;

	while ((pid = process_next_exited()) > 0) {
		struct seat *seat = seat_find(supervisor, pid);

		if (supervisor->queued >= QUEUE - HEARTBEAT_TURN * CORE_SEATS) {
			/* The rest waits for the drain; no signal comes again for it. */
			ev_feed_signal_event(supervisor->loop, SIGCHLD);
			return;
		}

		if (seat == NULL && pid == supervisor->logger.process.pid) {
			(void)process_sweep(pid); /* what it had begun to pack */
			logger_exited(supervisor, pid);
			continue;
		}
		if (seat == NULL) {
			if (process_collect(pid, NULL, &status) == 0 &&
			    !upgrade_reaped(supervisor, pid, status))
				supervisor->orphans++;
			continue;
		}
		seat_settle_exec(seat);
		(void)process_sweep(pid);
		if (process_collect(pid, &seat->process, &status) == 0)
			seat_exited(seat, pid, status);
	}
	cells_tidy(&supervisor->cells);
}

uint32_t supervisor_reopen_logs(struct supervisor *supervisor)
{
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_LOGS_REOPENED});
	return logger_reopen(supervisor);
}

void supervisor_start(struct supervisor *supervisor)
{
	signals_start(supervisor);
	keeping_start(supervisor);
	ev_prepare_init(&supervisor->drain, on_prepare);
	supervisor->drain.data = supervisor;
	ev_prepare_start(supervisor->loop, &supervisor->drain);
	ev_timer_init(&supervisor->timer, on_timer, 0., 0.);
	shutdown_init(supervisor);
	digest_init(supervisor);
	service_start(supervisor);
}

struct app *supervisor_add(struct supervisor *supervisor, const char *name,
			   struct origin *origin)
{
	struct app **at = &supervisor->apps;
	struct app *app = app_new(supervisor, name, origin);

	if (app == NULL)
		return NULL;
	while (*at != NULL && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	app->next = *at;
	*at = app;
	return app;
}

void supervisor_read_status(const struct supervisor *supervisor,
			    struct supervisor_status *ret_status)
{
	struct sample sample = {0};
	unsigned apps = 0;

	(void)sample_read(getpid(), &sample);
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		apps++;
	*ret_status = (struct supervisor_status){
		.pid = getpid(),
		.keeper = store_keeper_name(supervisor->store.keeper),
		.keeper_pid = store_parent(&supervisor->store) > 0
				      ? store_parent(&supervisor->store)
				      : -1,
		.version = CLUSTERD_VERSION,
		.upgrades = supervisor->upgrade.count,
		.upgrading = supervisor->upgrade.stage != UPGRADE_NONE,
		.upgrade_fault = supervisor->upgrade.fault[0] != '\0'
					 ? supervisor->upgrade.fault
					 : NULL,
		.uptime_ms = clock_now() - supervisor->began,
		.rss_bytes = (int64_t)sample.rss_bytes,
		.places = &supervisor->places,
		.apps = apps,
		.stopping = supervisor->stopping,
		.started = supervisor->told.ready,
		.trouble = supervisor->trouble[0] != '\0' ? supervisor->trouble : NULL,
	};
}

const struct chronicle *supervisor_chronicle(const struct supervisor *supervisor)
{
	return &supervisor->chronicle;
}

struct app *supervisor_next(const struct supervisor *supervisor,
			    const struct app *previous)
{
	return previous != NULL ? previous->next : supervisor->apps;
}

struct app *supervisor_find(const struct supervisor *supervisor, const char *name)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (strcmp(app->name, name) == 0)
			return app;
	return NULL;
}

int target_parse(const struct supervisor *supervisor, const char *text,
		 struct target *ret_target)
{
	struct target target = {.slot = -1};
	const char *dot = strrchr(text, '.');
	unsigned slot;

	if (!text_copy(target.pattern, sizeof(target.pattern), text) || text[0] == '\0')
		return -EINVAL;
	if (dot != NULL && dot != text && supervisor_find(supervisor, text) == NULL &&
	    text_parse_unsigned(&slot, dot + 1, 0, CORE_SLOTS) == 0) {
		target.slot = (int)slot;
		target.pattern[dot - text] = '\0';
	}
	*ret_target = target;
	return 0;
}

bool target_names(const struct target *target, const char *name)
{
	return strcmp(target->pattern, "all") == 0 ||
	       strcmp(target->pattern, name) == 0 ||
	       fnmatch(target->pattern, name, 0) == 0;
}

bool target_matches(const struct target *target, const struct app *app)
{
	return target_names(target, app->name);
}
