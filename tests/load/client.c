#include "tests/load/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LINGER_US 1000000

int64_t client_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* xorshift64*: good enough to spread clients, and the same for the same seed. */
static uint64_t draw(struct load *load, uint64_t below)
{
	load->dice ^= load->dice >> 12;
	load->dice ^= load->dice << 25;
	load->dice ^= load->dice >> 27;
	return below ? (load->dice * UINT64_C(0x2545F4914F6CDD1D) >> 16) % below : 0;
}

static struct client *client_new(struct load *load, enum manner manner)
{
	struct client *client = load->free;

	if (client)
		load->free = client->next;
	else if (load->living < load->room)
		client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	load->living++;
	client->load = load;
	client->manner = manner;
	client->fd = -1;
	client->phase = CLIENT_THINKING;
	return client;
}

static void hang_up(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static void client_end(struct client *client)
{
	struct load *load = client->load;

	hang_up(client);
	client->phase = CLIENT_GONE;
	alarms_clear(&load->alarms, &client->alarm);
	client->next = load->free;
	load->free = client;
	load->living--;
}

static void think(struct client *client, int64_t now)
{
	struct load *load = client->load;
	uint64_t longest = (uint64_t)load->options->think_us + 1;

	client->phase = CLIENT_THINKING;
	if (load->is_ending)
		client_end(client);
	else
		alarms_set(&load->alarms, &client->alarm,
			   now + (int64_t)draw(load, longest));
}

static void fail(struct client *client, enum outcome outcome, int detail)
{
	struct load *load = client->load;
	struct failure failure = {
		.at_us = client->due - load->began,
		.outcome = outcome,
		.manner = client->manner,
		.is_post = client->is_post,
		.detail = detail,
	};

	tally_fail(&load->tally, &failure);
	hang_up(client);
	if (client->manner == MANNER_KEPT)
		think(client, client_now());
	else
		client_end(client);
}

static void succeed(struct client *client, bool has_ended)
{
	struct load *load = client->load;
	int64_t now = client_now();

	tally_ok(&load->tally, client->manner, now - client->due);
	if (client->answer.pid >= 0)
		tally_worker(&load->tally, client->answer.pid, client->answer.slot);
	client->is_used = true;
	if (client->manner == MANNER_KEPT) {
		if (has_ended || client->answer.closes)
			hang_up(client);
		think(client, now);
	} else if (has_ended) {
		client_end(client);
	} else {
		client->phase = CLIENT_LINGERING;
		alarms_set(&load->alarms, &client->alarm, now + LINGER_US);
	}
}

static void conclude(struct client *client, bool has_ended)
{
	if (client->answer.status != 200)
		fail(client, OUTCOME_BAD_STATUS, client->answer.status);
	else if (!answer_is_right(&client->answer))
		fail(client, OUTCOME_BAD_BODY, client->answer.status);
	else
		succeed(client, has_ended);
}

/* The connection is gone (`code`: errno, 0 for a proper end) while a request was out. */
static void lose(struct client *client, int code)
{
	if (!client->is_heard && client->is_used)
		fail(client, OUTCOME_STALE, code);
	else if (code || client->is_reset)
		fail(client, code == ETIMEDOUT ? OUTCOME_TIMEOUT : OUTCOME_RESET, code);
	else
		fail(client, OUTCOME_TRUNCATED, 0);
}

/* The steps below return true when there may be more to do at once. */

static bool step_send(struct client *client)
{
	struct iovec part[2] = {{client->head, client->head_bytes}};
	struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};
	size_t whole = client->head_bytes + client->body_bytes;
	ssize_t sent;

	/* sendmsg does not write to it; struct iovec has no const */
	part[1] = (struct iovec){(void *)(uintptr_t)client->body, client->body_bytes};
	if (client->sent < client->head_bytes) {
		part[0].iov_base = client->head + client->sent;
		part[0].iov_len = client->head_bytes - client->sent;
	} else {
		size_t body_sent = client->sent - client->head_bytes;

		part[0].iov_len = 0;
		part[1].iov_base = (void *)(uintptr_t)(client->body + body_sent);
		part[1].iov_len = client->body_bytes - body_sent;
	}

	sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
	if (sent == -1 && errno == EAGAIN)
		return false;
	if (sent == -1 && (errno == EPIPE || errno == ECONNRESET)) {
		/* What the server said before it went is still to be read. */
		client->is_reset = errno == ECONNRESET;
		client->phase = CLIENT_RECEIVING;
		return true;
	}
	if (sent == -1) {
		fail(client, errno == ETIMEDOUT ? OUTCOME_TIMEOUT : OUTCOME_REFUSED,
		     errno);
		return false;
	}
	client->sent += (size_t)sent;
	if (client->sent == whole)
		client->phase = CLIENT_RECEIVING;
	return true;
}

