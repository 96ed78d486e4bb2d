/*
 * holding.c - the sockets of an app by address: opened, grown, healed, closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/estate.h"

#define TAKEN 4 /* sockets of systemd for one address; more than one is refused */

/* The oldest of this text, or the `index`th younger one: only of port 0 there are more.
 */
struct holding *holding_find(const struct app *app, const char *text, unsigned index)
{
	struct holding *found = NULL;
	unsigned count = 0;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		count += strcmp(at->text, text) == 0;
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		if (strcmp(at->text, text) == 0 && --count == index)
			found = at;
	return found;
}

/* Copies of what systemd handed over for this address: it keeps its own for later. */
static unsigned take_inherited(const struct supervisor *supervisor,
			       const struct address *address, int *fd, unsigned most)
{
	unsigned count = 0;

	for (unsigned i = 0; i < supervisor->inherits && count < most; i++) {
		if (!address_equal(&supervisor->inherited[i].address, address))
			continue;
		fd[count] = fcntl(supervisor->inherited[i].fd, F_DUPFD_CLOEXEC, 3);
		if (fd[count] >= 0)
			count++;
	}
	return count;
}

/* Of one that all slots share there is one socket. */
static void keep(struct app *app, struct holding *holding)
{
	const struct listener *listener = &holding->listener;

	for (; holding->stored < (listener->shared ? 1 : listener->slots);
	     holding->stored++)
		(void)remember_fd(app->supervisor, listener->fd[holding->stored],
				  "%s.%u.h%u", app->name, holding->stored,
				  holding->number);
	for (unsigned slot = 0; !listener->shared && slot < listener->slots; slot++) {
		unsigned number = LISTENER_SLOTS + slot;

		if (!listener_has(listener, number) || holding->second_stored[slot])
			continue;
		(void)remember_fd(app->supervisor, listener->fd[number], "%s.%u.h%u",
				  app->name, number, holding->number);
		holding->second_stored[slot] = true;
	}
}

void holding_forget_stored(struct holding *holding)
{
	holding->stored = 0;
	memset(holding->second_stored, 0, sizeof(holding->second_stored));
}

static struct holding *holding_new(struct app *app, const char *text, unsigned slots,
				   int backlog, struct fault *fault)
{
	struct holding *holding = calloc(1, sizeof(*holding));
	struct address address;
	int taken[TAKEN];
	unsigned count;

	if (holding == NULL) {
		(void)fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	(void)text_copy(holding->text, sizeof(holding->text), text);
	if (address_parse(&address, text, fault) < 0) {
		free(holding);
		return NULL;
	}
	count = take_inherited(app->supervisor, &address, taken, TAKEN);
	if (listener_open(&holding->listener, &address, slots, backlog, taken, count,
			  fault) < 0) {
		free(holding);
		return NULL;
	}
	holding->stale = true;
	holding->number = ++app->last_holding;
	holding->next = app->holdings;
	app->holdings = holding;
	keep(app, holding);
	return holding;
}

/* The one there is, or a new one. */
struct holding *holding_need(struct app *app, const struct app_spec *spec,
			     const char *text, unsigned index, unsigned slots,
			     struct fault *fault)
{
	struct holding *holding = holding_find(app, text, index);

	if (holding != NULL)
		return holding;
	return holding_new(app, text, slots, (int)spec->backlog, fault);
}

static void warn_of_foreign(const struct app *app, const struct holding *holding)
{
	struct sockdiag_holder holder;
	unsigned count = listener_foreign(&holding->listener, &holder);
	char reason[FAULT_SIZE];

	if (count == 0)
		return;
	(void)snprintf(reason, sizeof(reason),
		       "%s: %u sockets of others listen here, too (%s, pid %d); no "
		       "connection is steered to them",
		       holding->text, count, holder.command, (int)holder.pid);
	app_tell(app, (struct happening){.kind = HAPPENING_FOREIGN_LISTENER,
					 .reason = reason});
}

/* Gives the generation its sockets: those of unchanged addresses, else new ones, for
 * every slot that may still see a worker of it.  One that serves already keeps what its
 * workers opened besides.  What was opened before a failure goes with the next
 * holdings_sweep. */
int holding_open(struct app *app, struct generation *generation, unsigned slots,
		 struct fault *fault)
{
	const struct app_spec *spec = generation->spec;
	unsigned sockets;

	if (slots < app->core.slots)
		slots = app->core.slots;
	sockets = sharing_sockets(app, generation, slots);
	for (unsigned i = 0; i < spec->listen_count; i++) {
		struct holding *holding =
			holding_need(app, spec, spec->listen[i], 0, sockets, fault);

		if (holding == NULL)
			return -EADDRINUSE;
		generation->holding[i] = holding;
		if (generation->holdings <= i)
			generation->holdings = i + 1;
	}
	return holdings_grow(app, generation, slots, fault);
}

int holdings_grow(struct app *app, const struct generation *generation, unsigned slots,
		  struct fault *fault)
{
	unsigned sockets = sharing_sockets(app, generation, slots);
	int result;

	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		if (at->listener.slots >= sockets)
			continue;
		at->stale = true;
		result = listener_grow(&at->listener, sockets, fault);
		if (result < 0)
			return result;
		keep(app, at);
		warn_of_foreign(app, at);
	}
	return 0;
}

