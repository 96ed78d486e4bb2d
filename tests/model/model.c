/*
 * model.c - every reachable state of a small app, and every law at every step.
 *
 *   model [NAME...]      the feature sets named; none: all that fit in `make test`
 *   model all            the large ones too
 *
 * With LOAD_SCALE > 1 (sanitizers, valgrind) only the small ones are tried.
 *
 * The app has two slots and the surge slot; time goes in units.  Whatever may happen next
 * in a state is tried: news of any worker, commands, the passing of time.  What the shell
 * promises is part of the model: a tick comes when the core asked for it, after the news
 * that arrived by then.  From every state good behaviour must lead to rest.  Each feature
 * set is complete for itself; their product is too large to exhaust.
 *
 * The core is compiled in, since its apps are smaller here than elsewhere.
 */
#define CORE_SLOTS 2

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/core/backoff.c"
#include "supervisor/core/core.c"
#include "supervisor/core/edges.c"
#include "supervisor/core/news.c"
#include "supervisor/core/roll.c"
#include "supervisor/core/slot.c"
#include "supervisor/core/step.c"
#include "supervisor/core/trace.c"
#include "supervisor/core/verdict.c"
#include "supervisor/core/want.c"
#include "supervisor/core/worker.c"

#include "tests/model/laws.h"

#define NOW    1000 /* every state is moved so that it is this late */
#define SEATS  (CORE_SEATS * (CORE_SLOTS + 1))
#define NOBODY UINT32_MAX

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
	BAD_STARTS = 32768, /* crashes, but only before they are ready */
	RESHAPES = 65536    /* reloads that change the count too */
};

struct feature_set {
	const char *name;
	unsigned features;
	unsigned count;       /* of slots at first */
	uint32_t generations; /* that may be reloaded to: 1 to this */
	enum { USUAL, SMALL, LARGE } size;
	struct core_policy policy;
};

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

#define CODE 56

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
	return at + 5;
}

static uint8_t *encode_slot(uint8_t *at, const struct slot *slot)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		at = encode_worker(at, &slot->seat[seat]);
	*at++ = (uint8_t)((unsigned)slot->owed | (unsigned)slot->resting << 1 |
			  (unsigned)slot->restarting << 2 | slot->backoff.failures << 3);
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
	slot->backoff.failures = at[0] >> 3;
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
			  (unsigned)app->notifies << 4);
	*at++ = (uint8_t)(app->operation.kind | (unsigned)app->operation.reverted << 4);
	*at++ = (uint8_t)(app->operation.first | app->operation.past << 4);
	*at++ = (uint8_t)(state->ghost.witness.generation | state->ghost.witness.count
								    << 4);
	*at++ = (uint8_t)(state->ghost.awake | app->reload.count << 1);
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
	app->notifies = at[4] >> 4;
	app->operation.kind = (enum core_operation_kind)(at[5] & 15);
	app->operation.reverted = at[5] >> 4;
	app->operation.first = at[6] & 15;
	app->operation.past = at[6] >> 4;
	app->operation.id = app->operation.kind != CORE_OPERATION_NONE;
	state.ghost.witness.generation = at[7] & 15;
	state.ghost.witness.count = at[7] >> 4;
	state.ghost.awake = at[8] & 1;
	app->reload.count = at[8] >> 1;
	for (unsigned i = 0; i < SEATS; i++) {
		state.ghost.beat[i].unread = at[9 + i] & 1;
		state.ghost.beat[i].age = at[9 + i] >> 1;
	}
	return state;
}

/* ---- what makes no difference is forgotten ---- */

static msec at_least(msec time, msec least)
{
	return time < least ? least : time;
}

static void forget_worker(const struct core_policy *policy, struct worker *worker)
{
	msec long_ago = policy->settle > policy->backoff.steady ? policy->settle
								: policy->backoff.steady;

	if (worker->phase == WORKER_VACANT)
		return;
	if (worker->phase != WORKER_STARTING || policy->ready != CORE_READY_AUTO)
		worker->since = NOW;
	if (!worker_is_present(worker)) {
		worker->beat = worker->served = NOW;
		worker->settled = worker->renew = false;
		return;
	}
	if (worker->beat != MSEC_NEVER)
		worker->beat = at_least(worker->beat, NOW - policy->beat_timeout);
	if (worker->phase == WORKER_STARTING && worker->beat != MSEC_NEVER)
		worker->beat = NOW;
	if (worker->served != MSEC_NEVER)
		worker->served = at_least(worker->served, NOW - long_ago);
}