static bool step_receive(struct client *client)
{
	struct load *load = client->load;
	char data[16384];
	ssize_t got = recv(client->fd, data, sizeof(data), 0);
	size_t used;

	if (got == -1 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		int code = got == 0 ? 0 : errno;

		answer_end(&client->answer);
		if (got == 0 && client->answer.phase == ANSWER_COMPLETE)
			conclude(client, true);
		else
			lose(client, code);
		return false;
	}
	client->is_heard = true;
	used = answer_feed(&client->answer, data, (size_t)got);
	if (client->answer.phase == ANSWER_BROKEN) {
		fail(client, OUTCOME_BAD_STATUS, 0);
		return false;
	}
	if (client->answer.phase != ANSWER_COMPLETE)
		return true;
	if (used < (size_t)got)
		load->tally.stray++;
	conclude(client, false);
	return client->fd >= 0;
}

/* Nothing is asked; whatever comes ends the connection, and is no failure of a request.
 */
static bool step_idle(struct client *client)
{
	char data[512];
	ssize_t got = recv(client->fd, data, sizeof(data), 0);

	if (got == -1 && errno == EAGAIN)
		return false;
	if (got > 0)
		client->load->tally.stray++;
	else if (got == -1)
		client->load->tally.idle_reset++;
	else if (client->phase == CLIENT_THINKING)
		client->load->tally.idle_closed++;
	if (client->phase == CLIENT_LINGERING)
		client_end(client);
	else
		hang_up(client);
	return false;
}

void client_on_socket(struct client *client)
{
	bool more = true;

	/* An event of a socket closed in the same turn may find another, or none. */
	while (more && client->fd >= 0) {
		switch (client->phase) {
		case CLIENT_SENDING:
			more = step_send(client);
			break;
		case CLIENT_RECEIVING:
			more = step_receive(client);
			break;
		case CLIENT_THINKING:
		case CLIENT_LINGERING:
			more = step_idle(client);
			break;
		case CLIENT_GONE:
		case CLIENT_PHASES:
			return;
		}
	}
}

/* The network's address with every bit behind it drawn by lot. */
static struct address draw_source(struct load *load)
{
	const struct options *options = load->options;
	unsigned bytes = options->source_family == AF_INET ? 4 : 16;
	struct address source = {.at.any.sa_family = (sa_family_t)options->source_family};
	uint8_t *host = (uint8_t *)&source.at.v6.sin6_addr;

	source.bytes = sizeof(source.at.v6);
	if (options->source_family == AF_INET) {
		source.bytes = sizeof(source.at.v4);
		host = (uint8_t *)&source.at.v4.sin_addr;
	}
	for (unsigned i = 0; i < bytes; i++) {
		unsigned fixed =
			options->source_bits > 8 * i ? options->source_bits - 8 * i : 0;
		unsigned free = fixed < 8 ? 0xffU >> fixed : 0;

		host[i] = (uint8_t)((options->source[i] & ~free) |
				    (draw(load, 256) & free));
	}
	return source;
}

static int bind_source(struct load *load, int fd)
{
	struct address source;
	int on = 1;

	if (load->options->source_family != load->options->target.at.any.sa_family)
		return 0;
	source = draw_source(load);
	/* The port is chosen at connect, where only this target's ports are taken.  A
	 * whole network may be routed here without an interface that has its addresses.
	 */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) == -1 ||
	    bind(fd, &source.at.any, source.bytes) == -1)
		return -errno;
	return 0;
}

