#include "supervisor/settings.h"

#include <string.h>

#include "common/text.h"
#include "supervisor/core/spec.h"

#define SECOND 1000
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define YEAR   (INT64_C(365) * DAY)
#define MEBI   (1024 * 1024)
#define EXBI   (INT64_C(1) << 60)

/* enum log_level of common/log.h, which only those who log include. */
static const struct setting_choice log_levels[] = {
	{"debug", 0, false},
	{"info", 1, false},
	{"warn", 2, false},
	{"error", 3, false},
	{0},
};

static const struct setting_choice adopts[] = {
	{"auto", SPEC_ADOPT_AUTO, false},
	{"listen-fds", SPEC_ADOPT_LISTEN_FDS, false},
	{"none", SPEC_ADOPT_NONE, false},
	{"node", SPEC_ADOPT_NODE, false},
	{"preload", SPEC_ADOPT_PRELOAD, false},
	{"seccomp", SPEC_ADOPT_SECCOMP, false},
	{0},
};

static const struct setting_choice balances[] = {
	{"auto", BALANCE_ROUND_ROBIN, false},
	{"random", BALANCE_RANDOM, false},
	{"hash", BALANCE_HASH, false},
	{"ip-hash", BALANCE_IP_HASH, false},
	{"round-robin", BALANCE_ROUND_ROBIN, false},
	{"cpu", BALANCE_CPU, false},
	{"least-conn", BALANCE_LEAST_CONN, false},
	{"least-latency", BALANCE_LEAST_LATENCY, false},
	{"queue", BALANCE_QUEUE, false},
	{0},
};

static const struct setting_choice affinities[] = {
	{"none", SPEC_AFFINITY_NONE, false},
	{"auto", SPEC_AFFINITY_AUTO, false},
	{0},
};

static const struct setting_choice controls[] = {
	{"none", SPEC_CONTROL_NONE, false},
	{"read", SPEC_CONTROL_READ, false},
	{0},
};

static const struct setting_choice exits[] = {
	{"told", SPEC_EXIT_TOLD, false},
	{"all-ended", SPEC_EXIT_ALL_ENDED, false},
	{0},
};

static const struct setting_choice readies[] = {
	{"auto", CORE_READY_AUTO, false},
	{"notify", CORE_READY_NOTIFY, false},
	{"exec", CORE_READY_EXEC, false},
	{"listen", CORE_READY_LISTEN, false},
	{0},
};

static const struct setting_choice drains[] = {
	{"auto", CORE_DRAIN_AUTO, false},
	{"signal", CORE_DRAIN_SIGNAL, false},
	{"quiet", CORE_DRAIN_QUIET, false},
	{0},
};

static const struct setting_choice restarts[] = {
	{"always", CORE_RESTART_ALWAYS, false},
	{"on-failure", CORE_RESTART_ON_FAILURE, false},
	{"never", CORE_RESTART_NEVER, false},
	{0},
};

static const struct setting_choice formats[] = {
	{"raw", SPEC_LOG_RAW, false},
	{"prefixed", SPEC_LOG_PREFIXED, false},
	{"json", SPEC_LOG_JSON, false},
	{0},
};

static const struct setting_choice packings[] = {
	{"true", SPEC_PACKING_ZSTD, false},
	{"false", SPEC_PACKING_NONE, false},
	{"zstd", SPEC_PACKING_ZSTD, false},
	{"gzip", SPEC_PACKING_GZIP, false},
	{0},
};

static const struct setting_choice logs[] = {
	{"file", SPEC_LOG_FILE, false},
	{"inherit", SPEC_LOG_INHERIT, false},
	{"none", SPEC_LOG_NONE, false},
	{"journal", SPEC_LOG_JOURNAL, false},
	{0},
};

#define RULE(member)   offsetof(struct spec, member)
#define AT(member)     offsetof(struct app_spec, member)
#define POLICY(member) offsetof(struct app_spec, policy.member)
#define LIMIT(kind)    AT(limit[SPEC_LIMIT_##kind])
#define NOWHERE        SETTING_NOWHERE

#define ROW(name, kind, place, otherwise, least, most)                    \
	{                                                                 \
		name, SETTING_##kind, place, otherwise, least, most, NULL \
	}
