#include "worker/http/lookout.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ask.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

#define FRESH            250 /* msec that an answer is good for */
#define PATIENCE_SECONDS 0.8 /* a probe waits for a second, as a rule */
#define AGAIN_SECONDS    0.1
#define REPLY_BYTES      ((size_t)4 << 20) /* one app has at most 513 rows */

static const char silent[] = "the supervisor does not answer";
static const char refused[] = "the supervisor refuses: control = \"read\" is missing in "
			      "this app's configuration";

static void hang_up(struct lookout *lookout)
{
	if (lookout->stage == LOOKOUT_APART)
		return;
	ev_io_stop(lookout->loop, &lookout->readable);
	(void)close(lookout->readable.fd);
	buffer_free(&lookout->in);
	snapshot_free(&lookout->coming);
	lookout->stage = LOOKOUT_APART;
}

/* All who wait hear the same. */
static void tell(struct lookout *lookout, const char *trouble)
{
	struct lookout_guest *guest = lookout->guests;

	ev_timer_stop(lookout->loop, &lookout->patience);
	ev_timer_stop(lookout->loop, &lookout->again);
	lookout->trouble = trouble;
	lookout->heard = clock_now();
	lookout->guests = NULL;
	while (guest != NULL) {
		struct lookout_guest *next = guest->next;

		guest->told(guest, trouble == NULL ? &lookout->last : NULL);
		guest = next;
	}
}

/* Who waits is not told yet: it may be back in a moment. */
static void try_again_later(struct lookout *lookout)
{
	hang_up(lookout);
	if (lookout->guests != NULL)
		ev_timer_again(lookout->loop, &lookout->again);
}

/* ---- the connection ---- */

static void watch(struct lookout *lookout, int fd, enum lookout_stage stage)
{
	lookout->stage = stage;
	ev_io_set(&lookout->readable, fd, EV_READ);
	ev_io_start(lookout->loop, &lookout->readable);
}

static void dial(struct lookout *lookout)
{
	const struct ask ask = {.version = ASK_VERSION, .verb = ASK_CONTROL};
	struct sockaddr_un peer = {.sun_family = AF_UNIX};
	CLOSE_FD int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    !text_copy(peer.sun_path, sizeof(peer.sun_path), lookout->broker) ||
	    connect(fd, (struct sockaddr *)&peer, sizeof(peer)) == -1 ||
	    send(fd, &ask, sizeof(ask), MSG_NOSIGNAL) != sizeof(ask))
		try_again_later(lookout);
	else
		watch(lookout, fd_take(&fd), LOOKOUT_DIALING);
}

static void ask(struct lookout *lookout)
{
	struct buffer out;
	struct json_writer writer = {.to = &out};
	int error;

	buffer_init(&out, VARLINK_REQUEST_BYTES);
	varlink_open_call(&writer, VARLINK_INTERFACE ".List", true);
	varlink_close_call(&writer);
	error = buffer_write(&out, lookout->readable.fd);
	if (out.broken || out.count > 0)
		error = -ENOBUFS;
	buffer_free(&out);
	if (error < 0)
		try_again_later(lookout);
	else
		lookout->stage = LOOKOUT_ASKING;
}

/* The broker's answer: the connection, or why there is none. */
static void take_connection(struct lookout *lookout)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct ask_answer answer = {0};
	struct iovec part = {&answer, sizeof(answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t got =
		recvmsg(lookout->readable.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd = -1;

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (head != NULL && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	hang_up(lookout);
	if (fd != -1) {
		watch(lookout, fd, LOOKOUT_IDLE);
		buffer_init(&lookout->in, REPLY_BYTES);
		ask(lookout);
	} else if (got == sizeof(answer) && answer.error == EACCES) {
		tell(lookout, refused);
	} else {
		try_again_later(lookout);
	}
}

/* False: the conversation cannot go on. */
static bool take_replies(struct lookout *lookout)
{
	struct varlink_reply reply;
	struct fault fault;
	size_t count;

	while (lookout->stage == LOOKOUT_ASKING &&
	       (count = varlink_first_message(&lookout->in)) > 0) {
		int error = varlink_decode_reply(&reply, lookout->in.bytes, count - 1,
						 &fault);

		if (error == 0)
			error = snapshot_add(&lookout->coming, &reply);
		if (error < 0)
			return false;
		buffer_drop(&lookout->in, count);
		if (lookout->coming.whole)
			lookout->stage = LOOKOUT_IDLE;
	}
	return true;
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct lookout *lookout = watcher->data;
	int got;

	(void)loop;
	(void)events;
	if (lookout->stage == LOOKOUT_DIALING) {
		take_connection(lookout);
		return;
	}
	got = buffer_read(&lookout->in, watcher->fd);
	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got <= 0 || !take_replies(lookout)) {
		try_again_later(lookout);
		return;
	}
	if (lookout->stage != LOOKOUT_IDLE || !lookout->coming.whole)
		return;
	snapshot_free(&lookout->last);
	lookout->last = lookout->coming;
	lookout->coming = (struct snapshot){0};
	tell(lookout, NULL);
}

/* ---- time ---- */

static void on_impatient(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct lookout *lookout = timer->data;

	(void)loop;
	(void)events;
	hang_up(lookout); /* a late answer must not be taken for a new one's */
	tell(lookout, silent);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct lookout *lookout = timer->data;

	(void)events;
	ev_timer_stop(loop, timer);
	dial(lookout);
}

/* ---- as others see it ---- */

void lookout_init(struct lookout *lookout, struct ev_loop *loop, const char *broker)
{
	*lookout = (struct lookout){.loop = loop, .broker = broker, .heard = -FRESH - 1};
	ev_init(&lookout->readable, on_readable);
	ev_timer_init(&lookout->patience, on_impatient, 0., PATIENCE_SECONDS);
	ev_timer_init(&lookout->again, on_again, 0., AGAIN_SECONDS);
	lookout->readable.data = lookout;
	lookout->patience.data = lookout;
	lookout->again.data = lookout;
}

void lookout_fini(struct lookout *lookout)
{
	hang_up(lookout);
	ev_timer_stop(lookout->loop, &lookout->patience);
	ev_timer_stop(lookout->loop, &lookout->again);
	snapshot_free(&lookout->last);
}

void lookout_ask(struct lookout *lookout, struct lookout_guest *guest)
{
	bool is_first = lookout->guests == NULL;

	if (clock_now() - lookout->heard <= FRESH) {
		guest->told(guest, lookout->trouble == NULL ? &lookout->last : NULL);
		return;
	}
	guest->next = lookout->guests;
	lookout->guests = guest;
	if (!is_first)
		return;
	ev_now_update(lookout->loop);
	ev_timer_again(lookout->loop, &lookout->patience);
	if (lookout->stage == LOOKOUT_IDLE)
		ask(lookout);
	else if (lookout->stage == LOOKOUT_APART)
		dial(lookout);
}
