#include "supervisor/core/verdict.h"

#include "supervisor/core/recycle.h"
#include "supervisor/core/roll.h"
#include "supervisor/core/slot.h"

static bool is_final(const struct core_policy *policy, enum core_exit end)
{
	switch (policy->restart) {
	case CORE_RESTART_ALWAYS:
		return end == CORE_EXIT_FINAL;
	case CORE_RESTART_ON_FAILURE:
		return end != CORE_EXIT_FAILURE;
	case CORE_RESTART_NEVER:
		break;
	}
	return true;
}

/* A successor that fails leaves the old worker where it is: a renewal is tried once. */
static void fail_operation(struct step *step, struct seat_ref at, bool early)
{
	struct core_app *app = step->app;
	struct seat_ref stays = {.slot = at.slot, .seat = (uint8_t)(1 - at.seat)};
	struct worker *other = step_worker(step, stays);
	bool renewal = other->renew;

	other->renew = false;
	if (renewal && other->due != CORE_BOUND_NONE)
		step_note(step, stays, CORE_NOTE_HEIRLESS);
	if (app->operation.kind == CORE_OPERATION_RELOAD && app->operation.reverted &&
	    early && app->reload.active && slot_ready(&app->slot[at.slot]) == 0) {
		/* What was before does not start, either: that may last for ever. */
		step_answer(step, CORE_RESULT_FAILED);
		return;
	}
	if (at.slot < app->operation.first || at.slot >= app->operation.past)
		return;
	switch (app->operation.kind) {
	case CORE_OPERATION_START:
	case CORE_OPERATION_RESTART:
		if (early)
			step_answer(step, CORE_RESULT_FAILED);
		break;
	case CORE_OPERATION_RENEW:
		if (renewal || early)
			step_answer(step, CORE_RESULT_FAILED);
		break;
	case CORE_OPERATION_NONE:
	case CORE_OPERATION_SCALE:
	case CORE_OPERATION_RELOAD:
	case CORE_OPERATION_STOP:
	case CORE_OPERATION_KINDS:
		break;
	}
}

/* One failure has one account: the reload whose generation it is, else the scale whose
 * slot it is, else the operation that waits for this slot. */
static void charge(struct step *step, struct seat_ref at, const struct worker *before)
{
	struct core_app *app = step->app;
	bool early = before->served == MSEC_NEVER;

	if (!slot_wanted(app, at.slot))
		return;
	if (at.slot == CORE_SURGE) {
		app->want.surge = 0;
		step_note(step, at, CORE_NOTE_REVERTING);
		return;
	}
	if (roll_owns(app, before->generation))
		roll_fail(step, at);
	else if (early && roll_owns_slot(app, at.slot))
		roll_fail_scale(step, at);
	else
		fail_operation(step, at, early);
}

/* A slot does not come to rest while somebody else is there: a successor that ends, even
 * cleanly, has failed to take over. */
void verdict_pass(struct step *step, struct seat_ref at, const struct worker *before,
		  enum core_exit end)
{
	const struct core_policy *policy = &step->app->policy;
	struct slot *slot = &step->app->slot[at.slot];
	bool final = is_final(policy, end);
	bool early = before->served == MSEC_NEVER;
	bool alone = slot_present(slot) == 0;
	msec served = early ? 0 : step->now - before->served;

	slot->owed = false;
	if (final && alone && end != CORE_EXIT_FAILURE && !early) {
		slot->resting = true;
		if (at.slot == CORE_SURGE)
			step->app->want.surge = 0;
		step_note(step, at, CORE_NOTE_RESTING);
		return;
	}

	/* Neighbours that fall in one step must not rise together. */
	backoff_fail(&slot->backoff, &policy->backoff, served, step->now,
		     step->dice + at.slot * 0x9e3779b9u);
	step_note(step, at, CORE_NOTE_FAILED);
	if (alone && (final || (policy->restart_max &&
				slot->backoff.failures >= policy->restart_max))) {
		slot->resting = true;
		step_note(step, at, CORE_NOTE_RESTING);
	} else if (!backoff_allows(&slot->backoff, step->now)) {
		step_note(step, at, CORE_NOTE_BACKOFF);
	}
	charge(step, at, before);
}

void verdict_of_probe(struct step *step, struct seat_ref at)
{
	struct worker *worker = step_worker(step, at);

	step_note(step, at, CORE_NOTE_SICK);
	if (roll_owns(step->app, worker->generation)) {
		worker->renew = true;
		roll_fail(step, at);
	} else {
		recycle_mark(step, at, CORE_BOUND_PROBE);
	}
}
