/*
 * loadgen - an open-loop HTTP client that tells what became of every request.
 *
 * One thread, one epoll.  Requests start when they are due; the report classes each one
 * and counts its time from that moment.
 */
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/load/client.h"

#define EVENTS 256

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

/* Signals come only while we wait, so none is missed between a look and the wait. */
static void catch_signals(sigset_t *ret_while_waiting)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	if (sigprocmask(SIG_BLOCK, &ours, ret_while_waiting) == -1 ||
	    sigaction(SIGTERM, &action, NULL) == -1 ||
	    sigaction(SIGINT, &action, NULL) == -1)
		err(2, "signals");
	sigdelset(ret_while_waiting, SIGTERM);
	sigdelset(ret_while_waiting, SIGINT);
}

static unsigned raise_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(2, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* what there is has to do */
	return limit.rlim_cur > 65536 ? 65536 : (unsigned)limit.rlim_cur - 16;
}

static unsigned char *make_bytes(uint64_t dice)
{
	size_t bytes = 2 * OPTIONS_BODY_MOST;
	unsigned char *all = malloc(bytes);

	if (!all)
		err(2, "malloc");
	for (size_t i = 0; i < bytes; i++) {
		dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407U;
		all[i] = (unsigned char)(dice >> 56);
	}
	return all;
}

/* Due requests go out first, so that reading answers never makes them later. */
static int64_t launch_due(struct load *load, uint64_t *launched, int64_t now)
{
	unsigned rate = load->options->rate;
	int64_t due;

	if (rate == 0)
		return INT64_MAX;
	for (;;) {
		due = load->began + (int64_t)(*launched * 1000000 / rate);
		if (due > now || load->is_ending)
			return load->is_ending ? INT64_MAX : due;
		client_launch(load, due);
		(*launched)++;
	}
}

static void ring(struct load *load, int64_t now)
{
	struct alarm *alarm;

	/* an alarm is the first member of its client */
	while ((alarm = alarms_first(&load->alarms)) && alarm->at <= now)
		client_on_alarm((struct client *)(void *)alarm, now);
}

static void wait_until(struct load *load, int64_t until, const sigset_t *while_waiting)
{
	struct epoll_event event[EVENTS];
	int64_t left = until - client_now();
	struct timespec timeout;
	int count;

	left = left < 0 ? 0 : left;
	timeout.tv_sec = (time_t)(left / 1000000);
	timeout.tv_nsec = (long)(left % 1000000) * 1000;
	count = epoll_pwait2(load->epoll, event, EVENTS,
			     until == INT64_MAX ? NULL : &timeout, while_waiting);
	for (int i = 0; i < count; i++)
		client_on_socket(event[i].data.ptr);
}

static void run(struct load *load, struct client **kept, const sigset_t *while_waiting)
{
	const struct options *options = load->options;
	int64_t end =
		options->duration_us ? load->began + options->duration_us : INT64_MAX;
	uint64_t launched = 0;
	bool is_dismissed = false;

	while (signals < 2) {
		int64_t now = client_now();
		int64_t next = launch_due(load, &launched, now);
		const struct alarm *alarm;

		ring(load, now);
		if (now >= end || signals > 0)
			load->is_ending = true;
		if (load->is_ending && !is_dismissed) {
			is_dismissed = true;
			for (unsigned i = 0; i < options->kept; i++)
				client_dismiss(kept[i]);
		}
		if (load->is_ending && load->living == 0)
			break;

		alarm = alarms_first(&load->alarms);
		if (alarm && alarm->at < next)
			next = alarm->at;
		if (!load->is_ending && end < next)
			next = end;
		wait_until(load, next, while_waiting);
	}
}

static void start(struct load *load, const struct options *options)
{
	load->options = options;
	load->room = raise_fds();
	load->dice = options->seed * 2 + 1;
	load->bytes = make_bytes(options->seed);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->epoll == -1 || alarms_init(&load->alarms, load->room) < 0)
		err(2, "epoll");
	load->began = client_now();
}

static void finish(struct load *load, struct client **kept)
{
	free(kept);
	clients_free(load);
	alarms_fini(&load->alarms);
	free(load->bytes);
	close(load->epoll);
}

int main(int argc, char **argv)
{
	static struct load load;
	struct options options;
	struct client **kept;
	sigset_t while_waiting;
	int64_t began_wall, duration;

	options_parse(&options, argc, argv);
	catch_signals(&while_waiting);
	start(&load, &options);
	began_wall = clock_wall();
	kept = calloc(options.kept + 1, sizeof(struct client *));
	for (unsigned i = 0; kept && i < options.kept; i++) {
		kept[i] = client_keep(&load);
		if (!kept[i])
			errx(2, "no room for %u clients", options.kept);
	}

	run(&load, kept, &while_waiting);

	duration = client_now() - load.began;
	if (options.json)
		tally_print_json(&load.tally, began_wall, duration);
	else
		tally_print(&load.tally, duration);
	finish(&load, kept);
	return options.fail_on_error && tally_failed(&load.tally) + load.tally.stray > 0;
}
