/*
 * broker.c - which socket a worker gets for the address it wants to listen on.
 *
 * The slot's own, of the listener that the configuration names for that port; else of one
 * that is opened on the spot, for all slots, as if it had been named.  What one worker of
 * a generation asked for, the others find open when they ask.
 *
 * Preloaded programs ask at the desk, a socket in the run directory.  They are known by
 * the session they live in, whatever they say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "supervisor/bridge/desk.h"
#include "supervisor/estate.h"

#define TURN              16   /* callers admitted in one turn of the loop */
#define CALLER_PATIENCE   5    /* seconds for a caller to put its question */
#define UNPRIVILEGED_PORT 1024 /* where the kernel does not say */

/* ---- the rule ---- */

static int find_named(const struct generation *generation, const struct address *wanted)
{
	unsigned i;

	for (i = 0; i < generation->holdings; i++)
		if (address_equal(&generation->holding[i]->listener.address, wanted))
			return (int)i;
	/* Where the port is the configuration's, its word on the host counts. */
	for (i = 0; i < generation->spec->listen_count && i < generation->holdings; i++)
		if (address_claims(&generation->holding[i]->listener.address, wanted))
			return (int)i;
	return -ENOENT;
}

static const struct app *find_owner(const struct app *asking,
				    const struct address *wanted)
{
	for (const struct app *app = asking->supervisor->apps; app != NULL;
	     app = app->next)
		for (struct holding *at = app->holdings; at != NULL; at = at->next)
			if (app != asking &&
			    address_claims(&at->listener.address, wanted))
				return app;
	return NULL;
}

static unsigned first_unprivileged_port(void)
{
	unsigned port = UNPRIVILEGED_PORT;
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");

	if (file != NULL) {
		if (fscanf(file, "%u", &port) != 1)
			port = UNPRIVILEGED_PORT;
		(void)fclose(file);
	}
	return port;
}

/* A worker gets nothing through us that it may not have by itself. */
static bool may_have(uid_t uid, const struct address *wanted)
{
	return uid == 0 || address_port(wanted) >= first_unprivileged_port();
}

static int open_on_the_spot(struct app *app, struct generation *generation,
			    const struct address *wanted, struct fault *fault)
{
	char text[ADDRESS_TEXT];
	const struct app *owner = find_owner(app, wanted);
	const struct holding *newest = app->holdings;
	struct holding *holding;

	address_format(wanted, text);
	if (owner != NULL)
		return fault_set(fault, -EADDRINUSE, "%s is listened on by %s", text,
				 owner->name);
	if (generation->holdings == ARRAY_COUNT(generation->holding))
		return fault_set(fault, -ENOTSUP, "%s: too many addresses", text);
	holding = holding_need(app, generation->spec, text,
			       sharing_sockets(app, generation, app->core.slots), fault);
	if (holding == NULL)
		return -EADDRINUSE;
	generation->holding[generation->holdings++] = holding;
	app->stepped = true; /* steers it */
	if (app->holdings != newest)
		log_info("%s: listens on %s", app->name, text);
	return (int)generation->holdings - 1;
}

int broker_find(struct seat *seat, const struct address *wanted, uid_t uid, int *ret_fd)
{
	const struct place *place = seat->place;
	struct generation *generation = generation_find(place->app, seat->generation);
	struct fault fault = {0};
	int index = find_named(generation, wanted);

	if (index < 0 && !may_have(uid, wanted))
		return -EACCES;
	if (index < 0)
		index = open_on_the_spot(place->app, generation, wanted, &fault);
	if (index < 0) {
		log_warn("%s.%u: worker %d cannot listen: %s", place->app->name,
			 place->slot, (int)seat->process.pid, fault.text);
		return index;
	}
	seat->asked = true;
	*ret_fd = listener_fd(&generation->holding[index]->listener,
			      sharing_socket(generation, place->slot));
	return 0;
}

int broker_listening(struct seat *seat, const struct address *address)
{
	struct app *app = seat->place->app;
	struct core_event event = {.kind = CORE_LISTENING, .at = seat_ref(seat)};
	int index = find_named(generation_find(app, seat->generation), address);

	if (index < 0)
		return -ENOTSUP;
	seat->listening |= UINT64_C(1) << index;
	app->stepped = true;
	supervisor_post(app, &event);
	return 0;
}