static void holding_free(struct app *app, struct holding *holding)
{
	remember_gone(app->supervisor, LAYOUT_HOLDING, app->number, holding->number);
	for (unsigned slot = 0; slot < holding->stored; slot++)
		forget_fd(app->supervisor, "%s.%u.h%u", app->name, slot, holding->number);
	for (unsigned slot = 0; slot < LISTENER_SLOTS; slot++)
		if (holding->second_stored[slot])
			forget_fd(app->supervisor, "%s.%u.h%u", app->name,
				  LISTENER_SLOTS + slot, holding->number);
	listener_close(&holding->listener);
	free(holding);
}

void holdings_keep(struct app *app)
{
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		keep(app, at);
}

void holdings_close(struct app *app)
{
	route_forget(app);
	for (struct generation *at = app->generations; at != NULL; at = at->next)
		at->holdings = 0;
	while (app->holdings != NULL) {
		struct holding *first = app->holdings;

		app->holdings = first->next;
		holding_free(app, first);
	}
	app->quenched = false;
}

static bool is_named(const struct app *app, const struct holding *holding)
{
	for (struct generation *at = app->generations; at != NULL; at = at->next)
		for (unsigned i = 0; i < at->holdings; i++)
			if (at->holding[i] == holding)
				return true;
	return false;
}

void holdings_sweep(struct app *app)
{
	struct holding **at = &app->holdings;

	while (*at != NULL) {
		struct holding *holding = *at;

		if (is_named(app, holding)) {
			at = &holding->next;
			continue;
		}
		route_forget(app);
		*at = holding->next;
		holding_free(app, holding);
	}
}

static void heal(const struct place *place, struct holding *holding, unsigned socket)
{
	struct fault fault = {0};
	int healed = holding->listener.address.kind == ADDRESS_UNIX
			     ? listener_restore_path(&holding->listener, &fault)
			     : listener_heal(&holding->listener, socket);

	if (healed > 0)
		slot_tell(place->app, place->slot,
			  (struct happening){.kind = HAPPENING_LISTENER_HEALED,
					     .reason = holding->text});
	else if (healed < 0)
		app_alert(place->app, "slot %u: %s does not listen: %s", place->slot,
			  holding->text, strerror(-healed));
	holding->stale = holding->stale || healed > 0;
	if (healed > 0)
		holding_forget_stored(holding);
}

/* A worker may have ended LISTEN for all holders, or removed the path: made good again.
 */
void holdings_heal(struct place *place)
{
	struct app *app = place->app;

	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		if (listener_has(&at->listener, place->slot))
			heal(place, at, place->slot);
		if (!at->listener.shared &&
		    listener_has(&at->listener, LISTENER_SLOTS + place->slot))
			heal(place, at, LISTENER_SLOTS + place->slot);
		if (place->slot > 0 && sharing_is_on(app))
			heal(place, at, 0);
	}
	holdings_keep(app);
}
