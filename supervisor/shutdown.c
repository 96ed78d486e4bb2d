/*
 * shutdown.c - how everything ends: who is told to go, and when.
 *
 * Told to stop, the supervisor says at once that it goes, but may serve on for a while
 * (supervisor.stop_delay), so that whoever asks it sends nobody new any more.  Then its
 * apps are stopped; those that may read the control socket come last, since it is they
 * who are asked.  It may also end because its apps have ended (supervisor.exit_when).
 */
#include "common/log.h"
#include "supervisor/estate.h"
#include "supervisor/notify.h"

#define SHUTDOWN_GRACE 2000 /* beyond the longest drain.timeout, then all are killed */

static bool watches(const struct app *app)
{
	return app_spec(app)->control != SPEC_CONTROL_NONE;
}

static void kill_place(const struct place *place)
{
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (place->seat[i].process.pid != 0) {
			(void)process_kill(&place->seat[i].process);
			housing_kill(&place->seat[i]);
		}
}

static void kill_all(struct supervisor *supervisor)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		for (unsigned i = 0; i <= CORE_SLOTS; i++)
			if (app->place[i] != NULL)
				kill_place(app->place[i]);
}

static void on_overdue(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;

	(void)loop;
	(void)events;
	supervisor_tell(supervisor,
			(struct happening){.kind = HAPPENING_SHUTDOWN_OVERDUE});
	kill_all(supervisor);
}

/* Who is left alone with its connections has a grace besides, once it is told to go. */
static msec longest_drain_of(const struct app *app)
{
	const struct core_policy *policy = &app->core.policy;
	struct seat_ref at = {0};

	for (; at.slot < app->core.slots; at.slot++)
		for (at.seat = 0; at.seat < CORE_SEATS; at.seat++)
			if (core_is_quiet(&app->core, at))
				return policy->drain_timeout + policy->drain_grace;
	return policy->drain_timeout;
}

static msec longest_drain(const struct supervisor *supervisor, bool watching)
{
	msec longest = 0;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (watches(app) == watching && longest_drain_of(app) > longest)
			longest = longest_drain_of(app);
	return longest;
}

static bool have_stopped(const struct supervisor *supervisor, bool watching)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (watches(app) == watching && app_state(app) != APP_STOPPED)
			return false;
	return true;
}

static void stop(struct supervisor *supervisor, bool watching)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (watches(app) == watching)
			(void)operation_stop(app);
}

static void stop_the_first(struct supervisor *supervisor)
{
	ev_timer_stop(supervisor->loop, &supervisor->lull);
	if (supervisor->stage != STAGE_LEAVING)
		return;
	supervisor->stage = STAGE_DRAINING;
	stop(supervisor, false);
}

static void on_lull_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	stop_the_first(timer->data);
}

void shutdown_init(struct supervisor *supervisor)
{
	ev_timer_init(&supervisor->deadline, on_overdue, 0., 0.);
	ev_timer_init(&supervisor->lull, on_lull_over, 0., 0.);
	supervisor->deadline.data = supervisor->lull.data = supervisor;
}

static void begin(struct supervisor *supervisor, msec delay)
{
	msec limit = delay + longest_drain(supervisor, false) +
		     longest_drain(supervisor, true) + SHUTDOWN_GRACE;

	if (supervisor->stopping)
		return;
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_SHUTDOWN});
	notify_stopping(limit + SHUTDOWN_GRACE);
	supervisor->stopping = true;
	supervisor->stage = STAGE_LEAVING;
	ev_now_update(supervisor->loop);
	ev_timer_set(&supervisor->deadline, (double)limit / 1e3, 0.);
	ev_timer_start(supervisor->loop, &supervisor->deadline);
	if (delay == 0)
		return; /* the next turn goes on with it */
	ev_timer_set(&supervisor->lull, (double)delay / 1e3, 0.);
	ev_timer_start(supervisor->loop, &supervisor->lull);
}

/* Who serves nobody has nobody to wait for. */
void supervisor_shutdown(struct supervisor *supervisor)
{
	begin(supervisor,
	      have_stopped(supervisor, false) ? 0 : supervisor->ending.stop_delay);
}

void supervisor_shutdown_at_once(struct supervisor *supervisor)
{
	begin(supervisor, 0);
	stop_the_first(supervisor);
	stop(supervisor, true);
	kill_all(supervisor);
}

/* An app that is stopped by hand, or was never started, neither keeps us nor ends us. */
static bool all_have_ended(const struct supervisor *supervisor, bool *ret_well)
{
	bool any = false, well;

	*ret_well = true;
	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		if (watches(app))
			continue;
		if (app_has_ended(app, &well)) {
			any = true;
			*ret_well = *ret_well && well;
		} else if (app_state(app) != APP_STOPPED) {
			return false;
		}
	}
	return any;
}

void shutdown_go_on(struct supervisor *supervisor)
{
	bool well;

	if (!supervisor->stopping &&
	    supervisor->ending.exit_when == SPEC_EXIT_ALL_ENDED &&
	    all_have_ended(supervisor, &well)) {
		supervisor->exit_code = well ? EXIT_ALL_ENDED : EXIT_ALL_FAILED;
		log_info("every app has ended%s", well ? "" : ", and one of them failed");
		begin(supervisor, 0);
	}
	if (supervisor->stage == STAGE_LEAVING && !ev_is_active(&supervisor->lull))
		stop_the_first(supervisor);
	if (supervisor->stage == STAGE_DRAINING && have_stopped(supervisor, false)) {
		supervisor->stage = STAGE_LAST;
		stop(supervisor, true);
	}
}

bool shutdown_is_over(const struct supervisor *supervisor)
{
	return supervisor->stage == STAGE_LAST && have_stopped(supervisor, true) &&
	       have_stopped(supervisor, false);
}