const char *broker_door(const struct seat *seat)
{
	const struct generation *generation;

	generation = generation_find(seat->place->app, seat->generation);
	if (seat->asked)
		return "preload";
	return generation->spec->listen_count > 0 &&
			       generation->spec->adopt != SPEC_ADOPT_NONE
		       ? "listen-fds"
		       : NULL;
}

/* ---- the desk ---- */

static void dismiss(struct caller *caller)
{
	struct ev_loop *loop = caller->supervisor->loop;

	ev_io_stop(loop, &caller->watch);
	ev_timer_stop(loop, &caller->patience);
	(void)close(caller->watch.fd);
	caller->supervisor = NULL;
}

/* Answers who belongs to a worker; to all others nobody is at home. */
static void serve(struct caller *caller, const struct desk_question *question)
{
	struct seat *seat = seat_find(caller->supervisor, getsid(caller->pid));
	int error = ASK_YOURSELF, fd = -1;

	if (seat != NULL && question->verb == ASK_LISTENING)
		error = -broker_listening(seat, &question->address);
	else if (seat != NULL)
		error = -broker_find(seat, &question->address, caller->uid, &fd);
	desk_answer(caller->watch.fd, error == ENOTSUP ? ASK_YOURSELF : error, fd);
}

static void on_question(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct caller *caller = watch->data;
	struct desk_question question;
	int result = desk_read(watch->fd, &question);

	(void)loop;
	(void)events;
	if (result == -EAGAIN)
		return;
	if (result > 0)
		serve(caller, &question);
	else if (result == 0)
		desk_answer(watch->fd, ASK_YOURSELF, -1);
	dismiss(caller);
}

static void on_patience(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	dismiss(timer->data);
}

/* The longest waiting one gives way when all chairs are taken: who has a question puts it
 * at once. */
static struct caller *take_chair(struct broker *broker)
{
	struct caller *caller = &broker->caller[broker->next++ % BROKER_CALLERS];

	if (caller->supervisor != NULL)
		dismiss(caller);
	return caller;
}

static void admit(struct supervisor *supervisor, int fd, pid_t pid, uid_t uid)
{
	struct caller *caller = take_chair(&supervisor->broker);

	caller->supervisor = supervisor;
	caller->pid = pid;
	caller->uid = uid;
	ev_io_init(&caller->watch, on_question, fd, EV_READ);
	ev_timer_init(&caller->patience, on_patience, CALLER_PATIENCE, 0.);
	caller->watch.data = caller->patience.data = caller;
	ev_io_start(supervisor->loop, &caller->watch);
	ev_timer_start(supervisor->loop, &caller->patience);
	on_question(supervisor->loop, &caller->watch, EV_READ);
}

static void on_caller(struct ev_loop *loop, struct ev_io *watch, int events)
{
	pid_t pid;
	uid_t uid;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < TURN; i++) {
		int fd = desk_accept(watch->fd, &pid, &uid);

		if (fd < 0)
			return;
		admit(watch->data, fd, pid, uid);
	}
}

int broker_start(struct supervisor *supervisor, struct fault *fault)
{
	struct broker *broker = &supervisor->broker;
	int fd;

	(void)snprintf(broker->path, sizeof(broker->path), "%s/broker.sock",
		       supervisor->places.run);
	fd = desk_open(broker->path, fault);
	if (fd < 0)
		return fd;
	ev_io_init(&broker->watch, on_caller, fd, EV_READ);
	broker->watch.data = supervisor;
	ev_io_start(supervisor->loop, &broker->watch);
	return 0;
}

void broker_end(struct supervisor *supervisor)
{
	struct broker *broker = &supervisor->broker;

	for (unsigned i = 0; i < BROKER_CALLERS; i++)
		if (broker->caller[i].supervisor != NULL)
			dismiss(&broker->caller[i]);
	ev_io_stop(supervisor->loop, &broker->watch);
	if (broker->path[0] != '\0') {
		(void)close(broker->watch.fd);
		(void)unlink(broker->path);
	}
}
