/*
 * signals.c - signals are commands: each maps to what the control socket would call.
 */
#include <signal.h>

#include "common/log.h"
#include "supervisor/estate.h"

static void on_child(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	(void)loop;
	(void)events;
	supervisor_reap(watch->data);
}

static void on_terminate(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	struct supervisor *supervisor = watch->data;

	(void)loop;
	(void)events;
	if (supervisor->stopping)
		supervisor_shutdown_at_once(supervisor);
	else
		supervisor_shutdown(supervisor);
}

static void on_quit(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	(void)loop;
	(void)events;
	supervisor_shutdown_at_once(watch->data);
}

/* Whoever swept the socket away left us nothing to hear by but signals. */
static void open_again(struct supervisor *supervisor)
{
	struct fault fault;
	int result = control_restore(supervisor->control, &fault);

	if (result < 0)
		supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_ALERT,
							       .reason = fault.text});
	if (result != 0)
		(void)store_put(&supervisor->store, "control",
				control_fd(supervisor->control));
}

static void on_hangup(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	const struct apply apply = {.how = APPLY_RELOAD};
	struct apply_report report;

	(void)loop;
	(void)events;
	open_again(watch->data);
	service_reloading(watch->data);
	(void)supervisor_apply(watch->data, &apply, &report);
	apply_report_free(&report);
}

static void scale_all(struct supervisor *supervisor, const char *change)
{
	struct fault fault = {0};
	unsigned count;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->holdings != NULL &&
		    app_begin_scale(app, change, &count, &fault) < 0)
			app_alert(app, "%s", fault.text);
}

static void on_more(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	(void)loop;
	(void)events;
	scale_all(watch->data, "+1");
}

static void on_fewer(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	(void)loop;
	(void)events;
	scale_all(watch->data, "-1");
}

static void on_reopen(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	(void)loop;
	(void)events;
	(void)supervisor_reopen_logs(watch->data);
}

static void on_upgrade(struct ev_loop *loop, struct ev_signal *watch, int events)
{
	struct supervisor *supervisor = watch->data;
	struct fault fault;

	(void)loop;
	(void)events;
	if (supervisor_upgrade(supervisor, &fault) < 0)
		supervisor_tell(supervisor,
				(struct happening){.kind = HAPPENING_UPGRADE_FAILED,
						   .reason = fault.text});
}

static const struct {
	int number;
	void (*heard)(struct ev_loop *loop, struct ev_signal *watch, int events);
} signals[] = {
	{SIGCHLD, on_child}, {SIGTERM, on_terminate}, {SIGINT, on_terminate},
	{SIGQUIT, on_quit},  {SIGHUP, on_hangup},     {SIGTTIN, on_more},
	{SIGTTOU, on_fewer}, {SIGUSR1, on_reopen},    {SIGUSR2, on_upgrade},
};

_Static_assert(ARRAY_COUNT(signals) == SUPERVISOR_SIGNALS, "a watcher for each");

/* The keeper leaves them blocked, so that none is lost before somebody listens. */
void signals_start(struct supervisor *supervisor)
{
	sigset_t heard;

	(void)sigemptyset(&heard);
	for (size_t i = 0; i < ARRAY_COUNT(signals); i++) {
		ev_signal_init(&supervisor->signal[i], signals[i].heard,
			       signals[i].number);
		supervisor->signal[i].data = supervisor;
		ev_signal_start(supervisor->loop, &supervisor->signal[i]);
		(void)sigaddset(&heard, signals[i].number);
	}
	(void)sigprocmask(SIG_UNBLOCK, &heard, NULL);
}
