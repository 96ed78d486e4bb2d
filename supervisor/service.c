/*
 * service.c - what systemd is told of its service: whether all serve, how it goes, that
 * we are sane, and that something takes longer.
 *
 * Told at the end of a turn, when the queue is drained and nothing is left to decide.  So
 * the watchdog hears of us only if the loop turns and its turns come to an end.
 */
#include <stdio.h>

#include "supervisor/estate.h"
#include "supervisor/notify.h"

#define GRACE        5000 /* beyond what is configured, before systemd may give us up */
#define EXTEND_AGAIN 1000 /* not more often than this */

static msec longest_start(const struct supervisor *supervisor)
{
	msec longest = 0;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->core.policy.ready_timeout > longest)
			longest = app->core.policy.ready_timeout;
	return longest;
}

/* Of one slot; every slot that goes on extends it again. */
static msec longest_roll(const struct supervisor *supervisor)
{
	msec longest = 0;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		const struct core_policy *policy = &app->core.policy;
		msec span =
			policy->ready_timeout + policy->settle + policy->drain_timeout;

		if (app->core.operation.kind == CORE_OPERATION_RELOAD && span > longest)
			longest = span;
	}
	return longest;
}

static void extend(struct supervisor *supervisor, msec span)
{
	if (supervisor->now - supervisor->told.extended < EXTEND_AGAIN)
		return;
	supervisor->told.extended = supervisor->now;
	notify_extend(span + GRACE);
}

static void tell_reloading(struct supervisor *supervisor)
{
	bool reloading = longest_roll(supervisor) > 0;

	if (reloading && !supervisor->told.reloading)
		notify_reloading();
	if (!reloading && supervisor->told.reloading)
		notify_ready();
	supervisor->told.reloading = reloading;
	if (reloading)
		extend(supervisor, longest_roll(supervisor));
}

static void tell_status(struct supervisor *supervisor)
{
	unsigned apps = 0, online = 0;
	char text[64];

	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		apps += app->core.want.running;
		online += app->core.want.running && app_state(app) == APP_ONLINE;
	}
	if (apps == supervisor->told.apps && online == supervisor->told.online)
		return;
	supervisor->told.apps = apps;
	supervisor->told.online = online;
	(void)snprintf(text, sizeof(text), "%u of %u apps online", online, apps);
	notify_status(text);
}

/* Every app that was to start has been online: of those in the configuration, for what
 * somebody once started by hand must not keep a machine down. */
static bool all_were_online(const struct supervisor *supervisor)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->core.want.running && !app->was_online && !app->origin->ad_hoc)
			return false;
	return true;
}

/* One who adopts is ready at once: he only has to say so himself.  The first attempt of
 * each app may take as long as it is configured to, whatever the unit allows; what then
 * begins anew has the unit's time. */
static void tell(struct supervisor *supervisor)
{
	if (!supervisor->told.ready && !all_were_online(supervisor)) {
		if (supervisor->told.extended == 0)
			extend(supervisor, longest_start(supervisor));
		return;
	}
	if (!supervisor->told.heard)
		notify_ready();
	supervisor->told.ready = supervisor->told.heard = true;
	tell_reloading(supervisor);
	tell_status(supervisor);
}

void service_update(struct supervisor *supervisor, bool changed)
{
	if (!supervisor->stopping &&
	    (changed || !supervisor->told.heard || supervisor->told.reloading))
		tell(supervisor);
	if (supervisor->told.is_due)
		notify_watchdog();
	supervisor->told.is_due = false;
}

void service_reloading(struct supervisor *supervisor)
{
	notify_reloading();
	supervisor->told.reloading = true;
}

/* It only wakes the loop; the end of the turn speaks. */
static void on_watchdog(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;

	(void)loop;
	(void)events;
	supervisor->told.is_due = true;
}

void service_start(struct supervisor *supervisor)
{
	msec interval = notify_watchdog_interval();

	if (interval == MSEC_NEVER)
		return;
	ev_timer_init(&supervisor->watchdog, on_watchdog, 0., (double)interval / 1e3);
	supervisor->watchdog.data = supervisor;
	ev_timer_again(supervisor->loop, &supervisor->watchdog);
}
