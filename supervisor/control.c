#include "supervisor/control.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "common/varlink.h"
#include "supervisor/access.h"
#include "supervisor/commands.h"
#include "supervisor/reserve.h"

#define CONNECTIONS   64
#define LENT          16 /* of them, at most */
#define BACKLOG       128
#define QUEUE_BYTES   ((size_t)1 << 20) /* a peer that lags further is cut off */
#define IDLE_SECONDS  30.0              /* a peer may say nothing */
#define STALL_SECONDS 5.0               /* it may not read what it asked for */
#define PAUSE_SECONDS 1.0               /* of accepting, when there is no descriptor */

struct connection {
	struct control *control;
	int fd; /* -1: free */
	uid_t uid;
	bool is_lent; /* to a worker who may only read */
	bool at_end;  /* the peer has said all it will say */
	bool closes;  /* as soon as all is written */
	bool heard;   /* of the end of an operation, and was not attended to since */
	struct buffer in, out;
	struct call call;
	struct ev_io readable, writable;
	struct ev_timer idle;
};

struct control {
	struct supervisor *supervisor;
	struct ev_loop *loop;
	int fd;
	struct sockaddr_un address;
	struct access access;
	struct reserve reserve;
	struct ev_io acceptable;
	struct ev_timer pause;
	struct connection connection[CONNECTIONS];
};

static void disconnect(struct connection *connection)
{
	struct control *control = connection->control;

	ev_io_stop(control->loop, &connection->readable);
	ev_io_stop(control->loop, &connection->writable);
	ev_timer_stop(control->loop, &connection->idle);
	call_free(&connection->call);
	buffer_free(&connection->in);
	buffer_free(&connection->out);
	fd_close(&connection->fd);
	reserve_fill(&control->reserve);
}

static bool is_open(const struct connection *connection)
{
	return connection->fd >= 0;
}

/* ---- what a peer says ---- */

static void refuse(struct connection *connection, const char *error,
		   const char *parameter)
{
	connection->closes = true;
	call_fail(&connection->call, error, parameter != NULL ? "parameter" : NULL,
		  parameter);
}

static void take_message(struct connection *connection, size_t count)
{
	struct varlink_call message;
	struct fault fault;

	connection->call.reads_only = connection->is_lent;
	if (!connection->is_lent && !access_allows(&connection->control->access,
						   connection->fd, connection->uid)) {
		log_warn("control: refused user %u", (unsigned)connection->uid);
		refuse(connection, VARLINK_SERVICE ".PermissionDenied", NULL);
	} else if (varlink_decode_call(&message, connection->in.bytes, count - 1,
				       &fault) < 0) {
		refuse(connection, CALL_ERROR_INVALID_PARAMETER, fault.text);
	} else {
		commands_begin(&connection->call, &message);
	}
	buffer_drop(&connection->in, count);
}

/* One call at a time, in order: the next is looked at when the one before is answered.
 * False: there is nothing to go on with. */
static bool go_on(struct connection *connection)
{
	size_t count;

	if (connection->call.state == CALL_LISTING) {
		commands_go_on(&connection->call);
		return true;
	}
	if (connection->call.state != CALL_NONE || connection->closes)
		return false;
	count = varlink_first_message(&connection->in);
	if (count > 0)
		take_message(connection, count);
	else if (connection->in.count >= VARLINK_REQUEST_BYTES)
		refuse(connection, CALL_ERROR_INVALID_PARAMETER,
		       "a request that is too long");
	else
		return false;
	return true;
}

/* ---- what is waited for ---- */

static void watch_io(struct ev_loop *loop, struct ev_io *watch, bool wanted)
{
	if (wanted)
		ev_io_start(loop, watch);
	else
		ev_io_stop(loop, watch);
}

static void watch_patience(struct connection *connection)
{
	struct ev_loop *loop = connection->control->loop;
	bool reads = connection->out.count == 0;

	connection->idle.repeat = reads ? IDLE_SECONDS : STALL_SECONDS;
	/* Whoever follows may pause, until it lags too far. */
	if (connection->call.state == CALL_FOLLOWING ||
	    (reads && connection->call.state != CALL_NONE))
		ev_timer_stop(loop, &connection->idle);
	else
		ev_timer_again(loop, &connection->idle);
}

/* Does what can be done without waiting, then sees to it that the right things wake us.
 */
static void attend(struct connection *connection)
{
	bool hears, ended;

	do {
		if (connection->out.broken ||
		    buffer_write(&connection->out, connection->fd) < 0) {
			disconnect(connection);
			return;
		}
	} while (connection->out.count == 0 && go_on(connection));

	ended = connection->closes || connection->at_end;
	if (ended && connection->out.count == 0 && connection->call.state == CALL_NONE) {
		disconnect(connection);
		return;
	}
	hears = !ended && connection->in.count < connection->in.most;
	watch_io(connection->control->loop, &connection->readable, hears);
	watch_io(connection->control->loop, &connection->writable,
		 connection->out.count > 0);
	watch_patience(connection);
}

