/*
 * service.h - laws of service: nobody who serves goes too early, or is steered away
 * wrongly.
 */
#ifndef TESTS_MODEL_SERVICE_H
#define TESTS_MODEL_SERVICE_H

#include "tests/model/moment.h"

static bool may_be_replaced(const struct moment *moment, struct seat_ref at)
{
	const struct core_app *app = moment->after;
	const struct worker *heir = &app->slot[at.slot].seat[1 - at.seat];
	uint32_t leaves = worker_of(moment->before, at)->generation;

	if (heir->phase != WORKER_SERVING || !heir->settled)
		return false;
	if (moment->event->kind == CORE_RELOAD ||
	    moment->before->want.generation != app->want.generation)
		return true;
	return at.slot == CORE_SURGE || heir->generation == app->want.generation ||
	       leaves != app->want.generation ||
	       (app->reload.active && at.slot >= moment->before->reload.reached);
}

/* Who serves a wanted slot is told to go, or steered away to go, only beside a good heir,
 * or for a restart. */
static bool service_goes_on(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];

		if ((action->kind != CORE_TERM && action->kind != CORE_UNROUTE) ||
		    !core_wants(moment->after, action->at.slot) ||
		    !is_ready(worker_of(moment->before, action->at)) ||
		    moment->after->slot[action->at.slot].restarting)
			continue;
		if (moment->event->kind == CORE_RESTART ||
		    moment->event->kind == CORE_RESTART_SLOT)
			continue;
		if (!may_be_replaced(moment, action->at))
			return false;
	}
	return true;
}

static bool is_unrouted(const struct moment *moment, struct seat_ref at)
{
	const struct worker *worker = worker_of(moment->before, at);

	if (worker->phase != WORKER_UNROUTING)
		return false;
	if (moment->event->kind == CORE_UNROUTED && moment->event->at.slot == at.slot &&
	    moment->event->at.seat == at.seat)
		return true;
	return is_ticking(moment) && worker->deadline <= moment->now;
}

/* A retiring worker hears TERM when its queue is empty or its time is over, not before;
 * unless another one is there to empty it. */
static bool nobody_drains_before_it_is_unrouted(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct slot *slot = &moment->after->slot[action->at.slot];

		if (action->kind != CORE_TERM ||
		    core_wants(moment->after, action->at.slot) ||
		    worker_of(moment->before, action->at)->phase == WORKER_STARTING)
			continue;
		if (slot->seat[1 - action->at.seat].phase != WORKER_UNROUTING &&
		    !is_unrouted(moment, action->at))
			return false;
	}
	return true;
}

/* Does nobody else accept from the sockets of this one? */
static bool is_alone_there(const struct core_app *app, const struct worker *worker,
			   const struct worker *other)
{
	return other->socket != worker->socket ||
	       (app->policy.moves && other->generation != worker->generation);
}

/* Where its successor has other sockets, the same holds for who leaves a wanted slot. */
static bool nobody_leaves_a_queue_behind(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct slot *slot = &moment->after->slot[action->at.slot];
		const struct worker *leaves = worker_of(moment->before, action->at);

		if (action->kind != CORE_TERM ||
		    !core_wants(moment->after, action->at.slot) || slot->restarting ||
		    leaves->phase == WORKER_STARTING ||
		    moment->event->kind == CORE_RESTART ||
		    moment->event->kind == CORE_RESTART_SLOT)
			continue;
		if (is_alone_there(moment->after, leaves,
				   &slot->seat[1 - action->at.seat]) &&
		    !is_unrouted(moment, action->at))
			return false;
	}
	return true;
}

/* In a wanted slot only beside an heir that has other sockets. */
static bool may_be_unrouted(const struct core_app *app, const struct slot *slot,
			    unsigned seat)
{
	const struct worker *heir = &slot->seat[1 - seat];

	return heir->phase == WORKER_SERVING &&
	       is_alone_there(app, &slot->seat[seat], heir);
}

static bool only_wanted_slots_are_routed(const struct moment *moment)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i)) {
		const struct slot *slot = &moment->after->slot[i];
		bool serves = slot->seat[0].phase == WORKER_SERVING ||
			      slot->seat[1].phase == WORKER_SERVING;
		bool well = (slot->seat[0].phase == WORKER_SERVING &&
			     !is_sick(moment->after, &slot->seat[0])) ||
			    (slot->seat[1].phase == WORKER_SERVING &&
			     !is_sick(moment->after, &slot->seat[1]));

		if (core_routes(moment->after, i) != well)
			return false;
		if (serves && !core_wants(moment->after, i))
			return false;
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			if (slot->seat[seat].phase == WORKER_UNROUTING &&
			    core_wants(moment->after, i) &&
			    !may_be_unrouted(moment->after, slot, seat))
				return false;
	}
	return true;
}

