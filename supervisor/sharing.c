/*
 * sharing.c - generations whose workers all accept from one socket of an address.
 *
 * By `balance = "queue"` every slot is lent the socket of slot 0.  A roll to such a
 * generation, or from one, changes the sockets: while it lasts, a socket stands for all
 * who accept from it, and who is replaced is told to drain only when nothing waits at a
 * socket that nobody else accepts from.  What was opened stays open, unrouted, until the
 * app stops: closing a socket would refuse whoever was on the way to it.
 *
 * Else a slot has one socket, or two where its workers are drained quietly: which one a
 * worker has is for the core to say.  Where an address has one socket for all (Unix, or
 * handed over to us) nobody is drained quietly.
 */
#include <errno.h>

#include "supervisor/estate.h"

static bool shares(const struct generation *generation)
{
	return generation->spec->balance == BALANCE_QUEUE;
}

static unsigned socket_of(const struct generation *generation, unsigned slot,
			  const struct worker *worker)
{
	return shares(generation) ? 0 : slot + LISTENER_SLOTS * worker->socket;
}

unsigned sharing_socket(const struct seat *seat)
{
	const struct app *app = seat->place->app;
	struct seat_ref at = seat_ref(seat);

	return socket_of(generation_find(app, seat->generation), at.slot,
			 &app->core.slot[at.slot].seat[at.seat]);
}

int sharing_lend(const struct seat *seat, struct holding *holding, int *ret_fd,
		 struct fault *fault)
{
	unsigned number = sharing_socket(seat);
	int result = 0;

	if (!listener_has(&holding->listener, number)) {
		result = listener_open_second(&holding->listener, seat->place->slot,
					      fault);
		holdings_keep(seat->place->app);
		seat->place->app->stepped = true; /* it may be steered to */
	}
	if (result == -ENOTSUP)
		number = seat->place->slot;
	else if (result < 0)
		return result;
	*ret_fd = listener_fd(&holding->listener, number);
	return 0;
}

bool sharing_is_on(const struct app *app)
{
	for (const struct generation *at = app->generations; at != NULL; at = at->next)
		if (shares(at) && core_uses(&app->core, at->number))
			return true;
	return false;
}

/* Is there a generation in use that differs from this one in whether it shares? */
static bool is_mixed(const struct app *app, const struct generation *generation)
{
	for (const struct generation *at = app->generations; at != NULL; at = at->next)
		if (shares(at) != shares(generation) && core_uses(&app->core, at->number))
			return true;
	return false;
}

unsigned sharing_sockets(const struct app *app, const struct generation *generation,
			 unsigned slots)
{
	return shares(generation) && !is_mixed(app, generation) ? 1 : slots;
}

/* A worker of which the successor has the same socket gets connections to the end. */
static enum core_drain_rule drain_of(const struct app *app,
				     const struct generation *generation)
{
	if (shares(generation) || is_mixed(app, generation))
		return CORE_DRAIN_SIGNAL;
	for (unsigned i = 0; i < generation->holdings; i++) {
		const struct listener *listener = &generation->holding[i]->listener;

		if (!listener->address.datagram && (listener->shared || listener->taken))
			return CORE_DRAIN_SIGNAL;
	}
	return generation->spec->policy.drain;
}

void sharing_set_policy(struct app *app, const struct generation *generation)
{
	app->core.policy = generation->spec->policy;
	app->core.policy.moves = is_mixed(app, generation);
	app->core.policy.drain = drain_of(app, generation);
}

void sharing_settle(struct app *app)
{
	const struct generation *generation;

	generation = generation_find(app, app->core.want.generation);
	if (generation != NULL)
		app->core.policy.drain = drain_of(app, generation);
}

/* What is the configuration's is lent to all; the rest is whose who asked for it. */
static bool has(const struct seat *seat, const struct generation *generation, unsigned at)
{
	return at < generation->spec->listen_count ||
	       (seat->asked & UINT64_C(1) << at) != 0;
}

bool sharing_accepts(const struct app *app, const struct holding *holding, unsigned slot,
		     unsigned socket)
{
	for (unsigned i = 0; i < CORE_SEATS; i++) {
		const struct worker *worker = &app->core.slot[slot].seat[i];
		const struct generation *generation;

		if (worker->phase != WORKER_SERVING)
			continue;
		generation = generation_find(app, worker->generation);
		if (socket_of(generation, slot, worker) != socket)
			continue;
		for (unsigned j = 0; j < generation->holdings; j++)
			if (generation->holding[j] == holding)
				return has(&app->place[slot]->seat[i], generation, j);
	}
	return false;
}

bool sharing_has_heir(const struct app *app, const struct holding *holding,
		      unsigned socket)
{
	for (unsigned slot = 0; slot < core_count(&app->core); slot++)
		if (sharing_accepts(app, holding, slot, socket))
			return true;
	return false;
}