#define CHOICE(name, place, otherwise, choices)                       \
	{                                                             \
		name, SETTING_CHOICE, place, otherwise, 0, 0, choices \
	}
#define LATER(name)                                            \
	{                                                      \
		name, SETTING_LATER, NOWHERE, NULL, 0, 0, NULL \
	}

/* clang-format off */
static const struct setting supervisor_settings[] = {
	CHOICE("log_level",              RULE(log_level),     "info", log_levels),
	ROW("control.mode",  MODE,       RULE(control_mode),  "0600", 0, 0660),
	ROW("control.group", MEMBERSHIP, RULE(control_group), NULL,   0, 0),
	ROW("stop_delay",    SPAN,       RULE(ending.stop_delay), "0s", 0, HOUR),
	CHOICE("exit_when",              RULE(ending.exit_when), "told", exits),
	{0},
};

static const struct setting app_settings[] = {
	/*  name             kind       place          default  least, most: see kinds */
	ROW("name",          NAME,      AT(name),      NULL,    1, SPEC_NAME - 1),
	ROW("command",       COMMAND,   AT(command),   NULL,    1, 1024),
	ROW("cwd",           PATH,      AT(directory), NULL,    0, 0),
	ROW("env",           VARIABLES, AT(env),       NULL,    0, 512),
	ROW("env_file",      PATH,      AT(env_file),  NULL,    0, 0),
	ROW("pass_env",      WORDS,     AT(pass_env),  NULL,    0, 512),
	ROW("autostart",     FLAG,      AT(autostart), "true",  0, 0),
	ROW("instances",     INSTANCES, AT(instances), "1",     1, CORE_SLOTS),
	ROW("listen",        LISTEN,    AT(listen),    NULL,    0, SPEC_LISTEN),
	ROW("backlog",       COUNT,     AT(backlog),   "1024",  1, 65535),
	CHOICE("adopt",                 AT(adopt),     "auto",  adopts),
	CHOICE("balance",               AT(balance),   "auto",  balances),
	ROW("weights",       WEIGHTS,   AT(weight),    NULL,    1, 1000),
	ROW("slot_addresses", FLAG,     AT(slot_addresses), "true", 0, 0),

	ROW("user",          USER,      AT(user),      NULL,    0, 0),
	ROW("group",         GROUP,     AT(group),     NULL,    0, 0),
	ROW("umask",         MODE,      AT(umask),     NULL,    0, 0777),
	ROW("no_new_privileges", DECISION, AT(no_new_privileges), NULL, 0, 1),
	ROW("nice",          LEVEL,     AT(nice),      NULL,    -20, 19),
	ROW("oom_score_adj", LEVEL,     AT(oom_score_adj), NULL, -1000, 1000),
	CHOICE("affinity",              AT(affinity),  "none",  affinities),
	CHOICE("control",               AT(control),   "none",  controls),

	ROW("limits.as",         LIMIT_SIZE, LIMIT(AS),         NULL, 0, 0),
	ROW("limits.core",       LIMIT_SIZE, LIMIT(CORE),       NULL, 0, 0),
	ROW("limits.cpu",        LIMIT_TIME, LIMIT(CPU),        NULL, 0, 0),
	ROW("limits.data",       LIMIT_SIZE, LIMIT(DATA),       NULL, 0, 0),
	ROW("limits.fsize",      LIMIT_SIZE, LIMIT(FSIZE),      NULL, 0, 0),
	ROW("limits.memlock",    LIMIT_SIZE, LIMIT(MEMLOCK),    NULL, 0, 0),
	ROW("limits.msgqueue",   LIMIT_SIZE, LIMIT(MSGQUEUE),   NULL, 0, 0),
	ROW("limits.nofile",     LIMIT,      LIMIT(NOFILE),     NULL, 0, 0),
	ROW("limits.nproc",      LIMIT,      LIMIT(NPROC),      NULL, 0, 0),
	ROW("limits.rtprio",     LIMIT,      LIMIT(RTPRIO),     NULL, 0, 0),
	ROW("limits.sigpending", LIMIT,      LIMIT(SIGPENDING), NULL, 0, 0),
	ROW("limits.stack",      LIMIT_SIZE, LIMIT(STACK),      NULL, 0, 0),

	ROW("cgroup.memory_max",  BYTES, AT(cgroup.memory_max),  NULL, MEBI, EXBI),
	ROW("cgroup.memory_high", BYTES, AT(cgroup.memory_high), NULL, MEBI, EXBI),
	ROW("cgroup.cpu_max",     COUNT, AT(cgroup.cpu_max),     "0",  0, 100000),
	ROW("cgroup.cpu_weight",  COUNT, AT(cgroup.cpu_weight),  "0",  0, 10000),
	ROW("cgroup.pids_max",    COUNT, AT(cgroup.pids_max),    "0",  0, 4194304),

	CHOICE("ready.on",                 POLICY(ready),         "auto", readies),
	ROW("ready.timeout",      SPAN,    POLICY(ready_timeout), "30s",  10, DAY),
	ROW("ready.exec",         SPAN,    POLICY(ready_exec),    "1s",   0, HOUR),

	ROW("heartbeat",          HEARTBEAT, POLICY(beats),       "true", 0, 0),
	ROW("heartbeat.interval", SPAN,    POLICY(beat_interval), "1s",   10, HOUR),
	ROW("heartbeat.timeout",  SPAN,    POLICY(beat_timeout),  "5s",   10, HOUR),

	ROW("probe.http",         REQUEST, AT(probe.http),        NULL,   0, 0),
	ROW("probe.tcp",          FLAG,    AT(probe.tcp),         "false", 0, 0),
	ROW("probe.interval",     SPAN,    AT(probe.interval),    "5s",   100, HOUR),
	ROW("probe.timeout",      SPAN,    AT(probe.timeout),     "1s",   10, HOUR),
	ROW("probe.failures",     COUNT,   AT(probe.failures),    "3",    1, 1000),

	CHOICE("drain.how",                POLICY(drain),         "auto", drains),
	ROW("drain.signal",       SIGNAL,  AT(drain_signal),      "TERM", 1, 64),
	ROW("drain.timeout",      SPAN,    POLICY(drain_timeout), "30s",  10, DAY),

	ROW("reload.surge",       SURGE,   POLICY(surge),         "1",    1, CORE_SLOTS),
	ROW("reload.settle",      SPAN,    POLICY(settle),        "1s",   0, HOUR),
	ROW("reload.failures",    COUNT,   POLICY(failures),      "0",    0, CORE_SLOTS),

	CHOICE("restart.when",              POLICY(restart),        "always", restarts),
	ROW("restart.delay",         SPAN,  POLICY(backoff.first),  "100ms",  1, HOUR),
	ROW("restart.delay_max",     SPAN,  POLICY(backoff.most),   "30s",    1, DAY),
	ROW("restart.stable_after",  SPAN,  POLICY(backoff.steady), "10s",    0, DAY),
	ROW("restart.stop_exit_codes", EXIT_CODES, AT(stop_exit_code), NULL,  0, 255),
	ROW("restart.max",           COUNT, POLICY(restart_max),    "0",      0, 1000000),

	ROW("recycle.memory",     BYTES,   POLICY(recycle.memory),   NULL, MEBI, EXBI),
	ROW("recycle.age",        SPAN,    POLICY(recycle.age),      NULL, SECOND, YEAR),
	ROW("recycle.requests",   COUNT,   POLICY(recycle.requests), "0",  0, 1000000000),
	ROW("recycle.jitter",     COUNT,   POLICY(recycle.jitter),   "10", 0, 90),
	ROW("recycle.cron",       CRON,    AT(cron),                 NULL, 0, 0),

	CHOICE("log.to",                   AT(log.to),            "file", logs),
	ROW("log.out",   LOG_PATH,   AT(log.path[SPEC_OUT]), NULL, 1, SPEC_LOG_PATH - 1),
	ROW("log.err",   LOG_PATH,   AT(log.path[SPEC_ERR]), NULL, 1, SPEC_LOG_PATH - 1),
	CHOICE("log.format",               AT(log.format),        "raw",  formats),
	ROW("log.rotate",         BYTES,   AT(log.rotate),        "64M",  0, EXBI),
	ROW("log.age",            SPAN,    AT(log.age),           NULL,   SECOND, YEAR),
	ROW("log.keep",           COUNT,   AT(log.keep),          "10",   0, 10000),
	CHOICE("log.compress",             AT(log.packing),       "true", packings),

	LATER("reload.canary"), LATER("budget"), LATER("autoscale"),
	{0},
};

