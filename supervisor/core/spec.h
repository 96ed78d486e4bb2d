/*
 * spec.h - what a valid configuration says, as a value.
 *
 * Built by config.c from text, const from then on; all strings live in the arena it was
 * built in.  Addresses are kept as their canonical text (address_format), so that the
 * core can compare them.  Cross-checks that need more than one setting are spec_check.
 */
#ifndef SUPERVISOR_CORE_SPEC_H
#define SUPERVISOR_CORE_SPEC_H

#include "common/base.h"
#include "supervisor/core/buckets.h"
#include "supervisor/core/core.h"

#define SPEC_NAME       64  /* bytes of an app's name, with its NUL */
#define SPEC_LOG_PATH   512 /* bytes of a path, as configured, with its NUL */
#define SPEC_LISTEN     16  /* addresses an app can have */
#define SPEC_EXIT_CODES 16
#define SPEC_PERCENT    1000 /* of the count that "max" means */
#define SPEC_APPS       1024
#define SPEC_WORKERS    16384 /* of all apps whose count is a number */

/* What the configuration has no word for, and core_policy wants to know. */
#define SPEC_UNROUTE_TIMEOUT 5000
#define SPEC_DRAIN_GRACE     5000
#define SPEC_ABORT_TIMEOUT   1000
#define SPEC_KILL_RETRY      5000

#define SPEC_INFINITY UINT64_MAX /* a limit that is none */

/* In the order of their names. */
enum spec_limit_kind {
	SPEC_LIMIT_AS,
	SPEC_LIMIT_CORE,
	SPEC_LIMIT_CPU,
	SPEC_LIMIT_DATA,
	SPEC_LIMIT_FSIZE,
	SPEC_LIMIT_MEMLOCK,
	SPEC_LIMIT_MSGQUEUE,
	SPEC_LIMIT_NOFILE,
	SPEC_LIMIT_NPROC,
	SPEC_LIMIT_RTPRIO,
	SPEC_LIMIT_SIGPENDING,
	SPEC_LIMIT_STACK,
	SPEC_LIMITS
};

struct spec_limit {
	bool given; /* else as the supervisor began with */
	uint64_t soft, hard;
};

/* What can be left to what the supervisor has itself. */
struct spec_option {
	bool given;
	int value;
};

/* Bounds of a worker's control group; 0: none. */
struct spec_cgroup {
	uint64_t memory_max, memory_high; /* bytes */
	unsigned cpu_max;                 /* percent of one core */
	unsigned cpu_weight, pids_max;
};

enum spec_affinity { SPEC_AFFINITY_NONE, SPEC_AFFINITY_AUTO };
enum spec_control { SPEC_CONTROL_NONE, SPEC_CONTROL_READ };
enum spec_adopt {
	SPEC_ADOPT_AUTO,
	SPEC_ADOPT_LISTEN_FDS,
	SPEC_ADOPT_NODE,
	SPEC_ADOPT_PRELOAD,
	SPEC_ADOPT_SECCOMP,
	SPEC_ADOPT_NONE
};
enum spec_log_to { SPEC_LOG_FILE, SPEC_LOG_INHERIT, SPEC_LOG_NONE, SPEC_LOG_JOURNAL };
enum spec_log_format { SPEC_LOG_RAW, SPEC_LOG_PREFIXED, SPEC_LOG_JSON };
enum spec_packing { SPEC_PACKING_NONE, SPEC_PACKING_ZSTD, SPEC_PACKING_GZIP };
enum spec_stream { SPEC_OUT, SPEC_ERR, SPEC_STREAMS };

enum spec_instances_kind {
	SPEC_INSTANCES_COUNT,     /* exactly `number` */
	SPEC_INSTANCES_MAX_MINUS, /* max less `number`, at least 1; "max" is max less 0 */
	SPEC_INSTANCES_PERCENT    /* `number` % of max, rounded up */
};

struct spec_instances {
	enum spec_instances_kind kind;
	unsigned number;
};

struct spec_variable {
	const char *name;
	const char *value;
};

/* A question to each worker, again and again. */
struct spec_probe {
	const char *http; /* a path; NULL: none is asked for */
	bool tcp;         /* to be accepted is enough */
	msec interval, timeout;
	unsigned failures; /* in a row, which make it sick */
};

/* What becomes of that which workers write. */
struct spec_log {
	enum spec_log_to to;
	enum spec_log_format format;
	const char *path[SPEC_STREAMS]; /* "%i" is the slot; NULL: NAME-out.log */
	uint64_t rotate;                /* bytes; 0: not by size */
	msec age;                       /* 0: not by age */
	unsigned keep;                  /* rotated files */
	enum spec_packing packing;
};

