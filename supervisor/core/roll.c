#include "supervisor/core/roll.h"

#include "supervisor/core/slot.h"

unsigned roll_surge(const struct core_app *app)
{
	unsigned surge = app->policy.surge;

	if (app->policy.surge_percent)
		surge = (app->want.count * surge + 99) / 100;
	return surge ? surge : 1;
}

/* Two workers that are present keep a slot from being reached: a third would find no
 * seat. */
void roll_advance(struct core_app *app)
{
	unsigned good = 0;
	unsigned limit;

	if (!app->reload.active)
		return;
	for (unsigned i = 0; i < app->reload.reached; i++)
		good += slot_good(app, i);

	while (app->reload.reached < app->want.count) {
		struct slot *next = &app->slot[app->reload.reached];

		limit = good ? roll_surge(app) : 1;
		if (app->reload.reached - good >= limit ||
		    slot_present(next) == CORE_SEATS)
			return;
		slot_forgive(next);
		app->reload.reached++;
		good += slot_good(app, app->reload.reached - 1);
	}
}

bool roll_is_done(const struct core_app *app)
{
	if (!app->reload.active || app->reload.reached < app->want.count)
		return false;
	for (unsigned i = 0; i < app->want.count; i++)
		if (!slot_good(app, i) || !slot_satisfied(app, i))
			return false;
	return true;
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

/* A slot that was given up can't become good: no use to wait for more failures. */
void roll_fail(struct step *step, struct seat_ref at)
{
	struct core_app *app = step->app;

	app->reload.failures++;
	if (app->reload.failures <= app->policy.failures && !app->slot[at.slot].resting)
		return;

	if (app->want.surge == app->want.generation)
		app->want.surge = 0;
	app->want.generation = app->reload.from;
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
