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
		ev_io_stop(place->app->supervisor->loop, &place->parked[i]);
	free(place->parked);
	place->parked = NULL;
	place->parks = 0;
}

static void retreat_forget(struct place *place)
{
	for (unsigned i = 0; i < place->retreats; i++)
		listener_retreat_end(&place->retreat[i].state);
	free(place->retreat);
	place->retreat = NULL;
	place->retreats = 0;
}

static void retreat_end(struct place *place)
{
	retreat_forget(place);
	place->retreating = false;
}

/* Sockets are about to go: nothing watches them any more.  What is still to be watched is
 * taken up again by the next route_update. */
void route_forget(struct app *app)
{
	crowd_forget(app);
	for (unsigned slot = 0; slot <= CORE_SLOTS; slot++)
		if (app->place[slot] != NULL) {
			unpark(app->place[slot]);
			retreat_forget(app->place[slot]);
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

static void steer(struct app *app, struct holding *holding)
{
	bool sharing = sharing_is_on(app);
	struct dealing dealing;
	struct buckets_slot slot[CORE_SLOTS] = {0};
	unsigned slots = holding->listener.slots;
	unsigned addressed;
	struct fault fault = {0};
	bool changed;

	if (holding->listener.shared)
		return;
	if (slots > core_count(&app->core))
		slots = core_count(&app->core); /* parked ones are nobody's */
	dealing_read(app, &dealing);
	for (unsigned i = 0; i < slots; i++) {
		slot[i].healthy = core_routes(&app->core, i) &&
				  sharing_accepts(app, holding, i, i) &&
				  !crowd_avoids(app, i);
		slot[i].weight =
			dealing.weight[i] * dealing_factor(app, dealing.balance, i);
	}
	if (sharing)
		count_sharers(app, holding, &dealing, &slot[0]);
	if (dealing.balance == BALANCE_CPU)
		find_homes(holding, slot, slots);
	changed = buckets_assign(&holding->buckets, dealing.balance, slot, slots);
	addressed = app_spec(app)->slot_addresses && !sharing ? slots : 0;
	if (!changed && !holding->stale && addressed == holding->listener.addressed)
		return;
	holding->stale = false;
	if (listener_steer(&holding->listener, dealing.balance, &holding->buckets,
			   addressed, &fault) < 0)
		app_alert(app, "%s: cannot steer: %s", holding->text, fault.text);
}

/* While an app stops, nobody new is let in, and whoever waits is answered. */
static void quench(struct app *app, bool quench)
{
	crowd_forget(app); /* a socket may be replaced */
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		for (unsigned slot = 0; slot < at->listener.slots; slot++)
			(void)listener_quench(&at->listener, slot, quench);
	for (struct holding *at = app->holdings; at != NULL && !quench; at = at->next)
		at->stored = 0;
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
	struct place *place = watch->data;
	struct core_event event = {.kind = CORE_OWED};

	(void)loop;
	(void)events;
	event.at.slot = (uint16_t)place->slot;
	unpark(place);
	supervisor_post(place->app, &event);
}

static void park(struct place *place)
{
	struct app *app = place->app;
	unsigned count = 0;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		if (!at->listener.shared && place->slot < at->listener.slots)
			count++;
	place->parked = count > 0 ? calloc(count, sizeof(struct ev_io)) : NULL;
	if (place->parked == NULL)
		return;
	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		struct ev_io *watch = &place->parked[place->parks];

		if (at->listener.shared || place->slot >= at->listener.slots)
			continue;
		ev_io_init(watch, on_parked, listener_fd(&at->listener, place->slot),
			   EV_READ);
		watch->data = place;
		ev_io_start(app->supervisor->loop, watch);
		place->parks++;
	}
}

static bool is_vacant(const struct slot *slot)
{
	return slot->seat[0].phase == WORKER_VACANT &&
	       slot->seat[1].phase == WORKER_VACANT;
}

static void park_or_unpark(struct app *app)
{
	for (unsigned i = 0; i < app->core.slots; i++) {
		struct place *place = app->place[i];
		const struct slot *slot = &app->core.slot[i];
		bool parked;

		if (place == NULL)
			continue;
		parked = app->core.want.running && !core_wants(&app->core, i) &&
			 is_vacant(slot) && !slot->owed && !sharing_is_on(app);
		if (parked && place->parks == 0)
			park(place);
		else if (!parked && place->parks > 0)
			unpark(place);
	}
}

static bool is_unrouting(const struct place *place)
{
	const struct slot *slot = &place->app->core.slot[place->slot];

	return slot->seat[0].phase == WORKER_UNROUTING ||
	       slot->seat[1].phase == WORKER_UNROUTING;
}

static unsigned socket_of_leaver(const struct place *place)
{
	const struct slot *slot = &place->app->core.slot[place->slot];
	unsigned seat = slot->seat[0].phase == WORKER_UNROUTING ? 0 : 1;

	return sharing_socket(generation_find(place->app, slot->seat[seat].generation),
			      place->slot);
}

/* Begun only after the new table is in force: handshakes that count began before it. */
static void retreat_begin(struct place *place)
{
	const struct app *app = place->app;
	unsigned looks =
		app->core.want.running ? 2 : 1; /* once quenched, none can come */
	unsigned count = 0;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		count++;
	place->retreat = calloc(count > 0 ? count : 1, sizeof(*place->retreat));
	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		struct retreat *retreat = &place->retreat[place->retreats];

		if (place->retreat == NULL)
			break;
		retreat->holding = at;
		retreat->socket = socket_of_leaver(place);
		listener_retreat_begin(&at->listener, looks, &retreat->state);
		place->retreats++;
	}
}