struct app_spec {
	const char *name;
	const char *file; /* absolute path of its configuration; NULL: embedded */
	unsigned line;

	char *const *command;  /* argv, NULL-ended; "%i" stands for the slot */
	const char *directory; /* absolute; NULL: embedded, "/" */
	const struct spec_variable *env;
	unsigned env_count;
	const char *env_file; /* absolute; NULL: none; read afresh for every generation */
	const char *const *pass_env;
	unsigned pass_env_count;

	const char *user;  /* name or number; NULL: the supervisor's own */
	const char *group; /* NULL: the user's */
	struct spec_option umask, nice, oom_score_adj;
	struct spec_option no_new_privileges; /* not given: where there is a user */
	struct spec_limit limit[SPEC_LIMITS];
	struct spec_cgroup cgroup;
	enum spec_affinity affinity;
	enum spec_control control; /* what its workers may ask the supervisor */

	struct spec_instances instances;
	const char *listen[SPEC_LISTEN];
	unsigned listen_count;
	unsigned backlog;
	enum spec_adopt adopt;
	enum balance balance;
	const unsigned *weight; /* by slot; beyond weight_count: 1 */
	unsigned weight_count;
	bool slot_addresses; /* 127.128.0.N reaches slot N */
	struct spec_probe probe;

	int drain_signal;
	int stop_exit_code[SPEC_EXIT_CODES];
	unsigned stop_exit_codes;
	struct spec_log log;
	bool autostart;

	struct core_policy policy;
	const char *cron; /* when all are recycled; NULL: never */
};

/* How connections are dealt: by which policy, and what each slot weighs. */
struct dealing {
	enum balance balance;
	uint16_t weight[CORE_SLOTS];
};

enum spec_exit_when {
	SPEC_EXIT_TOLD,
	SPEC_EXIT_ALL_ENDED /* for good, every app */
};

/* How the supervisor itself comes to its end. */
struct spec_ending {
	msec stop_delay; /* how long it serves on when told to stop */
	enum spec_exit_when exit_when;
};

struct spec {
	bool rules;         /* it has a group `supervisor`, so that the next four count */
	unsigned log_level; /* enum log_level; the core knows no log */
	struct spec_option control_mode;
	const char *control_group; /* NULL: the supervisor's own */
	struct spec_ending ending;
	const struct app_spec *app;
	unsigned apps;
};

/* What of an app does not fit together, though each setting is in its range. */
enum spec_conflict {
	SPEC_FITS,
	SPEC_READY_EXEC_TOO_LONG,    /* ready.exec >= ready.timeout, where it counts */
	SPEC_BEAT_TIMEOUT_TOO_SHORT, /* heartbeat.timeout <= heartbeat.interval */
	SPEC_DELAY_TOO_LONG,         /* restart.delay > restart.delay_max */
	SPEC_LISTENS_FOR_NOBODY,     /* listen with adopt = none */
	SPEC_LISTENS_UNSEEN,         /* ready.on = listen, and nobody to tell */
	SPEC_PROBES_TWICE,           /* probe.http and probe.tcp */
	SPEC_QUIET_SHARES,           /* what goes quietly, a socket */
	SPEC_PROBES_NO_SLOT,         /* no address by which one slot can be reached */
	SPEC_CONFLICTS
};

/* The first conflict behind `after`, SPEC_FITS to begin with; SPEC_FITS: no more. */
enum spec_conflict spec_check(const struct app_spec *app, enum spec_conflict after);

/* "4", "max", "max-1", "50%" (at most SPEC_PERCENT %); -1: none of these. */
int spec_parse_instances(struct spec_instances *ret_instances, const char *text);

/* The count that "max", "50%"... mean when max is `most`; 1 to CORE_SLOTS. */
unsigned spec_instances_count(const struct spec_instances *instances, unsigned most);

unsigned spec_weight(const struct app_spec *app, unsigned slot);

bool spec_denies_new_privileges(const struct app_spec *app);
const char *spec_limit_name(enum spec_limit_kind kind); /* "nofile" */

const char *spec_log_format_name(enum spec_log_format format); /* "raw" */

/* Is this stream of its workers read by the logger? */
bool spec_logs(const struct app_spec *app, enum spec_stream stream);

/* Is anything asked of its workers? */
bool spec_probes(const struct app_spec *app);

const struct app_spec *spec_find(const struct spec *spec, const char *name);

#endif
