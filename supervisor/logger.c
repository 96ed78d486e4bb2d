/*
 * logger.c - the one process that writes log files: started when it is first needed,
 * started again when it dies, and told which pipes there are.
 *
 * What it is to know is state, not a queue: every conduit remembers whether it was told.
 * A new logger was told nothing, so everything goes out again; a socket that is full is
 * waited for.  Its death loses nothing, since the pipes are ours; nor does our own, since
 * the keeper has copies, and whoever takes over finds the same logger at its socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define PROGRAM    "cluster-logger"
#define STEADY     10000 /* ms of life that forgive earlier failures */
#define PAUSE      100   /* ms before the second start in a row, doubled each time */
#define PAUSE_MOST 10000 /* ms */
#define LAST_WORDS 3.    /* seconds it may take to write what is left */

extern char **environ;

/* ---- what it is told ---- */

static int order(const struct logger *logger, const struct logging_order *order, int fd)
{
	return logging_send(logger->socket, order, sizeof(*order), fd);
}

static int attach(const struct logger *logger, const struct logging_order *description,
		  int pipe)
{
	CLOSE_FD int reader = conduit_reader(pipe);

	return reader < 0 ? reader : order(logger, description, reader);
}

static int order_simply(const struct logger *logger, enum logging_verb verb,
			uint32_t feed, uint32_t serial, const char *app)
{
	struct logging_order simple = {
		.version = LOGGING_VERSION, .verb = verb, .feed = feed, .serial = serial};

	(void)text_copy(simple.app, sizeof(simple.app), app);
	return order(logger, &simple, -1);
}

static int tell_conduit(const struct logger *logger, struct place *place,
			enum spec_stream stream)
{
	struct conduit *conduit = &place->conduit[stream];
	struct logging_order description;
	int result = 0;

	if (conduit->fd == 0)
		return 0;
	if (!conduit->told) {
		conduit_describe(place, stream, &description);
		result = attach(logger, &description, conduit->fd);
		conduit->told = result == 0;
	}
	if (result == 0 && conduit->ended) {
		result = order_simply(logger, LOGGING_ENDED, conduit->number, 0, "");
		conduit->ended = result < 0;
	}
	return result;
}

static int tell_app(const struct logger *logger, struct app *app)
{
	int result = 0;

	for (unsigned i = 0; i <= CORE_SLOTS && result == 0; i++)
		for (unsigned j = 0;
		     app->place[i] != NULL && j < SPEC_STREAMS && result == 0; j++)
			result = tell_conduit(logger, app->place[i], (enum spec_stream)j);
	if (result == 0 && app->flushing != 0 && !app->flush_told) {
		result = order_simply(logger, LOGGING_FLUSH, 0, app->flushing, app->name);
		app->flush_told = result == 0;
	}
	return result;
}

static int tell_parting(const struct logger *logger, struct parting *parting)
{
	int result = 0;

	if (!parting->attached) {
		result = attach(logger, &parting->order, parting->fd);
		parting->attached = result == 0;
	}
	if (result == 0 && !parting->told) {
		result = order_simply(logger, LOGGING_DETACH, parting->order.feed, 0, "");
		parting->told = result == 0;
	}
	return result;
}

static int tell_all(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;
	int result = 0;

	for (struct app *app = supervisor->apps; app != NULL && result == 0;
	     app = app->next)
		result = tell_app(logger, app);
	for (struct parting *at = logger->partings; at != NULL && result == 0;
	     at = at->next)
		result = tell_parting(logger, at);
	if (result == 0 && logger->reopening != 0 && !logger->reopen_told) {
		result = order_simply(logger, LOGGING_REOPEN, 0, logger->reopening, "");
		logger->reopen_told = result == 0;
	}
	if (result == 0 && logger->finishing)
		result = order_simply(logger, LOGGING_FINISH, 0, 0, "");
	return result;
}

static void watch_for(struct supervisor *supervisor, int events)
{
	struct logger *logger = &supervisor->logger;

	if (logger->watch.events == events && ev_is_active(&logger->watch))
		return;
	ev_io_stop(supervisor->loop, &logger->watch);
	ev_io_set(&logger->watch, logger->socket, events);
	ev_io_start(supervisor->loop, &logger->watch);
}

/* ---- what it tells ---- */

static void let_go(struct logger *logger, uint32_t number)
{
	struct parting **at = &logger->partings;
	struct parting *gone;

	while (*at != NULL && (*at)->order.feed != number)
		at = &(*at)->next;
	gone = *at;
	if (gone == NULL)
		return;
	*at = gone->next;
	(void)close(gone->fd);
	free(gone);
}

static void tell(struct supervisor *supervisor, const char *name, struct happening what)
{
	struct app *app = supervisor_find(supervisor, name);

	if (app != NULL)
		app_tell(app, what);
	else
		supervisor_tell(supervisor, what);
}