/* A peer may close its side of the connection and still wait for the answer; one that is
 * gone, or waits for what may never come, gives its place to others. */
static bool has_left(const struct connection *connection)
{
	struct pollfd look = {.fd = connection->fd};

	return connection->call.state == CALL_WATCHING ||
	       connection->call.state == CALL_FOLLOWING ||
	       (poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0);
}

static void on_readable(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct connection *connection = watch->data;
	int got = buffer_read(&connection->in, connection->fd);

	(void)loop;
	(void)events;
	if (got == -EAGAIN || got == -EINTR)
		return;
	connection->at_end = got == 0;
	if (got < 0 || (got == 0 && has_left(connection)))
		disconnect(connection);
	else
		attend(connection);
}

static void on_writable(struct ev_loop *loop, struct ev_io *watch, int events)
{
	(void)loop;
	(void)events;
	attend(watch->data);
}

static void on_idle(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	disconnect(timer->data);
}

/* ---- who comes ---- */

static void welcome(struct connection *connection, int fd, uid_t uid)
{
	struct control *control = connection->control;

	*connection = (struct connection){.control = control, .fd = fd, .uid = uid};
	buffer_init(&connection->in, VARLINK_REQUEST_BYTES);
	buffer_init(&connection->out, QUEUE_BYTES);
	call_init(&connection->call, control->supervisor, &connection->out);
	ev_io_init(&connection->readable, on_readable, fd, EV_READ);
	ev_io_init(&connection->writable, on_writable, fd, EV_WRITE);
	ev_init(&connection->idle, on_idle);
	connection->readable.data = connection;
	connection->writable.data = connection;
	connection->idle.data = connection;
	attend(connection);
}

#define BUSY(why) \
	"{\"error\":\"" CALL_ERROR_BUSY "\",\"parameters\":{\"message\":\"" why "\"}}"

/* `answer` is an array: the NUL that ends it ends the message. */
#define TURN_AWAY(fd, answer)                                                        \
	do {                                                                         \
		(void)send(fd, answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT); \
		(void)close(fd);                                                     \
	} while (0)

static void accept_one(struct control *control, int fd)
{
	static const char full[] = BUSY("too many connections are open");
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1) {
		(void)close(fd);
		return;
	}
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (!is_open(&control->connection[i])) {
			welcome(&control->connection[i], fd, peer.uid);
			return;
		}
	TURN_AWAY(fd, full);
}

int control_lend(struct control *control, int *ret_theirs)
{
	struct connection *vacant = NULL;
	unsigned lent = 0;
	int pair[2];

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &control->connection[i];

		if (!is_open(connection))
			vacant = connection;
		else
			lent += connection->is_lent;
	}
	if (vacant == NULL || lent >= LENT)
		return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) ==
	    -1)
		return -errno;
	welcome(vacant, pair[0], geteuid());
	vacant->is_lent = true;
	*ret_theirs = pair[1];
	return 0;
}

static int accept_next(const struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd == -1 ? -errno : fd;
}

/* There is no descriptor but what was kept for this. */
static int accept_on_reserve(struct control *control)
{
	static const char spent[] = BUSY("the supervisor is out of descriptors");
	int left = reserve_spend(&control->reserve);
	int fd = left >= 0 ? accept_next(control) : -EMFILE;

	if (fd >= 0 && left > 0)
		accept_one(control, fd);
	else if (fd >= 0)
		TURN_AWAY(fd, spent);
	reserve_fill(&control->reserve);
	return fd;
}

static void on_acceptable(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct control *control = watch->data;
	int fd = accept_next(control);

	(void)events;
	if (fd >= 0)
		accept_one(control, fd);
	else if (fd == -EMFILE || fd == -ENFILE)
		fd = accept_on_reserve(control);
	if (fd != -EMFILE && fd != -ENFILE && fd != -ENOMEM && fd != -ENOBUFS)
		return;
	log_warn("control: %s: accepting pauses", strerror(-fd));
	ev_io_stop(loop, watch);
	ev_timer_set(&control->pause, PAUSE_SECONDS, 0.);
	ev_timer_start(loop, &control->pause);
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct control *control = timer->data;

	(void)events;
	reserve_fill(&control->reserve);
	ev_io_start(loop, &control->acceptable);
}

/* ---- as the supervisor sees it ---- */

