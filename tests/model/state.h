/*
 * state.h - a state of the small app: as the core sees it, and as a few bytes.
 *
 * Times are kept relative to NOW, and what makes no difference any more is forgotten, so
 * that the same state is met again as the same bytes.
 */
#ifndef TESTS_MODEL_STATE_H
#define TESTS_MODEL_STATE_H

#include "tests/model/small.h" /* first: it says how many slots there are */

#include "tests/model/moment.h"

/* Beside the app: what the workers did that the supervisor has not read. */
struct ghost {
	struct witness witness;
	bool awake; /* AWAKE was told for the time that went by */
	struct {
		bool unread;
		uint8_t age; /* of the beat it sent last */
	} beat[SEATS];
};

struct state {
	struct core_app app;
	struct ghost ghost;
};

/* ---- a state as a few bytes ---- */

#define CODE 72

struct code {
	uint8_t byte[CODE];
};

static uint8_t code_of_time(msec time)
{
	return time == MSEC_NEVER ? 255 : (uint8_t)(128 + time - NOW);
}

static msec time_of_code(uint8_t code)
{
	return code == 255 ? MSEC_NEVER : (msec)code - 128 + NOW;
}

static uint8_t *encode_worker(uint8_t *at, const struct worker *worker)
{
	*at++ = (uint8_t)(worker->phase | worker->generation << 3 |
			  (unsigned)worker->settled << 6 | (unsigned)worker->renew << 7);
	*at++ = code_of_time(worker->deadline);
	*at++ = code_of_time(worker->beat);
	*at++ = code_of_time(worker->served);
	*at++ = code_of_time(worker->since);
	*at++ = (uint8_t)((unsigned)worker->due | (unsigned)worker->recycled << 3 |
			  (unsigned)worker->proven << 4 | worker->misses << 5);
	*at++ = (uint8_t)(worker->socket | (unsigned)worker->unaware << 1 |
			  (unsigned)worker->speaks << 2);
	return at;
}

static const uint8_t *decode_worker(const uint8_t *at, struct worker *worker)
{
	worker->phase = (enum worker_phase)(at[0] & 7);
	worker->generation = at[0] >> 3 & 7;
	worker->settled = at[0] >> 6 & 1;
	worker->renew = at[0] >> 7;
	if (worker->phase != WORKER_VACANT) {
		worker->deadline = time_of_code(at[1]);
		worker->beat = time_of_code(at[2]);
		worker->served = time_of_code(at[3]);
		worker->since = time_of_code(at[4]);
	}
	worker->due = (enum core_bound)(at[5] & 7);
	worker->recycled = at[5] >> 3 & 1;
	worker->proven = at[5] >> 4 & 1;
	worker->misses = at[5] >> 5;
	worker->socket = at[6] & 1;
	worker->unaware = at[6] >> 1 & 1;
	worker->speaks = at[6] >> 2;
	return at + 7;
}

static uint8_t *encode_slot(uint8_t *at, const struct slot *slot)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		at = encode_worker(at, &slot->seat[seat]);
	*at++ = (uint8_t)((unsigned)slot->owed | (unsigned)slot->resting << 1 |
			  (unsigned)slot->restarting << 2 | slot->socket << 3 |
			  slot->backoff.failures << 4);
	*at++ = slot->backoff.until ? code_of_time(slot->backoff.until) : 0;
	return at;
}

static const uint8_t *decode_slot(const uint8_t *at, struct slot *slot)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		at = decode_worker(at, &slot->seat[seat]);
	slot->owed = at[0] & 1;
	slot->resting = at[0] >> 1 & 1;
	slot->restarting = at[0] >> 2 & 1;
	slot->socket = at[0] >> 3 & 1;
	slot->backoff.failures = at[0] >> 4;
	slot->backoff.until = at[1] ? time_of_code(at[1]) : 0;
	return at + 2;
}

static struct code encode(const struct state *state)
{
	struct code code = {0};
	const struct core_app *app = &state->app;
	uint8_t *at = code.byte;

	for (unsigned i = 0; i <= CORE_SURGE; i++)
		at = encode_slot(at, &app->slot[i]);
	*at++ = (uint8_t)(app->want.running | app->want.generation << 1 |
			  app->want.surge << 4);
	*at++ = (uint8_t)(app->want.count | app->slots << 4);
	*at++ = (uint8_t)(app->reload.active | app->reload.from << 1 |
			  app->reload.reached << 4);
	*at++ = (uint8_t)(app->reload.failures | app->scale.failures << 4);
	*at++ = (uint8_t)(app->scale.active | app->scale.from << 1 |
			  (unsigned)app->notifies << 4 | (unsigned)app->listens << 5);
	*at++ = (uint8_t)(app->operation.kind | (unsigned)app->operation.reverted << 4);
	*at++ = (uint8_t)(app->operation.first | app->operation.past << 4);
	*at++ = (uint8_t)(state->ghost.witness.generation | state->ghost.witness.count
								    << 4);
	*at++ = (uint8_t)(state->ghost.awake | app->reload.count << 1);
	*at++ = (uint8_t)(app->recycle.next | app->recycle.backoff.failures << 4);
	*at++ = app->recycle.backoff.until ? code_of_time(app->recycle.backoff.until) : 0;
	*at++ = (uint8_t)(app->served.now | app->served.before << 4);
	for (unsigned i = 0; i < SEATS; i++)
		*at++ = (uint8_t)(state->ghost.beat[i].unread | state->ghost.beat[i].age
									<< 1);
	assert(at <= code.byte + CODE);
	return code;
}

