/*
 * walk.c - long random walks of a large app, with every law at every step.
 *
 *   walk [all] [SEED]      all: fifty times as many; a seed says the size, too
 *
 * What model.c exhausts with two slots is tried here with sixteen, and a little with all
 * of them: commands come seldom, so that a roll gets somewhere, workers misbehave as
 * often as this walk's luck says.  Beside the laws of one step: the buckets of steering
 * never belong to a slot that isn't ready while another one is, every operation is
 * answered once, by its number, and at the end good behaviour leads to rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/core/buckets.h"
#include "supervisor/core/trace.h"

#include "tests/model/laws.h"

#define OPERATIONS 8192 /* numbers of a walk; more than it can have */

struct walk {
	struct core_app app, before;
	struct core_actions actions;
	struct witness witness;
	struct buckets buckets;
	unsigned slots;  /* most that it scales to */
	unsigned misery; /* of 1000 steps so many are bad luck */
	bool stops;      /* it is stopped and restarted, too */
	uint64_t random;
	msec now;
	uint32_t operations;
	uint8_t answers[OPERATIONS];
	const char *broken;
};

static uint32_t draw(struct walk *walk, uint32_t below)
{
	walk->random = walk->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((walk->random >> 33) % below);
}

/* ---- what no single step shows ---- */

static bool are_buckets_sane(struct walk *walk)
{
	struct buckets_slot slot[CORE_SLOTS];
	bool any = false;
	bool changed = false;

	for (unsigned i = 0; i < walk->app.want.count; i++) {
		slot[i] = (struct buckets_slot){.healthy = core_routes(&walk->app, i),
						.weight = 1};
		any = any || slot[i].healthy;
		changed = changed || slot[i].healthy != core_routes(&walk->before, i);
	}
	if (!any || (!changed && walk->app.want.count == walk->before.want.count))
		return true;
	buckets_assign(&walk->buckets, BALANCE_RANDOM, slot, walk->app.want.count);
	for (unsigned i = 0; i < BUCKETS; i++)
		if (!core_routes(&walk->app, walk->buckets.owner[i]))
			return false;
	return true;
}

/* Each number is answered once; only the one under way has not been. */
static bool are_answers_counted(struct walk *walk)
{
	for (unsigned i = 0; i < walk->actions.count; i++) {
		const struct core_action *action = &walk->actions.list[i];

		if (action->kind == CORE_DONE && ++walk->answers[action->operation] != 1)
			return false;
	}
	return true;
}

static bool is_every_operation_answered(const struct walk *walk)
{
	for (uint32_t i = 1; i <= walk->operations; i++)
		if (!walk->answers[i] && walk->app.operation.id != i)
			return false;
	return true;
}

static void tell(struct walk *walk, const struct core_event *event)
{
	char text[1024];

	trace_format(text, sizeof(text), event, walk->now, &walk->actions);
	printf("%s\n", text);
}

/* The supervisor died with some orders carried out, or with all; another takes over. */
static void adopt(struct walk *walk)
{
	static const struct core_event event = {.kind = CORE_ADOPT};
	struct moment moment = {.before = &walk->before,
				.after = &walk->app,
				.event = &event,
				.now = walk->now,
				.actions = &walk->actions,
				.witness = walk->witness};

	(void)carry_out(&walk->app, &walk->actions, draw(walk, 3));
	walk->before = walk->app;
	core_step(&walk->app, &event, walk->now, &walk->actions);
	walk->broken = laws_broken(&moment);
	if (walk->broken || getenv("WALK_TELL"))
		tell(walk, &event);
}

static void step(struct walk *walk, struct core_event event)
{
	struct moment moment = {.before = &walk->before,
				.after = &walk->app,
				.event = &event,
				.now = walk->now,
				.actions = &walk->actions};

	event.dice = draw(walk, UINT32_MAX);
	if (event.kind >= CORE_START && event.kind <= CORE_STOP)
		event.operation = ++walk->operations;
	if (event.kind == CORE_RELOAD)
		walk->witness.generation = event.arg;
	if (event.kind == CORE_SCALE)
		walk->witness.count = event.arg;
	moment.witness = walk->witness;

	walk->before = walk->app;
	core_step(&walk->app, &event, walk->now, &walk->actions);
	walk->broken = laws_broken(&moment);
	if (!walk->broken && !are_answers_counted(walk))
		walk->broken = "every operation is answered once";
	if (!walk->broken && !are_buckets_sane(walk))
		walk->broken =
			"no bucket of a slot that isn't ready while another one is";
	if (walk->broken || getenv("WALK_TELL"))
		tell(walk, &event);
	if (!walk->broken && draw(walk, 200) == 0)
		adopt(walk);
	(void)carry_out(&walk->app, &walk->actions, ALL);
}

