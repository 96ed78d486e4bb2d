/*
 * laws.h - what must hold at every step of the core, whatever happens.
 *
 * A law is a sentence and a predicate over one step: the app before, the event, the app
 * after, the actions.  model.c tries them on every reachable step of a small app, walk.c
 * on long random walks of a large one; the two see apps of different sizes, hence a
 * header.  They are written from the outside, in terms of what a user may rely on, not of
 * how the core decides.
 */
#ifndef TESTS_MODEL_LAWS_H
#define TESTS_MODEL_LAWS_H

#include "supervisor/core/core.h"

/* What somebody who watches from outside remembers. */
struct witness {
	uint32_t generation; /* of the operation under way, if it names one */
	unsigned count;
};

struct moment {
	const struct core_app *before, *after;
	const struct core_event *event;
	msec now;
	const struct core_actions *actions;
	struct witness witness; /* with this event */
};

/* Slots that may hold anything, then the surge slot. */
#define EACH_SLOT(i, app) \
	for (unsigned i = next(app, -1); i <= CORE_SURGE; i = next(app, (int)i))

static unsigned next(const struct core_app *app, int slot)
{
	unsigned following = (unsigned)(slot + 1);

	return following < app->slots || following > CORE_SURGE ? following : CORE_SURGE;
}

static bool is_ready(const struct worker *worker)
{
	return worker->phase == WORKER_SERVING || worker->phase == WORKER_LATE;
}

static bool is_present(const struct worker *worker)
{
	return is_ready(worker) || worker->phase == WORKER_STARTING ||
	       worker->phase == WORKER_UNROUTING;
}

static bool is_vacant(const struct slot *slot)
{
	return slot->seat[0].phase == WORKER_VACANT &&
	       slot->seat[1].phase == WORKER_VACANT;
}

static bool is_ticking(const struct moment *moment)
{
	return moment->event->kind == CORE_TICK;
}

static bool is_command(const struct core_event *event)
{
	return event->kind >= CORE_START && event->kind <= CORE_STOP;
}

static const struct worker *worker_of(const struct core_app *app, struct seat_ref at)
{
	return &app->slot[at.slot].seat[at.seat];
}

static bool is_order(enum core_action_kind kind)
{
	return kind < CORE_NOTE;
}

static unsigned count_actions(const struct moment *moment, enum core_action_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < moment->actions->count; i++)
		count += moment->actions->list[i].kind == kind;
	return count;
}

/* Nobody in this slot, or nothing but one good worker of the wanted generation. */
static bool has_arrived(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];

	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		if (it->seat[seat].phase == WORKER_SERVING && it->seat[seat].settled &&
		    it->seat[seat].generation == app->want.generation &&
		    it->seat[1 - seat].phase == WORKER_VACANT)
			return true;
	return it->resting && is_vacant(it);
}

/* ---- each action is in order ---- */

static bool spawn_is_allowed(const struct moment *moment,
			     const struct core_action *action)
{
	const struct core_app *app = moment->after;
	const struct worker *worker = worker_of(moment->before, action->at);
	const struct slot *slot = &app->slot[action->at.slot];
	bool vacated = (moment->event->kind == CORE_EXIT ||
			moment->event->kind == CORE_SPAWN_FAILED) &&
		       moment->event->at.slot == action->at.slot &&
		       moment->event->at.seat == action->at.seat;

	if (worker->phase != WORKER_VACANT && !vacated)
		return false;
	if (!app->want.running || slot->resting || slot->restarting)
		return false;
	if (!backoff_allows(&slot->backoff, moment->now))
		return false;
	return core_wants(app, action->at.slot) || slot->owed;
}

static bool spawns_are_allowed(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++)
		if (moment->actions->list[i].kind == CORE_SPAWN &&
		    !spawn_is_allowed(moment, &moment->actions->list[i]))
			return false;
	return true;
}

/* The wanted one where the roll has been, the one before where it has not. */
static bool generation_is_right(const struct core_app *app,
				const struct core_action *action)
{
	if (action->arg == 0)
		return false;
	if (action->at.slot == CORE_SURGE)
		return action->arg == app->want.surge;
	if (app->reload.active && action->at.slot >= app->reload.reached)
		return action->arg == app->reload.from;
	return action->arg == app->want.generation;
}

static bool spawns_are_of_the_right_generation(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++)
		if (moment->actions->list[i].kind == CORE_SPAWN &&
		    !generation_is_right(moment->after, &moment->actions->list[i]))
			return false;
	return true;
}

