/*
 * broker.c - which socket a worker gets for the address it wants to listen on.
 *
 * The slot's own, of the listener that the configuration names for that port; else of one
 * that is opened on the spot, for all slots, as if it had been named.  What one worker of
 * a generation asked for, the others find open when they ask.
 *
 * Preloaded programs ask at the desk, a socket in the run directory.  They are known by
 * the session they live in, whatever they say.  There a worker whose app may read the
 * control socket is lent a connection, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/bridge/desk.h"
#include "supervisor/estate.h"

#define TURN              16   /* callers admitted in one turn of the loop */
#define CHAIRS_EACH       8    /* for the callers of one worker */
#define CALLER_PATIENCE   5    /* seconds for a caller to put its question */
#define FLOOD             1000 /* calls of one worker, or of strangers, in a window */
#define FLOOD_WINDOW      1000 /* msec */
#define PAUSE             0.1  /* seconds after a flood, for all */
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
	if (uid == 0 || wanted->kind == ADDRESS_UNIX)
		return uid == geteuid();
	return address_port(wanted) == 0 ||
	       address_port(wanted) >= first_unprivileged_port();
}

static int add_holding(struct app *app, struct generation *generation,
		       struct holding *holding, struct fault *fault)
{
	for (unsigned i = 0; i < generation->holdings; i++)
		if (generation->holding[i] == holding)
			return (int)i;
	if (generation->holdings == ARRAY_COUNT(generation->holding))
		return fault_set(fault, -ENOTSUP, "%s: too many addresses",
				 holding->text);
	generation->holding[generation->holdings++] = holding;
	app->stepped = true; /* steers it */
	holdings_keep(app);  /* before anybody has it, so that a successor knows */
	remember_app(app);
	return (int)generation->holdings - 1;
}

static int open_on_the_spot(struct app *app, struct generation *generation,
			    const struct address *wanted, unsigned index,
			    struct fault *fault)
{
	char text[ADDRESS_TEXT];
	const struct app *owner = find_owner(app, wanted);
	const struct holding *newest = app->holdings;
	struct holding *holding;

	address_format(wanted, text);
	if (owner != NULL)
		return fault_set(fault, -EADDRINUSE, "%s is listened on by %s", text,
				 owner->name);
	holding = holding_need(app, generation->spec, text, index,
			       sharing_sockets(app, generation, app->core.slots), fault);
	if (holding == NULL)
		return -EADDRINUSE;
	if (holding != newest && app->holdings != newest) {
		address_format(&holding->listener.address, text);
		app_tell(app,
			 (struct happening){.kind = HAPPENING_LISTENING, .reason = text});
	}
	return add_holding(app, generation, holding, fault);
}

static void tell_refusal(const struct seat *seat, const struct fault *fault)
{
	seat_tell(seat, (struct happening){.kind = HAPPENING_LISTEN_REFUSED,
					   .reason = fault->text});
}

/* `asked`: the bit of this holding. */
static int lend(struct seat *seat, struct holding *holding, uint64_t asked, int *ret_fd)
{
	struct fault fault = {0};
	int result = sharing_lend(seat, holding, ret_fd, &fault);

	if (result < 0) {
		tell_refusal(seat, &fault);
		return result;
	}
	seat->asked |= asked;
	seat->place->app->stepped = true; /* steers to it */
	return 0;
}

int broker_find(struct seat *seat, const struct address *wanted, unsigned index,
		uid_t uid, int *ret_fd)
{
	const struct place *place = seat->place;
	struct generation *generation = generation_find(place->app, seat->generation);
	struct fault fault = {0};
	int found = find_named(generation, wanted);

	if (found < 0 && !may_have(uid, wanted))
		return -EACCES;
	if (found < 0)
		found = open_on_the_spot(place->app, generation, wanted, index, &fault);
	if (found < 0) {
		tell_refusal(seat, &fault);
		return found;
	}
	return lend(seat, generation->holding[found], UINT64_C(1) << found, ret_fd);
}