/* Connects, or has begun to; else the request has failed. */
static bool dial(struct client *client)
{
	struct load *load = client->load;
	const struct address *target = &load->options->target;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};

	event.data.ptr = client;
	client->is_used = false;
	client->fd = socket(target->at.any.sa_family,
			    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd == -1 || bind_source(load, client->fd) < 0 ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) == -1) {
		fail(client, OUTCOME_LOCAL, errno);
		return false;
	}
	load->tally.connections++;
	if (connect(client->fd, &target->at.any, target->bytes) == 0 ||
	    errno == EINPROGRESS)
		return true;
	fail(client, errno == EADDRNOTAVAIL ? OUTCOME_LOCAL : OUTCOME_REFUSED, errno);
	return false;
}

static void compose(struct client *client)
{
	struct load *load = client->load;
	const struct options *options = load->options;
	const char *end =
		client->manner == MANNER_NEW ? "Connection: close\r\n\r\n" : "\r\n";
	int bytes;

	client->is_post = draw(load, 100) < options->post_percent;
	client->body_bytes = client->is_post ? draw(load, options->body_most + 1) : 0;
	client->body = load->bytes + draw(load, OPTIONS_BODY_MOST);
	client->sent = 0;
	client->is_heard = false;
	client->is_reset = false;
	if (client->is_post)
		bytes = snprintf(
			client->head, sizeof(client->head),
			"POST %s HTTP/1.1\r\nHost: load\r\nContent-Length: %zu\r\n%s",
			options->echo, client->body_bytes, end);
	else
		bytes = snprintf(client->head, sizeof(client->head),
				 "GET %s HTTP/1.1\r\nHost: load\r\n%s", options->path,
				 end);
	client->head_bytes = (size_t)bytes;
	answer_init(&client->answer, client->is_post ? client->body : NULL,
		    client->body_bytes);
	load->tally.posts += client->is_post;
}

static void ask(struct client *client, int64_t due)
{
	struct load *load = client->load;

	load->asked++;
	if (load->options->requests && load->asked >= load->options->requests)
		load->is_ending = true;
	client->due = due;
	compose(client);
	if (client->fd == -1 && !dial(client))
		return;
	client->phase = CLIENT_SENDING;
	alarms_set(&load->alarms, &client->alarm, due + load->options->timeout_us);
	histogram_add(&load->tally.late, client_now() - due);
	client_on_socket(client);
}

void client_launch(struct load *load, int64_t due)
{
	struct client *client = client_new(load, MANNER_NEW);
	struct failure failure = {
		.at_us = due - load->began,
		.outcome = OUTCOME_LOCAL,
		.detail = ENOBUFS,
	};

	if (client)
		ask(client, due);
	else
		tally_fail(&load->tally, &failure);
}

struct client *client_keep(struct load *load)
{
	struct client *client = client_new(load, MANNER_KEPT);

	if (client)
		think(client, load->began);
	return client;
}

static bool is_asking(const struct client *client)
{
	return client->phase == CLIENT_SENDING || client->phase == CLIENT_RECEIVING;
}

void client_on_alarm(struct client *client, int64_t now)
{
	switch (client->phase) {
	case CLIENT_THINKING:
		client_on_socket(client); /* has the server closed meanwhile? */
		alarms_clear(&client->load->alarms, &client->alarm);
		ask(client, client->alarm.at);
		break;
	case CLIENT_SENDING:
	case CLIENT_RECEIVING:
		/* The answer may lie there while it was us who came late. */
		client_on_socket(client);
		if (is_asking(client) && client->alarm.at <= now)
			fail(client, OUTCOME_TIMEOUT, 0);
		break;
	case CLIENT_LINGERING:
		client_end(client);
		break;
	case CLIENT_GONE:
	case CLIENT_PHASES:
		break;
	}
}

void client_dismiss(struct client *client)
{
	if (client->phase == CLIENT_THINKING)
		client_end(client);
}

void clients_free(struct load *load)
{
	while (load->free) {
		struct client *client = load->free;

		load->free = client->next;
		free(client);
	}
}
