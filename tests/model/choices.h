/*
 * choices.h - all that may happen next in a state: news of any worker, commands, time.
 */
#ifndef TESTS_MODEL_CHOICES_H
#define TESTS_MODEL_CHOICES_H

#include "tests/model/state.h"

/* What may happen in a feature set. */
enum {
	CRASHES = 1,     /* of workers before and after they are ready */
	CLEAN_EXITS = 2, /* with code 0, or final */
	LEAVES = 4,
	TRIGGERS = 8,
	SLOW = 16, /* starting, draining, dying may take longer than allowed */
	DICE = 32,
	SCALES = 64,
	STOPS = 128, /* and starts */
	RESTARTS = 256,
	RESTART_SLOTS = 512,
	RENEWS = 1024,
	OWES = 2048,
	SURGES = 4096,
	LATENESS = 8192, /* of the supervisor; workers that beat in time */
	RESETS = 16384,
	BAD_STARTS = 32768,  /* crashes, but only before they are ready */
	RESHAPES = 65536,    /* reloads that change the count too */
	EXCEEDS = 131072,    /* workers exceed bounds of their lives */
	PROBES = 262144,     /* and fail probes, or pass them */
	MEMORY = 524288,     /* of what served, beyond one step */
	ADOPTIONS = 1048576, /* the supervisor dies, at any moment */
	UNAWARE = 2097152    /* some workers know nothing of us */
};

struct feature_set {
	const char *name;
	unsigned features;
	unsigned count;       /* of slots at first */
	uint32_t generations; /* that may be reloaded to: 1 to this */
	enum { USUAL, SMALL, LARGE } size;
	struct core_policy policy;
};

/* An event, or a span of time that goes by. */
struct choice {
	struct core_event event;
	uint8_t span;
	bool paused; /* the workers too */
	bool dies;   /* the supervisor, with so many orders of the step carried out */
	uint8_t done;
};

struct choices {
	unsigned count;
	struct choice list[128];
};

static void may(struct choices *choices, struct core_event event)
{
	assert(choices->count < ARRAY_COUNT(choices->list));
	choices->list[choices->count++] = (struct choice){.event = event};
}

static bool waits(const struct state *state)
{
	return core_deadline(&state->app) > NOW;
}

static msec lateness(const struct state *state)
{
	msec deadline = core_deadline(&state->app);

	return deadline < NOW ? NOW - deadline : 0;
}

/* Woken late by more than an interval: nothing else is told before AWAKE. */
static bool is_dazed(const struct feature_set *set, const struct state *state)
{
	return set->features & LATENESS && !state->ghost.awake &&
	       lateness(state) > set->policy.beat_interval;
}

static void choose_exits(const struct feature_set *set, struct seat_ref at, bool asked,
			 struct choices *choices)
{
	struct core_event event = {.kind = CORE_EXIT, .at = at};

	if (asked || set->features & CRASHES)
		may(choices, event);
	if (!asked && set->features & CRASHES && set->features & DICE) {
		event.dice = 1;
		may(choices, event);
		event.dice = 0;
	}
	if (asked || !(set->features & CLEAN_EXITS))
		return;
	event.arg = CORE_EXIT_CLEAN;
	may(choices, event);
	event.arg = CORE_EXIT_FINAL;
	may(choices, event);
}

static void choose_words(const struct feature_set *set, const struct state *state,
			 struct seat_ref at, struct choices *choices)
{
	bool late = set->features & LATENESS;

	if (set->features & LEAVES)
		may(choices, (struct core_event){.kind = CORE_LEAVE, .at = at});
	if (set->features & TRIGGERS)
		may(choices, (struct core_event){.kind = CORE_TRIGGER, .at = at});
	if (set->policy.beats &&
	    (!late || state->ghost.beat[at.slot * CORE_SEATS + at.seat].unread))
		may(choices, (struct core_event){.kind = CORE_BEAT, .at = at});
}

static void choose_readiness(const struct feature_set *set, struct seat_ref at,
			     struct choices *choices)
{
	may(choices, (struct core_event){.kind = CORE_READY, .at = at});
	if (set->policy.ready == CORE_READY_AUTO ||
	    set->policy.ready == CORE_READY_LISTEN)
		may(choices, (struct core_event){.kind = CORE_LISTENING, .at = at});
	if (set->features & UNAWARE)
		may(choices, (struct core_event){.kind = CORE_LISTENING,
						 .at = at,
						 .arg = CORE_ASKER_UNAWARE});
}

static void choose_bounds(const struct feature_set *set, struct seat_ref at,
			  struct choices *choices)
{
	if (!(set->features & EXCEEDS))
		return;
	may(choices, (struct core_event){
			     .kind = CORE_EXCEEDED, .at = at, .arg = CORE_BOUND_MEMORY});
	may(choices,
	    (struct core_event){.kind = CORE_EXCEEDED, .at = at, .arg = CORE_BOUND_CRON});
}

/* Of one who sits beside another nobody knows which of the two answered. */
static void choose_probes(const struct feature_set *set, const struct state *state,
			  struct seat_ref at, struct choices *choices)
{
	unsigned seat;

	if (!(set->features & PROBES) || !core_may_probe(&state->app, at.slot, &seat) ||
	    seat != at.seat)
		return;
	may(choices,
	    (struct core_event){.kind = CORE_PROBED, .at = at, .arg = CORE_PROBE_PASSED});
	may(choices,
	    (struct core_event){.kind = CORE_PROBED, .at = at, .arg = CORE_PROBE_FAILED});
}

