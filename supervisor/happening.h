/*
 * happening.h - one thing that people should know: a line of the log, and an event of
 * `clusterctl events`.
 *
 * It is made of fields, not of text: the sentence is formatted from the table of kinds,
 * and other readers take the fields.  The names of kinds are part of the contract with
 * scripts.  Values of an app's environment never appear in one.
 */
#ifndef SUPERVISOR_HAPPENING_H
#define SUPERVISOR_HAPPENING_H

#include <sys/types.h>

#include "common/log.h"

#define HAPPENING_TEXT   768 /* a sentence, cut to fit */
#define HAPPENING_TARGET 96  /* "web.3" */

/* Kinds: id, name, level, sentence.  In the sentence %p is the pid, %g the generation, %o
 * the operation, %s its result, %d the duration, %f the failures in a row, %k the signal
 * and %r the reason. */
/* clang-format off */
#define HAPPENINGS(X)                                                                   \
	X(STARTING, "starting", INFO, "worker %p started, generation %g")               \
	X(READY, "ready", INFO, "worker %p is ready")                                   \
	X(LATE, "late", WARN,                                                           \
	  "worker %p missed its heartbeat, new connections avoid it")                   \
	X(BACK, "back", INFO, "worker %p beats again")                                  \
	X(RETIRING, "retiring", INFO, "worker %p gets no new connections")              \
	X(STAYING, "staying", INFO, "worker %p is wanted again")                        \
	X(DRAINING, "draining", INFO, "worker %p was told to end: SIG%k")               \
	X(LEAVING, "leaving", WARN, "worker %p says that it stops")                     \
	X(READY_TIMEOUT, "ready-timeout", WARN, "worker %p was %r")                     \
	X(DRAIN_TIMEOUT, "drain-timeout", WARN, "worker %p %r")                         \
	X(HUNG, "hung", WARN, "worker %p %r")                                           \
	X(KILLING, "killing", WARN, "worker %p is killed")                              \
	X(EXITED, "exited", INFO, "worker %p %r")                                       \
	X(FAILED, "failed", WARN, "failed: %r")                                         \
	X(BACKOFF, "backoff", WARN, "failed %f times in a row, next start in %d")       \
	X(RESTING, "resting", WARN, "not started again")                                \
	X(REVERTING, "reverting", WARN, "going back: %r")                               \
	X(OPERATION_BEGUN, "operation-begun", INFO, "%o begins")                        \
	X(OPERATION_DONE, "operation-done", INFO, "%o done in %d")                      \
	X(OPERATION_FAILED, "operation-failed", WARN, "%o %s: %r")                      \
	X(APP_ADDED, "app-added", INFO, "added")                                        \
	X(APP_KEPT, "app-kept", INFO, "started by hand, kept in %r")                    \
	X(APP_REMOVED, "app-removed", INFO, "removed")                                  \
	X(APP_REFUSED, "app-refused", ERROR, "refused: %r")                   \
	X(FOREIGN_LISTENER, "foreign-listener", WARN, "%r")                             \
	X(LISTENER_HEALED, "listener-healed", WARN,                                     \
	  "%r was closed by a worker, and listens again")                               \
	X(LISTENING, "listening", INFO, "listens on %r")                                \
	X(LISTEN_REFUSED, "listen-refused", WARN, "worker %p cannot listen: %r")        \
	X(SICK, "sick", WARN, "worker %p is avoided: %r")                               \
	X(WELL, "well", INFO, "worker %p passes its probes again")                      \
	X(RECYCLING, "recycling", INFO, "worker %p is recycled: %r")                    \
	X(RECYCLE_DELAYED, "recycle-delayed", WARN, "worker %p %r")                     \
	X(CHANGED_ON_DISK, "changed-on-disk", WARN,                                     \
	  "%r changed on disk: workers of generation %g start from what it is now")     \
	X(REPLACED_ON_DISK, "replaced-on-disk", INFO,                                   \
	  "%r was replaced on disk: workers of generation %g start from what it was")   \
	X(BALANCE_CHANGED, "balance-changed", INFO, "connections are dealt by %r")      \
	X(SAID, "said", DEBUG, "worker %p says: %r")                                    \
	X(FLOOD, "flood", WARN, "%r")                                                   \
	X(ALERT, "alert", WARN, "%r")                                                   \
	X(CONFIG_APPLIED, "config-applied", INFO, "configuration applied: %r")          \
	X(CONFIG_REFUSED, "config-refused", ERROR, "%r")                                \
	X(SUPERVISOR_STARTED, "supervisor-started", INFO, "clusterd %r")                \
	X(ADOPTED, "adopted", INFO, "took over from a supervisor that died: %r")        \
	X(UPGRADING, "upgrading", INFO, "%r passed its trial, and takes our place")      \
	X(UPGRADED, "upgraded", INFO, "clusterd is now %r")                             \
	X(UPGRADE_FAILED, "upgrade-failed", ERROR, "not upgraded: %r")                  \
	X(KEEPER_LOST, "keeper-lost", WARN,                                             \
	  "the keeper is gone: the workers would not survive the supervisor")           \
	X(LOGS_REOPENED, "logs-reopened", INFO, "reopening logs")                       \
	X(LOGGER_ENDED, "logger-ended", WARN,                                           \
	  "the logger %r; the pipes keep what workers write, another one comes")         \
	X(LOG_FAILING, "log-failing", ERROR, "lines for %r are dropped")                \
	X(LOG_RECOVERED, "log-recovered", WARN, "%r")                                   \
	X(SHUTDOWN, "shutdown", INFO, "stopping all")                                   \
	X(SHUTDOWN_OVERDUE, "shutdown-overdue", WARN,                                   \
	  "shutdown takes too long: killing what is left")
/* clang-format on */

enum happening_kind {
#define X(id, name, level, sentence) HAPPENING_##id,
	HAPPENINGS(X)
#undef X
		HAPPENINGS_COUNT
};

/* What is zero, false or NULL is not known, or not a matter of this kind. */
struct happening {
	enum happening_kind kind;
	uint64_t number;       /* counted from the supervisor's start; 0 was its start */
	msec at_wall;          /* since 1970 */
	const char *app;       /* NULL: of the supervisor itself */
	int slot;              /* -1: of the whole app */
	pid_t pid;             /* of the worker */
	uint32_t generation;   /* of the worker, or of what changed */
	const char *operation; /* "reload"; a constant */
	const char *result;    /* "reverted"; a constant */
	bool has_duration;
	msec duration;
	unsigned failures; /* in a row */
	bool has_code;
	int code;   /* it exited with */
	int signal; /* that ended it, or was sent */
	bool core;  /* dumped */
	const char *reason;
};

const char *happening_kind_name(enum happening_kind kind);
enum log_level happening_level(enum happening_kind kind);
const char *happening_level_name(enum happening_kind kind); /* "warn" */

/* "web.3", "web", or "" for the supervisor itself. */
void happening_target(const struct happening *happening, char *text, size_t size);
/* What happened, as a sentence that does not name the target. */
void happening_format(const struct happening *happening, char *text, size_t size);

#endif
