/*
 * app.h - the effectful twin of core_app: does its actions, one by one.
 *
 * An app owns its core, its generations (each a spec resolved once), its listeners, and
 * per slot a notify socket and two processes.  Commands and what happened in the world
 * become events of the core (app_post); only app_drain steps it and acts.
 */
#ifndef SUPERVISOR_APP_H
#define SUPERVISOR_APP_H

#include <sys/types.h>

#include "common/fault.h"
#include "supervisor/core/plan.h"
#include "supervisor/core/spec.h"

struct app;
struct supervisor;

enum app_state { /* what `list` shows, by these names in lower case */
		 APP_STOPPED,
		 APP_STARTING,
		 APP_ONLINE,
		 APP_RELOADING,
		 APP_SCALING,
		 APP_STOPPING,
		 APP_DEGRADED, /* some ready, not all */
		 APP_FAILED,   /* wanted, none ready, the last start failed */
		 APP_STATES
};

enum worker_state {                    /* what `list` shows of a worker */
		    WORKER_IS_STOPPED, /* a slot without a process, not wanted */
		    WORKER_IS_BACKOFF, /* a slot without a process, wanted */
		    WORKER_IS_STARTING,
		    WORKER_IS_READY,
		    WORKER_IS_LATE,
		    WORKER_IS_DRAINING,
		    WORKER_IS_STOPPING, /* aborted or killed, not yet gone */
		    WORKER_STATES
};

enum exit_kind { EXIT_NONE, EXIT_CODE, EXIT_SIGNAL, EXIT_NEVER_RAN, EXIT_UNKNOWN };

struct last_exit {
	enum exit_kind kind;
	int number; /* code or signal */
	bool core;
	bool knows_oom, oom;         /* for want of memory, by its control group */
	msec at_wall;                /* since 1970 */
	char reason[FAULT_SIZE / 2]; /* why, with what is known: for people */
};

struct last_probe {
	bool known;
	bool passed;
	msec latency;
	msec at_wall;              /* since 1970 */
	char text[FAULT_SIZE / 2]; /* "status 200", or how it failed */
};

struct last_recycle {
	msec at_wall; /* since 1970, when it began; 0: none yet */
	unsigned slot;
	char reason[FAULT_SIZE / 4]; /* what was exceeded, for people */
};

/* Figures that are not known are -1. */
struct worker_status {
	unsigned slot;
	pid_t pid; /* 0: no process */
	enum worker_state state;
	uint32_t generation;
	int64_t uptime_ms;
	unsigned restarts; /* of the slot */
	int64_t rss_bytes;
	double cpu_percent;
	int64_t heartbeat_age_ms;
	int64_t loop_lag_us, connections, requests, errors, latency_us;
	double share_percent; /* of the buckets, 0 to 100 */
	int64_t queue_depth;  /* connections that wait in the slot's own queue */
	int64_t in_use;     /* connections for which it is left alone before it is told to
			       end */
	const char *door;   /* by which it came to its sockets; NULL: it has none */
	const char *status; /* the worker's own STATUS=; NULL */
	const struct last_probe *last_probe; /* NULL: none yet */
	unsigned probe_failures;             /* in a row */
	const struct last_exit *last_exit;   /* of the slot; NULL */
};

#define APP_LISTENS (2 * SPEC_LISTEN) /* configured, and asked for by workers */

struct app_operation_status {
	const char *kind;  /* "start", "reload"...; NULL: none */
	const char *phase; /* "rolling", "reverting", "draining"... */
	unsigned done, total;
	bool ok; /* of the last one */
	const char *error;
	int64_t duration_ms;
};

