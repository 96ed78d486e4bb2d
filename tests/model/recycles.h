/*
 * recycles.h - laws of recycling: one after another, and never in the way of anything
 * else.
 *
 * A recycle begins when a worker that serves is to be renewed though nobody commanded it,
 * and lasts until that worker is gone.
 */
#ifndef TESTS_MODEL_RECYCLES_H
#define TESTS_MODEL_RECYCLES_H

#include "tests/model/moment.h"

/* What the roll itself brought and finds sick is the roll's to replace. */
static bool is_of_roll(const struct moment *moment, const struct worker *before)
{
	return moment->event->kind == CORE_PROBED && moment->before->reload.active &&
	       worker_of(moment->before, moment->event->at) == before;
}

/* A successor is sent for what waits in a socket: that is no recycle. */
static bool is_fetched(const struct moment *moment, const struct worker *before)
{
	const struct core_event *event = moment->event;

	return event->kind == CORE_OWED &&
	       (before == &moment->before->slot[event->at.slot].seat[0] ||
		before == &moment->before->slot[event->at.slot].seat[1]);
}

/* Of these two moments of one worker's life: is this where its recycle began? */
static bool begins_recycle(const struct moment *moment, const struct worker *before,
			   const struct worker *after)
{
	return after->renew && !before->renew && moment->event->kind != CORE_RENEW &&
	       !is_of_roll(moment, before) && !is_fetched(moment, before);
}

static unsigned count_begun(const struct moment *moment)
{
	unsigned count = 0;

	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			count += begins_recycle(moment,
						&moment->before->slot[i].seat[seat],
						&moment->after->slot[i].seat[seat]);
	return count;
}

static unsigned count_renewed(const struct core_app *app)
{
	unsigned count = 0;

	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(app, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			count += app->slot[i].seat[seat].renew;
	return count;
}

static bool recycles_go_one_by_one(const struct moment *moment)
{
	return count_begun(moment) == 0 || count_renewed(moment->after) == 1;
}

static bool recycles_wait_for_commands(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (count_begun(moment) == 0)
		return true;
	return app->want.running && !app->reload.active && !app->scale.active &&
	       app->operation.kind == CORE_OPERATION_NONE;
}

static bool recycles_have_a_cause(const struct moment *moment)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *before = &moment->before->slot[i].seat[seat];
			const struct worker *after = &moment->after->slot[i].seat[seat];

			if (begins_recycle(moment, before, after) &&
			    (!is_ready(after) || after->due == CORE_BOUND_NONE))
				return false;
			if (after->due != CORE_BOUND_NONE &&
			    before->due == CORE_BOUND_NONE &&
			    moment->event->kind != CORE_EXCEEDED &&
			    moment->event->kind != CORE_PROBED && !is_ticking(moment))
				return false;
		}
	return true;
}

/* Where one serves, a successor is sent for what waits in the slot's other socket only:
 * one, when nothing else is under way, and it takes up that socket. */
static bool debts_are_paid_in_peace(const struct moment *moment)
{
	const struct core_app *app = moment->after;
	const struct core_event *event = moment->event;
	const struct slot *before = &moment->before->slot[event->at.slot];
	const struct slot *after = &app->slot[event->at.slot];

	if (event->kind != CORE_OWED)
		return true;
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *serves = &after->seat[seat];
		const struct worker *heir = &after->seat[1 - seat];

		if (!serves->renew || before->seat[seat].renew)
			continue;
		if (serves->phase != WORKER_SERVING || !goes_quietly(app, serves) ||
		    !core_wants(app, event->at.slot) || app->reload.active ||
		    app->scale.active || app->operation.kind != CORE_OPERATION_NONE)
			return false;
		if (heir->phase != WORKER_VACANT && heir->socket != event->arg)
			return false;
	}
	return true;
}

/* Of no use: one that was just recycled exceeds again. */
static bool fruitless_recycles_are_waited_for(const struct moment *moment)
{
	const struct backoff *before = &moment->before->recycle.backoff;
	const struct backoff *after = &moment->after->recycle.backoff;

	for (unsigned i = 0; i < moment->actions->count; i++)
		if (moment->actions->list[i].kind == CORE_NOTE &&
		    moment->actions->list[i].arg == CORE_NOTE_FRUITLESS &&
		    after->failures <= before->failures)
			return false;
	return count_begun(moment) == 0 || backoff_allows(after, moment->now);
}

#endif
