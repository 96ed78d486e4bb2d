#include "tests/system/workers/shared/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#define DRAIN_IDLE 2.0

struct connection {
	ev_io io;
	ev_timer timer; /* the delay of an answer, or the patience with an idle client */
	struct server *server;
	struct connection *next, **link;
	struct exchange exchange;
	bool is_answering;
	size_t in_bytes, request_bytes;
	char *out;
	size_t out_bytes, sent;
	char in[SERVER_REQUEST_BYTES];
};

static void forget(struct connection *connection)
{
	struct server *server = connection->server;

	ev_io_stop(server->loop, &connection->io);
	ev_timer_stop(server->loop, &connection->timer);
	close(connection->io.fd);
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	server->connections--;
	free(connection->out);
	free(connection);
}

static void reset(struct connection *connection)
{
	struct linger none = {.l_onoff = 1};

	(void)setsockopt(connection->io.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	forget(connection);
}

static void await(struct connection *connection, int events, double seconds)
{
	struct ev_loop *loop = connection->server->loop;

	ev_io_stop(loop, &connection->io);
	ev_io_set(&connection->io, connection->io.fd, events);
	if (events)
		ev_io_start(loop, &connection->io);
	ev_timer_stop(loop, &connection->timer);
	ev_timer_set(&connection->timer, seconds, 0);
	if (seconds > 0)
		ev_timer_start(loop, &connection->timer);
}

static void await_request(struct connection *connection)
{
	const struct server *server = connection->server;
	double patience = connection->exchange.nth > 0 ? server->idle : 0;

	await(connection, EV_READ, server->is_draining ? DRAIN_IDLE : patience);
}

/* Appends to what will be sent; the buffer is large enough for any answer made below. */
static void put(struct connection *connection, const void *data, size_t bytes)
{
	memcpy(connection->out + connection->out_bytes, data, bytes);
	connection->out_bytes += bytes;
}

static void put_answer(struct connection *connection)
{
	const struct exchange *exchange = &connection->exchange;
	const char *headers = connection->server->headers;
	char head[512], length[64];

	if (exchange->deed == DEED_CHUNKS)
		snprintf(length, sizeof(length), "Transfer-Encoding: chunked\r\n");
	else if (exchange->deed == DEED_UNTIL_CLOSE)
		length[0] = '\0';
	else
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
			 exchange->reply_bytes);
	snprintf(head, sizeof(head), "HTTP/1.1 %d Said\r\n%s%s%s\r\n", exchange->status,
		 length, exchange->closes ? "Connection: close\r\n" : "",
		 headers ? headers : "");
	put(connection, head, strlen(head));
	if (exchange->deed == DEED_CHUNKS && exchange->reply_bytes > 0) {
		snprintf(head, sizeof(head), "%zx\r\n", exchange->reply_bytes);
		put(connection, head, strlen(head));
	}
	put(connection, exchange->reply, exchange->reply_bytes);
	if (exchange->deed == DEED_CHUNKS)
		put(connection, exchange->reply_bytes ? "\r\n0\r\n\r\n" : "0\r\n\r\n",
		    exchange->reply_bytes ? 7 : 5);
}

static void prepare(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	free(connection->out);
	connection->out = malloc(2 * exchange->reply_bytes + 4096);
	connection->out_bytes = connection->sent = 0;
	if (!connection->out)
		abort();
	exchange->closes = exchange->closes || connection->server->is_draining ||
			   exchange->deed == DEED_UNTIL_CLOSE ||
			   exchange->deed == DEED_TRUNCATE;
	put_answer(connection);
	if (exchange->deed == DEED_TWICE)
		put_answer(connection);
	if (exchange->deed == DEED_TRUNCATE)
		connection->out_bytes -= exchange->reply_bytes / 2 + 1;
}

static void perform(struct connection *connection)
{
	connection->is_answering = true;
	connection->exchange.delay = 0;
	switch (connection->exchange.deed) {
	case DEED_CLOSE:
		forget(connection);
		break;
	case DEED_RESET:
		reset(connection);
		break;
	case DEED_SILENCE:
		await(connection, 0, 0);
		break;
	case DEED_ANSWER:
	case DEED_DRIBBLE:
	case DEED_CHUNKS:
	case DEED_UNTIL_CLOSE:
	case DEED_TRUNCATE:
	case DEED_TWICE:
		prepare(connection);
		await(connection, EV_WRITE, 0);
		break;
	case DEEDS:
		abort();
	}
}