/* Who will be left alone with its connections shares no socket; and who comes where
 * nobody will be, takes up what waits there. */
static bool sockets_suit_who_comes(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct slot *slot = &moment->after->slot[action->at.slot];
		const struct worker *comes = worker_of(moment->after, action->at);
		const struct worker *other = &slot->seat[1 - action->at.seat];

		if (action->kind != CORE_SPAWN)
			continue;
		if (is_present(other) && goes_quietly(moment->after, other)
			    ? comes->socket == other->socket
			    : comes->socket != slot->socket)
			return false;
	}
	return true;
}

static bool serves_from(const struct slot *slot, unsigned socket)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		if (slot->seat[seat].phase == WORKER_SERVING &&
		    slot->seat[seat].socket == socket)
			return true;
	return false;
}

/* Connections go where somebody serves, if anybody does; who is to go gets no more. */
static bool connections_find_who_serves(const struct moment *moment)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i)) {
		const struct slot *before = &moment->before->slot[i];
		const struct slot *after = &moment->after->slot[i];
		bool serves = serves_from(after, after->socket);

		if (serves_from(after, 1 - after->socket) && !serves)
			return false;
		if (before->socket != after->socket && !serves &&
		    (moment->event->kind != CORE_OWED || !is_vacant(before)))
			return false;
		for (unsigned seat = 0; seat < CORE_SEATS && !serves; seat++)
			if (core_wants(moment->after, i) &&
			    after->seat[seat].phase == WORKER_UNROUTING)
				return false;
	}
	return true;
}

/* New connections go to the heir as soon as it serves. */
static bool the_heir_is_routed(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	for (unsigned i = 0; i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *heir = &app->slot[i].seat[seat];
			const struct worker *other = &app->slot[i].seat[1 - seat];

			if (heir->phase != WORKER_SERVING || app->reload.active ||
			    !core_wants(app, i) || !is_ready(other) || !other->renew ||
			    heir->renew || heir->generation != app->want.generation)
				continue;
			if (app->slot[i].socket != heir->socket)
				return false;
		}
	return true;
}

static unsigned surge_of(const struct core_app *app)
{
	unsigned surge = app->policy.surge;

	if (app->policy.surge_percent)
		surge = (app->want.count * surge + 99) / 100;
	return surge ? surge : 1;
}

/* Slots below the count with one more worker that serves than they need. */
static unsigned count_doubles(const struct core_app *app)
{
	unsigned pairs = 0;

	for (unsigned i = 0; i < app->want.count && i < app->slots; i++)
		pairs += is_present(&app->slot[i].seat[0]) &&
			 is_present(&app->slot[i].seat[1]) &&
			 app->slot[i].seat[0].phase != WORKER_UNROUTING &&
			 app->slot[i].seat[1].phase != WORKER_UNROUTING;
	return pairs;
}

static bool has_any_arrived(const struct core_app *app)
{
	for (unsigned i = 0; i < app->want.count && i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			if (app->slot[i].seat[seat].generation == app->want.generation &&
			    app->slot[i].seat[seat].settled)
				return true;
	return false;
}

/* Who serves where the roll has not been gets no successor. */
static bool what_is_not_reached_is_not_touched(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];

		if (action->kind == CORE_SPAWN && app->reload.active &&
		    action->at.slot != CORE_SURGE &&
		    action->at.slot >= app->reload.reached &&
		    is_ready(&app->slot[action->at.slot].seat[1 - action->at.seat]))
			return false;
	}
	return true;
}

/* Beside those who serve start at most `surge` successors; of a roll the first alone. */
static bool surge_is_kept(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		unsigned limit = surge_of(app);

		if (action->kind != CORE_SPAWN || action->at.slot == CORE_SURGE ||
		    !is_ready(&app->slot[action->at.slot].seat[1 - action->at.seat]))
			continue;
		if (app->reload.active && !has_any_arrived(app))
			limit = 1;
		if (count_doubles(app) > limit)
			return false;
	}
	return true;
}

#endif
