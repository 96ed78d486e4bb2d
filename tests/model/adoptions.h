/*
 * adoptions.h - laws of a supervisor that died: another one goes on where it was.
 */
#ifndef TESTS_MODEL_ADOPTIONS_H
#define TESTS_MODEL_ADOPTIONS_H

#include <string.h>

#include "tests/model/moment.h"

/* How somebody got into a phase that an order leads to. */
static bool order_leads_to(enum core_action_kind kind, enum worker_phase phase)
{
	static const enum worker_phase phases[] = {
		[CORE_SPAWN] = WORKER_STARTING, [CORE_UNROUTE] = WORKER_UNROUTING,
		[CORE_TERM] = WORKER_STOPPING,  [CORE_ABORT] = WORKER_ABORTING,
		[CORE_KILL] = WORKER_KILLING,
	};

	return kind < CORE_NOTE && phases[kind] == phase;
}

static unsigned count_orders_to(const struct moment *moment, struct seat_ref at)
{
	unsigned count = 0;

	for (unsigned i = 0; i < moment->actions->count; i++)
		count += moment->actions->list[i].at.slot == at.slot &&
			 moment->actions->list[i].at.seat == at.seat;
	return count;
}

/* Hence no second set, and nobody is told twice. */
static bool what_was_not_done_is_asked_again(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct worker *worker = worker_of(moment->before, action->at);

		if (!worker->undone || !order_leads_to(action->kind, worker->phase) ||
		    action->arg != worker->generation)
			return false;
	}
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->before, i))
		for (uint8_t seat = 0; seat < CORE_SEATS; seat++) {
			struct seat_ref at = {.slot = (uint16_t)i, .seat = seat};

			if (count_orders_to(moment, at) !=
			    worker_of(moment->before, at)->undone)
				return false;
		}
	return true;
}

/* All but times is as it was. */
static bool an_adoption_decides_nothing(const struct moment *moment)
{
	struct core_app was = *moment->before;

	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(&was, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			struct worker *worker = &was.slot[i].seat[seat];
			const struct worker *is = &moment->after->slot[i].seat[seat];

			worker->since = is->since;
			worker->beat = is->beat;
			worker->deadline = is->deadline;
		}
	return memcmp(&was, moment->after, sizeof(was)) == 0;
}

static msec time_of_phase(const struct core_app *app, const struct worker *worker)
{
	const struct core_policy *policy = &app->policy;

	switch (worker->phase) {
	case WORKER_STARTING:
		return policy->ready_exec < policy->ready_timeout ? policy->ready_exec
								  : policy->ready_timeout;
	case WORKER_SERVING:
		return policy->beat_interval;
	case WORKER_LATE:
		return policy->beat_timeout;
	case WORKER_UNROUTING:
		return time_to_unroute(app, worker);
	case WORKER_STOPPING:
		return policy->drain_timeout;
	case WORKER_ABORTING:
		return policy->abort_timeout;
	case WORKER_KILLING:
		return policy->kill_retry;
	case WORKER_VACANT:
	case WORKER_PHASES:
		break;
	}
	return 0;
}

/* Nobody pays for the time in which no supervisor was there; and what a worker was
 * granted beyond its phase, it keeps. */
static bool everybody_has_time_anew(const struct moment *moment)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *before = &moment->before->slot[i].seat[seat];
			const struct worker *after = &moment->after->slot[i].seat[seat];
			msec time = time_of_phase(moment->after, after);

			if (after->phase == WORKER_VACANT ||
			    after->deadline == MSEC_NEVER)
				continue; /* that there is one is a law of its own */
			if (after->deadline < moment->now + time)
				return false;
			if (!is_ready(after) && after->deadline < before->deadline)
				return false;
		}
	return true;
}

#endif