/* The supervisor holds the lock of its run directory: whatever is at `path` is left over.
 */
static int open_at(struct control *control, const char *path, struct fault *fault)
{
	CLOSE_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t before;
	int bound;

	control->address.sun_family = AF_UNIX;
	if (fd == -1)
		return fault_set(fault, -errno, "control socket: %s", strerror(errno));
	if (!text_copy(control->address.sun_path, sizeof(control->address.sun_path),
		       path))
		return fault_set(fault, -ENAMETOOLONG, "%s: too long for a socket", path);
	if (unlink(path) == -1 && errno != ENOENT)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	before = umask(0177);
	bound = bind(fd, (struct sockaddr *)&control->address, sizeof(control->address));
	(void)umask(before);
	if (bound == -1 || listen(fd, BACKLOG) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	control->fd = fd_take(&fd);
	return 0;
}

/* Callers may wait in it already.  Its path has the mode and the group that it had. */
static int take_over(struct control *control, const char *path, int fd)
{
	control->address.sun_family = AF_UNIX;
	(void)text_copy(control->address.sun_path, sizeof(control->address.sun_path),
			path);
	control->fd = fd;
	return 0;
}

struct control *control_new(struct supervisor *supervisor, struct ev_loop *loop,
			    const char *path, int kept, struct fault *fault)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL) {
		(void)fault_set(fault, -ENOMEM, "out of memory");
		return NULL;
	}
	control->supervisor = supervisor;
	control->loop = loop;
	control->fd = -1;
	control->access.mode = 0600;
	reserve_fill(&control->reserve);
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		control->connection[i].control = control;
		control->connection[i].fd = -1;
	}
	if ((kept >= 0 ? take_over(control, path, kept) : open_at(control, path, fault)) <
	    0) {
		reserve_close(&control->reserve);
		free(control);
		return NULL;
	}
	ev_io_init(&control->acceptable, on_acceptable, control->fd, EV_READ);
	control->acceptable.data = control;
	ev_io_start(loop, &control->acceptable);
	ev_init(&control->pause, on_pause_over);
	control->pause.data = control;
	return control;
}

/* Who waits in the old socket goes with it; he could come in by nothing but the path. */
int control_restore(struct control *control, struct fault *fault)
{
	struct access access = control->access;
	char path[sizeof(control->address.sun_path)];
	int before = control->fd;

	(void)text_copy(path, sizeof(path), control->address.sun_path);
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return 0;
	if (open_at(control, path, fault) < 0)
		return -EIO;
	ev_io_stop(control->loop, &control->acceptable);
	ev_io_set(&control->acceptable, control->fd, EV_READ);
	ev_io_start(control->loop, &control->acceptable);
	fd_close(&before);
	control->access.mode = 0600;
	return control_admit(control, access.mode, access.group, fault) < 0 ? -EIO : 1;
}

int control_fd(const struct control *control)
{
	return control->fd;
}

void control_free(struct control *control)
{
	if (control == NULL)
		return;
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &control->connection[i];

		if (!is_open(connection))
			continue;
		commands_abandon(&connection->call);
		(void)buffer_write(&connection->out, connection->fd);
		disconnect(connection);
	}
	ev_io_stop(control->loop, &control->acceptable);
	ev_timer_stop(control->loop, &control->pause);
	(void)unlink(control->address.sun_path);
	fd_close(&control->fd);
	reserve_close(&control->reserve);
	free(control);
}

int control_admit(struct control *control, mode_t mode, gid_t group, struct fault *fault)
{
	if (control->access.mode == mode && control->access.group == group)
		return 0;
	return access_set(&control->access, control->address.sun_path, mode, group,
			  fault);
}

/* Here an app is in the middle of a step: the next call of the peer has to wait until
 * control_changed. */
void control_done(struct control *control, uint32_t operation,
		  const struct outcome *outcome)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &control->connection[i];

		if (!is_open(connection) || connection->call.state != CALL_AWAITING)
			continue;
		call_hear(&connection->call, operation, outcome);
		connection->heard = true;
	}
}

static bool wants_news(const struct call *call)
{
	return call->state == CALL_AWAITING || call->state == CALL_WATCHING ||
	       call->state == CALL_FOLLOWING;
}

void control_changed(struct control *control)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &control->connection[i];

		if (!is_open(connection) ||
		    (!connection->heard && !wants_news(&connection->call)))
			continue;
		connection->heard = false;
		commands_look_again(&connection->call);
		attend(connection);
	}
}

bool control_is_busy(const struct control *control)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (is_open(&control->connection[i]) &&
		    control->connection[i].call.state != CALL_FOLLOWING &&
		    control->connection[i].out.count > 0)
			return true;
	return false;
}
