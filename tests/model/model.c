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
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/store.h" /* first: its apps are small */

#include "tests/model/laws.h"
#include "tests/model/sets.h"

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

static struct core_actions repeated; /* orders, by an adoption */

/* The supervisor dies in the middle of its orders, and another one takes over. */
static const char *adopt(struct state *state, unsigned done, struct witness witness)
{
	static const struct core_event event = {.kind = CORE_ADOPT};
	struct state before;
	struct moment moment = {.before = &before.app,
				.after = &state->app,
				.event = &event,
				.now = NOW,
				.actions = &repeated,
				.witness = witness};
	const char *broken;

	(void)carry_out(&state->app, &actions, done);
	before = *state;
	core_step(&state->app, &event, NOW, &repeated);
	broken = laws_broken(&moment);
	(void)carry_out(&state->app, &repeated, ALL);
	return broken;
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
	if (!broken && choice->dies)
		broken = adopt(after, choice->done, moment.witness);
	(void)carry_out(&after->app, &actions, ALL);
	if (!broken && set->features & LATENESS && is_anybody_aborted())
		broken = "no worker dies of the supervisor's own lateness";
	if (set->features & LATENESS)
		note_beats(after, &choice->event);
	if (!(set->features & MEMORY))
		memset(&after->app.served, 0, sizeof(after->app.served));
	forget(after);
	return broken;
}

/* ---- telling ---- */

static void tell_adoption(unsigned done, msec clock)
{
	char text[512];

	printf("  died with %u done\n", done);
	trace_format(text, sizeof(text), &(struct core_event){.kind = CORE_ADOPT}, clock,
		     &repeated);
	printf("%s\n", text);
}

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
			if (choice->dies)
				tell_adoption(choice->done, clock);
		} else if (choice->paused) {
			printf("  all are paused for %u\n", choice->span);
		}
		if (i >= length)
			break;
	}
}

/* ---- from every state good behaviour leads to rest ---- */

/* Who exceeded a bound is to be replaced in the end. */
static bool is_rested(const struct state *state)
{
	for (unsigned i = 0; i < SEATS; i++)
		if (state->app.slot[i / CORE_SEATS].seat[i % CORE_SEATS].due !=
		    CORE_BOUND_NONE)
			return false;
	return core_settled(&state->app);
}

/* One that only waits for its probes passes them. */
static bool choose_to_pass(const struct state *state, struct choice *choice)
{
	for (unsigned slot = 0; slot < CORE_SLOTS; slot++) {
		const struct worker *worker;
		unsigned seat;

		if (!core_may_probe(&state->app, slot, &seat))
			continue;
		worker = &state->app.slot[slot].seat[seat];
		if (worker->proven && worker->misses == 0)
			continue;
		choice->event = (struct core_event){.kind = CORE_PROBED,
						    .at.slot = (uint16_t)slot,
						    .at.seat = (uint8_t)seat,
						    .arg = CORE_PROBE_PASSED};
		choice->span = 0;
		return true;
	}
	return false;
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
			choice.event.kind = set->policy.ready == CORE_READY_LISTEN
						    ? CORE_LISTENING
						    : CORE_READY;
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
	if (choose_to_pass(state, &choice))
		return choice;
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

	if (is_rested(state))
		return;
	choice = choose_good(set, state);
	take_step(set, state, &choice, &after);
	next = store_find(store, &after, index, &choice); /* which may move the store */
	store->good[index] = next;
}

/* Marks the way of each state as known; returns a state that never rests: its way comes
 * back to itself, be it at once. */
static uint32_t find_restless(const struct store *store)
{
	uint32_t *seen = calloc(store->count, sizeof(*seen));
	uint32_t restless = NOBODY;

	for (uint32_t i = 0; i < store->count && restless == NOBODY; i++) {
		uint32_t at = i;

		while (at != NOBODY && !seen[at]) {
			seen[at] = i + 1;
			at = store->good[at];
		}
		if (at != NOBODY && seen[at] == i + 1)
			restless = i;
	}
	free(seen);
	return restless;
}

/* ---- exploring ---- */

/* Takes the step, and goes on from there; false: a law is broken, and that was told. */
static bool try_choice(const struct feature_set *set, struct store *store, uint32_t from,
		       const struct state *state, const struct choice *choice)
{
	struct state after;
	const char *broken = take_step(set, state, choice, &after);

	if (broken) {
		tell_path(set, store, from, choice);
		printf("%s: broken: %s\n", set->name, broken);
		return false;
	}
	store_find(store, &after, from, choice);
	return true;
}

/* The same step, and the supervisor dies before each of its orders. */
static bool try_deaths(const struct feature_set *set, struct store *store, uint32_t from,
		       const struct state *state, struct choice choice, uint64_t *steps)
{
	unsigned orders = 0;

	if (!(set->features & ADOPTIONS) || choice.span)
		return true;
	for (unsigned i = 0; i < actions.count; i++)
		orders += is_order(actions.list[i].kind);
	choice.dies = true;
	for (choice.done = 0; choice.done < orders; choice.done++) {
		(*steps)++;
		if (!try_choice(set, store, from, state, &choice))
			return false;
	}
	return true;
}

static bool explore(const struct feature_set *set, struct store *store, uint64_t *steps)
{
	struct choices choices;

	for (uint32_t i = 0; i < store->count; i++) {
		struct state state = decode(&store->code[i], &set->policy);

		choose(set, &state, &choices);
		for (unsigned j = 0; j < choices.count; j++) {
			(*steps)++;
			if (!try_choice(set, store, i, &state, &choices.list[j]) ||
			    !try_deaths(set, store, i, &state, choices.list[j], steps))
				return false;
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

/* ---- which ---- */

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