static bool order_suits(const struct moment *moment, const struct core_action *action)
{
	enum worker_phase before = worker_of(moment->before, action->at)->phase;
	enum worker_phase after = worker_of(moment->after, action->at)->phase;
	bool present = is_present(worker_of(moment->before, action->at));

	switch (action->kind) {
	case CORE_SPAWN:
		return after == WORKER_STARTING;
	case CORE_UNROUTE:
		return present && before != WORKER_UNROUTING && after == WORKER_UNROUTING;
	case CORE_TERM:
		return present && after == WORKER_STOPPING;
	case CORE_ABORT:
		return present && after == WORKER_ABORTING;
	case CORE_KILL:
		return !present && before != WORKER_VACANT && after == WORKER_KILLING;
	case CORE_NOTE:
	case CORE_DONE:
	case CORE_ACTION_KINDS:
		break;
	}
	return true;
}

/* Hence TERM comes once in a life: who was told to go is not present any more. */
static bool orders_suit_their_workers(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++)
		if (!order_suits(moment, &moment->actions->list[i]))
			return false;
	return true;
}

static bool nobody_gets_two_orders(const struct moment *moment)
{
	const struct core_actions *actions = moment->actions;

	for (unsigned i = 0; i < actions->count; i++)
		for (unsigned j = 0; j < i; j++)
			if (is_order(actions->list[i].kind) &&
			    is_order(actions->list[j].kind) &&
			    actions->list[i].at.slot == actions->list[j].at.slot &&
			    actions->list[i].at.seat == actions->list[j].at.seat)
				return false;
	return true;
}

/* Every change of phase that concerns a process was ordered, or came from it. */
static bool nothing_changes_unsaid(const struct moment *moment)
{
	unsigned spawned = 0;
	unsigned unrouted = 0;

	EACH_SLOT(i, moment->after)
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		enum worker_phase before = moment->before->slot[i].seat[seat].phase;
		enum worker_phase after = moment->after->slot[i].seat[seat].phase;

		if (before == after)
			continue;
		spawned += after == WORKER_STARTING;
		unrouted += after == WORKER_UNROUTING;
		if (after == WORKER_VACANT && moment->event->kind != CORE_EXIT &&
		    moment->event->kind != CORE_SPAWN_FAILED)
			return false;
	}
	return count_actions(moment, CORE_SPAWN) >= spawned &&
	       count_actions(moment, CORE_UNROUTE) == unrouted;
}

/* ---- service ---- */

static bool may_be_replaced(const struct moment *moment, struct seat_ref at)
{
	const struct core_app *app = moment->after;
	const struct worker *heir = &app->slot[at.slot].seat[1 - at.seat];

	if (heir->phase != WORKER_SERVING || !heir->settled)
		return false;
	if (moment->event->kind == CORE_RELOAD ||
	    moment->before->want.generation != app->want.generation)
		return true;
	return at.slot == CORE_SURGE || heir->generation == app->want.generation ||
	       (app->reload.active && at.slot >= moment->before->reload.reached);
}

/* Who serves a wanted slot is told to go only beside a good heir, or for a restart. */
static bool service_goes_on(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];

		if (action->kind != CORE_TERM ||
		    !core_wants(moment->after, action->at.slot) ||
		    !is_ready(worker_of(moment->before, action->at)) ||
		    moment->after->slot[action->at.slot].restarting)
			continue;
		if (moment->event->kind == CORE_RESTART ||
		    moment->event->kind == CORE_RESTART_SLOT)
			continue;
		if (!may_be_replaced(moment, action->at))
			return false;
	}
	return true;
}

static bool is_unrouted(const struct moment *moment, struct seat_ref at)
{
	const struct worker *worker = worker_of(moment->before, at);

	if (worker->phase != WORKER_UNROUTING)
		return false;
	if (moment->event->kind == CORE_UNROUTED && moment->event->at.slot == at.slot)
		return true;
	return is_ticking(moment) && worker->deadline <= moment->now;
}

/* A retiring worker hears TERM when its queue is empty or its time is over, not before;
 * unless another one is there to empty it. */
static bool nobody_drains_before_it_is_unrouted(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct slot *slot = &moment->after->slot[action->at.slot];

		if (action->kind != CORE_TERM ||
		    core_wants(moment->after, action->at.slot) ||
		    worker_of(moment->before, action->at)->phase == WORKER_STARTING)
			continue;
		if (slot->seat[1 - action->at.seat].phase != WORKER_UNROUTING &&
		    !is_unrouted(moment, action->at))
			return false;
	}
	return true;
}

