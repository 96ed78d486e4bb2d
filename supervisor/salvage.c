/*
 * salvage.c - what is left of a supervisor that died and cannot be taken over.
 *
 * Its sockets wait for whoever opens their addresses next, so that no queue is lost that
 * need not be; its workers are told to go, and killed when they do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/estate.h"

/* For whoever opens that address next, as if systemd had handed it over.  One for each is
 * enough: the others stay with those who hold them until they go. */
static void salvage(struct supervisor *supervisor, int fd)
{
	struct inherited *list = supervisor->inherited, *more;
	struct inherited one = {.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3), .salvaged = true};

	more = calloc(supervisor->inherits + 1, sizeof(*more));
	if (one.fd == -1 || more == NULL || address_of_socket(&one.address, one.fd) < 0) {
		free(more);
		fd_close(&one.fd);
		return;
	}
	if (supervisor->inherits > 0)
		memcpy(more, list, supervisor->inherits * sizeof(*more));
	more[supervisor->inherits++] = one;
	supervisor->inherited = more; /* what was there before is no heap */
}

static void dismiss_app(struct app *app)
{
	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		if (at->listener.slots > 0)
			salvage(app->supervisor, at->listener.fd[0]);
		at->listener.local.is_lent = true; /* its path stays */
	}
	for (unsigned slot = 0; slot <= CORE_SLOTS; slot++)
		for (unsigned i = 0; app->place[slot] != NULL && i < CORE_SEATS; i++)
			kin_dismiss(&app->place[slot]->seat[i]);
	supervisor_remove(app->supervisor, app);
}

/* "@web.0.h3": the first socket of an address. */
static bool is_first_socket(const char *name)
{
	const char *at = strstr(name, ".0.h");

	return at != NULL && strchr(at + strlen(".0.h"), '.') == NULL;
}

static void salvage_rest(struct supervisor *supervisor)
{
	for (const struct shelf_item *at = shelf_next(&supervisor->store.shelf, NULL);
	     at != NULL; at = shelf_next(&supervisor->store.shelf, at))
		if (is_first_socket(at->name) && at->fd != -1)
			salvage(supervisor, at->fd);
}

/* Nothing was done yet: what was built is forgotten.  The sockets wait for whoever opens
 * their addresses, and the old workers are told to go. */
void salvage_all(struct supervisor *supervisor)
{
	if (supervisor->apps == NULL)
		salvage_rest(supervisor);
	while (supervisor->apps != NULL)
		dismiss_app(supervisor->apps);
	kin_dismiss_strangers(supervisor);
	while (supervisor->origins != NULL) {
		struct origin *origin = supervisor->origins;

		supervisor->origins = origin->next;
		free(origin->path);
		free(origin);
	}
}

/* Whoever opened one has a copy. */
void salvage_end(struct supervisor *supervisor)
{
	unsigned count = 0;

	for (unsigned i = 0; i < supervisor->inherits; i++)
		if (supervisor->inherited[i].salvaged)
			(void)close(supervisor->inherited[i].fd);
		else
			supervisor->inherited[count++] = supervisor->inherited[i];
	supervisor->inherits = count;
}