static void finish(struct supervisor *supervisor, uint32_t operation)
{
	struct outcome done = {
		.kind = "flush", .result = CORE_RESULT_OK, .duration_ms = -1};

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->flushing == operation) {
			app->flushing = 0;
			done.app = app->name;
		}
	if (supervisor->logger.reopening == operation)
		supervisor->logger.reopening = 0;
	if (supervisor->control == NULL)
		return;
	control_done(supervisor->control, operation, &done);
	control_changed(supervisor->control);
}

static void hear(struct supervisor *supervisor, const struct logging_report *report)
{
	char text[LOGGING_PATH + 128];
	struct happening what = {.reason = text};

	switch ((enum logging_news)report->news) {
	case LOGGING_DETACHED:
		let_go(&supervisor->logger, report->feed);
		return;
	case LOGGING_DONE:
		finish(supervisor, report->serial);
		return;
	case LOGGING_FAILING:
		what.kind = HAPPENING_LOG_FAILING;
		(void)snprintf(text, sizeof(text), "%s: %s", report->path,
			       strerror(report->code));
		break;
	case LOGGING_RECOVERED:
		what.kind = HAPPENING_LOG_RECOVERED;
		(void)snprintf(text, sizeof(text),
			       "%s is written again; lost: %llu lines, %llu bytes",
			       report->path, (unsigned long long)report->lines,
			       (unsigned long long)report->bytes);
		break;
	case LOGGING_TROUBLE:
		what.kind = HAPPENING_ALERT;
		(void)snprintf(text, sizeof(text), "%s cannot be rotated: %s",
			       report->path, strerror(report->code));
		break;
	case LOGGING_NEWS:
		return;
	}
	tell(supervisor, report->app, what);
}

/* ---- its life ---- */

static void forget_all(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		conduit_renew(app);
		app->flush_told = false;
	}
	logger->reopen_told = false;
	for (struct parting *at = logger->partings; at != NULL; at = at->next)
		at->attached = at->told = false;
	logger->stale = true;
}

static void tell_ended(struct supervisor *supervisor, const char *reason)
{
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_LOGGER_ENDED,
						       .reason = reason});
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;

	(void)loop;
	(void)events;
	if (!supervisor->logger.finishing)
		return; /* the next is started before the next sleep */
	supervisor->logger.finished = true;
	if (supervisor->logger.process.pid != 0)
		(void)process_kill(&supervisor->logger.process);
}

static void wake_in(struct supervisor *supervisor, double seconds)
{
	struct logger *logger = &supervisor->logger;

	ev_timer_stop(supervisor->loop, &logger->pause);
	ev_timer_init(&logger->pause, on_pause_over, seconds, 0.);
	logger->pause.data = supervisor;
	ev_timer_start(supervisor->loop, &logger->pause);
}

static void start_later(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;
	msec pause = PAUSE;

	for (unsigned i = 1; i < logger->failures && pause < PAUSE_MOST; i++)
		pause *= 2;
	logger->failures++;
	wake_in(supervisor, (double)(pause < PAUSE_MOST ? pause : PAUSE_MOST) / 1e3);
}

/* What it did not write is in the pipes; the next is told of them. */
static void gone(struct supervisor *supervisor, const char *how)
{
	struct logger *logger = &supervisor->logger;

	ev_io_stop(supervisor->loop, &logger->watch);
	forget_fd(supervisor, "logger");
	(void)close(logger->socket);
	logger->socket = 0;
	if (logger->finishing) {
		logger->finished = true;
		return;
	}
	logger->died = logger->stale = true;
	tell_ended(supervisor, how);
	if (clock_now() - logger->began >= STEADY)
		logger->failures = 0;
	if (logger->failures++ > 0) /* else before the next sleep */
		start_later(supervisor);
}

static void on_socket(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct supervisor *supervisor = watch->data;
	struct logging_report report;

	(void)events;
	for (;;) {
		CLOSE_FD int stray = -1;
		ssize_t got = logging_receive(supervisor->logger.socket, &report,
					      sizeof(report), &stray);

		if (got == -EAGAIN)
			break;
		if (got == 0 || (got < 0 && got != -EMSGSIZE)) {
			ev_io_stop(loop, watch);
			if (supervisor->logger.process.pid == 0)
				gone(supervisor, "has ended"); /* no child of ours */
			break;
		}
		if (got > 0 && logging_is_report(&report, (size_t)got))
			hear(supervisor, &report);
	}
}

static void listen_to(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;

	(void)remember_fd(supervisor, logger->socket, "logger");
	ev_io_init(&logger->watch, on_socket, logger->socket, EV_READ);
	logger->watch.data = supervisor;
	ev_io_start(supervisor->loop, &logger->watch);
}