/* Bytes of the request at the front of `in`, 0 while it is not whole. */
static size_t parse(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	char *in = connection->in;
	char *end, *length;
	size_t body = 0;

	in[connection->in_bytes] = '\0';
	end = strstr(in, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(in, "\r\nContent-Length:");
	if (length && length < end)
		body = strtoul(length + 17, NULL, 10);
	if ((size_t)(end + 4 - in) + body > connection->in_bytes)
		return 0;
	exchange->is_post = strncmp(in, "POST ", 5) == 0;
	exchange->path[0] = '\0';
	sscanf(in, "%*s %255s", exchange->path);
	length = strcasestr(in, "\r\nConnection: close");
	exchange->closes = length && length < end;
	exchange->body = end + 4;
	exchange->body_bytes = body;
	return (size_t)(end + 4 - in) + body;
}

static void look(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	connection->request_bytes = parse(connection);
	if (connection->request_bytes == 0) {
		if (connection->in_bytes + 1 >= sizeof(connection->in))
			reset(connection);
		return;
	}
	exchange->nth++;
	exchange->deed = DEED_ANSWER;
	exchange->status = 200;
	exchange->delay = 0;
	exchange->reply = exchange->body;
	exchange->reply_bytes = exchange->body_bytes;
	connection->server->answer(connection->server, exchange);
	if (exchange->delay > 0)
		await(connection, 0, exchange->delay);
	else
		perform(connection);
}

static void on_answered(struct connection *connection)
{
	size_t request = connection->request_bytes;

	if (connection->exchange.closes || connection->server->is_draining) {
		forget(connection);
		return;
	}
	connection->is_answering = false;
	connection->in_bytes -= request;
	memmove(connection->in, connection->in + request, connection->in_bytes);
	await_request(connection);
	look(connection);
}

static void send_some(struct connection *connection)
{
	size_t left = connection->out_bytes - connection->sent;
	bool dribbles = connection->exchange.deed == DEED_DRIBBLE;
	ssize_t sent = send(connection->io.fd, connection->out + connection->sent,
			    dribbles ? 1 : left, MSG_NOSIGNAL);

	if (sent == -1 && errno != EAGAIN)
		forget(connection);
	else if (sent > 0 && (connection->sent += (size_t)sent) == connection->out_bytes)
		on_answered(connection);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct connection *connection = io->data;
	ssize_t got;

	(void)loop;
	if (events & EV_WRITE) {
		send_some(connection);
		return;
	}
	got = recv(io->fd, connection->in + connection->in_bytes,
		   sizeof(connection->in) - 1 - connection->in_bytes, 0);
	if (got > 0) {
		connection->in_bytes += (size_t)got;
		look(connection);
	} else if (got == 0 || errno != EAGAIN) {
		forget(connection);
	}
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct connection *connection = timer->data;

	(void)loop;
	(void)events;
	if (connection->exchange.delay > 0 && !connection->is_answering)
		perform(connection);
	else
		forget(connection);
}

static void admit(struct server *server, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int on = 1;

	if (!connection)
		abort();
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->server = server;
	connection->next = server->first;
	connection->link = &server->first;
	if (server->first)
		server->first->link = &connection->next;
	server->first = connection;
	server->connections++;
	ev_io_init(&connection->io, on_io, fd, EV_READ);
	ev_timer_init(&connection->timer, on_timer, 0, 0);
	connection->io.data = connection->timer.data = connection;
	await_request(connection);
}

static bool accept_one(struct server *server, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		admit(server, fd);
	return fd >= 0;
}

static void on_accept(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	(void)accept_one(io->data, io->fd);
}

int server_listen(struct server *server, int fd)
{
	ev_io *io = &server->listener[server->listeners];

	if (server->listeners == SERVER_LISTENERS)
		return -ENOSPC;
	server->listeners++;
	ev_io_init(io, on_accept, fd, EV_READ);
	io->data = server;
	ev_io_start(server->loop, io);
	return 0;
}

void server_drain(struct server *server, bool politely)
{
	struct connection *connection;

	server->is_draining = true;
	for (unsigned i = 0; i < server->listeners; i++) {
		ev_io_stop(server->loop, &server->listener[i]);
		while (politely && accept_one(server, server->listener[i].fd))
			continue;
	}
	for (connection = server->first; connection; connection = connection->next) {
		if (ev_is_active(&connection->io) && !connection->is_answering)
			await_request(connection);
	}
}

void server_fini(struct server *server)
{
	while (server->first)
		forget(server->first);
}
