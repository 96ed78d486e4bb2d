#include "worker/http/acceptor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ACCEPTS_A_TURN  64    /* of one socket, before others get theirs */
#define ACCEPTS_AT_LAST 65536 /* no queue is longer; a successor refills it meanwhile */
#define PAUSE_SECONDS   1.0

/* The failures that pass when somebody closes something. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void leave_socket(struct acceptor *acceptor, unsigned index)
{
	if (acceptor->socket[index] == -1)
		return;
	(void)epoll_ctl(acceptor->epoll, EPOLL_CTL_DEL, acceptor->socket[index], NULL);
	(void)close(acceptor->socket[index]);
	acceptor->socket[index] = -1;
}

static void take_connections(struct acceptor *acceptor, unsigned index, unsigned most)
{
	for (unsigned i = 0; i < most; i++) {
		struct sockaddr_storage from;
		socklen_t bytes = sizeof(from);
		int fd = accept4(acceptor->socket[index], (struct sockaddr *)&from,
				 &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd != -1) {
			if (acceptor->take(acceptor->owner, fd, (struct sockaddr *)&from,
					   bytes))
				continue;
			acceptor_stop(acceptor);
			return;
		}
		if (errno == EAGAIN)
			return;
		if (is_shortage(errno)) {
			acceptor_stop(acceptor);
			ev_timer_again(acceptor->loop, &acceptor->pause);
			return;
		}
		if (errno ==
		    EINVAL) { /* somebody has shut it down: it would never rest */
			leave_socket(acceptor, index);
			return;
		}
	}
}

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct acceptor *acceptor = watcher->data;
	struct epoll_event ready[ACCEPTOR_SOCKETS];
	int count = epoll_wait(acceptor->epoll, ready, ACCEPTOR_SOCKETS, 0);

	(void)loop;
	(void)events;
	for (int i = 0; i < count; i++)
		take_connections(acceptor, ready[i].data.u32, ACCEPTS_A_TURN);
}

static void on_pause_over(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)events;
	ev_timer_stop(loop, watcher);
	acceptor_start(watcher->data);
}

int acceptor_init(struct acceptor *acceptor, struct ev_loop *loop)
{
	acceptor->loop = loop;
	acceptor->sockets = 0;
	acceptor->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (acceptor->epoll == -1)
		return -errno;
	ev_io_init(&acceptor->ready, on_ready, acceptor->epoll, EV_READ);
	acceptor->ready.data = acceptor;
	ev_timer_init(&acceptor->pause, on_pause_over, 0., PAUSE_SECONDS);
	acceptor->pause.data = acceptor;
	return 0;
}

int acceptor_add(struct acceptor *acceptor, int socket)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
				    .data.u32 = acceptor->sockets};

	if (acceptor->sockets == ACCEPTOR_SOCKETS)
		return -E2BIG;
	if (epoll_ctl(acceptor->epoll, EPOLL_CTL_ADD, socket, &event) == -1)
		return -errno;
	acceptor->socket[acceptor->sockets++] = socket;
	return 0;
}

void acceptor_start(struct acceptor *acceptor)
{
	if (!ev_is_active(&acceptor->pause))
		ev_io_start(acceptor->loop, &acceptor->ready);
}

void acceptor_stop(struct acceptor *acceptor)
{
	ev_io_stop(acceptor->loop, &acceptor->ready);
}

void acceptor_retire(struct acceptor *acceptor)
{
	for (unsigned i = 0; i < acceptor->sockets; i++) {
		if (acceptor->socket[i] != -1)
			take_connections(acceptor, i, ACCEPTS_AT_LAST);
		leave_socket(acceptor, i);
	}
	acceptor_fini(acceptor);
}

void acceptor_fini(struct acceptor *acceptor)
{
	ev_timer_stop(acceptor->loop, &acceptor->pause);
	acceptor_stop(acceptor);
	for (unsigned i = 0; i < acceptor->sockets; i++)
		leave_socket(acceptor, i);
	acceptor->sockets = 0;
	if (acceptor->epoll != -1)
		(void)close(acceptor->epoll);
	acceptor->epoll = -1;
}