static int spawn(struct supervisor *supervisor, int theirs, struct fault *fault)
{
	static const struct process_rights rights = {.denies_new_privileges = true};
	struct logger *logger = &supervisor->logger;
	char name[] = PROGRAM, resume[] = "--resume", path[PLACES_PATH];
	char *argv[] = {name, logger->died ? resume : NULL, NULL};
	CLOSE_FD int err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	struct process_order order = {.path = path,
				      .argv = argv,
				      .envp = environ,
				      .directory = -1,
				      .directory_path = "/",
				      .listen_fd = &theirs,
				      .listen_count = 1,
				      .out = -1,
				      .err = err,
				      .rights = &rights};
	int result = places_find_program(path, sizeof(path), PROGRAM, "", NULL, fault);

	return result < 0 ? result : process_spawn(&logger->process, &order, fault);
}

static int start(struct supervisor *supervisor, struct fault *fault)
{
	struct logger *logger = &supervisor->logger;
	int ends[2], result;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) ==
	    -1)
		return fault_set(fault, -errno, "socket: %s", strerror(errno));
	CLOSE_FD int ours = ends[0];
	CLOSE_FD int theirs = ends[1];
	result = spawn(supervisor, theirs, fault);
	if (result < 0)
		return result;
	logger->socket = fd_take(&ours);
	logger->began = clock_now();
	listen_to(supervisor);
	forget_all(supervisor);
	return 0;
}

static void start_now(struct supervisor *supervisor)
{
	char text[FAULT_SIZE + 32];
	struct fault fault = {0};

	if (start(supervisor, &fault) == 0)
		return;
	if (supervisor->logger.finishing) { /* there is nobody to wait for */
		supervisor->logger.finished = true;
		return;
	}
	(void)snprintf(text, sizeof(text), "cannot be started: %s", fault.text);
	tell_ended(supervisor, text);
	start_later(supervisor);
}

void logger_attend(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;
	int result;

	if (logger->needed && logger->socket == 0 && !logger->finished &&
	    !ev_is_active(&logger->pause))
		start_now(supervisor);
	if (!logger->stale || logger->socket == 0)
		return;
	if (logger->process.exec_pipe != -1)
		(void)process_exec_result(&logger->process, NULL);
	result = tell_all(supervisor);
	logger->stale = result < 0;
	/* Full, or no descriptor left for now: either is over when it has read. */
	watch_for(supervisor, result < 0 ? EV_READ | EV_WRITE : EV_READ);
}

bool logger_exited(struct supervisor *supervisor, pid_t pid)
{
	struct logger *logger = &supervisor->logger;
	struct fault fault = {0};
	char text[FAULT_SIZE];
	int status;

	(void)process_exec_result(&logger->process, &fault);
	if (pid != logger->process.pid ||
	    process_collect(pid, &logger->process, &status) < 0)
		return false;
	if (fault.text[0] != '\0')
		(void)text_copy(text, sizeof(text), fault.text);
	else if (WIFSIGNALED(status))
		(void)snprintf(text, sizeof(text), "was killed by SIG%s",
			       text_signal_name(WTERMSIG(status)));
	else
		(void)snprintf(text, sizeof(text), "exited with code %d",
			       WEXITSTATUS(status));
	gone(supervisor, text);
	return true;
}

/* It is known by its socket alone: when that ends, it has ended. */
void logger_adopt(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;
	int socket = store_take(&supervisor->store, "logger");

	logger->process = PROCESS_NONE;
	if (socket < 0) {
		logger->died = logger->needed;
		return;
	}
	logger->socket = socket;
	logger->needed = true;
	logger->began = clock_now();
	listen_to(supervisor);
	forget_all(supervisor);
}

uint32_t logger_reopen(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;

	if (!logger->needed)
		return 0;
	logger->reopening = ++supervisor->last_operation;
	logger->reopen_told = false;
	logger->stale = true;
	return logger->reopening;
}

uint32_t app_flush_logs(struct app *app)
{
	struct supervisor *supervisor = app->supervisor;

	if (!supervisor->logger.needed)
		return 0;
	app->flushing = ++supervisor->last_operation;
	app->flush_told = false;
	supervisor->logger.stale = true;
	return app->flushing;
}

bool logger_is_over(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;

	if (!logger->needed || logger->finished)
		return true;
	if (!logger->finishing) {
		ev_timer_stop(supervisor->loop, &logger->pause);
		logger->finishing = logger->stale = true;
		logger_attend(supervisor);
		wake_in(supervisor, LAST_WORDS);
	}
	return logger->finished;
}

void logger_release(struct supervisor *supervisor)
{
	struct logger *logger = &supervisor->logger;

	ev_timer_stop(supervisor->loop, &logger->pause);
	if (logger->socket != 0) {
		ev_io_stop(supervisor->loop, &logger->watch);
		(void)close(logger->socket);
	}
	while (logger->partings != NULL)
		let_go(logger, logger->partings->order.feed);
}
