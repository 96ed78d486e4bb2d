/*
 * sharing.c - generations whose workers all accept from one socket of an address.
 *
 * By `balance = "queue"` every slot is lent the socket of slot 0.  A roll to such a
 * generation, or from one, changes the sockets: while it lasts, a socket stands for all
 * who accept from it, and who is replaced is told to drain only when nothing waits at a
 * socket that nobody else accepts from.  What was opened stays open, unrouted, until the
 * app stops: closing a socket would refuse whoever was on the way to it.
 */
#include "supervisor/estate.h"

static bool shares(const struct generation *generation)
{
	return generation->spec->balance == BALANCE_QUEUE;
}

unsigned sharing_socket(const struct generation *generation, unsigned slot)
{
	return shares(generation) ? 0 : slot;
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

void sharing_set_policy(struct app *app, const struct generation *generation)
{
	app->core.policy = generation->spec->policy;
	app->core.policy.moves = is_mixed(app, generation);
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
		if (sharing_socket(generation, slot) != socket)
			continue;
		for (unsigned j = 0; j < generation->holdings; j++)
			if (generation->holding[j] == holding)
				return true;
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
