#include "worker/http/farewell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAREWELL_SECONDS 2.0
#define FAREWELL_COUNT   1024 /* beyond it connections are closed at once */
#define READS_A_TURN     16

struct leaver {
	struct farewells *farewells;
	ev_io readable;
	ev_timer over;
};

/* Reads away what the peer sent; false when there is nothing more to wait for. */
static bool read_away(int fd)
{
	char bytes[4096];

	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (count == -1)
			return errno == EAGAIN || errno == EINTR;
		if (count == 0)
			return false;
	}
	return true;
}

static void end_farewell(struct leaver *leaver)
{
	struct farewells *farewells = leaver->farewells;

	ev_io_stop(farewells->loop, &leaver->readable);
	ev_timer_stop(farewells->loop, &leaver->over);
	(void)close(leaver->readable.fd);
	free(leaver);
	farewells->count--;
	farewells->on_end(farewells->owner);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	if (!read_away(watcher->fd))
		end_farewell(watcher->data);
}

static void on_over(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	end_farewell(watcher->data);
}

void farewell_begin(struct farewells *farewells, int fd, bool certain)
{
	struct leaver *leaver;
	int copy;

	if (!read_away(fd) || certain || farewells->count == FAREWELL_COUNT)
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy == -1)
		return;
	leaver = malloc(sizeof(*leaver));
	if (leaver == NULL) {
		(void)close(copy);
		return;
	}
	(void)shutdown(copy, SHUT_WR);
	leaver->farewells = farewells;
	ev_io_init(&leaver->readable, on_readable, copy, EV_READ);
	ev_timer_init(&leaver->over, on_over, FAREWELL_SECONDS, 0.);
	leaver->readable.data = leaver;
	leaver->over.data = leaver;
	ev_now_update(farewells->loop); /* a busy turn must not cut the time short */
	ev_io_start(farewells->loop, &leaver->readable);
	ev_timer_start(farewells->loop, &leaver->over);
	farewells->count++;
}
