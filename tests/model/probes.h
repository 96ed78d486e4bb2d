/*
 * probes.h - laws of probes: one that fails ends nobody, and what is new must pass one.
 */
#ifndef TESTS_MODEL_PROBES_H
#define TESTS_MODEL_PROBES_H

#include "tests/model/moment.h"
#include "tests/model/recycles.h"
#include "tests/model/service.h"

static bool fails_probe(const struct moment *moment)
{
	return moment->event->kind == CORE_PROBED &&
	       moment->event->arg == CORE_PROBE_FAILED;
}

static unsigned count_notes(const struct moment *moment, enum core_note note)
{
	unsigned count = 0;

	for (unsigned i = 0; i < moment->actions->count; i++)
		count += moment->actions->list[i].kind == CORE_NOTE &&
			 moment->actions->list[i].arg == note;
	return count;
}

/* So many failures in a row, no fewer, and said when the last one came. */
static bool sick_is_who_failed_in_a_row(const struct moment *moment)
{
	const struct worker *worker = worker_of(moment->before, moment->event->at);
	unsigned most = moment->before->policy.probe_failures;
	bool judged = moment->event->kind == CORE_PROBED && most > 0 && is_ready(worker);
	bool falls = judged && fails_probe(moment) && worker->misses + 1 == most;
	bool rises = judged && !fails_probe(moment) && worker->misses >= most;

	return count_notes(moment, CORE_NOTE_SICK) == falls &&
	       count_notes(moment, CORE_NOTE_WELL) == rises;
}

/* It may be the fault of what all of them share: who fails goes on as well as it can.
 * Only a successor may go, where the one before is still there. */
static bool a_failed_probe_ends_nobody(const struct moment *moment)
{
	for (unsigned i = 0; fails_probe(moment) && i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct slot *slot = &moment->before->slot[action->at.slot];

		if (action->kind == CORE_ABORT || action->kind == CORE_KILL)
			return false;
		if (action->kind == CORE_TERM && is_ready(&slot->seat[action->at.seat]) &&
		    !(is_ready(&slot->seat[1 - action->at.seat]) &&
		      slot->seat[1 - action->at.seat].settled))
			return false;
	}
	return true;
}

/* Who sits in this slot is of the new generation, good, and has passed a probe. */
static bool has_proof(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];

	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		if (is_ready(&it->seat[seat]) && it->seat[seat].settled &&
		    it->seat[seat].proven &&
		    it->seat[seat].generation == app->want.generation)
			return true;
	return it->resting;
}

/* Forward a roll goes over slots that have proof, but for as many as `surge` says. */
static bool a_roll_waits_for_proof(const struct moment *moment)
{
	const struct core_app *before = moment->before;
	const struct core_app *after = moment->after;
	unsigned missing = 0;

	if (after->policy.probe_failures == 0 || is_command(moment->event) ||
	    after->reload.reached <= before->reload.reached ||
	    after->want.generation == after->reload.from)
		return true;
	for (unsigned i = 0; i < after->reload.reached; i++)
		missing += !has_proof(after, i);
	return missing <= surge_of(after);
}

static bool a_roll_ends_with_proof(const struct moment *moment)
{
	const struct core_app *before = moment->before;
	const struct core_app *after = moment->after;

	if (after->policy.probe_failures == 0 || is_command(moment->event) ||
	    !before->reload.active || after->reload.active ||
	    after->want.generation == before->reload.from)
		return true;
	for (unsigned i = 0; i < after->want.count; i++)
		if (!has_proof(after, i))
			return false;
	return true;
}

/* What the heir of the last one is good for is known before the next one gets an heir. */
static bool recycles_wait_for_proof(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (app->policy.probe_failures == 0 || count_begun(moment) == 0)
		return true;
	for (unsigned i = 0; i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *worker = &app->slot[i].seat[seat];

			if (worker->recycled && is_ready(worker) && !worker->proven &&
			    !is_sick(app, worker))
				return false;
		}
	return true;
}

#endif
