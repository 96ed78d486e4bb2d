/*
 * hello.c - the smallest real worker: who connects gets one line.
 *
 * It shows all that libclusterworker asks of a program: take the sockets, say ready, beat
 * from the loop, and when told to go, serve who already waits, then leave.
 *
 *	cc -o hello hello.c $(pkg-config --cflags --libs libclusterworker)
 *	clusterctl start ./hello --listen 7000
 */
#define _GNU_SOURCE 1 /* for ppoll */
#include <cluster_worker.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SOCKETS_MOST 16

static volatile sig_atomic_t told_to_go;

static void on_term(int number)
{
	(void)number;
	told_to_go = 1;
}

/* Everyone who waits at this socket.  It is non-blocking: at the end accept fails. */
static void serve(int listener, struct cluster_figures *figures)
{
	static const char line[] = "hello\n";
	int client;

	while ((client = accept(listener, NULL, NULL)) != -1) {
		if (send(client, line, strlen(line), MSG_NOSIGNAL) == -1)
			figures->errors++;
		figures->requests++;
		(void)close(client);
	}
}

/* A descriptor that is readable when the next beat is due; never, if none are wanted. */
static int open_timer(void)
{
	uint64_t usec = cluster_beat_interval();
	struct itimerspec times = {0};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	times.it_interval.tv_sec = (time_t)(usec / 1000000);
	times.it_interval.tv_nsec = (long)(usec % 1000000) * 1000;
	times.it_value = times.it_interval;
	if (timer != -1)
		(void)timerfd_settime(timer, 0, &times, NULL);
	return timer;
}

static void beat(int timer, const struct cluster_figures *figures)
{
	uint64_t times;

	if (read(timer, &times, sizeof(times)) == sizeof(times))
		(void)cluster_beat(figures); /* how late it comes is the lag */
}

int main(void)
{
	struct cluster_figures figures = CLUSTER_FIGURES_UNKNOWN;
	struct pollfd wait[1 + SOCKETS_MOST] = {{.fd = open_timer(), .events = POLLIN}};
	struct sigaction action = {.sa_handler = on_term};
	sigset_t blocked;
	sigset_t waiting;
	int sockets = cluster_listen();

	if (sockets <= 0 || sockets > SOCKETS_MOST) {
		(void)fprintf(stderr, "hello: start me with clusterctl start --listen\n");
		return 2;
	}
	figures.requests = 0;
	figures.errors = 0;
	for (int i = 0; i < sockets; i++)
		wait[1 + i] =
			(struct pollfd){.fd = CLUSTER_LISTEN_FIRST + i, .events = POLLIN};

	/* TERM comes only while we wait, so it cannot slip in between a look and a sleep.
	 */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &blocked, &waiting);
	(void)sigaction(SIGTERM, &action, NULL);

	(void)cluster_ready();
	while (!told_to_go) {
		if (ppoll(wait, (nfds_t)sockets + 1, NULL, &waiting) == -1)
			continue;
		beat(wait[0].fd, &figures);
		for (int i = 1; i <= sockets; i++)
			if (wait[i].revents != 0)
				serve(wait[i].fd, &figures);
	}
	(void)cluster_draining();
	for (int i = 1; i <= sockets; i++)
		serve(wait[i].fd, &figures);
	(void)cluster_done(&figures);
	return 0;
}
