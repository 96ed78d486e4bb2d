/*
 * route.c - an app's sockets: steered by health, emptied when a slot retires, watched
 * while parked.
 */
#include <stdlib.h>

#include "common/log.h"
#include "supervisor/capacity.h"
#include "supervisor/estate.h"

#define LOOK_SECONDS 0.2 /* between two looks at a retiring slot's queue */

static void unpark(struct place *place)
{
	for (unsigned i = 0; i < place->parks; i++)
		ev_io_stop(place->app->supervisor->loop, &place->parked[i].watch);
	free(place->parked);
	place->parked = NULL;
	place->parks = place->watched = 0;
}

static void retreat_forget(struct seat *seat)
{
	for (unsigned i = 0; i < seat->retreats; i++)
		listener_retreat_end(&seat->retreat[i].state);
	free(seat->retreat);
	seat->retreat = NULL;
	seat->retreats = 0;
}

static void retreat_end(struct seat *seat)
{
	retreat_forget(seat);
	seat->retreating = false;
	seat->in_use = 0;
}

/* Sockets are about to go: nothing watches them any more.  What is still to be watched is
 * taken up again by the next route_update. */
void route_forget(struct app *app)
{
	crowd_forget(app);
	for (unsigned slot = 0; slot <= CORE_SLOTS; slot++)
		if (app->place[slot] != NULL) {
			unpark(app->place[slot]);
			for (unsigned i = 0; i < CORE_SEATS; i++)
				retreat_forget(&app->place[slot]->seat[i]);
		}
}

/* Slot i is at home on the i-th core that we may use, where `affinity` would pin it. */
static void find_homes(struct holding *holding, struct buckets_slot *slot, unsigned slots)
{
	unsigned highest = 0;
	uint16_t groups;

	(void)capacity_cpu(capacity_affinity() - 1, &highest);
	groups = buckets_groups_for(highest);
	holding->stale = holding->stale || groups != holding->buckets.groups;
	holding->buckets.groups = groups;
	for (unsigned i = 0; i < slots; i++)
		(void)capacity_cpu(i, &slot[i].cpu);
}

/* The first socket stands for all who share it. */
static void count_sharers(const struct app *app, const struct holding *holding,
			  const struct dealing *dealing, struct buckets_slot *first)
{
	unsigned weight = 0;

	for (unsigned i = 0; i < core_count(&app->core); i++)
		if (sharing_accepts(app, holding, i, 0))
			weight += dealing->weight[i] *
				  dealing_factor(app, dealing->balance, i);
	first->healthy = weight > 0;
	if (weight > 0)
		first->weight = weight;
}

/* The core says which of the slot's two; where nobody who serves has that one of this
 * address, the other. */
static unsigned choose_socket(const struct app *app, const struct holding *holding,
			      unsigned slot)
{
	const struct listener *listener = &holding->listener;
	unsigned which = app->core.slot[slot].socket;
	unsigned wanted = slot + LISTENER_SLOTS * which;
	unsigned other = slot + LISTENER_SLOTS * (1 - which);

	if (slot == 0 && sharing_is_on(app) && sharing_has_heir(app, holding, 0))
		return 0;
	if (listener_has(listener, wanted) && sharing_accepts(app, holding, slot, wanted))
		return wanted;
	if (listener_has(listener, other) && sharing_accepts(app, holding, slot, other))
		return other;
	return listener->routed[slot];
}

/* Returns true if any slot is reached by another socket now. */
static bool route(struct app *app, struct holding *holding, unsigned slots)
{
	bool moved = false;

	for (unsigned i = 0; i < slots; i++)
		if (listener_route(&holding->listener, i, choose_socket(app, holding, i)))
			moved = true;
	if (moved)
		crowd_forget(app);
	return moved;
}

/* What it takes to say who owns which bucket. */
static void read_slots(const struct app *app, struct holding *holding,
		       const struct dealing *dealing, struct buckets_slot *slot,
		       unsigned slots)
{
	for (unsigned i = 0; i < slots; i++) {
		slot[i].healthy =
			core_routes(&app->core, i) &&
			sharing_accepts(app, holding, i, holding->listener.routed[i]) &&
			!crowd_avoids(app, i);
		slot[i].weight =
			dealing->weight[i] * dealing_factor(app, dealing->balance, i);
	}
	if (sharing_is_on(app))
		count_sharers(app, holding, dealing, &slot[0]);
	if (dealing->balance == BALANCE_CPU)
		find_homes(holding, slot, slots);
}

