/*
 * moment.h - one step of the core as the laws see it, and the words they share.
 *
 * Laws are written from the outside, in terms of what a user may rely on; so these words
 * do not ask the core's own helpers.
 */
#ifndef TESTS_MODEL_MOMENT_H
#define TESTS_MODEL_MOMENT_H

#include "supervisor/core/core.h"

/* What somebody who watches from outside remembers. */
struct witness {
	uint32_t generation; /* of the operation under way, if it names one */
	unsigned count;
};

struct moment {
	const struct core_app *before, *after;
	const struct core_event *event;
	msec now;
	const struct core_actions *actions;
	struct witness witness; /* with this event */
};

/* From slot to slot that may hold anything; the surge slot comes last. */
static unsigned next_slot(const struct core_app *app, unsigned slot)
{
	if (slot + 1 < app->slots || slot == CORE_SURGE)
		return slot + 1;
	return CORE_SURGE;
}

static bool is_ready(const struct worker *worker)
{
	return worker->phase == WORKER_SERVING || worker->phase == WORKER_LATE;
}

static bool is_present(const struct worker *worker)
{
	return is_ready(worker) || worker->phase == WORKER_STARTING ||
	       worker->phase == WORKER_UNROUTING;
}

static bool is_vacant(const struct slot *slot)
{
	return slot->seat[0].phase == WORKER_VACANT &&
	       slot->seat[1].phase == WORKER_VACANT;
}

static bool is_ticking(const struct moment *moment)
{
	return moment->event->kind == CORE_TICK;
}

static bool is_command(const struct core_event *event)
{
	return event->kind >= CORE_START && event->kind <= CORE_STOP;
}

static const struct worker *worker_of(const struct core_app *app, struct seat_ref at)
{
	return &app->slot[at.slot].seat[at.seat];
}

static bool is_order(enum core_action_kind kind)
{
	return kind < CORE_NOTE;
}

static unsigned count_actions(const struct moment *moment, enum core_action_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < moment->actions->count; i++)
		count += moment->actions->list[i].kind == kind;
	return count;
}

#define ALL UINT32_MAX

/* The first `most` orders are carried out, and how many there are is returned. */
static unsigned carry_out(struct core_app *app, const struct core_actions *actions,
			  uint32_t most)
{
	unsigned orders = 0;

	for (unsigned i = 0; i < actions->count; i++) {
		if (!is_order(actions->list[i].kind))
			continue;
		if (orders < most)
			core_did(app, actions->list[i].at);
		orders++;
	}
	return orders;
}

static bool is_sick(const struct core_app *app, const struct worker *worker)
{
	return app->policy.probe_failures > 0 && is_ready(worker) &&
	       worker->misses >= app->policy.probe_failures;
}

/* Is it to be left alone with its connections when it goes? */
static bool goes_quietly(const struct core_app *app, const struct worker *worker)
{
	return app->policy.drain == CORE_DRAIN_QUIET ||
	       (app->policy.drain == CORE_DRAIN_AUTO && worker->unaware &&
		!worker->speaks);
}

/* How long it may wait, unrouted. */
static msec time_to_unroute(const struct core_app *app, const struct worker *worker)
{
	const struct core_policy *policy = &app->policy;

	return goes_quietly(app, worker) &&
			       policy->drain_timeout > policy->unroute_timeout
		       ? policy->drain_timeout
		       : policy->unroute_timeout;
}

/* Nobody sits beside this worker, but the heir of one that is being recycled. */
static bool is_alone(const struct slot *slot, unsigned seat)
{
	const struct worker *worker = &slot->seat[seat];
	const struct worker *other = &slot->seat[1 - seat];

	return other->phase == WORKER_VACANT ||
	       (worker->renew && worker->due != CORE_BOUND_NONE &&
		other->phase == WORKER_STARTING);
}

/* Nobody in this slot, or nothing but one good worker of the wanted generation. */
static bool has_arrived(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];

	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		if (it->seat[seat].phase == WORKER_SERVING && it->seat[seat].settled &&
		    it->seat[seat].generation == app->want.generation &&
		    is_alone(it, seat))
			return true;
	return it->resting && is_vacant(it);
}

#endif
