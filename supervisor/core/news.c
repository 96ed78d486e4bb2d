#include "supervisor/core/news.h"

#include "supervisor/core/recycle.h"
#include "supervisor/core/slot.h"
#include "supervisor/core/verdict.h"
#include "supervisor/core/worker.h"

/* Walks every seat that may hold a worker; the surge slot comes last. */
static bool next_seat(const struct step *step, struct seat_ref *at)
{
	if (++at->seat < CORE_SEATS)
		return true;
	at->seat = 0;
	at->slot = (uint16_t)slot_next(step->app, at->slot);
	return at->slot <= CORE_SURGE;
}

static struct seat_ref first_seat(const struct step *step)
{
	return (struct seat_ref){.slot = step->app->slots ? 0 : CORE_SURGE};
}

void news_tick(struct step *step, const struct core_event *event)
{
	struct seat_ref at = first_seat(step);

	(void)event;
	do {
		struct backoff *backoff = &step->app->slot[at.slot].backoff;

		worker_expire(step, at);
		recycle_expire(step, at);
		if (backoff_allows(backoff, step->now))
			backoff->until = 0;
	} while (next_seat(step, &at));
}

/* In a paused machine the workers were paused too; but no beat is younger than now. */
void news_awake(struct step *step, const struct core_event *event)
{
	struct seat_ref at = first_seat(step);

	do {
		struct worker *worker = step_worker(step, at);

		if (!worker_is_present(worker) || worker->beat == MSEC_NEVER)
			continue;
		worker->beat += event->arg;
		if (worker->beat > step->now)
			worker->beat = step->now;
		if (worker_is_ready(worker))
			worker->deadline = worker_deadline(step->app, worker, step->now);
	} while (next_seat(step, &at));
}

void news_adopt(struct step *step, const struct core_event *event)
{
	struct seat_ref at = first_seat(step);

	(void)event;
	do
		worker_adopt(step, at);
	while (next_seat(step, &at));
}

/* From now on every worker of this app is held to it, those that start now too. */
static void learn(struct step *step, bool *habit)
{
	struct seat_ref at = first_seat(step);

	if (*habit)
		return;
	*habit = true;
	do {
		struct worker *worker = step_worker(step, at);

		if (worker->phase == WORKER_STARTING)
			worker->deadline = worker_deadline(step->app, worker, step->now);
	} while (next_seat(step, &at));
}

void news_ready(struct step *step, const struct core_event *event)
{
	enum core_ready_rule rule = step->app->policy.ready;
	struct worker *worker = step_worker(step, event->at);

	if (worker->phase == WORKER_VACANT)
		return;
	worker->speaks = true;
	if (rule == CORE_READY_EXEC || rule == CORE_READY_LISTEN)
		return;
	learn(step, &step->app->notifies);
	worker_move(step, event->at, STIMULUS_READY, CORE_EXIT_FAILURE);
}

/* Who says READY=1 as well has more to do than to listen. */
void news_listening(struct step *step, const struct core_event *event)
{
	enum core_ready_rule rule = step->app->policy.ready;
	struct worker *worker = step_worker(step, event->at);

	if (worker->phase == WORKER_VACANT)
		return;
	if (event->arg == CORE_ASKER_UNAWARE)
		worker->unaware = true;
	if (rule == CORE_READY_EXEC || rule == CORE_READY_NOTIFY)
		return;
	learn(step, &step->app->listens);
	if (rule == CORE_READY_LISTEN || !step->app->notifies)
		worker_move(step, event->at, STIMULUS_READY, CORE_EXIT_FAILURE);
}

void news_beat(struct step *step, const struct core_event *event)
{
	struct worker *worker = step_worker(step, event->at);

	if (!step->app->policy.beats || !worker_is_present(worker))
		return;
	worker->beat = step->now;
	worker_move(step, event->at, STIMULUS_BEAT, CORE_EXIT_FAILURE);
}

void news_leave(struct step *step, const struct core_event *event)
{
	worker_move(step, event->at, STIMULUS_LEAVE, CORE_EXIT_CLEAN);
}

void news_trigger(struct step *step, const struct core_event *event)
{
	worker_move(step, event->at, STIMULUS_TRIGGER, CORE_EXIT_FAILURE);
}

/* A worker may ask again and again, but not for ever. */
void news_extend(struct step *step, const struct core_event *event)
{
	enum { MOST = 10 }; /* times the configured timeout */
	const struct core_policy *policy = &step->app->policy;
	struct worker *worker = step_worker(step, event->at);
	msec until = step->now + event->arg;
	msec most;

	if (worker->phase == WORKER_STARTING && !worker_starts_by_exec(step->app))
		most = worker->since + MOST * policy->ready_timeout;
	else if (worker->phase == WORKER_STOPPING)
		most = worker->since + MOST * policy->drain_timeout;
	else
		return;
	if (until > most)
		until = most;
	if (until > worker->deadline)
		worker->deadline = until;
}

void news_exit(struct step *step, const struct core_event *event)
{
	worker_move(step, event->at, STIMULUS_EXIT, (enum core_exit)event->arg);
}

void news_spawn_failed(struct step *step, const struct core_event *event)
{
	worker_move(step, event->at, STIMULUS_EXIT, CORE_EXIT_FAILURE);
}

void news_unrouted(struct step *step, const struct core_event *event)
{
	worker_move(step, event->at, STIMULUS_UNROUTED, CORE_EXIT_FAILURE);
}

void news_exceeded(struct step *step, const struct core_event *event)
{
	recycle_mark(step, event->at, (enum core_bound)event->arg);
}

/* Who passes one is well again, and stays unless its heir is on the way. */
static void pass_probe(struct step *step, struct seat_ref at)
{
	struct worker *worker = step_worker(step, at);

	if (worker_is_sick(step->app, worker))
		step_note(step, at, CORE_NOTE_WELL);
	worker->misses = 0;
	worker->proven = true;
	if (worker->due == CORE_BOUND_PROBE && !worker->renew)
		worker->due = CORE_BOUND_NONE;
}

void news_probed(struct step *step, const struct core_event *event)
{
	struct worker *worker = step_worker(step, event->at);

	if (!worker_is_ready(worker) || step->app->policy.probe_failures == 0)
		return;
	if (event->arg == CORE_PROBE_PASSED)
		pass_probe(step, event->at);
	else if (!worker_is_sick(step->app, worker) &&
		 ++worker->misses >= step->app->policy.probe_failures)
		verdict_of_probe(step, event->at);
}
