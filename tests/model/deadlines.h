/*
 * deadlines.h - laws of time: every life has a deadline, and only ticks expire.
 */
#ifndef TESTS_MODEL_DEADLINES_H
#define TESTS_MODEL_DEADLINES_H

#include "tests/model/moment.h"

static bool every_life_has_a_deadline(const struct moment *moment)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *worker = &moment->after->slot[i].seat[seat];
			bool unjudged = worker->phase == WORKER_SERVING &&
					worker->beat == MSEC_NEVER;

			if (worker->phase == WORKER_VACANT)
				continue;
			if ((worker->deadline == MSEC_NEVER) != unjudged)
				return false;
		}
	return true;
}

/* Also: the shell never spins, ticking without effect. */
static bool a_tick_leaves_nothing_due(const struct moment *moment)
{
	return !is_ticking(moment) || core_deadline(moment->after) > moment->now;
}

/* Who was unrouted and serves on is late by its beats, which were not waited for. */
static bool was_due(const struct moment *moment, const struct core_action *action)
{
	const struct worker *worker = worker_of(moment->before, action->at);

	if (action->kind == CORE_NOTE && action->arg == CORE_NOTE_LATE &&
	    worker->phase == WORKER_UNROUTING)
		return worker->beat + moment->after->policy.beat_interval <= moment->now;
	return worker->deadline <= moment->now;
}

/* No order but by a tick comes of time alone; and no other event expires anybody. */
static bool only_ticks_expire(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		bool expires = action->kind == CORE_KILL ||
			       (action->kind == CORE_NOTE &&
				(action->arg == CORE_NOTE_LATE ||
				 action->arg == CORE_NOTE_READY_TIMEOUT ||
				 action->arg == CORE_NOTE_DRAIN_TIMEOUT));

		if (expires && (!is_ticking(moment) || !was_due(moment, action)))
			return false;
	}
	return true;
}

/* Waiting for its connections is part of the time to drain of who goes quietly; nobody
 * else pays for it. */
static bool quiet_has_its_time(const struct moment *moment)
{
	const struct core_policy *policy = &moment->after->policy;

	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct worker *before = worker_of(moment->before, action->at);
		const struct worker *after = worker_of(moment->after, action->at);
		msec until = before->since + policy->drain_timeout;

		if (action->kind == CORE_UNROUTE &&
		    after->deadline !=
			    moment->now + time_to_unroute(moment->after, after))
			return false;
		if (action->kind != CORE_TERM)
			continue;
		if (before->phase != WORKER_UNROUTING ||
		    !goes_quietly(moment->after, before))
			until = moment->now + policy->drain_timeout;
		else if (until < moment->now + policy->drain_grace)
			until = moment->now + policy->drain_grace;
		if (after->deadline != until)
			return false;
	}
	return true;
}

static bool settles_in_time(const struct moment *moment)
{
	for (unsigned i = 0; i <= CORE_SURGE; i = next_slot(moment->after, i))
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *before = &moment->before->slot[i].seat[seat];
			const struct worker *after = &moment->after->slot[i].seat[seat];

			if (!after->settled || before->settled)
				continue;
			if (!is_ticking(moment) || after->phase == WORKER_LATE ||
			    before->phase == WORKER_STOPPING ||
			    moment->now - after->served < moment->after->policy.settle)
				return false;
		}
	return true;
}

/* A beat buys exactly the interval, then the timeout, however late it is read. */
static bool a_beat_buys_its_time(const struct moment *moment)
{
	const struct core_policy *policy = &moment->after->policy;
	const struct worker *before = worker_of(moment->before, moment->event->at);
	const struct worker *after = worker_of(moment->after, moment->event->at);

	if (moment->event->kind != CORE_BEAT || !policy->beats || !is_ready(before))
		return true;
	return !is_ready(after) ||
	       (after->phase == WORKER_SERVING &&
		after->deadline == moment->now + policy->beat_interval);
}

static bool only_silence_hangs(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct worker *worker = worker_of(moment->before, action->at);

		if (action->kind != CORE_ABORT || moment->event->kind == CORE_TRIGGER)
			continue;
		if (worker->beat == MSEC_NEVER ||
		    moment->now - worker->beat < moment->after->policy.beat_timeout)
			return false;
	}
	return true;
}

#endif
