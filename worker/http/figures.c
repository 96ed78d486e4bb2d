#include "worker/http/figures.h"

#include <time.h>

uint64_t figures_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void on_woken(struct ev_loop *loop, ev_check *watcher, int events)
{
	struct figures *figures = watcher->data;

	(void)loop;
	(void)events;
	figures->woken_usec = figures_clock();
}

static void on_sleeps(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	struct figures *figures = watcher->data;
	uint64_t lag = figures_clock() - figures->woken_usec;

	(void)loop;
	(void)events;
	if (lag > figures->lag_usec)
		figures->lag_usec = lag;
}

static void on_beat(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct cluster_figures said = figures_take(watcher->data);

	(void)loop;
	(void)events;
	(void)cluster_beat(&said); /* a beat that is lost is made good by the next */
}

void figures_start(struct figures *figures, struct ev_loop *loop,
		   const unsigned *connections)
{
	uint64_t interval = cluster_beat_interval();

	*figures = (struct figures){
		.loop = loop, .connections = connections, .woken_usec = figures_clock()};

	/* First and last of an iteration, so that all work lies between them. */
	ev_check_init(&figures->woken, on_woken);
	ev_prepare_init(&figures->sleeps, on_sleeps);
	ev_set_priority(&figures->woken, EV_MAXPRI);
	ev_set_priority(&figures->sleeps, EV_MINPRI);
	figures->woken.data = figures;
	figures->sleeps.data = figures;

	ev_timer_init(&figures->beat, on_beat, 0., (double)interval / 1e6);
	figures->beat.data = figures;
	if (interval == 0)
		return; /* nobody asks, so nothing is measured and an idle loop sleeps */
	ev_check_start(loop, &figures->woken);
	ev_prepare_start(loop, &figures->sleeps);
	ev_timer_start(loop, &figures->beat);
}

void figures_stop_beating(struct figures *figures)
{
	ev_timer_stop(figures->loop, &figures->beat);
}

void figures_stop(struct figures *figures)
{
	figures_stop_beating(figures);
	ev_check_stop(figures->loop, &figures->woken);
	ev_prepare_stop(figures->loop, &figures->sleeps);
}

void figures_count(struct figures *figures, unsigned status, uint64_t began_usec)
{
	figures->requests++;
	if (status >= 500)
		figures->errors++;
	figures->recent++;
	figures->recent_usec += figures_clock() - began_usec;
}

struct cluster_figures figures_take(struct figures *figures)
{
	struct cluster_figures said = {
		.lag_usec = figures->lag_usec,
		.connections = *figures->connections,
		.requests = figures->requests,
		.errors = figures->errors,
		.latency_usec = CLUSTER_UNKNOWN,
	};

	if (figures->recent > 0)
		said.latency_usec = figures->recent_usec / figures->recent;
	figures->lag_usec = 0;
	figures->recent = 0;
	figures->recent_usec = 0;
	return said;
}