static void choose_news(const struct feature_set *set, const struct state *state,
			struct seat_ref at, struct choices *choices)
{
	switch (state->app.slot[at.slot].seat[at.seat].phase) {
	case WORKER_STARTING:
		choose_readiness(set, at, choices);
		choose_exits(set, at, set->features & BAD_STARTS, choices);
		choose_words(set, state, at, choices);
		break;
	case WORKER_SERVING:
	case WORKER_LATE:
		if (set->policy.ready == CORE_READY_AUTO)
			choose_readiness(set, at, choices);
		choose_exits(set, at, false, choices);
		choose_words(set, state, at, choices);
		choose_bounds(set, at, choices);
		choose_probes(set, state, at, choices);
		break;
	case WORKER_UNROUTING:
		may(choices, (struct core_event){.kind = CORE_UNROUTED, .at = at});
		choose_exits(set, at, false, choices);
		choose_words(set, state, at, choices);
		break;
	case WORKER_STOPPING:
	case WORKER_ABORTING:
	case WORKER_KILLING:
		choose_exits(set, at, true, choices);
		break;
	case WORKER_VACANT:
	case WORKER_PHASES:
		break;
	}
}

static void choose_generations(const struct feature_set *set, enum core_event_kind kind,
			       struct choices *choices)
{
	for (uint32_t i = 1; i <= set->generations; i++)
		may(choices, (struct core_event){.kind = kind, .arg = i, .operation = 1});
}

/* In either of its two sockets, where those are in use. */
static void choose_debts(const struct feature_set *set, struct choices *choices)
{
	const uint32_t each = set->policy.drain == CORE_DRAIN_QUIET ? 2 : 1;

	for (uint16_t i = 0; i < CORE_SLOTS; i++)
		for (uint32_t socket = 0; socket < each; socket++)
			may(choices, (struct core_event){.kind = CORE_OWED,
							 .at = {.slot = i},
							 .arg = socket});
}

static void choose_slots(enum core_event_kind kind, struct choices *choices)
{
	for (uint16_t i = 0; i < CORE_SLOTS; i++)
		may(choices,
		    (struct core_event){.kind = kind, .at = {.slot = i}, .operation = 1});
}

static void choose_commands(const struct feature_set *set, struct choices *choices)
{
	if (set->generations > 1)
		choose_generations(set, CORE_RELOAD, choices);
	for (uint32_t i = 1; set->features & RESHAPES && i <= set->generations; i++)
		for (unsigned count = 1; count <= CORE_SLOTS; count++)
			may(choices, (struct core_event){.kind = CORE_RELOAD,
							 .arg = i,
							 .count = count,
							 .operation = 1});
	if (set->features & SCALES)
		for (uint32_t i = 1; i <= CORE_SLOTS; i++)
			may(choices, (struct core_event){.kind = CORE_SCALE,
							 .arg = i,
							 .operation = 1});
	if (set->features & STOPS) {
		choose_generations(set, CORE_START, choices);
		may(choices, (struct core_event){.kind = CORE_STOP, .operation = 1});
	}
	if (set->features & RESTARTS)
		choose_generations(set, CORE_RESTART, choices);
	if (set->features & RESTART_SLOTS)
		choose_slots(CORE_RESTART_SLOT, choices);
	if (set->features & RENEWS)
		choose_slots(CORE_RENEW, choices);
	if (set->features & OWES)
		choose_debts(set, choices);
	if (set->features & RESETS)
		may(choices, (struct core_event){.kind = CORE_RESET});
	if (set->features & SURGES) {
		choose_generations(set, CORE_SURGE_START, choices);
		may(choices, (struct core_event){.kind = CORE_SURGE_END});
	}
}

/* The shell reads a slot's beats before a tick that would miss them. */
static bool may_tick(const struct state *state)
{
	for (unsigned i = 0; i < SEATS; i++)
		if (state->ghost.beat[i].unread &&
		    core_awaits_beat(&state->app, i / CORE_SEATS, NOW))
			return false;
	return !waits(state);
}

static bool is_slow(const struct state *state)
{
	for (unsigned i = 0; i < SEATS; i++) {
		enum worker_phase phase =
			state->app.slot[i / CORE_SEATS].seat[i % CORE_SEATS].phase;

		if (phase == WORKER_STOPPING || phase == WORKER_ABORTING ||
		    phase == WORKER_KILLING)
			return true;
	}
	return false;
}

static void choose_time(const struct feature_set *set, const struct state *state,
			struct choices *choices)
{
	enum { LATEST = 4, PAUSE = 4 };
	bool late = set->features & LATENESS;

	if (!(set->features & SLOW) && is_slow(state))
		return;
	if (waits(state) || (late && lateness(state) < LATEST))
		choices->list[choices->count++] = (struct choice){.span = 1};
	if (late && waits(state))
		choices->list[choices->count++] =
			(struct choice){.span = PAUSE, .paused = true};
}

static void choose(const struct feature_set *set, const struct state *state,
		   struct choices *choices)
{
	choices->count = 0;
	choose_time(set, state, choices);
	if (is_dazed(set, state)) {
		may(choices, (struct core_event){.kind = CORE_AWAKE,
						 .arg = (uint32_t)lateness(state)});
		return;
	}
	for (unsigned i = 0; i < SEATS; i++)
		choose_news(set, state,
			    (struct seat_ref){.slot = (uint16_t)(i / CORE_SEATS),
					      .seat = (uint8_t)(i % CORE_SEATS)},
			    choices);
	choose_commands(set, choices);
	if (may_tick(state))
		may(choices, (struct core_event){.kind = CORE_TICK});
	if (set->features & ADOPTIONS)
		may(choices, (struct core_event){.kind = CORE_ADOPT});
}

#endif
