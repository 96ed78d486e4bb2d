#include "supervisor/core/slot.h"

bool worker_is_ready(const struct worker *worker)
{
	return worker->phase == WORKER_SERVING || worker->phase == WORKER_LATE;
}

bool worker_is_present(const struct worker *worker)
{
	return worker_is_ready(worker) || worker->phase == WORKER_STARTING ||
	       worker->phase == WORKER_UNROUTING;
}

bool worker_is_sick(const struct core_app *app, const struct worker *worker)
{
	unsigned most = app->policy.probe_failures;

	return most > 0 && worker_is_ready(worker) && worker->misses >= most;
}

bool worker_is_on_trial(const struct core_app *app, const struct worker *worker)
{
	return app->policy.probe_failures > 0 && worker_is_ready(worker) &&
	       !worker->proven && !worker_is_sick(app, worker);
}

bool worker_is_quiet(const struct core_app *app, const struct worker *worker)
{
	switch (app->policy.drain) {
	case CORE_DRAIN_AUTO:
		return worker->unaware && !worker->speaks;
	case CORE_DRAIN_QUIET:
		return true;
	case CORE_DRAIN_SIGNAL:
		break;
	}
	return false;
}

unsigned core_count(const struct core_app *app)
{
	if (!app->want.running)
		return 0;
	return app->want.count > app->reload.count ? app->want.count : app->reload.count;
}

unsigned slot_next(const struct core_app *app, unsigned slot)
{
	if (slot + 1 < app->slots || slot == CORE_SURGE)
		return slot + 1;
	return CORE_SURGE;
}

bool slot_wanted(const struct core_app *app, unsigned slot)
{
	if (slot == CORE_SURGE)
		return app->want.running && app->want.surge;
	return slot < core_count(app);
}

static bool is_reached(const struct core_app *app, unsigned slot)
{
	return !app->reload.active || slot == CORE_SURGE || slot < app->reload.reached;
}

uint32_t slot_generation(const struct core_app *app, unsigned slot)
{
	if (slot == CORE_SURGE)
		return app->want.surge;
	return is_reached(app, slot) ? app->want.generation : app->reload.from;
}

/* A slot that the roll itself adds is not filled before it is reached. */
static bool is_open(const struct core_app *app, unsigned slot)
{
	return is_reached(app, slot) || app->reload.count == 0 ||
	       slot < app->reload.count;
}

unsigned slot_present(const struct slot *slot)
{
	unsigned count = 0;

	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		count += worker_is_present(&slot->seat[seat]);
	return count;
}

/* How good a claim this worker has to its slot; 0: none.  Who is to be renewed, or is of
 * another generation, makes room for an heir; but where both seats are taken by such, one
 * stays until the other has gone. */
static unsigned claim_of(const struct core_app *app, unsigned slot,
			 const struct worker *worker)
{
	static const unsigned claims[WORKER_PHASES] = {
		[WORKER_STARTING] = 1,
		[WORKER_UNROUTING] = 2,
		[WORKER_LATE] = 3,
		[WORKER_SERVING] = 4,
	};
	bool suits = worker->generation == slot_generation(app, slot);
	bool goes = worker->renew && is_reached(app, slot);
	unsigned claim = claims[worker->phase];

	if (!worker_is_present(worker))
		return 0;
	if (suits)
		claim += WORKER_PHASES;
	if (suits && !goes)
		return claim + WORKER_PHASES;
	if (is_reached(app, slot) && slot_present(&app->slot[slot]) < CORE_SEATS)
		return 0;
	return worker_is_ready(worker) ? claim : 0;
}

unsigned slot_keeper(const struct core_app *app, unsigned slot)
{
	unsigned keeper = CORE_SEATS;
	unsigned best = 0;

	for (unsigned seat = 0; seat < CORE_SEATS; seat++) {
		unsigned claim = claim_of(app, slot, &app->slot[slot].seat[seat]);

		if (claim > best) {
			best = claim;
			keeper = seat;
		}
	}
	return keeper;
}

unsigned slot_ready(const struct slot *slot)
{
	unsigned count = 0;

	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		count += worker_is_ready(&slot->seat[seat]);
	return count;
}

bool slot_doubled(const struct slot *slot)
{
	return slot_present(slot) == CORE_SEATS &&
	       slot->seat[0].phase != WORKER_UNROUTING &&
	       slot->seat[1].phase != WORKER_UNROUTING;
}

bool slot_vacant(const struct slot *slot)
{
	for (unsigned seat = 0; seat < CORE_SEATS; seat++)
		if (slot->seat[seat].phase != WORKER_VACANT)
			return false;
	return true;
}

/* What is new has to pass a probe; what was there before need not, on the way back. */
static bool is_proven(const struct core_app *app, const struct worker *worker)
{
	return worker->proven || app->policy.probe_failures == 0 ||
	       worker->generation == app->reload.from;
}

bool slot_good(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];
	unsigned keeper = slot_keeper(app, slot);

	if (it->resting)
		return true;
	return keeper < CORE_SEATS && it->seat[keeper].settled &&
	       is_proven(app, &it->seat[keeper]);
}

bool slot_satisfied(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];
	unsigned keeper = slot_keeper(app, slot);

	if (!slot_wanted(app, slot) || it->resting)
		return slot_vacant(it);
	if (it->restarting || keeper == CORE_SEATS)
		return false;
	return it->seat[keeper].phase == WORKER_SERVING &&
	       it->seat[1 - keeper].phase == WORKER_VACANT;
}

bool slot_waits(const struct core_app *app, unsigned slot)
{
	const struct slot *it = &app->slot[slot];

	if (it->resting || it->restarting)
		return false;
	if (slot_wanted(app, slot))
		return slot_keeper(app, slot) == CORE_SEATS && is_open(app, slot);
	return it->owed && slot_present(it) == 0;
}

void slot_forgive(struct slot *slot)
{
	slot->resting = false;
	backoff_clear(&slot->backoff);
}