/* Returns true when nothing waits any more, or it cannot be known. */
static bool retreat_is_over(struct place *place)
{
	bool over = true;

	for (unsigned i = 0; i < place->retreats; i++) {
		struct retreat *retreat = &place->retreat[i];

		if (retreat->socket < retreat->holding->listener.slots &&
		    !sharing_has_heir(place->app, retreat->holding, retreat->socket) &&
		    listener_retreat_look(&retreat->holding->listener, retreat->socket,
					  &retreat->state) == 0)
			over = false;
	}
	return over;
}

static void post_unrouted(const struct place *place)
{
	struct core_event event = {.kind = CORE_UNROUTED};

	event.at.slot = (uint16_t)place->slot;
	for (; event.at.seat < CORE_SEATS; event.at.seat++)
		if (place->app->core.slot[place->slot].seat[event.at.seat].phase ==
		    WORKER_UNROUTING)
			supervisor_post(place->app, &event);
}

static void look_at_retreats(struct app *app)
{
	bool more = false;

	for (unsigned i = 0; i <= CORE_SLOTS; i++) {
		struct place *place = app->place[i];

		if (place == NULL || !place->retreating)
			continue;
		if (!is_unrouting(place)) {
			retreat_end(place);
			continue;
		}
		if (place->retreat == NULL)
			retreat_begin(place);
		if (!retreat_is_over(place)) {
			more = true;
			continue;
		}
		retreat_end(place);
		post_unrouted(place);
	}
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
	look_at_retreats(app);
}

/* After the core stepped: the world is made to agree with what it says about routes. */
void route_update(struct app *app)
{
	bool fresh = false;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		steer(app, at);
	if (!app->core.want.running && !app->quenched)
		quench(app, true);
	park_or_unpark(app);
	crowd_update(app);
	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		if (app->place[i] != NULL && app->place[i]->retreating &&
		    app->place[i]->retreat == NULL)
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

void route_retreat(struct place *place)
{
	place->retreating = true;
}

void route_init(struct app *app)
{
	ev_timer_init(&app->look, on_look, LOOK_SECONDS, LOOK_SECONDS);
	app->look.data = app;
	crowd_init(app);
}