/* What people write who come from another process manager. */
static const struct {
	const char *theirs;
	const char *ours;
} foreign_words[] = {
	{"script",             "command"},
	{"exec",               "command"},
	{"args",               "command"},
	{"program",            "command"},
	{"workers",            "instances"},
	{"processes",          "instances"},
	{"numprocs",           "instances"},
	{"port",               "listen"},
	{"bind",               "listen"},
	{"directory",          "cwd"},
	{"environment",        "env"},
	{"autorestart",        "restart.when"},
	{"restart_delay",      "restart.delay"},
	{"max_restarts",       "restart.max"},
	{"min_uptime",         "restart.stable_after"},
	{"wait_ready",         "ready.on"},
	{"listen_timeout",     "ready.timeout"},
	{"kill_timeout",       "drain.timeout"},
	{"stopsignal",         "drain.signal"},
	{"uid",                "user"},
	{"gid",                "group"},
	{"rlimits",            "limits"},
	{"oom_score",          "oom_score_adj"},
	{"cpu_affinity",       "affinity"},
	{"max_memory_restart", "recycle.memory"},
	{"cron_restart",       "recycle.cron"},
	{"out_file",           "log.out"},
	{"error_file",         "log.err"},
	{"merge_logs",         "log.out"},
	{"log_date_format",    "log.format"},
};
/* clang-format on */