static bool only_wanted_slots_are_routed(const struct moment *moment)
{
	EACH_SLOT(i, moment->after)
	{
		const struct slot *slot = &moment->after->slot[i];
		bool serves = slot->seat[0].phase == WORKER_SERVING ||
			      slot->seat[1].phase == WORKER_SERVING;

		if (core_routes(moment->after, i) != serves)
			return false;
		if (serves && !core_wants(moment->after, i))
			return false;
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			if (slot->seat[seat].phase == WORKER_UNROUTING &&
			    core_wants(moment->after, i))
				return false;
	}
	return true;
}

static unsigned surge_of(const struct core_app *app)
{
	unsigned surge = app->policy.surge;

	if (app->policy.surge_percent)
		surge = (app->want.count * surge + 99) / 100;
	return surge ? surge : 1;
}

/* Slots below the count with one more worker than they need. */
static unsigned count_doubles(const struct core_app *app)
{
	unsigned pairs = 0;

	for (unsigned i = 0; i < app->want.count && i < app->slots; i++)
		pairs += is_present(&app->slot[i].seat[0]) &&
			 is_present(&app->slot[i].seat[1]);
	return pairs;
}

static bool has_any_arrived(const struct core_app *app)
{
	for (unsigned i = 0; i < app->want.count && i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			if (app->slot[i].seat[seat].generation == app->want.generation &&
			    app->slot[i].seat[seat].settled)
				return true;
	return false;
}

/* Beside those who serve start at most `surge` successors; of a roll the first alone. */
static bool surge_is_kept(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		unsigned limit = surge_of(app);

		if (action->kind != CORE_SPAWN || action->at.slot == CORE_SURGE ||
		    !is_ready(&app->slot[action->at.slot].seat[1 - action->at.seat]))
			continue;
		if (app->reload.active && !has_any_arrived(app))
			limit = 1;
		if (count_doubles(app) > limit)
			return false;
	}
	return true;
}

/* ---- time ---- */

static bool every_life_has_a_deadline(const struct moment *moment)
{
	EACH_SLOT(i, moment->after)
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *worker = &moment->after->slot[i].seat[seat];
		bool unjudged =
			worker->phase == WORKER_SERVING && worker->beat == MSEC_NEVER;

		if (worker->phase == WORKER_VACANT)
			continue;
		if ((worker->deadline == MSEC_NEVER) != unjudged)
			return false;
	}
	return true;
}

/* Also: the shell never spins, ticking without effect. */
static bool a_tick_leaves_nothing_due(const struct moment *moment)
{
	return !is_ticking(moment) || core_deadline(moment->after) > moment->now;
}

/* No order but by a tick comes of time alone; and no other event expires anybody. */
static bool only_ticks_expire(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		bool expires = action->kind == CORE_KILL ||
			       (action->kind == CORE_NOTE &&
				(action->arg == CORE_NOTE_LATE ||
				 action->arg == CORE_NOTE_READY_TIMEOUT ||
				 action->arg == CORE_NOTE_DRAIN_TIMEOUT));

		if (expires && !is_ticking(moment))
			return false;
		if (expires &&
		    worker_of(moment->before, action->at)->deadline > moment->now)
			return false;
	}
	return true;
}

static bool settles_in_time(const struct moment *moment)
{
	EACH_SLOT(i, moment->after)
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *before = &moment->before->slot[i].seat[seat];
		const struct worker *after = &moment->after->slot[i].seat[seat];

		if (!after->settled || before->settled)
			continue;
		if (!is_ticking(moment) ||
		    moment->now - after->served < moment->after->policy.settle)
			return false;
	}
	return true;
}

/* A beat buys exactly the interval, then the timeout, however late it is read. */
static bool a_beat_buys_its_time(const struct moment *moment)
{
	const struct core_policy *policy = &moment->after->policy;
	const struct worker *before = worker_of(moment->before, moment->event->at);
	const struct worker *after = worker_of(moment->after, moment->event->at);

	if (moment->event->kind != CORE_BEAT || !policy->beats || !is_ready(before))
		return true;
	return !is_ready(after) ||
	       (after->phase == WORKER_SERVING &&
		after->deadline == moment->now + policy->beat_interval);
}

