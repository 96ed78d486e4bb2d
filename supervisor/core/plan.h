/*
 * plan.h - old spec x new spec -> what changes, app by app, before anything happens.
 *
 * Pure.  Grow before shrink: apps are kept, added, reshaped and rolled in the order of
 * the new file, then those that are gone are removed.
 */
#ifndef SUPERVISOR_CORE_PLAN_H
#define SUPERVISOR_CORE_PLAN_H

#include "supervisor/core/spec.h"

enum plan_kind {
	PLAN_KEEP,    /* nothing differs */
	PLAN_ADD,     /* new in the file */
	PLAN_RESHAPE, /* only what the supervisor does itself: no worker is replaced */
	PLAN_ROLL,    /* what a worker was started with: every worker is replaced */
	PLAN_REMOVE,  /* gone from the file: drained and forgotten */
	PLAN_KINDS
};

/* Which settings differ, as bits by the order of PLAN_KEYS.  A worker is told the
 * interval of its beats when it is started, but not the timeout. */
#define PLAN_KEYS(X)                                       \
	X(COMMAND, "command", ROLL)                        \
	X(DIRECTORY, "cwd", ROLL)                          \
	X(ENVIRONMENT, "env", ROLL)                        \
	X(LISTEN, "listen", ROLL)                          \
	X(QUEUE, "balance", ROLL)                          \
	X(ADOPT, "adopt", ROLL)                            \
	X(HEARTBEAT, "heartbeat", ROLL)                    \
	X(LOG, "log", ROLL)                                \
	X(USER, "user", ROLL)                              \
	X(GROUP, "group", ROLL)                            \
	X(UMASK, "umask", ROLL)                            \
	X(LIMITS, "limits", ROLL)                          \
	X(CGROUP, "cgroup", ROLL)                          \
	X(NICE, "nice", ROLL)                              \
	X(OOM_SCORE_ADJ, "oom_score_adj", ROLL)            \
	X(AFFINITY, "affinity", ROLL)                      \
	X(CONTROL, "control", ROLL)                        \
	X(NO_NEW_PRIVILEGES, "no_new_privileges", ROLL)    \
	X(INSTANCES, "instances", RESHAPE)                 \
	X(BACKLOG, "backlog", RESHAPE)                     \
	X(BALANCE, "balance", RESHAPE)                     \
	X(WEIGHTS, "weights", RESHAPE)                     \
	X(SLOT_ADDRESSES, "slot_addresses", RESHAPE)       \
	X(READY, "ready", RESHAPE)                         \
	X(HEARTBEAT_TIMEOUT, "heartbeat.timeout", RESHAPE) \
	X(PROBE, "probe", RESHAPE)                         \
	X(DRAIN, "drain", RESHAPE)                         \
	X(RELOAD, "reload", RESHAPE)                       \
	X(RESTART, "restart", RESHAPE)                     \
	X(RECYCLE, "recycle", RESHAPE)                     \
	X(LOG_RULES, "log", RESHAPE)                       \
	X(AUTOSTART, "autostart", RESHAPE)

enum plan_key {
#define X(id, name, effect) PLAN_KEY_##id,
	PLAN_KEYS(X)
#undef X
		PLAN_KEY_COUNT
};

struct plan_app {
	enum plan_kind kind;
	uint32_t keys;                 /* bit 1 << enum plan_key */
	const struct app_spec *before; /* NULL: added */
	const struct app_spec *after;  /* NULL: removed */
};

/* Compares one app with itself under a new configuration. */
struct plan_app plan_compare(const struct app_spec *before, const struct app_spec *after);

/* Fills `plan`, of at most old_spec->apps + new_spec->apps rows.  `old_spec` may be NULL.
 * Returns how many rows. */
unsigned plan_make(const struct spec *old_spec, const struct spec *new_spec,
		   struct plan_app *plan);

const char *plan_kind_name(enum plan_kind kind); /* "keep", "add", ... */
const char *plan_key_name(enum plan_key key);

#endif