static struct state decode(const struct code *code, const struct core_policy *policy)
{
	struct state state = {.app = {.policy = *policy}};
	struct core_app *app = &state.app;
	const uint8_t *at = code->byte;

	for (unsigned i = 0; i <= CORE_SURGE; i++)
		at = decode_slot(at, &app->slot[i]);
	app->want.running = at[0] & 1;
	app->want.generation = at[0] >> 1 & 7;
	app->want.surge = at[0] >> 4;
	app->want.count = at[1] & 15;
	app->slots = at[1] >> 4;
	app->reload.active = at[2] & 1;
	app->reload.from = at[2] >> 1 & 7;
	app->reload.reached = at[2] >> 4;
	app->reload.failures = at[3] & 15;
	app->scale.failures = at[3] >> 4;
	app->scale.active = at[4] & 1;
	app->scale.from = at[4] >> 1 & 7;
	app->notifies = at[4] >> 4 & 1;
	app->listens = at[4] >> 5;
	app->operation.kind = (enum core_operation_kind)(at[5] & 15);
	app->operation.reverted = at[5] >> 4;
	app->operation.first = at[6] & 15;
	app->operation.past = at[6] >> 4;
	app->operation.id = app->operation.kind != CORE_OPERATION_NONE;
	state.ghost.witness.generation = at[7] & 15;
	state.ghost.witness.count = at[7] >> 4;
	state.ghost.awake = at[8] & 1;
	app->reload.count = at[8] >> 1;
	app->recycle.next = at[9] & 15;
	app->recycle.backoff.failures = at[9] >> 4;
	app->recycle.backoff.until = at[10] ? time_of_code(at[10]) : 0;
	app->served.now = at[11] & 15;
	app->served.before = at[11] >> 4;
	for (unsigned i = 0; i < SEATS; i++) {
		state.ghost.beat[i].unread = at[12 + i] & 1;
		state.ghost.beat[i].age = at[12 + i] >> 1;
	}
	return state;
}

/* ---- what makes no difference is forgotten ---- */

static msec at_least(msec time, msec least)
{
	return time < least ? least : time;
}

/* Since when it waits counts for who goes quietly only. */
static bool needs_since(const struct core_app *app, const struct worker *worker)
{
	if (worker->phase == WORKER_STARTING)
		return app->policy.ready == CORE_READY_AUTO;
	return worker->phase == WORKER_UNROUTING && worker_is_quiet(app, worker);
}

static void forget_worker(const struct core_app *app, struct worker *worker)
{
	const struct core_policy *policy = &app->policy;
	msec long_ago = policy->settle > policy->backoff.steady ? policy->settle
								: policy->backoff.steady;

	if (worker->phase == WORKER_VACANT)
		return;
	worker->lot = 0;
	if (policy->recycle.age > long_ago)
		long_ago = policy->recycle.age;
	if (!needs_since(app, worker))
		worker->since = NOW;
	if (policy->drain != CORE_DRAIN_AUTO)
		worker->unaware = worker->speaks = false;
	if (worker->speaks)
		worker->unaware = false;
	if (!worker_is_present(worker)) {
		worker->beat = worker->served = NOW;
		worker->settled = worker->recycled = worker->proven = false;
		worker->due = CORE_BOUND_NONE;
		worker->misses = worker->socket = 0;
		worker->unaware = worker->speaks = false;
		return;
	}
	if (worker->beat != MSEC_NEVER)
		worker->beat = at_least(worker->beat, NOW - policy->beat_timeout);
	if (worker->phase == WORKER_STARTING && worker->beat != MSEC_NEVER)
		worker->beat = NOW;
	if (worker->served != MSEC_NEVER)
		worker->served = at_least(worker->served, NOW - long_ago);
}

static void forget_backoff(struct backoff *backoff)
{
	enum { PATIENCE = 3 }; /* failures after which it grows no more */

	if (backoff->failures > PATIENCE)
		backoff->failures = PATIENCE;
	if (backoff->until)
		backoff->until = at_least(backoff->until, NOW);
}

static void forget(struct state *state)
{
	struct core_app *app = &state->app;

	for (unsigned i = 0; i <= CORE_SURGE; i++) {
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			forget_worker(app, &app->slot[i].seat[seat]);
		forget_backoff(&app->slot[i].backoff);
	}
	forget_backoff(&app->recycle.backoff);
	if (app->operation.kind != CORE_OPERATION_RELOAD)
		state->ghost.witness.generation = 0;
	if (app->operation.kind != CORE_OPERATION_SCALE)
		state->ghost.witness.count = 0;
}

static void age(msec *time, msec span)
{
	if (*time && *time != MSEC_NEVER)
		*time -= span;
}

/* `span` goes by: all that is remembered is longer ago. */
static void pass(struct state *state, msec span)
{
	for (unsigned i = 0; i <= CORE_SURGE; i++) {
		struct slot *slot = &state->app.slot[i];

		for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
			age(&slot->seat[seat].deadline, span);
			age(&slot->seat[seat].beat, span);
			age(&slot->seat[seat].served, span);
			age(&slot->seat[seat].since, span);
		}
		age(&slot->backoff.until, span);
	}
	age(&state->app.recycle.backoff.until, span);
}

#endif