static bool only_silence_hangs(const struct moment *moment)
{
	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];
		const struct worker *worker = worker_of(moment->before, action->at);

		if (action->kind != CORE_ABORT || moment->event->kind == CORE_TRIGGER)
			continue;
		if (worker->beat == MSEC_NEVER ||
		    moment->now - worker->beat < moment->after->policy.beat_timeout)
			return false;
	}
	return true;
}

/* ---- operations ---- */

static bool operations_are_conserved(const struct moment *moment)
{
	unsigned before = moment->before->operation.kind != CORE_OPERATION_NONE;
	unsigned after = moment->after->operation.kind != CORE_OPERATION_NONE;

	return before + is_command(moment->event) ==
	       after + count_actions(moment, CORE_DONE);
}

static bool the_way_back_stays(const struct moment *moment)
{
	if (!moment->before->reload.active || !moment->after->reload.active)
		return true;
	return moment->before->reload.from == moment->after->reload.from;
}

/* A roll ends when all is at rest at what is wanted; only stop and restart cut it short.
 */
static bool a_roll_ends_at_rest(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (!moment->before->reload.active || app->reload.active)
		return true;
	if (moment->event->kind == CORE_STOP)
		return app->want.generation == moment->before->reload.from;
	if (moment->event->kind == CORE_RESTART)
		return true;
	for (unsigned i = 0; i < app->want.count; i++)
		if (!has_arrived(app, i))
			return false;
	if (moment->event->kind == CORE_RELOAD)
		return app->want.generation == moment->event->arg;
	return app->want.generation == moment->before->want.generation ||
	       app->want.generation == moment->before->reload.from;
}

/* Too many failures: the way back is wanted. */
static bool failures_are_limited(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (app->reload.active && app->reload.failures > app->policy.failures &&
	    app->want.generation != app->reload.from)
		return false;
	return !app->scale.active || app->scale.failures <= app->policy.failures;
}

/* What came with a bad generation goes with it. */
static bool a_revert_undoes_the_count(const struct moment *moment)
{
	const struct core_app *before = moment->before;

	if (is_command(moment->event) || before->reload.count == 0 ||
	    before->want.generation == moment->after->want.generation)
		return true;
	return moment->after->want.count == before->reload.count;
}

static bool range_is_served(const struct core_app *app, unsigned first, unsigned past)
{
	for (unsigned i = first; i < past; i++) {
		const struct slot *slot = &app->slot[i];
		bool wanted = core_wants(app, i) && !slot->resting;
		unsigned serving = 0;

		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			serving += slot->seat[seat].phase == WORKER_SERVING;
		if (wanted ? !(serving == 1 && (slot->seat[0].phase == WORKER_VACANT ||
						slot->seat[1].phase == WORKER_VACANT))
			   : !is_vacant(slot))
			return false;
	}
	return true;
}

static bool are_others_gone(const struct core_app *app)
{
	EACH_SLOT(i, app)
	if (!core_wants(app, i) && !is_vacant(&app->slot[i]))
		return false;
	return true;
}

static bool result_is_true(const struct moment *moment, enum core_operation_kind kind,
			   enum core_result result)
{
	const struct core_app *app = moment->after;
	unsigned most = app->slots;

	if (result == CORE_RESULT_SUPERSEDED)
		return is_command(moment->event);
	if (result == CORE_RESULT_FAILED)
		return kind == CORE_OPERATION_START || kind == CORE_OPERATION_RESTART ||
		       kind == CORE_OPERATION_RENEW;
	if (result == CORE_RESULT_REVERTED && kind == CORE_OPERATION_RELOAD)
		return !app->reload.active && are_others_gone(app);
	if (result == CORE_RESULT_REVERTED)
		return kind == CORE_OPERATION_SCALE &&
		       app->want.count < moment->witness.count &&
		       range_is_served(app, app->want.count, most);

	switch (kind) {
	case CORE_OPERATION_START:
		return app->want.running && range_is_served(app, 0, app->want.count);
	case CORE_OPERATION_RELOAD:
		return app->want.generation == moment->witness.generation &&
		       !app->reload.active && are_others_gone(app);
	case CORE_OPERATION_SCALE:
		return app->want.count == moment->witness.count &&
		       (!app->want.running ||
			range_is_served(app, app->want.count, most));
	case CORE_OPERATION_STOP:
		return !app->want.running && range_is_served(app, 0, most) &&
		       is_vacant(&app->slot[CORE_SURGE]);
	case CORE_OPERATION_RESTART:
	case CORE_OPERATION_RENEW:
		return app->want.running;
	case CORE_OPERATION_NONE:
	case CORE_OPERATION_KINDS:
		break;
	}
	return false;
}