struct app_status {
	const char *name;
	enum app_state state;
	unsigned configured, desired, ready, running;
	bool overridden; /* desired by `scale`, not by the file */
	uint32_t generation;
	uint32_t rolled_back_from; /* 0: what runs was made last */
	const char *balance;       /* in force */
	const char *balance_note;  /* why it is not the one that was asked for; NULL */
	const char *balance_configured; /* in its place while `balance` ordered; NULL */
	const uint16_t *weight;         /* in force, by slot */
	unsigned restarts;
	struct app_operation_status operation;      /* under way; kind NULL: none */
	struct app_operation_status last_operation; /* kind NULL: none yet */
	unsigned listens;
	const char *listen[APP_LISTENS]; /* with real ports */
	const char *slot_listen;     /* by which one slot can be reached; NULL: by none */
	const struct app_spec *spec; /* of the wanted generation */
	const char *log_out, *log_err; /* NULL: not to files */
	const char *directory;         /* real cwd of the wanted generation */
	const char *program;           /* resolved executable */
	const char *trouble;           /* the last failure in words; NULL */
	msec next_cron; /* since 1970; MSEC_NEVER: no recycle.cron, or stopped */
	const struct last_recycle *last_recycle; /* NULL: none yet */
	bool started;                            /* was online since it was added */
	bool ad_hoc;         /* started by hand, not by a config file */
	const char *foreign; /* who else listens on an address of ours; NULL: nobody */
};

/* A generation that may still be started from, or of which somebody is left. */
struct generation_status {
	uint32_t number;
	const char *role; /* "wanted", "before" (a rollback goes there), "leaving" */
	int64_t age_ms;
	unsigned workers;      /* that live */
	const char *program;   /* real path */
	const char *directory; /* real path */
	const char *script;    /* real path of what the program interprets; NULL */
	const char *sha256, *script_sha256; /* NULL: not known */
	const char *sha256_note;            /* why it is not; NULL */
	bool replaced; /* the path leads elsewhere: workers start from what it was */
	const char *changed; /* what the next worker would not find as it was; NULL */
};

const char *app_name(const struct app *app);
/* Empties its log files: the operation that ends when that is done; 0: it has none. */
uint32_t app_flush_logs(struct app *app);
enum app_state app_state(const struct app *app);
const char *app_state_name(enum app_state state);
const char *worker_state_name(enum worker_state state);
bool app_is_ad_hoc(const struct app *app);
bool app_is_held(const struct app *app); /* stopped by hand */

/* Borrowed text is valid until the loop turns. */
void app_read_status(const struct app *app, struct app_status *ret_status);
/* Row `index` of the app's workers: every slot, and every live process, has a row.
 * Returns false when there are no more.  `sample`: read /proc, too. */
bool app_read_worker(struct app *app, unsigned index, bool sample,
		     struct worker_status *ret_status);

/* The newest first; false when there are no more.  Looks at the files. */
bool app_read_generation(const struct app *app, unsigned index,
			 struct generation_status *ret_status);

/* Commands.  Each begins an operation and returns its id (> 0), which control_done
 * answers once; or a negative errno with a fault, and nothing has begun. */
int app_begin_start(struct app *app, struct fault *fault);
int app_begin_stop(struct app *app, struct fault *fault);
/* Drains it and forgets it, if it is ad hoc. */
int app_begin_delete(struct app *app, struct fault *fault);
int app_begin_restart(struct app *app, int slot, struct fault *fault); /* slot -1: all */
int app_begin_rollback(struct app *app, struct fault *fault);
int app_begin_renew(struct app *app, unsigned slot,
		    struct fault *fault); /* reload app.3 */
/* `text` as typed: "4" "+1" "-1" "max" "max-1" "50%" "config"; *ret_count the new number
 */
int app_begin_scale(struct app *app, const char *text, unsigned *ret_count,
		    struct fault *fault);

/* How connections are dealt, from now on: a policy by name, or "config" for what the file
 * says; weights as "2,1,1", or NULL: as they are.  1, or 0 when it is so already. */
int app_balance(struct app *app, const char *policy, const char *weights,
		struct fault *fault);

int app_signal(struct app *app, int slot, int number, unsigned *ret_reached);
void app_reset(struct app *app, int slot); /* counters and backoff */
/* The later generation that a rollback left; 0: what runs was made last. */
uint32_t app_rolled_back_from(const struct app *app);
/* Is there such a row: is the slot wanted, or does somebody still sit in it? */
bool app_has_slot(const struct app *app, unsigned slot);

#endif