const struct setting *settings_list(enum setting_scope scope)
{
	return scope == SETTING_OF_APP ? app_settings : supervisor_settings;
}

const struct setting *settings_find(enum setting_scope scope, const char *name)
{
	for (const struct setting *setting = settings_list(scope); setting->name;
	     setting++)
		if (strcmp(setting->name, name) == 0)
			return setting;
	return NULL;
}

bool settings_is_group(enum setting_scope scope, const char *name)
{
	size_t length = strlen(name);

	for (const struct setting *setting = settings_list(scope); setting->name;
	     setting++)
		if (strncmp(setting->name, name, length) == 0 &&
		    setting->name[length] == '.')
			return true;
	return false;
}

/* The one setting that is called so inside of its group. */
static const char *find_inside(enum setting_scope scope, const char *name)
{
	const char *found = NULL;

	for (const struct setting *setting = settings_list(scope); setting->name;
	     setting++) {
		const char *dot = strrchr(setting->name, '.');

		if (!dot || strcmp(dot + 1, name) != 0)
			continue;
		if (found)
			return NULL;
		found = setting->name;
	}
	return found;
}

const char *settings_suggest(enum setting_scope scope, const char *name)
{
	static const char *const groups[] = {"ready",  "heartbeat", "probe",   "drain",
					     "reload", "restart",   "recycle", "log",
					     "limits", "cgroup"};
	const char *word[ARRAY_COUNT(app_settings) + ARRAY_COUNT(groups)];
	const char *nearest;
	size_t words = 0;

	for (const struct setting *setting = settings_list(scope); setting->name;
	     setting++)
		word[words++] = setting->name;
	for (size_t i = 0; scope == SETTING_OF_APP && i < ARRAY_COUNT(groups); i++)
		word[words++] = groups[i];
	for (size_t i = 0; scope == SETTING_OF_APP && i < ARRAY_COUNT(foreign_words); i++)
		if (strcmp(foreign_words[i].theirs, name) == 0)
			return foreign_words[i].ours;

	nearest = text_nearest(name, word, words);
	return nearest ? nearest : find_inside(scope, name);
}

bool settings_is_reserved(const char *variable)
{
	static const char *const reserved[] = {
		"LISTEN_FDS",         "LISTEN_PID",    "LISTEN_FDNAMES",
		"NOTIFY_SOCKET",      "WATCHDOG_USEC", "WATCHDOG_PID",
		"CLUSTER_APP",        "CLUSTER_SLOT",  "CLUSTER_INSTANCES",
		"CLUSTER_GENERATION",
	};

	for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
		if (strcmp(reserved[i], variable) == 0)
			return true;
	return false;
}