/* ---- what happens ---- */

static void step_seat(struct walk *walk, enum core_event_kind kind, struct seat_ref at,
		      uint32_t arg)
{
	step(walk, (struct core_event){.kind = kind, .at = at, .arg = arg});
}

static void misbehave(struct walk *walk, struct seat_ref at)
{
	static const enum core_event_kind kinds[] = {
		CORE_EXIT,      CORE_EXIT,     CORE_EXIT,   CORE_SPAWN_FAILED,
		CORE_LEAVE,     CORE_TRIGGER,  CORE_EXTEND, CORE_UNROUTED,
		CORE_LISTENING, CORE_EXCEEDED, CORE_PROBED,
	};
	enum core_event_kind kind = kinds[draw(walk, ARRAY_COUNT(kinds))];
	uint32_t arg = kind == CORE_EXIT ? draw(walk, 3) : draw(walk, 3000);

	if (kind == CORE_EXCEEDED)
		arg = CORE_BOUND_MEMORY + arg % CORE_BOUND_CRON;
	if (kind == CORE_PROBED)
		arg = CORE_PROBE_FAILED;
	if (kind == CORE_LISTENING)
		arg %= CORE_ASKER_UNAWARE + 1;

	step_seat(walk, kind, at, arg);
}

/* What a well-behaved worker does next; some are in no hurry. */
static void behave(struct walk *walk, struct seat_ref at)
{
	unsigned seat;

	switch (walk->app.slot[at.slot].seat[at.seat].phase) {
	case WORKER_STARTING:
		step_seat(walk, CORE_LISTENING, at, draw(walk, 2));
		step_seat(walk, CORE_READY, at, 0);
		break;
	case WORKER_SERVING:
	case WORKER_LATE:
		step_seat(walk, CORE_BEAT, at, 0);
		if (core_may_probe(&walk->app, at.slot, &seat) && seat == at.seat)
			step_seat(walk, CORE_PROBED, at, CORE_PROBE_PASSED);
		break;
	case WORKER_UNROUTING:
		step_seat(walk, CORE_UNROUTED, at, 0);
		break;
	case WORKER_STOPPING:
	case WORKER_ABORTING:
	case WORKER_KILLING:
		step_seat(walk, CORE_EXIT, at, draw(walk, 3));
		break;
	case WORKER_VACANT:
	case WORKER_PHASES:
		break;
	}
}

static struct seat_ref any_seat(struct walk *walk)
{
	unsigned slot = draw(walk, walk->app.slots + 1);

	if (slot == walk->app.slots)
		slot = CORE_SURGE;
	return (struct seat_ref){.slot = (uint16_t)slot, .seat = (uint8_t)draw(walk, 2)};
}

static void command(struct walk *walk)
{
	static const enum core_event_kind kinds[] = {
		CORE_RELOAD,      CORE_RELOAD,    CORE_RELOAD,       CORE_SCALE,
		CORE_SCALE,       CORE_RENEW,     CORE_RESTART_SLOT, CORE_OWED,
		CORE_SURGE_START, CORE_SURGE_END, CORE_RESET,        CORE_START,
		CORE_RESTART,     CORE_STOP,
	};
	unsigned many = ARRAY_COUNT(kinds) - (walk->stops ? 0 : 3);
	struct core_event event = {.kind = kinds[draw(walk, many)],
				   .at.slot = (uint16_t)draw(walk, walk->slots)};

	if (event.kind == CORE_SCALE)
		event.arg = 1 + draw(walk, walk->slots);
	else if (event.kind == CORE_OWED)
		event.arg = draw(walk, 2);
	else
		event.arg = 1 + draw(walk, 4);
	if (event.kind == CORE_RELOAD && draw(walk, 2))
		event.count = 1 + draw(walk, walk->slots);
	step(walk, event);
}

/* Ticks come when they are asked for, now and then a little late. */
static void wait(struct walk *walk)
{
	msec deadline = core_deadline(&walk->app);
	msec until = walk->now + 1 + (msec)draw(walk, 300);

	if (deadline <= walk->now) {
		step(walk, (struct core_event){.kind = CORE_TICK});
		return;
	}
	walk->now = until < deadline ? until : deadline + (msec)draw(walk, 20);
}

