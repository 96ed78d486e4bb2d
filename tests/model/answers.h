/*
 * answers.h - laws of operations: each is answered once, and truly.
 */
#ifndef TESTS_MODEL_ANSWERS_H
#define TESTS_MODEL_ANSWERS_H

#include "tests/model/moment.h"

static bool operations_are_conserved(const struct moment *moment)
{
	unsigned before = moment->before->operation.kind != CORE_OPERATION_NONE;
	unsigned after = moment->after->operation.kind != CORE_OPERATION_NONE;

	return before + is_command(moment->event) ==
	       after + count_actions(moment, CORE_DONE);
}

static bool the_way_back_stays(const struct moment *moment)
{
	if (!moment->before->reload.active || !moment->after->reload.active)
		return true;
	return moment->before->reload.from == moment->after->reload.from;
}

/* A roll ends when all is at rest at what is wanted; only stop and restart cut it short.
 */
static bool a_roll_ends_at_rest(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (!moment->before->reload.active || app->reload.active)
		return true;
	if (moment->event->kind == CORE_STOP)
		return app->want.generation == moment->before->reload.from;
	if (moment->event->kind == CORE_RESTART)
		return true;
	for (unsigned i = 0; i < app->want.count; i++)
		if (!has_arrived(app, i))
			return false;
	if (moment->event->kind == CORE_RELOAD)
		return app->want.generation == moment->event->arg;
	return app->want.generation == moment->before->want.generation ||
	       app->want.generation == moment->before->reload.from;
}

/* Too many failures: the way back is wanted. */
static bool failures_are_limited(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (app->reload.active && app->reload.failures > app->policy.failures &&
	    app->want.generation != app->reload.from)
		return false;
	return !app->scale.active || app->scale.failures <= app->policy.failures;
}

/* What came with a bad generation goes with it. */
static bool a_revert_undoes_the_count(const struct moment *moment)
{
	const struct core_app *before = moment->before;

	if (is_command(moment->event) || before->reload.count == 0 ||
	    before->want.generation == moment->after->want.generation)
		return true;
	return moment->after->want.count == before->reload.count;
}

static bool range_is_served(const struct core_app *app, unsigned first, unsigned past)
{
	for (unsigned i = first; i < past; i++) {
		const struct slot *slot = &app->slot[i];
		bool wanted = core_wants(app, i) && !slot->resting;
		unsigned serving = 0;

		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			serving += slot->seat[seat].phase == WORKER_SERVING &&
				   is_alone(slot, seat);
		if (wanted ? serving != 1 : !is_vacant(slot))
			return false;
	}
	return true;
}

static bool are_others_gone(const struct core_app *app)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(app, i))
		if (!core_wants(app, i) && !is_vacant(&app->slot[i]))
			return false;
	return true;
}

static bool result_is_true(const struct moment *moment, enum core_operation_kind kind,
			   enum core_result result)
{
	const struct core_app *app = moment->after;
	unsigned most = app->slots;

	if (result == CORE_RESULT_SUPERSEDED)
		return is_command(moment->event);
	if (result == CORE_RESULT_FAILED && kind == CORE_OPERATION_RELOAD)
		return moment->before->reload.active &&
		       app->want.generation == moment->before->reload.from;
	if (result == CORE_RESULT_FAILED)
		return kind == CORE_OPERATION_START || kind == CORE_OPERATION_RESTART ||
		       kind == CORE_OPERATION_RENEW;
	if (result == CORE_RESULT_REVERTED && kind == CORE_OPERATION_RELOAD)
		return !app->reload.active && are_others_gone(app);
	if (result == CORE_RESULT_REVERTED)
		return kind == CORE_OPERATION_SCALE &&
		       app->want.count < moment->witness.count &&
		       range_is_served(app, app->want.count, most);

	switch (kind) {
	case CORE_OPERATION_START:
		return app->want.running && range_is_served(app, 0, app->want.count);
	case CORE_OPERATION_RELOAD:
		return app->want.generation == moment->witness.generation &&
		       !app->reload.active && are_others_gone(app);
	case CORE_OPERATION_SCALE:
		return app->want.count == moment->witness.count &&
		       (!app->want.running ||
			range_is_served(app, app->want.count, most));
	case CORE_OPERATION_STOP:
		return !app->want.running && range_is_served(app, 0, most) &&
		       is_vacant(&app->slot[CORE_SURGE]);
	case CORE_OPERATION_RESTART:
	case CORE_OPERATION_RENEW:
		return app->want.running;
	case CORE_OPERATION_NONE:
	case CORE_OPERATION_KINDS:
		break;
	}
	return false;
}

static const enum core_operation_kind kind_of[CORE_EVENTS] = {
	[CORE_START] = CORE_OPERATION_START,
	[CORE_RELOAD] = CORE_OPERATION_RELOAD,
	[CORE_SCALE] = CORE_OPERATION_SCALE,
	[CORE_RESTART] = CORE_OPERATION_RESTART,
	[CORE_RESTART_SLOT] = CORE_OPERATION_RESTART,
	[CORE_RENEW] = CORE_OPERATION_RENEW,
	[CORE_STOP] = CORE_OPERATION_STOP,
};

/* The first answer of a command is for the one it supersedes. */
static bool answers_are_true(const struct moment *moment)
{
	enum core_operation_kind kind = moment->before->operation.kind;

	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];

		if (action->kind != CORE_DONE)
			continue;
		if (kind == CORE_OPERATION_NONE)
			kind = kind_of[moment->event->kind];
		else if (is_command(moment->event) &&
			 action->arg != CORE_RESULT_SUPERSEDED)
			return false;
		if (!result_is_true(moment, kind, (enum core_result)action->arg))
			return false;
		kind = CORE_OPERATION_NONE;
	}
	return true;
}

static bool after_stop_nothing_is_started(const struct moment *moment)
{
	if (moment->after->want.running)
		return moment->before->want.running ||
		       moment->event->kind == CORE_START ||
		       moment->event->kind == CORE_RESTART;
	return count_actions(moment, CORE_SPAWN) == 0;
}

static bool settled_means_at_rest(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (!core_settled(app))
		return true;
	return app->operation.kind == CORE_OPERATION_NONE && !app->reload.active &&
	       !app->scale.active && range_is_served(app, 0, app->slots) &&
	       range_is_served(app, CORE_SURGE, CORE_SURGE + 1);
}

/* A stopped app has no plans, and where somebody is wanted nothing is owed. */
static bool plans_are_sound(const struct moment *moment)
{
	const struct core_app *app = moment->after;
	bool plans = app->reload.active || app->scale.active || app->want.surge;

	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(app, i)) {
		if (app->slot[i].owed && core_wants(app, i))
			return false;
		plans = plans || app->slot[i].owed || app->slot[i].restarting;
	}
	return (app->want.running || !plans) && app->reload.reached <= app->want.count;
}

/* Walking back is said when it begins, and begins once. */
static bool reverting_is_said_once(const struct moment *moment)
{
	const struct core_app *before = moment->before;
	const struct core_app *after = moment->after;
	bool reverts = before->want.generation != after->want.generation ||
		       before->want.count != after->want.count ||
		       before->want.surge != after->want.surge;

	for (unsigned i = 0; i < moment->actions->count; i++)
		if (moment->actions->list[i].kind == CORE_NOTE &&
		    moment->actions->list[i].arg == CORE_NOTE_REVERTING)
			return reverts;
	return !reverts || is_command(moment->event) ||
	       moment->event->kind == CORE_SURGE_START ||
	       moment->event->kind == CORE_SURGE_END ||
	       before->want.surge != after->want.surge;
}

#endif
