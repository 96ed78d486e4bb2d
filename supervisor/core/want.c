#include "supervisor/core/want.h"

#include <assert.h>
#include <string.h>

#include "supervisor/core/roll.h"
#include "supervisor/core/slot.h"

static void begin(struct step *step, enum core_operation_kind kind,
		  const struct core_event *event, unsigned first, unsigned past)
{
	struct core_app *app = step->app;

	if (app->operation.kind != CORE_OPERATION_NONE)
		step_answer(step, CORE_RESULT_SUPERSEDED);
	backoff_clear(&app->recycle.backoff);
	app->operation.kind = kind;
	app->operation.id = event->operation;
	app->operation.first = first;
	app->operation.past = past;
}

static void forgive(struct core_app *app, unsigned first, unsigned past)
{
	for (unsigned i = first; i < past; i++)
		slot_forgive(&app->slot[i]);
}

/* Neither a roll nor a scale is under way any more; what they wanted is settled
 * otherwise. */
static void end_changes(struct core_app *app)
{
	memset(&app->reload, 0, sizeof(app->reload));
	memset(&app->scale, 0, sizeof(app->scale));
	app->want.surge = 0;
}

void want_start(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;

	if (!app->want.running && event->count != 0)
		app->want.count = event->count;
	assert(app->want.count >= 1 && app->want.count <= CORE_SLOTS);
	if (!app->want.running) {
		app->want.running = true;
		app->want.generation = event->arg;
	}
	begin(step, CORE_OPERATION_START, event, 0, core_count(app));
	forgive(app, 0, core_count(app));
}

/* A count that comes with a generation is undone with it; a scale under way is over. */
static void reload_count(struct core_app *app, unsigned count)
{
	if (count == 0 || count == app->want.count)
		return;
	assert(count <= CORE_SLOTS);
	if (app->reload.active && app->reload.count == 0)
		app->reload.count = app->want.count;
	memset(&app->scale, 0, sizeof(app->scale));
	app->want.count = count;
	if (app->reload.reached > count)
		app->reload.reached = count;
}

void want_reload(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;

	begin(step, CORE_OPERATION_RELOAD, event, 0, 0);
	if (app->want.running && !app->reload.active) {
		app->reload.active = true;
		app->reload.from = app->want.generation;
	}
	if (app->want.generation != event->arg)
		app->reload.reached = 0;
	app->want.generation = event->arg;
	reload_count(app, event->count);
	app->reload.failures = 0;
	if (app->want.surge != event->arg)
		app->want.surge = 0;
}

void want_scale(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;
	unsigned count = event->arg;
	unsigned before = app->reload.count ? app->reload.count : app->want.count;
	unsigned from = app->scale.active ? app->scale.from : before;
	unsigned least = count < from ? count : from;
	unsigned most = count > app->slots ? count : app->slots;

	assert(count >= 1 && count <= CORE_SLOTS);
	if (!app->want.running)
		least = most;
	begin(step, CORE_OPERATION_SCALE, event, least, most);
	if (count > before)
		forgive(app, before, count);

	memset(&app->scale, 0, sizeof(app->scale));
	if (app->want.running && count > from) {
		app->scale.active = true;
		app->scale.from = from;
	}
	app->want.count = count;
	app->reload.count = 0;
	if (app->reload.reached > count)
		app->reload.reached = count;
}

void want_restart(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;

	begin(step, CORE_OPERATION_RESTART, event, 0, app->want.count);
	end_changes(app);
	app->want.running = true;
	app->want.generation = event->arg;
	forgive(app, 0, app->want.count);
	for (unsigned i = 0; i < app->want.count; i++)
		app->slot[i].restarting = true;
}

void want_restart_slot(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;
	unsigned slot = event->at.slot;

	begin(step, CORE_OPERATION_RESTART, event, slot, slot + 1);
	if (!slot_wanted(app, slot)) {
		step_answer(step, CORE_RESULT_FAILED);
		return;
	}
	slot_forgive(&app->slot[slot]);
	app->slot[slot].restarting = true;
}

void want_renew(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;
	unsigned slot = event->at.slot;

	begin(step, CORE_OPERATION_RENEW, event, slot, slot + 1);
	if (!slot_wanted(app, slot)) {
		step_answer(step, CORE_RESULT_FAILED);
		return;
	}
	slot_forgive(&app->slot[slot]);
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		struct worker *worker = &app->slot[slot].seat[seat];

		worker->renew = worker_is_ready(worker);
	}
}

void want_stop(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;

	begin(step, CORE_OPERATION_STOP, event, 0, CORE_SURGE + 1);
	if (app->reload.active)
		roll_back(app);
	end_changes(app);
	app->want.running = false;
	forgive(app, 0, CORE_SURGE + 1);
	for (unsigned i = 0; i <= CORE_SURGE; i++) {
		app->slot[i].owed = false;
		app->slot[i].restarting = false;
	}
}

void want_reset(struct step *step, const struct core_event *event)
{
	(void)event;
	forgive(step->app, 0, CORE_SURGE + 1);
	backoff_clear(&step->app->recycle.backoff);
}

void want_surge_start(struct step *step, const struct core_event *event)
{
	if (!step->app->want.running)
		return;
	slot_forgive(&step->app->slot[CORE_SURGE]);
	step->app->want.surge = event->arg;
}

void want_surge_end(struct step *step, const struct core_event *event)
{
	(void)event;
	step->app->want.surge = 0;
}

void want_owed(struct step *step, const struct core_event *event)
{
	struct core_app *app = step->app;
	unsigned slot = event->at.slot;

	if (!app->want.running || slot >= app->slots)
		return;
	if (!slot_wanted(app, slot)) {
		app->slot[slot].owed = true;
		if (slot_vacant(&app->slot[slot]))
			app->slot[slot].socket = event->arg;
	} else if (core_may_fetch(app, slot, event->arg)) {
		app->slot[slot].seat[slot_keeper(app, slot)].renew = true;
	}
}

static bool are_satisfied(const struct core_app *app, unsigned first, unsigned past)
{
	for (unsigned i = first; i < past; i++)
		if (!slot_satisfied(app, i))
			return false;
	return true;
}

/* A reload also waits for those who are not wanted any more. */
static bool is_over(const struct core_app *app)
{
	if (app->operation.kind != CORE_OPERATION_RELOAD)
		return are_satisfied(app, app->operation.first, app->operation.past);
	if (app->reload.active)
		return false;
	for (unsigned i = 0; i <= CORE_SURGE; i++)
		if (!slot_wanted(app, i) && !slot_vacant(&app->slot[i]))
			return false;
	return true;
}

void want_settle(struct step *step)
{
	struct core_app *app = step->app;

	if (app->scale.active && are_satisfied(app, app->scale.from, app->want.count))
		memset(&app->scale, 0, sizeof(app->scale));
	if (app->operation.kind != CORE_OPERATION_NONE && is_over(app))
		step_answer(step, app->operation.reverted ? CORE_RESULT_REVERTED
							  : CORE_RESULT_OK);
}