/* By lot for now: the sockets are still in the map of a supervisor that died. */
static bool is_any_late(const struct app *app)
{
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		if (at->listener.turns_late)
			return true;
	return false;
}

static void steer(struct app *app, struct holding *holding)
{
	struct dealing dealing;
	struct buckets_slot slot[CORE_SLOTS] = {0};
	unsigned slots = holding->listener.slots;
	unsigned addressed;
	struct fault fault = {0};
	bool changed;
	int result;

	if (holding->listener.shared)
		return;
	if (slots > core_count(&app->core))
		slots = core_count(&app->core); /* parked ones are nobody's */
	holding->stale = route(app, holding, slots) || holding->stale;
	dealing_read(app, &dealing);
	read_slots(app, holding, &dealing, slot, slots);
	changed = buckets_assign(&holding->buckets, dealing.balance, slot, slots);
	addressed = app_spec(app)->slot_addresses && !sharing_is_on(app) ? slots : 0;
	if (!changed && !holding->stale && addressed == holding->listener.addressed)
		return;
	result = listener_steer(&holding->listener, dealing.balance, &holding->buckets,
				addressed, &fault);
	holding->stale = result > 0;
	if (result < 0)
		app_alert(app, "%s: cannot steer: %s", holding->text, fault.text);
}

/* While an app stops, nobody new is let in, and whoever waits is answered. */
static void quench(struct app *app, bool quench)
{
	crowd_forget(app); /* a socket may be replaced */
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		for (unsigned i = 0; i < LISTENER_SOCKETS; i++)
			if (i < at->listener.slots || !at->listener.shared)
				(void)listener_quench(&at->listener, i, quench);
	for (struct holding *at = app->holdings; at != NULL && !quench; at = at->next)
		holding_forget_stored(at);
	holdings_keep(app);
	app->quenched = quench;
}

/* Before a worker is lent a socket, newcomers must be let in again. */
void route_admit(struct app *app)
{
	if (app->quenched)
		quench(app, false);
}

static void on_parked(struct ev_loop *loop, struct ev_io *watch, int events)
{
	const struct parked *parked = watch->data;
	struct place *place = parked->place;
	struct core_event event = {.kind = CORE_OWED, .arg = parked->which};

	(void)loop;
	(void)events;
	event.at.slot = (uint16_t)place->slot;
	unpark(place);
	supervisor_post(place->app, &event);
}

static void park_socket(struct place *place, const struct listener *listener,
			unsigned which)
{
	struct parked *parked = &place->parked[place->parks];
	unsigned number = place->slot + LISTENER_SLOTS * which;

	if (listener->shared || !listener_has(listener, number))
		return;
	parked->place = place;
	parked->which = which;
	ev_io_init(&parked->watch, on_parked, listener_fd(listener, number), EV_READ);
	parked->watch.data = parked;
	ev_io_start(place->app->supervisor->loop, &parked->watch);
	place->parks++;
}

static void park(struct place *place)
{
	struct app *app = place->app;
	unsigned count = 0;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		count += at->listener.shared ? 0 : 2;
	place->parked = count > 0 ? calloc(count, sizeof(*place->parked)) : NULL;
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		for (unsigned which = 0; place->parked != NULL && which < 2; which++)
			if (place->watched & 1U << which)
				park_socket(place, &at->listener, which);
	if (place->parks > 0)
		return;
	free(place->parked);
	place->parked = NULL;
}

static void park_or_unpark(struct app *app)
{
	for (unsigned i = 0; i < app->core.slots; i++) {
		struct place *place = app->place[i];
		unsigned watched = 0;

		if (place == NULL)
			continue;
		for (unsigned which = 0; which < 2 && !sharing_is_on(app); which++)
			if (core_may_fetch(&app->core, i, which))
				watched |= 1U << which;
		if (watched == place->watched)
			continue;
		unpark(place);
		place->watched = watched;
		if (watched)
			park(place);
	}
}

static bool is_unrouting(const struct seat *seat)
{
	struct seat_ref at = seat_ref(seat);

	return seat->place->app->core.slot[at.slot].seat[at.seat].phase ==
	       WORKER_UNROUTING;
}

