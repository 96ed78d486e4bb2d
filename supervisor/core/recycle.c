#include "supervisor/core/recycle.h"

#include "supervisor/core/slot.h"
#include "supervisor/core/worker.h"

#define LOTS 256 /* as many as a worker's lot can tell apart */

static uint64_t lessen(const struct core_app *app, const struct worker *worker,
		       uint64_t bound)
{
	uint64_t most = bound / 100 * app->policy.recycle.jitter +
			bound % 100 * app->policy.recycle.jitter / 100;

	return bound - most / LOTS * worker->lot - most % LOTS * worker->lot / LOTS;
}

/* Who is not ready yet has done nothing, and who retires goes anyway. */
static bool is_bounded(const struct core_app *app, unsigned slot,
		       const struct worker *worker)
{
	return slot_wanted(app, slot) && worker_is_ready(worker) &&
	       worker->due == CORE_BOUND_NONE;
}

bool core_exceeds(const struct core_app *app, struct seat_ref at, enum core_bound bound,
		  uint64_t measure)
{
	const struct worker *worker = &app->slot[at.slot].seat[at.seat];
	const struct core_recycle *policy = &app->policy.recycle;

	if (!is_bounded(app, at.slot, worker))
		return false;
	switch (bound) {
	case CORE_BOUND_MEMORY:
		return policy->memory && measure > policy->memory;
	case CORE_BOUND_REQUESTS:
		return policy->requests &&
		       measure >= lessen(app, worker, policy->requests);
	case CORE_BOUND_CRON:
		return true;
	case CORE_BOUND_AGE:   /* by a tick, not by a measure */
	case CORE_BOUND_PROBE: /* by probes in a row */
	case CORE_BOUND_NONE:
	case CORE_BOUNDS:
		break;
	}
	return false;
}

/* Was it worth while to recycle the one before? */
static bool was_of_use(const struct core_app *app, const struct worker *worker,
		       enum core_bound bound, msec now)
{
	if (bound == CORE_BOUND_PROBE && !worker->proven)
		return false;
	return now - worker->served >= app->policy.backoff.steady;
}

/* Age and cron come when they come; a measure that is exceeded at once, or a probe that
 * was never passed, says that the recycle before was of no use. */
void recycle_mark(struct step *step, struct seat_ref at, enum core_bound bound)
{
	struct core_app *app = step->app;
	struct worker *worker = step_worker(step, at);

	if (!is_bounded(app, at.slot, worker))
		return;
	worker->due = bound;
	if (!worker->recycled)
		return;
	if (was_of_use(app, worker, bound, step->now)) {
		backoff_clear(&app->recycle.backoff);
	} else if (bound != CORE_BOUND_AGE && bound != CORE_BOUND_CRON) {
		backoff_fail(&app->recycle.backoff, &app->policy.backoff, 0, step->now,
			     step->dice);
		step_note(step, at, CORE_NOTE_FRUITLESS);
	}
}

msec recycle_ripe(const struct core_app *app, unsigned slot, const struct worker *worker)
{
	if (!app->policy.recycle.age || !is_bounded(app, slot, worker))
		return MSEC_NEVER;
	return worker->served +
	       (msec)lessen(app, worker, (uint64_t)app->policy.recycle.age);
}

void recycle_expire(struct step *step, struct seat_ref at)
{
	if (recycle_ripe(step->app, at.slot, step_worker(step, at)) <= step->now)
		recycle_mark(step, at, CORE_BOUND_AGE);
}

/* Who is being recycled is so until it is gone, not only until it is told to go; and what
 * its heir is good for is to be known before the next one goes. */
static bool may_begin(const struct core_app *app)
{
	if (!app->want.running || app->operation.kind != CORE_OPERATION_NONE ||
	    app->reload.active || app->scale.active)
		return false;
	for (unsigned i = 0; i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			const struct worker *worker = &app->slot[i].seat[seat];

			if (worker->renew ||
			    (worker->recycled && worker_is_on_trial(app, worker)))
				return false;
		}
	return true;
}

/* The seat of who is to be recycled here, where nobody else is; CORE_SEATS: nobody. */
static unsigned find_due(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];
	unsigned keeper = slot_keeper(app, slot);

	if (it->restarting || keeper == CORE_SEATS ||
	    it->seat[1 - keeper].phase != WORKER_VACANT)
		return CORE_SEATS;
	return it->seat[keeper].due != CORE_BOUND_NONE ? keeper : CORE_SEATS;
}

static bool is_time(const struct core_app *app, unsigned slot, msec now)
{
	return backoff_allows(&app->recycle.backoff, now) &&
	       backoff_allows(&app->slot[slot].backoff, now);
}

static void renew(struct step *step, unsigned slot, unsigned seat)
{
	struct seat_ref at = {.slot = (uint16_t)slot, .seat = (uint8_t)seat};
	struct seat_ref heir = {.slot = (uint16_t)slot, .seat = (uint8_t)(1 - seat)};

	step_worker(step, at)->renew = true;
	step_note(step, at, CORE_NOTE_RECYCLING);
	worker_spawn(step, heir, slot_generation(step->app, slot));
}

void recycle_advance(struct step *step)
{
	struct core_app *app = step->app;

	if (!may_begin(app))
		return;
	for (unsigned i = 0; i < app->want.count; i++) {
		unsigned slot = (app->recycle.next + i) % app->want.count;
		unsigned seat = find_due(app, slot);

		if (seat == CORE_SEATS || !is_time(app, slot, step->now))
			continue;
		app->recycle.next = slot + 1;
		renew(step, slot, seat);
		return;
	}
}

msec recycle_deadline(const struct core_app *app)
{
	msec deadline = MSEC_NEVER;

	if (!may_begin(app))
		return MSEC_NEVER;
	for (unsigned i = 0; i < app->want.count; i++) {
		msec until = app->slot[i].backoff.until;

		if (find_due(app, i) == CORE_SEATS)
			continue;
		if (until < app->recycle.backoff.until)
			until = app->recycle.backoff.until;
		if (until < deadline)
			deadline = until;
	}
	return deadline;
}
