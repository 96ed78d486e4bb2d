/*
 * channel.c - the conversation with a Node.js worker (bridge/node.h): its questions for
 * sockets, and what tells that it is ready.
 *
 * A worker that says what nobody understands, or too much, is not cut off, since Node
 * ends when its channel does: rubbish and over-long lines are skipped and counted, and
 * who floods is listened to with pauses.  Handles that a worker sends are dropped by the
 * kernel, since no room is made for them; it is told that they came, or it would wait.
 *
 * What the app itself says, by process.send, is an event, some at once and then one a
 * second; it is nobody's order, but for one word.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "supervisor/bridge/node.h"
#include "supervisor/estate.h"

#define PAUSE 0.1       /* seconds that a flooding worker is not listened to */
#define FLOOD (1 << 20) /* bytes between two pauses of a flood */
#define CALM  1000      /* ms after which what was said counts for no flood */

#define TOLD_EACH    1000 /* ms; so often an app's message is told */
#define TOLD_AT_ONCE 8
#define TOLD_BYTES   200 /* of one */

/* One line and its socket, or none of both: a line cut short would spoil the next. */
static void say(const struct channel *channel, const struct buffer *line, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {line->bytes, line->count};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (line->broken)
		return;
	if (fd != -1) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	(void)sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static uid_t owner_of(const struct seat *seat)
{
	const struct generation *generation;

	generation = generation_find(seat->place->app, seat->generation);
	return generation->identity.name != NULL ? generation->identity.uid : geteuid();
}

static void answer(struct seat *seat, const struct node_message *query)
{
	struct channel *channel = &seat->channel;
	struct buffer line;
	int fd = -1, result = -EINVAL;

	buffer_init(&line, NODE_LINE);
	if (query->fd != -1)
		result = broker_find_lent(seat, query->fd, &fd);
	else if (query->is_addressable)
		result = broker_find(seat, &query->address, query->index, owner_of(seat),
				     &fd);
	if (result == 0)
		node_write_socket(&line, query, ++channel->keys);
	else
		node_write_refusal(&line, query, result);
	say(channel, &line, fd);
	buffer_free(&line);
}

static void acknowledge(const struct channel *channel, const struct node_message *message)
{
	struct buffer line;

	buffer_init(&line, NODE_LINE);
	if (message->word == NODE_SENT)
		node_write_receipt(&line);
	else
		node_write_ack(&line, message);
	say(channel, &line, -1);
	buffer_free(&line);
}

static bool is_to_be_told(struct channel *channel, msec now)
{
	if (channel->told_until < now)
		channel->told_until = now;
	if (channel->told_until - now > (TOLD_AT_ONCE - 1) * TOLD_EACH)
		return false;
	channel->told_until += TOLD_EACH;
	return true;
}

static void tell_message(struct seat *seat, const char *line, size_t bytes)
{
	struct channel *channel = &seat->channel;
	char text[TOLD_BYTES], reason[TOLD_BYTES + 64];
	size_t end;
	bool whole;

	if (!is_to_be_told(channel, seat->place->app->supervisor->now)) {
		channel->untold++;
		return;
	}
	whole = text_copy_printable(text, sizeof(text), line, bytes);
	end = (size_t)snprintf(reason, sizeof(reason), "%s%s", text, whole ? "" : "...");
	if (channel->untold > 0)
		(void)snprintf(reason + end, sizeof(reason) - end,
			       " (and %" PRIu64 " more before it)", channel->untold);
	channel->untold = 0;
	seat_tell(seat, (struct happening){.kind = HAPPENING_SAID, .reason = reason});
}

static void post_ready(struct seat *seat)
{
	struct core_event event = {.kind = CORE_READY, .at = seat_ref(seat)};

	/* Without that setting PM2 lets the word pass, and so apps say it at any time. */
	if (app_spec(seat->place->app)->policy.ready == CORE_READY_NOTIFY)
		supervisor_post(seat->place->app, &event);
}

static void take_line(struct seat *seat, const char *line, size_t bytes)
{
	struct channel *channel = &seat->channel;
	struct node_message message;

	node_read(&message, line, bytes);
	switch (message.word) {
	case NODE_QUERY:
		answer(seat, &message);
		break;
	case NODE_LISTENING:
		broker_listening_all(seat);
		break;
	case NODE_READY:
		post_ready(seat);
		break;
	case NODE_LEAVING:
		acknowledge(channel, &message);
		break;
	case NODE_SENT:
		acknowledge(channel, &message);
		tell_message(seat, line, bytes);
		break;
	case NODE_OF_APP:
		tell_message(seat, line, bytes);
		break;
	case NODE_RUBBISH:
		channel->rubbish++;
		break;
	case NODE_INTERNAL:
		break;
	}
}

/* One that is too long for us is dropped to its end. */
static void take_beginning(struct seat *seat)
{
	struct channel *channel = &seat->channel;

	if (!channel->skips && node_may_be_of_app(channel->in.bytes, channel->in.count))
		tell_message(seat, channel->in.bytes, channel->in.count);
	else
		channel->rubbish += !channel->skips;
	channel->skips = true;
	buffer_drop(&channel->in, channel->in.count);
}

static void take_lines(struct seat *seat)
{
	struct channel *channel = &seat->channel;
	struct buffer *in = &channel->in;
	const char *end;

	while (in->count > 0 && (end = memchr(in->bytes, '\n', in->count)) != NULL) {
		size_t bytes = (size_t)(end - in->bytes);

		if (channel->skips)
			channel->skips = false;
		else
			take_line(seat, in->bytes, bytes);
		if (channel->fd == -1)
			return;
		buffer_drop(in, bytes + 1);
	}
	if (in->count == in->most)
		take_beginning(seat);
}

static void note_rubbish(struct seat *seat)
{
	struct channel *channel = &seat->channel;

	if (channel->rubbish == 0 || channel->is_noted)
		return;
	channel->is_noted = true;
	seat_tell(seat, (struct happening){
				.kind = HAPPENING_ALERT,
				.reason = "says on its channel what is no message; it is "
					  "skipped"});
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct seat *seat = timer->data;

	(void)events;
	ev_io_start(loop, &seat->channel.watch);
}

static bool floods(struct channel *channel, unsigned bytes, msec now)
{
	if (now - channel->window >= CALM) {
		channel->window = now;
		channel->in_window = 0;
	}
	channel->in_window += bytes;
	if (channel->in_window < FLOOD)
		return false;
	channel->in_window = 0;
	return true;
}

static void on_words(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct seat *seat = watch->data;
	struct channel *channel = &seat->channel;
	int count = buffer_read(&channel->in, watch->fd);

	(void)events;
	if (count == -EAGAIN || count == -EINTR)
		return;
	if (count <= 0) { /* process.disconnect(): it goes on without us */
		ev_io_stop(loop, watch);
		return;
	}
	take_lines(seat);
	note_rubbish(seat);
	if (!floods(channel, (unsigned)count, seat->place->app->supervisor->now))
		return;
	ev_io_stop(loop, watch);
	ev_timer_set(&channel->pause, PAUSE, 0.);
	ev_timer_start(loop, &channel->pause);
}

static void begin(struct seat *seat, int fd)
{
	struct channel *channel = &seat->channel;

	*channel = (struct channel){.fd = fd, .keys = channel->keys};
	buffer_init(&channel->in, NODE_LINE);
	ev_io_init(&channel->watch, on_words, channel->fd, EV_READ);
	ev_timer_init(&channel->pause, on_pause_over, PAUSE, 0.);
	channel->watch.data = channel->pause.data = seat;
	ev_io_start(seat->place->app->supervisor->loop, &channel->watch);
}

/* What was read of a line and not yet taken is lost with who read it: the rest of that
 * line is rubbish, and skipped. */
void channel_adopt(struct seat *seat, int fd)
{
	begin(seat, fd);
}

/* *ret_theirs is for the worker, and then the caller's to close. */
int channel_open(struct seat *seat, int *ret_theirs, struct fault *fault)
{
	int end[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, end) == -1)
		return fault_set(fault, -errno, "channel to Node.js: %s",
				 strerror(errno));
	seat->channel.keys = 0;
	begin(seat, end[0]);
	seat_keep(seat, end[0], "channel");
	*ret_theirs = end[1];
	return 0;
}

/* Accepts one that was never opened. */
void channel_close(struct seat *seat)
{
	struct channel *channel = &seat->channel;
	struct ev_loop *loop = seat->place->app->supervisor->loop;

	if (channel->fd == -1)
		return;
	ev_io_stop(loop, &channel->watch);
	ev_timer_stop(loop, &channel->pause);
	buffer_free(&channel->in);
	seat_drop(seat, "channel");
	fd_close(&channel->fd);
}
