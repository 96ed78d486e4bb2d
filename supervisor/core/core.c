#include "supervisor/core/core.h"

#include <assert.h>

#include "supervisor/core/news.h"
#include "supervisor/core/recycle.h"
#include "supervisor/core/roll.h"
#include "supervisor/core/slot.h"
#include "supervisor/core/want.h"
#include "supervisor/core/worker.h"

static void (*const absorb[CORE_EVENTS])(struct step *step,
					 const struct core_event *event) = {
	[CORE_TICK] = news_tick,
	[CORE_AWAKE] = news_awake,
	[CORE_ADOPT] = news_adopt,
	[CORE_READY] = news_ready,
	[CORE_LISTENING] = news_listening,
	[CORE_BEAT] = news_beat,
	[CORE_LEAVE] = news_leave,
	[CORE_TRIGGER] = news_trigger,
	[CORE_EXTEND] = news_extend,
	[CORE_EXIT] = news_exit,
	[CORE_SPAWN_FAILED] = news_spawn_failed,
	[CORE_UNROUTED] = news_unrouted,
	[CORE_OWED] = want_owed,
	[CORE_EXCEEDED] = news_exceeded,
	[CORE_PROBED] = news_probed,
	[CORE_START] = want_start,
	[CORE_RELOAD] = want_reload,
	[CORE_SCALE] = want_scale,
	[CORE_RESTART] = want_restart,
	[CORE_RENEW] = want_renew,
	[CORE_RESTART_SLOT] = want_restart_slot,
	[CORE_STOP] = want_stop,
	[CORE_RESET] = want_reset,
	[CORE_SURGE_END] = want_surge_end,
	[CORE_SURGE_START] = want_surge_start,
};

static void move_all(struct step *step, unsigned slot, enum stimulus stimulus)
{
	struct seat_ref at = {.slot = (uint16_t)slot};

	for (; at.seat < CORE_SEATS; at.seat++)
		worker_move(step, at, stimulus, CORE_EXIT_FAILURE);
}

/* ---- decide: close the gap a little ---- */

/* Who started to fetch what waits in an unwanted slot goes the way of all others there,
 * once it is ready. */
static void retire(struct step *step, unsigned slot)
{
	struct slot *it = &step->app->slot[slot];

	if (slot_ready(it) > 0)
		it->owed = false;
	if (!it->owed)
		move_all(step, slot, STIMULUS_RETIRE);
}

/*
 * Is this worker of no more use beside the keeper?  One who serves goes only when a good
 * one serves.  One who starts goes when it is of no generation that may be needed; but
 * the way back is a reserve until the keeper serves.
 */
static bool is_surplus(const struct core_app *app, const struct worker *keeper,
		       const struct worker *worker)
{
	if (worker_is_ready(worker))
		return keeper && keeper->phase == WORKER_SERVING && keeper->settled;
	if (keeper && worker_is_ready(keeper))
		return true;
	return !(app->reload.active && worker->generation == app->reload.from);
}

/* Has this worker sockets that the keeper has not? */
static bool has_no_heir(const struct core_app *app, const struct worker *keeper,
			const struct worker *worker)
{
	if (!keeper || keeper->phase != WORKER_SERVING)
		return false;
	return keeper->socket != worker->socket ||
	       (app->policy.moves && keeper->generation != worker->generation);
}

/* Not beside a keeper that has other sockets.  A tick sees what came due meanwhile. */
static void stay(struct step *step, struct seat_ref at)
{
	const struct slot *it = &step->app->slot[at.slot];
	unsigned keeper = slot_keeper(step->app, at.slot);

	if (it->seat[at.seat].phase != WORKER_UNROUTING ||
	    (keeper < CORE_SEATS && at.seat != keeper &&
	     has_no_heir(step->app, &it->seat[keeper], &it->seat[at.seat])))
		return;
	worker_move(step, at, STIMULUS_STAY, CORE_EXIT_FAILURE);
	if (step->ticks) {
		worker_expire(step, at);
		recycle_expire(step, at);
	}
}

/* Who is being unrouted serves on when its slot is wanted again, the keeper first. */
static void stay_all(struct step *step, unsigned slot)
{
	struct seat_ref at = {.slot = (uint16_t)slot};
	unsigned keeper = slot_keeper(step->app, slot);

	if (keeper < CORE_SEATS)
		stay(step, (struct seat_ref){.slot = at.slot, .seat = (uint8_t)keeper});
	for (; at.seat < CORE_SEATS; at.seat++)
		stay(step, at);
}

