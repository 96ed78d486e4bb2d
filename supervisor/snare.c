/*
 * snare.c - the traps (bridge/trap.h) of static programs, each laid by a worker before it
 * became what it is, and served here as long as anybody is left in it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/bridge/trap.h"
#include "supervisor/estate.h"

static uid_t owner_of(pid_t pid)
{
	struct stat status;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &status) == 0 ? status.st_uid : (uid_t)-1;
}

/* bind() is all that is seen of such a program, so that it counts as listening, too. */
static void serve(struct seat *seat, const struct trap_call *call)
{
	int trap = seat->snare.watch.fd, fd;
	int result = broker_find(seat, &call->address, 0, owner_of(call->pid), &fd);

	if (result == -ENOTSUP)
		trap_let_go(trap, call);
	else if (result < 0)
		trap_refuse(trap, call, result);
	else if (trap_replace(trap, call, fd) == 0)
		(void)broker_listening(seat, &call->address);
	else
		trap_let_go(trap, call);
}

static void on_call(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct seat *seat = watch->data;
	struct trap_call call;
	int result = trap_next(watch->fd, &call);

	(void)events;
	if (result > 0)
		serve(seat, &call);
	else if (result < 0 && result != -ENOENT && result != -EINTR)
		ev_io_stop(loop, watch); /* nobody is left in it */
}

/* What the child has sent: its end of the trap. */
static void on_laid(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct seat *seat = watch->data;
	int fd = trap_take(watch->fd);

	(void)events;
	if (fd == -EAGAIN)
		return;
	ev_io_stop(loop, watch);
	seat_drop(seat, "snare");
	fd_close(&seat->snare.socket);
	if (fd < 0)
		return;
	seat->snare.trap = fd;
	seat_keep(seat, fd, "trap");
	ev_io_init(watch, on_call, fd, EV_READ);
	ev_io_start(loop, watch);
}

/* *ret_theirs is for the child, and then the caller's to close. */
int snare_open(struct seat *seat, int *ret_theirs, struct fault *fault)
{
	struct snare *snare = &seat->snare;
	int end[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) == -1)
		return fault_set(fault, -errno, "trap: %s", strerror(errno));
	snare->socket = end[0];
	snare->trap = -1;
	ev_io_init(&snare->watch, on_laid, end[0], EV_READ);
	snare->watch.data = seat;
	ev_io_start(seat->place->app->supervisor->loop, &snare->watch);
	seat_keep(seat, end[0], "snare");
	*ret_theirs = end[1];
	return 0;
}

void snare_adopt(struct seat *seat, int socket, int trap)
{
	struct snare *snare = &seat->snare;

	snare->socket = socket;
	snare->trap = trap;
	if (trap != -1)
		ev_io_init(&snare->watch, on_call, trap, EV_READ);
	else
		ev_io_init(&snare->watch, on_laid, socket, EV_READ);
	snare->watch.data = seat;
	ev_io_start(seat->place->app->supervisor->loop, &snare->watch);
}

/* Accepts one that was never opened. */
void snare_close(struct seat *seat)
{
	struct snare *snare = &seat->snare;

	if (snare->socket == -1 && snare->trap == -1)
		return;
	ev_io_stop(seat->place->app->supervisor->loop, &snare->watch);
	seat_drop(seat, "snare");
	seat_drop(seat, "trap");
	fd_close(&snare->socket);
	fd_close(&snare->trap);
}
