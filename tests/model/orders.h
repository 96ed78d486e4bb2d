/*
 * orders.h - laws of actions: each is in order.
 */
#ifndef TESTS_MODEL_ORDERS_H
#define TESTS_MODEL_ORDERS_H

#include "tests/model/moment.h"

static bool spawn_is_allowed(const struct moment *moment,
			     const struct core_action *action)
{
	const struct core_app *app = moment->after;
	const struct worker *worker = worker_of(moment->before, action->at);
	const struct slot *slot = &app->slot[action->at.slot];
	bool vacated = (moment->event->kind == CORE_EXIT ||
			moment->event->kind == CORE_SPAWN_FAILED) &&
		       moment->event->at.slot == action->at.slot &&
		       moment->event->at.seat == action->at.seat;

	if (worker->phase != WORKER_VACANT && !vacated)
		return false;
	if (!app->want.running || slot->resting || slot->restarting)
		return false;
	if (!backoff_allows(&slot->backoff, moment->now))
		return false;
	return core_wants(app, action->at.slot) || slot->owed;
}

static bool spawns_are_allowed(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++)
		if (moment->actions->list[i].kind == CORE_SPAWN &&
		    !spawn_is_allowed(moment, &moment->actions->list[i]))
			return false;
	return true;
}

/* The wanted one where the roll has been, the one before where it has not. */
static bool generation_is_right(const struct core_app *app,
				const struct core_action *action)
{
	if (action->arg == 0)
		return false;
	if (action->at.slot == CORE_SURGE)
		return action->arg == app->want.surge;
	if (app->reload.active && action->at.slot >= app->reload.reached)
		return action->arg == app->reload.from;
	return action->arg == app->want.generation;
}

static bool spawns_are_of_the_right_generation(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++)
		if (moment->actions->list[i].kind == CORE_SPAWN &&
		    !generation_is_right(moment->after, &moment->actions->list[i]))
			return false;
	return true;
}

static bool order_suits(const struct moment *moment, const struct core_action *action)
{
	enum worker_phase before = worker_of(moment->before, action->at)->phase;
	enum worker_phase after = worker_of(moment->after, action->at)->phase;
	bool present = is_present(worker_of(moment->before, action->at));

	switch (action->kind) {
	case CORE_SPAWN:
		return after == WORKER_STARTING;
	case CORE_UNROUTE:
		return present && before != WORKER_UNROUTING && after == WORKER_UNROUTING;
	case CORE_TERM:
		return present && after == WORKER_STOPPING;
	case CORE_ABORT:
		return present && after == WORKER_ABORTING;
	case CORE_KILL:
		return !present && before != WORKER_VACANT && after == WORKER_KILLING;
	case CORE_NOTE:
	case CORE_DONE:
	case CORE_ACTION_KINDS:
		break;
	}
	return true;
}

/* Hence TERM comes once in a life: who was told to go is not present any more. */
static bool orders_suit_their_workers(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++)
		if (!order_suits(moment, &moment->actions->list[i]))
			return false;
	return true;
}

static bool nobody_gets_two_orders(const struct moment *moment)
{
	const struct core_actions *actions = moment->actions;

	for (unsigned i = 0; i < actions->count; i++)
		for (unsigned j = 0; j < i; j++)
			if (is_order(actions->list[i].kind) &&
			    is_order(actions->list[j].kind) &&
			    actions->list[i].at.slot == actions->list[j].at.slot &&
			    actions->list[i].at.seat == actions->list[j].at.seat)
				return false;
	return true;
}

/* Every change of phase that concerns a process was ordered, or came from it. */
static bool nothing_changes_unsaid(const struct moment *moment)
{
	unsigned spawned = 0;
	unsigned unrouted = 0;

	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			enum worker_phase before =
				moment->before->slot[i].seat[seat].phase;
			enum worker_phase after = moment->after->slot[i].seat[seat].phase;

			if (before == after)
				continue;
			spawned += after == WORKER_STARTING;
			unrouted += after == WORKER_UNROUTING;
			if (after == WORKER_VACANT && moment->event->kind != CORE_EXIT &&
			    moment->event->kind != CORE_SPAWN_FAILED)
				return false;
		}
	return count_actions(moment, CORE_SPAWN) >= spawned &&
	       count_actions(moment, CORE_UNROUTE) == unrouted;
}

#endif