static void tend(struct step *step, unsigned slot)
{
	struct core_app *app = step->app;
	struct slot *it = &app->slot[slot];
	struct seat_ref at = {.slot = (uint16_t)slot};
	const struct worker *keeper = NULL;
	unsigned seat;

	it->owed = false;
	if (it->restarting) {
		move_all(step, slot, STIMULUS_REPLACE);
		return;
	}
	stay_all(step, slot);
	seat = slot_keeper(app, slot);
	if (seat < CORE_SEATS)
		keeper = &it->seat[seat];
	for (; at.seat < CORE_SEATS; at.seat++) {
		const struct worker *worker = &it->seat[at.seat];

		if (at.seat == seat || !worker_is_present(worker) ||
		    !is_surplus(app, keeper, worker))
			continue;
		worker_move(step, at,
			    has_no_heir(app, keeper, worker) ? STIMULUS_RETIRE
							     : STIMULUS_REPLACE,
			    CORE_EXIT_FAILURE);
	}
}

/* Those that restart together begin again together, when the last of them is gone. */
static void end_restart(struct core_app *app)
{
	for (unsigned i = 0; i < app->slots; i++)
		if (app->slot[i].restarting && !slot_vacant(&app->slot[i]))
			return;
	for (unsigned i = 0; i < app->slots; i++)
		app->slot[i].restarting = false;
}

/* Connections go to who is to stay, once it serves; before to whoever does. */
static void choose_socket(struct core_app *app, unsigned slot)
{
	struct slot *it = &app->slot[slot];
	unsigned keeper = slot_keeper(app, slot);

	if (keeper == CORE_SEATS || it->seat[keeper].phase != WORKER_SERVING)
		keeper = it->seat[0].phase == WORKER_SERVING ? 0 : 1;
	if (it->seat[keeper].phase == WORKER_SERVING)
		it->socket = it->seat[keeper].socket;
}

static unsigned count_pairs(const struct core_app *app)
{
	unsigned count = 0;

	for (unsigned i = 0; i < app->slots; i++)
		count += slot_wanted(app, i) && slot_doubled(&app->slot[i]);
	return count;
}

/* Beside one who serves only as many as `surge` allows; where nobody does, at once. */
static void fill(struct step *step, unsigned slot, unsigned *pairs)
{
	struct core_app *app = step->app;
	struct slot *it = &app->slot[slot];
	struct seat_ref at = {.slot = (uint16_t)slot};

	if (!slot_waits(app, slot) || !backoff_allows(&it->backoff, step->now))
		return;
	if (slot_ready(it) > 0 && *pairs >= roll_limit(app))
		return;
	while (it->seat[at.seat].phase != WORKER_VACANT)
		if (++at.seat == CORE_SEATS)
			return;
	worker_spawn(step, at, slot_generation(app, slot));
	*pairs += slot_doubled(it);
}

/*
 * Tends and fills from the lowest slot up, retires from the highest down.  Whether a slot
 * beyond the count is wanted still is known when it is known whether the roll is over.
 */
static void decide(struct step *step)
{
	struct core_app *app = step->app;
	unsigned pairs;

	for (unsigned i = 0; i < app->want.count; i++)
		if (slot_wanted(app, i))
			tend(step, i);
	end_restart(app);
	roll_advance(app);
	roll_end(app);
	roll_remember(app);

	for (unsigned i = app->want.count; i <= CORE_SURGE; i = slot_next(app, i))
		if (slot_wanted(app, i))
			tend(step, i);
	if (!slot_wanted(app, CORE_SURGE))
		retire(step, CORE_SURGE);
	for (unsigned i = app->slots; i-- > 0;)
		if (!slot_wanted(app, i))
			retire(step, i);

	for (unsigned i = 0; i < app->slots; i++)
		choose_socket(app, i);
	choose_socket(app, CORE_SURGE);

	pairs = count_pairs(app);
	for (unsigned i = 0; i < app->slots; i++)
		fill(step, i, &pairs);
	fill(step, CORE_SURGE, &pairs);
}

void core_step(struct core_app *app, const struct core_event *event, msec now,
	       struct core_actions *actions)
{
	struct step step = {.app = app,
			    .now = now,
			    .ticks = event->kind == CORE_TICK,
			    .dice = event->dice,
			    .actions = actions};

	assert(event->kind < CORE_EVENTS);
	actions->count = 0;
	absorb[event->kind](&step, event);
	if (event->kind == CORE_BEAT && actions->count == 0)
		return; /* only a deadline moved, and beats are many */
	if (event->kind == CORE_ADOPT)
		return; /* who is still there is not known yet */
	if (app->slots < app->want.count)
		app->slots = app->want.count;
	decide(&step);
	want_settle(&step);
	recycle_advance(&step);
}

void core_did(struct core_app *app, struct seat_ref at)
{
	app->slot[at.slot].seat[at.seat].undone = false;
}

/* ---- questions ---- */

static msec earlier(msec one, msec other)
{
	return one < other ? one : other;
}

