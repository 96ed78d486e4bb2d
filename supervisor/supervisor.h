/*
 * supervisor.h - owns everything: apps, control, the loop, the queue of the day.
 *
 * libev callbacks read, translate and post; before each sleep the queue is drained
 * through the cores, a TICK goes last, and one timer is armed.  It never sleeps, blocks,
 * polls, or exits because of a child.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "common/places.h"
#include "supervisor/adhoc.h"
#include "supervisor/app.h"
#include "supervisor/chronicle.h"
#include "supervisor/config.h"

struct supervisor;

struct supervisor_status {
	pid_t pid;
	const char *keeper; /* "own", "systemd" or "none" */
	pid_t keeper_pid;   /* our own's; -1: there is none */
	const char *version;
	unsigned upgrades;         /* in place, since there are workers */
	bool upgrading;            /* about to be another program */
	const char *upgrade_fault; /* why the last one failed; NULL */
	int64_t uptime_ms;
	int64_t rss_bytes;
	const struct places *places;
	unsigned apps;
	bool stopping;
	bool started;        /* every app that was to start has been online */
	const char *trouble; /* with what is kept over a restart; NULL: none */
};

void supervisor_read_status(const struct supervisor *supervisor,
			    struct supervisor_status *ret_status);

/* The last things that happened. */
const struct chronicle *supervisor_chronicle(const struct supervisor *supervisor);

/* Iterates the apps by name: NULL begins, NULL ends. */
struct app *supervisor_next(const struct supervisor *supervisor,
			    const struct app *previous);
struct app *supervisor_find(const struct supervisor *supervisor, const char *name);

/* A target as typed: "web", "web.3", "all", "api-*". */
struct target {
	char pattern[SPEC_NAME];
	int slot; /* -1: all of them */
};
/* "web.3" means slot 3 of web unless an app has that very name.  -EINVAL: malformed */
int target_parse(const struct supervisor *supervisor, const char *text,
		 struct target *ret_target);
bool target_matches(const struct target *target, const struct app *app);
bool target_names(const struct target *target, const char *name); /* of an app */

enum apply_how {
	APPLY_START,  /* start FILE: touches only what differs or does not run */
	APPLY_RELOAD, /* reload [TARGET]: rolls what matches, changed or not */
	APPLY_PLAN    /* says what would happen, does nothing */
};

struct apply {
	enum apply_how how;
	const char *file; /* absolute; NULL: the files that the apps remember, or
			   * the default one, or the embedded configuration */
	const struct target *target; /* NULL: all */
	bool keeps_stopped;          /* a start leaves alone what was stopped by hand */
};

struct apply_row {
	char app[SPEC_NAME];
	struct plan_app plan; /* kind and keys; the specs in it are gone, NULL */
	bool applied;         /* false: reported only (not the target, or a plan) */
	bool remembered;      /* an ad-hoc app that came back with a start */
	uint32_t operation;   /* to be answered; 0: nothing to wait for */
	struct fault fault;   /* why it could not be begun; empty: it was */
};

struct apply_report {
	struct apply_row *row;
	unsigned rows;
	struct faults faults; /* count > 0: nothing was done */
};

/* 0, or -EINVAL: the configuration has faults and nothing was touched; other negative
 * errno: see faults.list[0].  apply_report_free in any case. */
int supervisor_apply(struct supervisor *supervisor, const struct apply *apply,
		     struct apply_report *ret_report);
void apply_report_free(struct apply_report *report);

/* Starts a program by hand, or leaves alone what runs with the same options; reports as
 * supervisor_apply does. */
int supervisor_launch(struct supervisor *supervisor, const struct adhoc *adhoc,
		      struct apply_report *ret_report);
/* Is there an ad-hoc app of this name that could not be called back, and no other app? */
bool supervisor_remembers(const struct supervisor *supervisor, const char *name);
/* Tries that once more: its start is under way, or a fault and a negative errno. */
int supervisor_call_back(struct supervisor *supervisor, const char *name,
			 struct fault *fault);
int supervisor_forget(struct supervisor *supervisor, const char *name,
		      struct fault *fault);

/* The log files are opened anew: the operation that ends when they are; 0: there are
 * none. */
uint32_t supervisor_reopen_logs(struct supervisor *supervisor);
/* As TERM: drains and stops everything, then the loop ends. */
void supervisor_shutdown(struct supervisor *supervisor);

/* Begins to replace the running program in place by what is at its path now: an operation
 * (> 0), done when the new one has passed its trial and takes over, or a fault. */
int supervisor_upgrade(struct supervisor *supervisor, struct fault *fault);

/* What calls have come to, by their tickets; what was written there is to be kept. */
struct answers;
struct answer;
struct answers *supervisor_answers(struct supervisor *supervisor);
void supervisor_keep_answer(struct supervisor *supervisor, struct answer *answer);

/* What an operation came to, told to the connection that waits for it (control.h). */
struct outcome {
	const char *app;
	const char *kind; /* "reload"... */
	enum core_result result;
	const char *reason; /* in words; NULL when all is well */
	int64_t duration_ms;
};

#endif