static void live(struct walk *walk)
{
	uint32_t luck = draw(walk, 1000);
	struct seat_ref at = any_seat(walk);

	if (luck < 2)
		command(walk);
	else if (luck < 2 + walk->misery)
		misbehave(walk, at);
	else if (luck < 800)
		behave(walk, at);
	else
		wait(walk);
}

/* ---- a walk ---- */

static void rest(struct walk *walk)
{
	enum { PATIENCE = 200 + 8 * CORE_SLOTS }; /* a roll goes slot by slot */

	walk->app.policy.recycle.age = 0; /* or somebody is always too old */
	for (unsigned turn = 0; turn < PATIENCE && !core_settled(&walk->app); turn++) {
		msec deadline = core_deadline(&walk->app);

		if (deadline > walk->now && deadline != MSEC_NEVER)
			walk->now = deadline;
		for (unsigned i = 0; i < CORE_SEATS * (CORE_SLOTS + 1); i++) {
			struct seat_ref at = {.slot = (uint16_t)(i / CORE_SEATS),
					      .seat = (uint8_t)(i % CORE_SEATS)};

			behave(walk, at);
			if (walk->broken)
				return;
		}
		step(walk, (struct core_event){.kind = CORE_TICK});
		if (walk->broken)
			return;
	}
	if (!core_settled(&walk->app))
		walk->broken = "good behaviour leads to rest";
	else if (!is_every_operation_answered(walk))
		walk->broken = "every operation is answered in the end";
}

static struct core_policy draw_policy(struct walk *walk)
{
	return (struct core_policy){
		.ready = (enum core_ready_rule)draw(walk, CORE_READY_AUTO + 1),
		.ready_timeout = 1000,
		.ready_exec = 100,
		.beats = draw(walk, 2),
		.beat_interval = 1000,
		.beat_timeout = 5000,
		.drain = (enum core_drain_rule)draw(walk, CORE_DRAIN_QUIET + 1),
		.drain_timeout = 2000,
		.surge = 1 + draw(walk, 40),
		.surge_percent = draw(walk, 2),
		.settle = 1 + (msec)draw(walk, 400),
		.failures = draw(walk, 3),
		.restart = (enum core_restart_rule)draw(walk, 3),
		.restart_max = draw(walk, 2) ? 0 : 5,
		.backoff = {.first = 100, .most = 2000, .steady = 3000},
		.recycle = {.age = (msec)draw(walk, 2) * 20000, .jitter = draw(walk, 90)},
		.probe_failures = draw(walk, 2) * (1 + draw(walk, 3)),
		.unroute_timeout = 500,
		.drain_grace = 300,
		.abort_timeout = 100,
		.kill_retry = 500,
		.moves = draw(walk, 2),
	};
}

static bool walk_far(uint64_t seed, unsigned slots, unsigned steps)
{
	static struct walk walk;

	memset(&walk, 0, sizeof(walk));
	walk.random = seed * 0x9e3779b97f4a7c15u + 1;
	walk.slots = slots;
	walk.app.policy = draw_policy(&walk);
	walk.app.want.count = 1 + draw(&walk, slots);
	walk.misery = draw(&walk, 40);
	walk.stops = draw(&walk, 2);
	step(&walk, (struct core_event){.kind = CORE_START, .arg = 1});
	for (unsigned i = 0; i < steps && !walk.broken; i++)
		live(&walk);
	if (!walk.broken)
		rest(&walk);
	if (walk.broken)
		printf("walk with seed %llu, %u slots: broken: %s\n",
		       (unsigned long long)seed, slots, walk.broken);
	return !walk.broken;
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && strcmp(argv[1], "all") == 0;
	const char *seed = argc > 1 + all ? argv[1 + all] : NULL;
	unsigned walks = all ? 5000 : 100;
	unsigned passed = 0;
	unsigned failed = 0;

	for (unsigned i = 0; i < walks; i++) {
		uint64_t from = seed ? strtoull(seed, NULL, 10) : i;
		bool wide = from % 10 == 9;
		bool good = walk_far(from, wide ? CORE_SLOTS : 16, wide ? 3000 : 20000);

		passed += good;
		failed += !good;
		if (seed)
			break;
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
