/*
 * linger.c - how many connections a worker that goes quietly still has in use.
 *
 * The kernel tells all that there are on an app's ports, and which of them are at rest
 * (core/traffic.h); whose the others are is told by the descriptors of the processes of
 * the worker's session.  Looked at only while somebody goes.
 */
#include <errno.h>
#include <stdlib.h>

#include "supervisor/estate.h"
#include "supervisor/sample.h"

struct search {
	const struct sockdiag_list *list; /* of all on one port */
	bool *is_ours;                    /* by the list's order */
	int result;                       /* of the last process that could not be seen */
};

static void note_socket(uint32_t inode, void *context)
{
	struct search *search = context;

	for (unsigned i = 0; i < search->list->count; i++)
		if (search->list->socket[i].inode == inode)
			search->is_ours[i] = true;
}

static void look_at_process(pid_t pid, void *context)
{
	struct search *search = context;
	int result = sample_sockets(pid, note_socket, search);

	if (result < 0 && result != -ENOENT && result != -ESRCH)
		search->result = result;
}

/* What is at rest, and what nobody has accepted or somebody has closed, is of no
 * interest. */
static void keep_what_is_in_use(struct sockdiag_list *list)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < list->count; i++)
		if (list->socket[i].inode != 0 &&
		    !traffic_rests(&list->socket[i].traffic))
			list->socket[kept++] = list->socket[i];
	list->count = kept;
}

static int count_on_port(const struct seat *seat, unsigned port)
{
	struct sockdiag_list list;
	struct search search = {.list = &list};
	int count = 0;
	int result = sockdiag_list_tcp(&list, SOCKDIAG_CONNECTED, port);

	if (result < 0)
		return result;
	keep_what_is_in_use(&list);
	if (list.count > 0) {
		search.is_ours = calloc(list.count, sizeof(bool));
		if (search.is_ours == NULL)
			search.result = -ENOMEM;
		else
			process_visit_session(seat->process.pid, look_at_process,
					      &search);
		for (unsigned i = 0; search.result == 0 && i < list.count; i++)
			count += search.is_ours[i];
		free(search.is_ours);
	}
	sockdiag_free(&list);
	return search.result < 0 ? search.result : count;
}

/* An app may listen on one port of several hosts: its connections are counted once. */
static bool was_counted(const struct app *app, const struct holding *holding)
{
	const struct holding *at = app->holdings;
	unsigned port = address_port(&holding->listener.address);

	for (; at != holding; at = at->next)
		if (address_is_tcp(&at->listener.address) &&
		    address_port(&at->listener.address) == port)
			return true;
	return false;
}

int linger_count(const struct seat *seat)
{
	const struct app *app = seat->place->app;
	int sum = 0;

	if (seat->process.pid == 0)
		return 0;
	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		int count;

		if (!address_is_tcp(&at->listener.address) || was_counted(app, at))
			continue;
		count = count_on_port(seat, address_port(&at->listener.address));
		if (count < 0)
			return count;
		sum += count;
	}
	return sum;
}