int broker_find_lent(struct seat *seat, int descriptor, int *ret_fd)
{
	enum { FIRST = 3 }; /* of LISTEN_FDS */
	const struct generation *generation;
	int index = descriptor - FIRST;

	generation = generation_find(seat->place->app, seat->generation);
	if (index < 0 || (unsigned)index >= generation->spec->listen_count)
		return -EBADF;
	return lend(seat, generation->holding[index], UINT64_C(1) << index, ret_fd);
}

/* Who was lent it by LISTEN_FDS did not ask. */
enum core_asker broker_asker(const struct seat *seat)
{
	const struct generation *generation;

	generation = generation_find(seat->place->app, seat->generation);
	return generation->node_preload == NULL && (seat->asked & seat->listening) != 0
		       ? CORE_ASKER_UNAWARE
		       : CORE_ASKER_AWARE;
}

static void note_listening(struct seat *seat, uint64_t holdings)
{
	struct app *app = seat->place->app;
	struct core_event event = {.kind = CORE_LISTENING, .at = seat_ref(seat)};

	seat->listening |= holdings;
	event.arg = broker_asker(seat);
	remember_seat(app, event.at); /* it is said only once */
	app->stepped = true;
	supervisor_post(app, &event);
}

int broker_listening(struct seat *seat, const struct address *address)
{
	const struct app *app = seat->place->app;
	int index = find_named(generation_find(app, seat->generation), address);

	if (index < 0)
		return -ENOTSUP;
	note_listening(seat, UINT64_C(1) << index);
	return 0;
}

void broker_listening_all(struct seat *seat)
{
	if (seat->asked != 0)
		note_listening(seat, seat->asked);
}

