#include "supervisor/core/roll.h"

#include <string.h>

#include "supervisor/core/slot.h"

static bool is_any_good(const struct core_app *app)
{
	for (unsigned i = 0; i < app->reload.reached; i++)
		if (slot_good(app, i) && !app->slot[i].resting)
			return true;
	return false;
}

unsigned roll_limit(const struct core_app *app)
{
	unsigned surge = app->policy.surge;

	if (app->reload.active && !is_any_good(app))
		return 1;
	if (app->policy.surge_percent)
		surge = (app->want.count * surge + 99) / 100;
	return surge ? surge : 1;
}

/* Two workers that are present keep a slot from being reached: a third finds no seat. */
void roll_advance(struct core_app *app)
{
	unsigned unproven = 0;

	if (!app->reload.active)
		return;
	for (unsigned i = 0; i < app->reload.reached; i++)
		unproven += !slot_good(app, i);

	while (app->reload.reached < app->want.count) {
		unsigned next = app->reload.reached;

		if (unproven >= roll_limit(app))
			return;
		if (slot_present(&app->slot[next]) == CORE_SEATS)
			return;
		slot_forgive(&app->slot[next]);
		app->reload.reached = next + 1;
		unproven += !slot_good(app, next);
	}
}

static bool is_done(const struct core_app *app)
{
	if (!app->reload.active || app->reload.reached < app->want.count)
		return false;
	for (unsigned i = 0; i < app->want.count; i++)
		if (!slot_good(app, i) || !slot_satisfied(app, i))
			return false;
	return true;
}

/* What is not wanted any more goes now: slots beyond a smaller count, a promoted canary.
 */
void roll_end(struct core_app *app)
{
	if (!is_done(app))
		return;
	if (app->want.surge == app->want.generation)
		app->want.surge = 0;
	memset(&app->reload, 0, sizeof(app->reload));
}

static bool serves(const struct core_app *app, uint32_t generation)
{
	for (unsigned i = 0; i < app->want.count; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *worker = &app->slot[i].seat[seat];

			if (worker->generation == generation && worker_is_ready(worker))
				return true;
		}
	return false;
}

/* While a roll is under way, nobody knows which of the two it will be. */
void roll_remember(struct core_app *app)
{
	uint32_t generation = app->want.generation;

	if (!app->want.running || app->reload.active || app->served.now == generation ||
	    !serves(app, generation))
		return;
	app->served.before = app->served.now;
	app->served.now = generation;
}

bool roll_owns(const struct core_app *app, uint32_t generation)
{
	return app->reload.active && generation == app->want.generation &&
	       generation != app->reload.from;
}

bool roll_owns_slot(const struct core_app *app, unsigned slot)
{
	return app->scale.active && slot >= app->scale.from;
}

void roll_back(struct core_app *app)
{
	app->want.generation = app->reload.from;
	if (app->reload.count != 0)
		app->want.count = app->reload.count;
	app->reload.count = 0;
}

/* A slot that was given up can't become good: no use to wait for more failures. */
void roll_fail(struct step *step, struct seat_ref at)
{
	struct core_app *app = step->app;

	app->reload.failures++;
	if (app->reload.failures <= app->policy.failures && !app->slot[at.slot].resting)
		return;

	if (app->want.surge == app->want.generation)
		app->want.surge = 0;
	roll_back(app);
	for (unsigned i = 0; i < app->reload.reached; i++)
		slot_forgive(&app->slot[i]);
	app->reload.reached = 0;
	if (app->operation.kind == CORE_OPERATION_RELOAD)
		app->operation.reverted = true;
	step_note(step, at, CORE_NOTE_REVERTING);
}

void roll_fail_scale(struct step *step, struct seat_ref at)
{
	struct core_app *app = step->app;

	app->scale.failures++;
	if (app->scale.failures <= app->policy.failures && !app->slot[at.slot].resting)
		return;

	app->want.count = app->scale.from;
	if (app->reload.reached > app->want.count)
		app->reload.reached = app->want.count;
	app->scale.active = false;
	if (app->operation.kind == CORE_OPERATION_SCALE)
		app->operation.reverted = true;
	step_note(step, at, CORE_NOTE_REVERTING);
}
