#include "supervisor/core/worker.h"

#include <assert.h>

#include "supervisor/core/slot.h"
#include "supervisor/core/verdict.h"

bool worker_starts_by_exec(const struct core_app *app)
{
	return app->policy.ready == CORE_READY_EXEC ||
	       (app->policy.ready == CORE_READY_AUTO && !app->notifies && !app->listens);
}

/* Who goes quietly has all of drain.timeout for its connections. */
static msec unroute_time(const struct core_app *app, const struct worker *worker)
{
	const struct core_policy *policy = &app->policy;

	if (worker_is_quiet(app, worker) &&
	    policy->drain_timeout > policy->unroute_timeout)
		return policy->drain_timeout;
	return policy->unroute_timeout;
}

msec worker_deadline(const struct core_app *app, const struct worker *worker, msec now)
{
	const struct core_policy *policy = &app->policy;

	switch (worker->phase) {
	case WORKER_STARTING:
		return worker->since + (worker_starts_by_exec(app)
						? policy->ready_exec
						: policy->ready_timeout);
	case WORKER_SERVING:
		return worker->beat == MSEC_NEVER ? MSEC_NEVER
						  : worker->beat + policy->beat_interval;
	case WORKER_LATE:
		return worker->beat + policy->beat_timeout;
	case WORKER_UNROUTING:
		return worker->since + unroute_time(app, worker);
	case WORKER_STOPPING:
		return worker->since + policy->drain_timeout;
	case WORKER_ABORTING:
		return worker->since + policy->abort_timeout;
	case WORKER_KILLING:
		return now + policy->kill_retry;
	case WORKER_VACANT:
	case WORKER_PHASES:
		break;
	}
	return 0;
}

/* Where one is that will be left alone with its connections, the other socket. */
static unsigned socket_beside(const struct core_app *app, const struct slot *slot,
			      const struct worker *other)
{
	bool taken = worker_is_present(other) && other->socket == slot->socket &&
		     worker_is_quiet(app, other);

	return taken ? 1 - slot->socket : slot->socket;
}

void worker_spawn(struct step *step, struct seat_ref at, uint32_t generation)
{
	struct worker *worker = step_worker(step, at);

	const struct worker *other = &step->app->slot[at.slot].seat[1 - at.seat];

	assert(worker->phase == WORKER_VACANT && generation != 0);
	*worker = (struct worker){
		.phase = WORKER_STARTING,
		.generation = generation,
		.since = step->now,
		.beat = MSEC_NEVER,
		.served = MSEC_NEVER,
		.socket = socket_beside(step->app, &step->app->slot[at.slot], other),
		.recycled = other->renew && other->due != CORE_BOUND_NONE,
		.lot = (uint8_t)((step->dice + at.slot * 0x9e3779b9u) >> 24),
	};
	worker->deadline = worker_deadline(step->app, worker, step->now);
	step_order(step, CORE_SPAWN, at);
}

static void enter(struct step *step, struct worker *worker, enum worker_phase phase)
{
	if (worker->phase != phase)
		worker->since = step->now;
	worker->phase = phase;
	worker->deadline = worker_deadline(step->app, worker, step->now);
}

/* What it had already of its time to drain counts, but for a grace. */
static void shorten(struct step *step, struct worker *worker, const struct worker *before)
{
	const struct core_policy *policy = &step->app->policy;
	msec until = before->since + policy->drain_timeout;
	msec least = step->now + policy->drain_grace;

	if (before->phase == WORKER_UNROUTING && worker->phase == WORKER_STOPPING &&
	    worker_is_quiet(step->app, before))
		worker->deadline = until > least ? until : least;
}

void worker_move(struct step *step, struct seat_ref at, enum stimulus stimulus,
		 enum core_exit end)
{
	struct worker *worker = step_worker(step, at);
	const struct worker before = *worker;
	const struct edge *edge = edge_find(before.phase, stimulus);

	if (!edge->moves)
		return;
	if (stimulus == STIMULUS_READY) {
		worker->served = step->now;
		if (worker->beat != MSEC_NEVER)
			worker->beat = step->now;
	}
	if (edge->to == WORKER_VACANT)
		*worker = (struct worker){0};
	else
		enter(step, worker, edge->to);
	shorten(step, worker, &before);

	if (edge->notes)
		step_note(step, at, edge->note);
	if (edge->orders)
		step_order(step, edge->order, at);
	if (edge->judged)
		verdict_pass(step, at, &before, end);
}

/* The order by which a worker comes into its phase. */
static bool find_order(enum worker_phase phase, enum core_action_kind *ret_order)
{
	switch (phase) {
	case WORKER_STARTING:
		*ret_order = CORE_SPAWN;
		return true;
	case WORKER_UNROUTING:
		*ret_order = CORE_UNROUTE;
		return true;
	case WORKER_STOPPING:
		*ret_order = CORE_TERM;
		return true;
	case WORKER_ABORTING:
		*ret_order = CORE_ABORT;
		return true;
	case WORKER_KILLING:
		*ret_order = CORE_KILL;
		return true;
	case WORKER_VACANT:
	case WORKER_SERVING:
	case WORKER_LATE:
	case WORKER_PHASES:
		break;
	}
	return false;
}

/* Its beats were not heard meanwhile, and what it was granted may have gone by unseen;
 * but what it was granted beyond that stands. */
void worker_adopt(struct step *step, struct seat_ref at)
{
	struct worker *worker = step_worker(step, at);
	enum core_action_kind order;
	msec granted = worker->deadline;

	if (worker->phase == WORKER_VACANT)
		return;
	if (!worker_is_ready(worker))
		worker->since = step->now;
	if (worker->beat != MSEC_NEVER)
		worker->beat = step->now;
	worker->deadline = worker_deadline(step->app, worker, step->now);
	if (!worker_is_ready(worker) && worker->deadline < granted)
		worker->deadline = granted;
	if (worker->undone && find_order(worker->phase, &order))
		step_order(step, order, at);
}

void worker_expire(struct step *step, struct seat_ref at)
{
	struct worker *worker = step_worker(step, at);
	msec settle = step->app->policy.settle;

	if (worker->phase == WORKER_STARTING && worker->deadline <= step->now &&
	    worker_starts_by_exec(step->app))
		worker_move(step, at, STIMULUS_READY, CORE_EXIT_FAILURE);
	else if (worker->phase != WORKER_VACANT && worker->deadline <= step->now)
		worker_move(step, at, STIMULUS_DEADLINE, CORE_EXIT_FAILURE);

	/* A tick so late that the second limit is past too: nothing was ordered yet. */
	if (worker->phase == WORKER_LATE && worker->deadline <= step->now)
		worker_move(step, at, STIMULUS_DEADLINE, CORE_EXIT_FAILURE);

	if (worker->phase == WORKER_SERVING && step->now - worker->served >= settle)
		worker->settled = true;
}
