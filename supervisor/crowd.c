/*
 * crowd.c - how many wait at each slot of an app, and who is avoided for that.
 *
 * The slots' sockets sit in an epoll of their own, armed for one event each.  While
 * nothing comes, nothing wakes.  The first connection starts the sampler: every sample
 * reads all queues, lets the rule judge (core/depth.h) and arms the sockets anew; some
 * samples without a connection end it, and with it every verdict.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "supervisor/estate.h"

#define SAMPLE_SECONDS 0.02
#define DOUBT_SECONDS  0.005 /* to the sample that confirms one: less lands meanwhile */
#define QUIET_SAMPLES  5
#define EVENTS         64 /* fetched at once; the rest waits for the next sample */

static unsigned own_sockets(const struct app *app, const struct holding *holding)
{
	unsigned count = core_count(&app->core);

	if (holding->listener.shared || sharing_is_on(app))
		return 0;
	return holding->listener.slots < count ? holding->listener.slots : count;
}

bool crowd_avoids(const struct app *app, unsigned slot)
{
	return app->crowd.slot[slot].crowded;
}

int64_t crowd_depth(const struct app *app, unsigned slot)
{
	int64_t sum = -1;
	unsigned depth;

	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		if (slot >= own_sockets(app, at) ||
		    listener_depth(&at->listener, at->listener.routed[slot], &depth) < 0)
			continue;
		sum = (sum < 0 ? 0 : sum) + depth;
	}
	return sum;
}

static int arm(const struct crowd *crowd, int operation, int fd, unsigned slot)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};

	event.data.u64 = (uint64_t)slot << 32 | (uint32_t)fd;
	return epoll_ctl(crowd->epoll, operation, fd, &event) == -1 ? -errno : 0;
}

/* A socket that a worker shut down tells so as if a connection had come. */
static void take_event(struct app *app, const struct epoll_event *event)
{
	unsigned slot = (unsigned)(event->data.u64 >> 32);

	if (event->events & EPOLLHUP && app->place[slot] != NULL) {
		holdings_heal(app->place[slot]);
		app->stepped = true;
	}
	(void)arm(&app->crowd, EPOLL_CTL_MOD, (int)(uint32_t)event->data.u64, slot);
}

/* Returns true if any connection came since the last sample. */
static bool take_events(struct app *app)
{
	struct epoll_event event[EVENTS];
	int count = epoll_wait(app->crowd.epoll, event, EVENTS, 0);

	for (int i = 0; i < count; i++)
		take_event(app, &event[i]);
	return count > 0;
}

/* When the worker that serves in this slot beat last. */
static msec beat_of(const struct app *app, unsigned slot)
{
	for (unsigned i = 0; app->core.policy.beats && i < CORE_SEATS; i++)
		if (app->core.slot[slot].seat[i].phase == WORKER_SERVING)
			return app->core.slot[slot].seat[i].beat;
	return MSEC_NEVER;
}

static unsigned patience_of(const struct app *app)
{
	return dealing_policy(app) == BALANCE_IP_HASH ? DEPTH_STICKY_PATIENCE
						      : DEPTH_PATIENCE;
}

static bool judge(struct app *app)
{
	struct depth_sample sample[CORE_SLOTS];
	unsigned slots = core_count(&app->core);

	for (unsigned i = 0; i < slots; i++) {
		int64_t depth = crowd_depth(app, i);

		sample[i].takes_part = core_routes(&app->core, i);
		sample[i].depth = depth > 0 ? (unsigned)depth : 0;
		sample[i].beat = beat_of(app, i);
	}
	return depth_judge(app->crowd.slot, sample, slots, patience_of(app), clock_now());
}

/* All queues are empty: nobody is avoided any more. */
static void fall_asleep(struct app *app)
{
	struct crowd *crowd = &app->crowd;

	ev_timer_stop(app->supervisor->loop, &crowd->sampler);
	for (unsigned i = 0; i < CORE_SLOTS; i++) {
		if (!crowd->slot[i].crowded)
			continue;
		crowd->slot[i] = (struct depth_slot){0};
		app->stepped = true;
	}
	if (crowd->sockets > 0)
		ev_io_start(app->supervisor->loop, &crowd->first);
}

static void on_sample(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct app *app = timer->data;
	struct crowd *crowd = &app->crowd;

	(void)events;
	if (crowd->sockets > 0 && take_events(app))
		crowd->quiet = 0;
	else
		crowd->quiet++;
	if (judge(app))
		app->stepped = true;
	timer->repeat =
		depth_doubts(crowd->slot, core_count(&app->core), patience_of(app))
			? DOUBT_SECONDS
			: SAMPLE_SECONDS;
	ev_timer_again(loop, timer);
	if (crowd->quiet >= QUIET_SAMPLES)
		fall_asleep(app);
}

static void on_first(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct app *app = watch->data;

	(void)events;
	ev_io_stop(loop, watch);
	app->crowd.quiet = 0;
	ev_timer_again(loop, &app->crowd.sampler);
}

static void watch(struct app *app, unsigned sockets)
{
	struct crowd *crowd = &app->crowd;

	crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (crowd->epoll == -1) {
		app_alert(app, "cannot watch its queues: %s", strerror(errno));
		return;
	}
	crowd->sockets = sockets;
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		for (unsigned slot = 0; slot < own_sockets(app, at); slot++)
			(void)arm(crowd, EPOLL_CTL_ADD,
				  listener_fd(&at->listener, at->listener.routed[slot]),
				  slot);
	ev_io_set(&crowd->first, crowd->epoll, EV_READ);
	if (!ev_is_active(&crowd->sampler))
		ev_io_start(app->supervisor->loop, &crowd->first);
}

void crowd_update(struct app *app)
{
	unsigned sockets = 0;

	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		sockets += own_sockets(app, at);
	if (!app->core.want.running)
		sockets = 0;
	if (sockets == app->crowd.sockets)
		return;
	crowd_forget(app);
	if (sockets > 0)
		watch(app, sockets);
}

/* A sampler that runs goes on: it ends by itself where there is nothing to see. */
void crowd_forget(struct app *app)
{
	struct crowd *crowd = &app->crowd;

	if (crowd->sockets == 0)
		return;
	ev_io_stop(app->supervisor->loop, &crowd->first);
	fd_close(&crowd->epoll);
	crowd->sockets = 0;
}

void crowd_free(struct app *app)
{
	crowd_forget(app);
	ev_timer_stop(app->supervisor->loop, &app->crowd.sampler);
}

void crowd_init(struct app *app)
{
	struct crowd *crowd = &app->crowd;

	ev_init(&crowd->first, on_first);
	ev_timer_init(&crowd->sampler, on_sample, 0., SAMPLE_SECONDS);
	crowd->first.data = crowd->sampler.data = app;
}