/* Begun only after the new table is in force: handshakes that count began before it. */
static void retreat_begin(struct seat *seat)
{
	const struct app *app = seat->place->app;
	unsigned looks =
		app->core.want.running ? 2 : 1; /* once quenched, none can come */
	unsigned count = 0;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		count++;
	seat->retreat = calloc(count > 0 ? count : 1, sizeof(*seat->retreat));
	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		struct retreat *retreat = &seat->retreat[seat->retreats];

		if (seat->retreat == NULL)
			break;
		retreat->holding = at;
		retreat->socket = sharing_socket(seat);
		listener_retreat_begin(&at->listener, looks, &retreat->state);
		seat->retreats++;
	}
}

/* Returns true when nothing waits any more, or it cannot be known. */
static bool is_queue_empty(const struct seat *seat)
{
	bool over = true;

	for (unsigned i = 0; i < seat->retreats; i++) {
		struct retreat *retreat = &seat->retreat[i];

		if (listener_has(&retreat->holding->listener, retreat->socket) &&
		    !sharing_has_heir(seat->place->app, retreat->holding,
				      retreat->socket) &&
		    listener_retreat_look(&retreat->holding->listener, retreat->socket,
					  &retreat->state) == 0)
			over = false;
	}
	return over;
}

/* What a worker has in hand is looked at when nothing is added to it any more. */
static bool retreat_is_over(struct seat *seat)
{
	int count;

	if (!is_queue_empty(seat))
		return false;
	if (!core_is_quiet(&seat->place->app->core, seat_ref(seat)))
		return true;
	count = linger_count(seat);
	seat->in_use = count > 0 ? (unsigned)count : 0;
	return count <= 0;
}

/* Returns true if it is to be looked at again. */
static bool look_at_retreat(struct seat *seat)
{
	struct core_event event = {.kind = CORE_UNROUTED, .at = seat_ref(seat)};

	if (!seat->retreating)
		return false;
	if (!is_unrouting(seat)) {
		retreat_end(seat);
		return false;
	}
	if (seat->retreat == NULL)
		retreat_begin(seat);
	if (!retreat_is_over(seat))
		return true;
	retreat_end(seat);
	supervisor_post(seat->place->app, &event);
	return false;
}

static void look_at_retreats(struct app *app)
{
	bool more = is_any_late(app);

	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		for (unsigned j = 0; app->place[i] != NULL && j < CORE_SEATS; j++)
			if (look_at_retreat(&app->place[i]->seat[j]))
				more = true;
	if (more && !ev_is_active(&app->look))
		ev_timer_start(app->supervisor->loop, &app->look);
	else if (!more)
		ev_timer_stop(app->supervisor->loop, &app->look);
}

static void on_look(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct app *app = timer->data;

	(void)loop;
	(void)events;
	app->stepped = app->stepped || is_any_late(app); /* steers again */
	look_at_retreats(app);
}

static bool begins_to_retreat(const struct place *place)
{
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (place->seat[i].retreating && place->seat[i].retreat == NULL)
			return true;
	return false;
}

/* After the core stepped: the world is made to agree with what it says about routes. */
void route_update(struct app *app)
{
	bool fresh;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		steer(app, at);
	if (!app->core.want.running && !app->quenched)
		quench(app, true);
	park_or_unpark(app);
	crowd_update(app);
	fresh = is_any_late(app);
	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		if (app->place[i] != NULL && begins_to_retreat(app->place[i]))
			fresh = true;
	if (fresh)
		look_at_retreats(app);
}

const struct listener *route_to_slots(const struct app *app)
{
	const struct generation *wanted;
	struct address source, target;

	wanted = generation_find(app, app->core.want.generation);
	for (unsigned i = 0; wanted != NULL && i < wanted->holdings; i++) {
		const struct listener *listener = &wanted->holding[i]->listener;

		if (listener->addressed > 0 && !listener->shared &&
		    address_of_slot(&listener->address, 0, &source, &target))
			return listener;
	}
	return NULL;
}

void route_retreat(struct seat *seat)
{
	retreat_end(seat);
	seat->retreating = true;
}

void route_init(struct app *app)
{
	ev_timer_init(&app->look, on_look, LOOK_SECONDS, LOOK_SECONDS);
	app->look.data = app;
	crowd_init(app);
}