/* `due`: set if somebody there is to be recycled. */
static msec slot_deadline(const struct core_app *app, unsigned slot, bool *due)
{
	const struct slot *it = &app->slot[slot];
	msec deadline = MSEC_NEVER;

	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *worker = &it->seat[seat];

		if (worker->phase == WORKER_VACANT)
			continue;
		deadline = earlier(deadline, worker->deadline);
		if (worker->phase == WORKER_SERVING && !worker->settled)
			deadline = earlier(deadline, worker->served + app->policy.settle);
		if (app->policy.recycle.age)
			deadline = earlier(deadline, recycle_ripe(app, slot, worker));
		if (worker->due != CORE_BOUND_NONE)
			*due = true;
	}
	if (it->backoff.until && slot_waits(app, slot))
		deadline = earlier(deadline, it->backoff.until);
	return deadline;
}

msec core_deadline(const struct core_app *app)
{
	bool due = false;
	msec deadline = slot_deadline(app, CORE_SURGE, &due);

	for (unsigned i = 0; i < app->slots; i++)
		deadline = earlier(deadline, slot_deadline(app, i, &due));
	return due ? earlier(deadline, recycle_deadline(app)) : deadline;
}

bool core_awaits_beat(const struct core_app *app, unsigned slot, msec now)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *worker = &app->slot[slot].seat[seat];

		if (worker_is_ready(worker) && worker->deadline <= now)
			return true;
	}
	return false;
}

bool core_settled(const struct core_app *app)
{
	if (app->operation.kind != CORE_OPERATION_NONE || app->reload.active ||
	    app->scale.active)
		return false;
	for (unsigned i = 0; i < app->slots; i++)
		if (!slot_satisfied(app, i))
			return false;
	return slot_satisfied(app, CORE_SURGE);
}

unsigned core_serving(const struct core_app *app)
{
	unsigned count = 0;

	for (unsigned i = 0; i < app->slots; i++)
		count += slot_ready(&app->slot[i]) > 0;
	return count;
}

bool core_routes(const struct core_app *app, unsigned slot)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *worker = &app->slot[slot].seat[seat];

		if (worker->phase == WORKER_SERVING && !worker_is_sick(app, worker))
			return true;
	}
	return false;
}

bool core_may_probe(const struct core_app *app, unsigned slot, unsigned *ret_seat)
{
	const struct slot *it = &app->slot[slot];
	unsigned answering = 0, found = 0;

	if (app->policy.probe_failures == 0 || slot >= core_count(app))
		return false;
	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		const struct worker *worker = &it->seat[seat];

		if (!worker_is_present(worker) || worker->socket != it->socket)
			continue;
		answering++;
		found = seat;
	}
	if (answering != 1 || !worker_is_ready(&it->seat[found]))
		return false;
	*ret_seat = found;
	return true;
}

bool core_is_sick(const struct core_app *app, struct seat_ref at)
{
	return worker_is_sick(app, &app->slot[at.slot].seat[at.seat]);
}

bool core_is_quiet(const struct core_app *app, struct seat_ref at)
{
	return worker_is_quiet(app, &app->slot[at.slot].seat[at.seat]);
}

bool core_wants(const struct core_app *app, unsigned slot)
{
	return slot_wanted(app, slot);
}

bool core_may_fetch(const struct core_app *app, unsigned slot, unsigned socket)
{
	const struct slot *it = &app->slot[slot];
	unsigned keeper = slot_keeper(app, slot);

	if (!app->want.running)
		return false;
	if (!slot_wanted(app, slot))
		return slot_vacant(it) && !it->owed;
	if (app->operation.kind != CORE_OPERATION_NONE || app->reload.active ||
	    app->scale.active)
		return false;
	return keeper < CORE_SEATS && it->seat[1 - keeper].phase == WORKER_VACANT &&
	       it->seat[keeper].phase == WORKER_SERVING && !it->seat[keeper].renew &&
	       !it->restarting && socket != it->socket &&
	       worker_is_quiet(app, &it->seat[keeper]);
}

bool core_uses(const struct core_app *app, uint32_t generation)
{
	if (generation == app->want.generation || generation == app->want.surge ||
	    (app->reload.active && generation == app->reload.from))
		return true;
	for (unsigned i = 0; i < CORE_SEATS * (CORE_SLOTS + 1); i++)
		if (app->slot[i / CORE_SEATS].seat[i % CORE_SEATS].generation ==
		    generation)
			return true;
	return false;
}

uint32_t core_before(const struct core_app *app)
{
	return app->served.now != app->want.generation ? app->served.now
						       : app->served.before;
}

bool core_keeps(const struct core_app *app, uint32_t generation)
{
	return generation == app->served.now || generation == app->served.before ||
	       core_uses(app, generation);
}