const char *broker_door(const struct seat *seat)
{
	const struct generation *generation;

	generation = generation_find(seat->place->app, seat->generation);
	if (seat->asked != 0)
		return generation->node_preload != NULL ? "node"
		       : generation->traps              ? "seccomp"
							: "preload";
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

/* Its end of a connection on which it may only read; the app has to have that right. */
static int lend_control(const struct seat *seat, int *ret_fd)
{
	const struct generation *generation;

	generation = generation_find(seat->place->app, seat->generation);
	if (generation->spec->control != SPEC_CONTROL_READ)
		return -EACCES;
	return control_lend(seat->place->app->supervisor->control, ret_fd);
}

static void serve(struct seat *seat, const struct caller *caller,
		  const struct desk_question *question)
{
	CLOSE_FD int lent = -1;
	int error, fd = -1;

	if (question->verb == ASK_CONTROL) {
		error = -lend_control(seat, &lent);
		fd = lent;
	} else if (question->verb == ASK_LISTENING) {
		error = -broker_listening(seat, &question->address);
	} else {
		error = -broker_find(seat, &question->address, 0, caller->uid, &fd);
	}
	desk_answer(caller->watch.fd, error == ENOTSUP ? ASK_YOURSELF : error, fd);
}

static void note_rubbish(struct seat *seat)
{
	if (!seat->is_rude)
		seat_tell(seat, (struct happening){.kind = HAPPENING_ALERT,
						   .reason = "asks what is no question; "
							     "it is not answered"});
	seat->is_rude = true;
}

static void on_question(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct caller *caller = watch->data;
	struct seat *seat = seat_find(caller->supervisor, caller->session);
	struct desk_question question;
	int result = desk_read(watch->fd, &question);

	(void)loop;
	(void)events;
	if (result == -EAGAIN)
		return;
	if (result > 0 && seat != NULL)
		serve(seat, caller, &question);
	else if (result == 0 && seat != NULL)
		note_rubbish(seat);
	dismiss(caller);
}

static void on_patience(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	dismiss(timer->data);
}

/* Who has a question puts it at once, so that the longest waiting one can give way: of
 * this worker's own callers when they have as many chairs as one may have, else of all.
 */
static struct caller *take_chair(struct broker *broker, pid_t session)
{
	struct caller *own = NULL, *chair;
	unsigned taken = 0;

	for (unsigned i = 0; i < BROKER_CALLERS; i++) {
		chair = &broker->caller[(broker->next + i) % BROKER_CALLERS];
		if (chair->supervisor == NULL || chair->session != session)
			continue;
		own = own != NULL ? own : chair;
		taken++;
	}
	chair = taken < CHAIRS_EACH ? &broker->caller[broker->next++ % BROKER_CALLERS]
				    : own;
	if (chair->supervisor != NULL)
		dismiss(chair);
	return chair;
}

static void admit(struct supervisor *supervisor, int fd, pid_t session, uid_t uid)
{
	struct caller *caller = take_chair(&supervisor->broker, session);

	caller->supervisor = supervisor;
	caller->session = session;
	caller->uid = uid;
	ev_io_init(&caller->watch, on_question, fd, EV_READ);
	ev_timer_init(&caller->patience, on_patience, CALLER_PATIENCE, 0.);
	caller->watch.data = caller->patience.data = caller;
	ev_io_start(supervisor->loop, &caller->watch);
	ev_timer_start(supervisor->loop, &caller->patience);
	on_question(supervisor->loop, &caller->watch, EV_READ);
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;

	(void)events;
	ev_io_start(loop, &supervisor->broker.watch);
}

static bool floods(struct calls *calls, msec now)
{
	if (now - calls->window >= FLOOD_WINDOW)
		*calls = (struct calls){.window = now};
	if (++calls->count <= FLOOD)
		return false;
	calls->count = 0;
	return true;
}

/* Strangers are not worth a word, only a pause. */
static void pause_for(struct supervisor *supervisor, struct seat *seat)
{
	struct broker *broker = &supervisor->broker;

	if (seat != NULL && !seat->floods) {
		seat->floods = true;
		seat_tell(seat, (struct happening){.kind = HAPPENING_FLOOD,
						   .reason = "asks for sockets all the "
							     "time, heard at intervals"});
	}
	ev_io_stop(supervisor->loop, &broker->watch);
	ev_timer_set(&broker->pause, PAUSE, 0.);
	ev_timer_start(supervisor->loop, &broker->pause);
}

/* To who is of no worker nobody is at home. */
static void on_caller(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct supervisor *supervisor = watch->data;
	struct seat *seat;
	pid_t pid;
	uid_t uid;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < TURN; i++) {
		int fd = desk_accept(watch->fd, &pid, &uid);

		if (fd < 0)
			return;
		seat = seat_find(supervisor, getsid(pid));
		if (seat != NULL)
			admit(supervisor, fd, seat->process.pid, uid);
		else
			(void)close(fd);
		if (!floods(seat != NULL ? &seat->calls : &supervisor->broker.strangers,
			    supervisor->now))
			continue;
		pause_for(supervisor, seat);
		return;
	}
}

int broker_start(struct supervisor *supervisor, struct fault *fault)
{
	struct broker *broker = &supervisor->broker;
	int fd;

	(void)snprintf(broker->path, sizeof(broker->path), "%s/broker.sock",
		       supervisor->places.run);
	fd = store_take(&supervisor->store, "broker");
	if (fd < 0)
		fd = desk_open(broker->path, fault);
	if (fd < 0)
		return fd;
	(void)store_put(&supervisor->store, "broker", fd);
	ev_io_init(&broker->watch, on_caller, fd, EV_READ);
	ev_timer_init(&broker->pause, on_pause_over, PAUSE, 0.);
	broker->watch.data = broker->pause.data = supervisor;
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
	ev_timer_stop(supervisor->loop, &broker->pause);
	if (broker->path[0] != '\0') {
		(void)close(broker->watch.fd);
		(void)unlink(broker->path);
	}
}