static void forget(struct state *state)
{
	enum { PATIENCE = 3 }; /* failures after which the backoff grows no more */
	struct core_app *app = &state->app;

	for (unsigned i = 0; i <= CORE_SURGE; i++) {
		struct backoff *backoff = &app->slot[i].backoff;

		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			forget_worker(&app->policy, &app->slot[i].seat[seat]);
		if (backoff->failures > PATIENCE)
			backoff->failures = PATIENCE;
		if (backoff->until)
			backoff->until = at_least(backoff->until, NOW);
	}
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
}

/* ---- what may happen next ---- */

/* An event, or a span of time that goes by. */
struct choice {
	struct core_event event;
	uint8_t span;
	bool paused; /* the workers too */
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

static void choose_news(const struct feature_set *set, const struct state *state,
			struct seat_ref at, struct choices *choices)
{
	switch (state->app.slot[at.slot].seat[at.seat].phase) {
	case WORKER_STARTING:
		may(choices, (struct core_event){.kind = CORE_READY, .at = at});
		choose_exits(set, at, set->features & BAD_STARTS, choices);
		choose_words(set, state, at, choices);
		break;
	case WORKER_SERVING:
	case WORKER_LATE:
		if (set->policy.ready == CORE_READY_AUTO)
			may(choices, (struct core_event){.kind = CORE_READY, .at = at});
		choose_exits(set, at, false, choices);
		choose_words(set, state, at, choices);
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
		choose_slots(CORE_OWED, choices);
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
}

/* ---- one step ---- */

static struct core_actions actions;

/* Workers that beat in time send one when the interval is over. */
static void send_beats(const struct core_policy *policy, struct state *state)
{
	for (unsigned i = 0; i < SEATS; i++) {
		const struct worker *worker =
			&state->app.slot[i / CORE_SEATS].seat[i % CORE_SEATS];

		if (!worker_is_present(worker))
			continue;
		if (++state->ghost.beat[i].age < policy->beat_interval)
			continue;
		state->ghost.beat[i].age = 0;
		state->ghost.beat[i].unread = true;
	}
}

static void note_witness(struct ghost *ghost, const struct core_event *event)
{
	if (event->kind == CORE_RELOAD)
		ghost->witness.generation = event->arg;
	if (event->kind == CORE_SCALE)
		ghost->witness.count = event->arg;
}

static void note_beats(struct state *state, const struct core_event *event)
{
	if (event->kind == CORE_BEAT)
		state->ghost.beat[event->at.slot * CORE_SEATS + event->at.seat].unread =
			false;
	if (event->kind == CORE_AWAKE)
		state->ghost.awake = true;
	for (unsigned i = 0; i < SEATS; i++)
		if (!worker_is_present(
			    &state->app.slot[i / CORE_SEATS].seat[i % CORE_SEATS])) {
			state->ghost.beat[i].unread = false;
			state->ghost.beat[i].age = 0;
		}
}

static bool is_anybody_aborted(void)
{
	for (unsigned i = 0; i < actions.count; i++)
		if (actions.list[i].kind == CORE_ABORT)
			return true;
	return false;
}

/* Returns the law that this step breaks; NULL: none. */
static const char *take_step(const struct feature_set *set, const struct state *before,
			     const struct choice *choice, struct state *after)
{
	struct moment moment = {.before = &before->app,
				.after = &after->app,
				.event = &choice->event,
				.now = NOW,
				.actions = &actions};
	const char *broken;

	*after = *before;
	if (choice->span) {
		after->ghost.awake = false;
		pass(after, choice->span);
		if (set->features & LATENESS && !choice->paused)
			send_beats(&set->policy, after);
		forget(after);
		return NULL;
	}
	note_witness(&after->ghost, &choice->event);
	moment.witness = after->ghost.witness;
	core_step(&after->app, &choice->event, NOW, &actions);
	broken = laws_broken(&moment);
	if (!broken && set->features & LATENESS && is_anybody_aborted())
		broken = "no worker dies of the supervisor's own lateness";
	if (set->features & LATENESS)
		note_beats(after, &choice->event);
	forget(after);
	return broken;
}

/* ---- all states ---- */

struct origin {
	uint32_t parent;
	struct choice choice;
};

struct store {
	struct code *code;
	struct origin *origin;
	uint32_t *good; /* where good behaviour leads */
	uint32_t count, room;
	uint32_t *table; /* of indexes into the above, plus one */
	uint32_t mask;
};

static void *grow(void *memory, size_t count, size_t size)
{
	memory = realloc(memory, count * size);
	if (!memory) {
		printf("out of memory\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

static uint32_t hash(const struct code *code)
{
	uint64_t word;
	uint64_t sum = 0;

	for (unsigned i = 0; i < CODE; i += sizeof(word)) {
		memcpy(&word, code->byte + i, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	return (uint32_t)(sum >> 16);
}

static void store_enlarge(struct store *store)
{
	store->room = store->room ? 2 * store->room : 1 << 16;
	store->code = grow(store->code, store->room, sizeof(*store->code));
	store->origin = grow(store->origin, store->room, sizeof(*store->origin));
	store->good = grow(store->good, store->room, sizeof(*store->good));
	free(store->table);
	store->table = grow(NULL, 2 * (size_t)store->room, sizeof(*store->table));
	memset(store->table, 0, 2 * (size_t)store->room * sizeof(*store->table));
	store->mask = 2 * store->room - 1;
	for (uint32_t i = 0; i < store->count; i++) {
		uint32_t at = hash(&store->code[i]) & store->mask;

		while (store->table[at])
			at = (at + 1) & store->mask;
		store->table[at] = i + 1;
	}
}

/* The index of this state, which is added if it is new. */
static uint32_t store_find(struct store *store, const struct state *state,
			   uint32_t parent, const struct choice *choice)
{
	struct code code = encode(state);
	uint32_t at;

	if (store->count == store->room)
		store_enlarge(store);
	for (at = hash(&code) & store->mask; store->table[at];
	     at = (at + 1) & store->mask)
		if (memcmp(&store->code[store->table[at] - 1], &code, sizeof(code)) == 0)
			return store->table[at] - 1;
	store->code[store->count] = code;
	store->origin[store->count] =
		(struct origin){.parent = parent, .choice = *choice};
	store->good[store->count] = NOBODY;
	store->table[at] = ++store->count;
	return store->count - 1;
}

static void store_free(struct store *store)
{
	free(store->code);
	free(store->origin);
	free(store->good);
	free(store->table);
	memset(store, 0, sizeof(*store));
}

/* ---- telling ---- */

static void tell_path(const struct feature_set *set, const struct store *store,
		      uint32_t index, const struct choice *last)
{
	static uint32_t path[1 << 16];
	unsigned length = 0;
	struct state state;
	struct state after;
	msec clock = 0;
	char text[512];

	for (; index != 0 && length < ARRAY_COUNT(path);
	     index = store->origin[index].parent)
		path[length++] = index;
	state = decode(&store->code[0], &set->policy);
	for (unsigned i = length; i-- > 0 || last;) {
		const struct choice *choice =
			i < length ? &store->origin[path[i]].choice : last;

		take_step(set, &state, choice, &after);
		state = after;
		clock += choice->span;
		if (!choice->span) {
			trace_format(text, sizeof(text), &choice->event, clock, &actions);
			printf("%s\n", text);
		} else if (choice->paused) {
			printf("  all are paused for %u\n", choice->span);
		}
		if (i >= length)
			break;
	}
}

/* ---- from every state good behaviour leads to rest ---- */

static bool is_rested(const struct state *state)
{
	return core_settled(&state->app);
}

/* What a well-behaved worker, or time, does next. */
static struct choice choose_good(const struct feature_set *set, const struct state *state)
{
	struct choice choice = {.span = 1};

	if (is_dazed(set, state)) {
		choice.event.kind = CORE_AWAKE;
		choice.event.arg = (uint32_t)lateness(state);
		choice.span = 0;
		return choice;
	}
	for (unsigned i = 0; i < SEATS; i++) {
		const struct worker *worker =
			&state->app.slot[i / CORE_SEATS].seat[i % CORE_SEATS];

		choice.event.at.slot = (uint16_t)(i / CORE_SEATS);
		choice.event.at.seat = (uint8_t)(i % CORE_SEATS);
		choice.span = 0;
		if (worker->phase == WORKER_STARTING &&
		    !worker_starts_by_exec(&state->app))
			choice.event.kind = CORE_READY;
		else if (worker->phase == WORKER_UNROUTING)
			choice.event.kind = CORE_UNROUTED;
		else if (worker->phase == WORKER_STOPPING ||
			 worker->phase == WORKER_ABORTING ||
			 worker->phase == WORKER_KILLING)
			choice.event.kind = CORE_EXIT;
		else if (worker->phase == WORKER_LATE ||
			 (worker->phase == WORKER_SERVING && worker->deadline <= NOW))
			choice.event.kind = CORE_BEAT;
		else
			continue;
		return choice;
	}
	choice.event = (struct core_event){.kind = CORE_TICK};
	choice.span = waits(state);
	return choice;
}

static void follow_good(const struct feature_set *set, struct store *store,
			uint32_t index, const struct state *state)
{
	struct state after;
	struct choice choice;
	uint32_t next;

	if (is_rested(state)) {
		store->good[index] = index;
		return;
	}
	choice = choose_good(set, state);
	take_step(set, state, &choice, &after);
	next = store_find(store, &after, index, &choice); /* which may move the store */
	store->good[index] = next;
}

/* Marks the way of each state as known; returns a state that never rests. */
static uint32_t find_restless(const struct store *store)
{
	uint32_t *seen = calloc(store->count, sizeof(*seen));
	uint32_t restless = NOBODY;

	for (uint32_t i = 0; i < store->count && restless == NOBODY; i++) {
		uint32_t at = i;

		while (!seen[at] && store->good[at] != at) {
			seen[at] = i + 1;
			at = store->good[at];
		}
		if (seen[at] == i + 1 && store->good[at] != at)
			restless = i;
		seen[at] = seen[at] ? seen[at] : i + 1;
	}
	free(seen);
	return restless;
}

/* ---- exploring ---- */

static bool explore(const struct feature_set *set, struct store *store, uint64_t *steps)
{
	struct choices choices;
	struct state after;

	for (uint32_t i = 0; i < store->count; i++) {
		struct state state = decode(&store->code[i], &set->policy);

		choose(set, &state, &choices);
		for (unsigned j = 0; j < choices.count; j++) {
			const char *broken =
				take_step(set, &state, &choices.list[j], &after);

			(*steps)++;
			if (broken) {
				tell_path(set, store, i, &choices.list[j]);
				printf("%s: broken: %s\n", set->name, broken);
				return false;
			}
			store_find(store, &after, i, &choices.list[j]);
		}
		follow_good(set, store, i, &state);
	}
	return true;
}

static bool check(const struct feature_set *set)
{
	struct store store = {0};
	struct state first = {.app = {.policy = set->policy}};
	uint64_t steps = 0;
	uint32_t restless;
	bool good;

	first.app.want.count = set->count;
	first.app.want.generation = 1;
	store_find(&store, &first, 0, &(struct choice){0});
	if (!(set->features & STOPS)) {
		struct choice start = {
			.event = {.kind = CORE_START, .arg = 1, .operation = 1}};
		struct state after;

		take_step(set, &first, &start, &after);
		store_find(&store, &after, 0, &start);
	}
	good = explore(set, &store, &steps);
	restless = good ? find_restless(&store) : NOBODY;
	if (restless != NOBODY) {
		tell_path(set, &store, restless, NULL);
		printf("%s: broken: from here good behaviour never leads to rest\n",
		       set->name);
		good = false;
	}
	printf("%-12s %9u states %10llu steps\n", set->name, store.count,
	       (unsigned long long)steps);
	fflush(stdout);
	store_free(&store);
	return good;
}

/* ---- the feature sets ---- */

/* One unit of time each, if not said otherwise. */
#define POLICY                                                                      \
	.ready_timeout = 2, .ready_exec = 1, .beat_interval = 1, .beat_timeout = 3, \
	.drain_timeout = 1, .settle = 1, .unroute_timeout = 1, .abort_timeout = 1,  \
	.kill_retry = 1, .backoff = {.first = 1, .most = 2, .steady = 3}

static const struct feature_set sets[] = {
	{.name = "crash",
	 .size = SMALL,
	 .features = CRASHES | DICE | STOPS | SLOW | RESETS,
	 .count = 2,
	 .generations = 1,
	 .policy = {POLICY}},
	{.name = "rest",
	 .size = SMALL,
	 .features = CRASHES | CLEAN_EXITS | LEAVES | RESETS,
	 .count = 2,
	 .generations = 1,
	 .policy = {POLICY, .restart = CORE_RESTART_ON_FAILURE, .restart_max = 3}},
	{.name = "beats",
	 .features = CRASHES | SLOW,
	 .count = 2,
	 .generations = 1,
	 .policy = {POLICY, .beats = true}},
	{.name = "late",
	 .size = SMALL,
	 .features = LATENESS,
	 .count = 2,
	 .generations = 1,
	 .policy = {POLICY, .beats = true}},
	{.name = "auto",
	 .features = CRASHES,
	 .count = 2,
	 .generations = 2,
	 .policy = {POLICY, .ready = CORE_READY_AUTO}},
	{.name = "scale",
	 .size = SMALL,
	 .features = CRASHES | SCALES | STOPS | OWES,
	 .count = 1,
	 .generations = 1,
	 .policy = {POLICY, .failures = 1}},
	{.name = "reload",
	 .features = CRASHES,
	 .count = 2,
	 .generations = 2,
	 .policy = {POLICY}},
	{.name = "patience",
	 .features = CRASHES,
	 .count = 2,
	 .generations = 2,
	 .policy = {POLICY, .failures = 1, .surge = 2, .restart_max = 3}},
	{.name = "compose",
	 .features = BAD_STARTS | SCALES,
	 .count = 2,
	 .generations = 2,
	 .policy = {POLICY}},
	{.name = "reshape",
	 .features = BAD_STARTS | RESHAPES,
	 .count = 1,
	 .generations = 2,
	 .policy = {POLICY}},
	{.name = "job",
	 .size = SMALL,
	 .features = CRASHES | CLEAN_EXITS,
	 .count = 1,
	 .generations = 2,
	 .policy = {POLICY, .failures = 1, .restart = CORE_RESTART_NEVER}},
	{.name = "restart",
	 .features = CRASHES | RESTARTS | RESTART_SLOTS,
	 .count = 2,
	 .generations = 1,
	 .policy = {POLICY}},
	{.name = "renew",
	 .size = SMALL,
	 .features = CRASHES | RENEWS,
	 .count = 2,
	 .generations = 1,
	 .policy = {POLICY}},
	{.name = "surge",
	 .features = CRASHES | SURGES,
	 .count = 1,
	 .generations = 2,
	 .policy = {POLICY}},
	{.name = "late-roll",
	 .features = LATENESS | CRASHES,
	 .count = 2,
	 .generations = 2,
	 .size = LARGE,
	 .policy = {POLICY, .beats = true}},
	{.name = "slow-scale",
	 .features = CRASHES | SCALES | STOPS | OWES | SLOW | DICE,
	 .count = 1,
	 .generations = 1,
	 .size = LARGE,
	 .policy = {POLICY}},
	{.name = "slow-reload",
	 .features = CRASHES | SLOW,
	 .count = 2,
	 .generations = 2,
	 .size = LARGE,
	 .policy = {POLICY}},
	{.name = "superseded",
	 .features = CRASHES,
	 .count = 2,
	 .generations = 3,
	 .size = LARGE,
	 .policy = {POLICY}},
	{.name = "compose-stop",
	 .features = CRASHES | SCALES | STOPS,
	 .count = 2,
	 .generations = 2,
	 .size = LARGE,
	 .policy = {POLICY}},
	{.name = "restart-roll",
	 .features = CRASHES | RESTARTS | RESTART_SLOTS,
	 .count = 2,
	 .generations = 2,
	 .size = LARGE,
	 .policy = {POLICY}},
	{.name = "renew-roll",
	 .features = CRASHES | RENEWS | LEAVES,
	 .count = 2,
	 .generations = 2,
	 .size = LARGE,
	 .policy = {POLICY}},
	{.name = "canary",
	 .features = CRASHES | SURGES,
	 .count = 1,
	 .generations = 3,
	 .size = LARGE,
	 .policy = {POLICY}},
};

static bool is_chosen(const struct feature_set *set, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], set->name) == 0 || strcmp(names[i], "all") == 0)
			return true;
	return count == 0 && set->size != LARGE;
}

int main(int argc, char **argv)
{
	const char *scale = getenv("LOAD_SCALE");
	bool hurried = scale && atoi(scale) > 1;
	unsigned passed = 0;
	unsigned failed = 0;
	unsigned skipped = 0;

	for (unsigned i = 0; i < ARRAY_COUNT(sets); i++) {
		if (!is_chosen(&sets[i], argc - 1, argv + 1))
			continue;
		if (hurried && sets[i].size != SMALL)
			skipped++;
		else if (check(&sets[i]))
			passed++;
		else
			failed++;
	}
	if (skipped)
		printf("SKIP the feature sets that are too large for LOAD_SCALE=%s\n",
		       scale);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