static const enum core_operation_kind kind_of[CORE_EVENTS] = {
	[CORE_START] = CORE_OPERATION_START,
	[CORE_RELOAD] = CORE_OPERATION_RELOAD,
	[CORE_SCALE] = CORE_OPERATION_SCALE,
	[CORE_RESTART] = CORE_OPERATION_RESTART,
	[CORE_RESTART_SLOT] = CORE_OPERATION_RESTART,
	[CORE_RENEW] = CORE_OPERATION_RENEW,
	[CORE_STOP] = CORE_OPERATION_STOP,
};

/* The first answer of a command is for the one it supersedes. */
static bool answers_are_true(const struct moment *moment)
{
	enum core_operation_kind kind = moment->before->operation.kind;

	for (unsigned i = 0; i < moment->actions->count; i++) {
		const struct core_action *action = &moment->actions->list[i];

		if (action->kind != CORE_DONE)
			continue;
		if (kind == CORE_OPERATION_NONE)
			kind = kind_of[moment->event->kind];
		else if (is_command(moment->event) &&
			 action->arg != CORE_RESULT_SUPERSEDED)
			return false;
		if (!result_is_true(moment, kind, (enum core_result)action->arg))
			return false;
		kind = CORE_OPERATION_NONE;
	}
	return true;
}

static bool after_stop_nothing_is_started(const struct moment *moment)
{
	if (moment->after->want.running)
		return moment->before->want.running ||
		       moment->event->kind == CORE_START ||
		       moment->event->kind == CORE_RESTART;
	return count_actions(moment, CORE_SPAWN) == 0;
}

static bool settled_means_at_rest(const struct moment *moment)
{
	const struct core_app *app = moment->after;

	if (!core_settled(app))
		return true;
	return app->operation.kind == CORE_OPERATION_NONE && !app->reload.active &&
	       !app->scale.active && range_is_served(app, 0, app->slots) &&
	       range_is_served(app, CORE_SURGE, CORE_SURGE + 1);
}

/* Only what an unwanted slot of a running app owes is owed. */
static bool debts_are_few(const struct moment *moment)
{
	EACH_SLOT(i, moment->after)
	if (moment->after->slot[i].owed &&
	    (!moment->after->want.running || core_wants(moment->after, i)))
		return false;
	return true;
}

static const struct {
	const char *sentence;
	bool (*holds)(const struct moment *moment);
} laws[] = {
	{"a spawn needs a free seat, a want and the leave of its backoff",
	 spawns_are_allowed},
	{"a spawn is of the wanted generation, or where the roll has not been of the one "
	 "before",
	 spawns_are_of_the_right_generation},
	{"an order suits the phase of its worker, TERM comes once",
	 orders_suit_their_workers},
	{"nobody gets two orders in one step", nobody_gets_two_orders},
	{"nothing changes unsaid", nothing_changes_unsaid},
	{"who serves a wanted slot goes only beside a good heir", service_goes_on},
	{"nobody drains before it is unrouted", nobody_drains_before_it_is_unrouted},
	{"exactly the wanted slots where one serves are routed",
	 only_wanted_slots_are_routed},
	{"at most `surge` successors at a time, the first alone", surge_is_kept},
	{"every life has a deadline, but that of one who serves without beats",
	 every_life_has_a_deadline},
	{"a tick leaves nothing due", a_tick_leaves_nothing_due},
	{"only ticks expire, and only what is due", only_ticks_expire},
	{"good is who was ready for `settle`, by a tick", settles_in_time},
	{"a beat buys its time", a_beat_buys_its_time},
	{"only silence hangs", only_silence_hangs},
	{"every command is answered once", operations_are_conserved},
	{"the way back of a roll stays", the_way_back_stays},
	{"a roll ends at rest", a_roll_ends_at_rest},
	{"failures are limited", failures_are_limited},
	{"a revert undoes the count", a_revert_undoes_the_count},
	{"answers are true", answers_are_true},
	{"after stop nothing is started", after_stop_nothing_is_started},
	{"settled means at rest", settled_means_at_rest},
	{"only a running app owes, where it wants nobody", debts_are_few},
};

/* The sentence of the first law that this step breaks; NULL: none. */
static inline const char *laws_broken(const struct moment *moment)
{
	for (unsigned i = 0; i < ARRAY_COUNT(laws); i++)
		if (!laws[i].holds(moment))
			return laws[i].sentence;
	return NULL;
}

#endif
