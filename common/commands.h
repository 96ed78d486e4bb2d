/*
 * commands.h - the one list of what can be asked for.
 *
 * From it grow clusterd's table of handlers and its interface description, clusterctl's
 * parser, usage, help and completions, and the check that the manual names each.  A
 * command is served by the supervisor (it has a method), local to clusterctl, or planned:
 * known by name, and refused with "not supported yet".
 */
#ifndef COMMON_COMMANDS_H
#define COMMON_COMMANDS_H

#include "common/base.h"

#define COMMAND_MANY 256 /* arguments one command takes at most */

enum command_kind {
	COMMAND_SERVED,  /* one call to the supervisor */
	COMMAND_LOCAL,   /* clusterctl's own work */
	COMMAND_PLANNED, /* not supported yet */
	COMMAND_KINDS
};

/* Flags of single commands: id, long name, letter, argument, kind, help.  A command takes
 * those of its row and no other. */
/* clang-format off */
#define FLAGS(X)                                                                        \
	X(NO_WAIT, "no-wait", 0, NULL, SERVED, "return once it is queued")              \
	X(TIMEOUT, "timeout", 0, "T", SERVED, "wait at most T, such as 30s")            \
	X(DRY_RUN, "dry-run", 0, NULL, SERVED, "only say what would change")            \
	X(LINES, "lines", 'n', "N", SERVED, "begin with the last N lines (15)")         \
	X(NO_FOLLOW, "no-follow", 0, NULL, SERVED, "print what is there, then end")     \
	X(SINCE, "since", 0, "T", SERVED, "begin T ago, such as 10m, or at a time")     \
	X(ERR, "err", 0, NULL, SERVED, "only what was written to stderr")               \
	X(OUT, "out", 0, NULL, SERVED, "only what was written to stdout")               \
	X(FOR, "for", 0, "STATE", SERVED, "ready (the default) or stopped")             \
	X(REQUEST, "request", 0, "PATH", SERVED, "ask this worker for PATH, by HTTP")   \
	X(WEIGHTS, "weights", 0, "LIST", SERVED, "shares by slot, such as 2,1,1")       \
	X(PROFILE, "env", 0, "NAME", LOCAL, "take in the variables of env_NAME, too")   \
	X(NAME, "name", 'n', "NAME", SERVED, "name of the app (the program's)")         \
	X(INSTANCES, "instances", 'i', "N", SERVED, "workers: N, max, max-1, 50% (1)")  \
	X(LISTEN, "listen", 'l', "ADDRESS", SERVED, "where it listens; may be repeated") \
	X(CWD, "cwd", 'C', "DIR", SERVED, "its working directory (this one)")           \
	X(ENV, "env", 'e', "K=V|NAME", SERVED, "set, or copy, a variable; repeatable")  \
	X(ENV_ALL, "env-all", 'E', NULL, SERVED, "copy all variables there are here")   \
	X(BALANCE, "balance", 0, "POLICY", SERVED, "how connections are dealt")         \
	X(MAX_MEMORY, "max-memory", 0, "SIZE", SERVED, "replace a worker above this")   \
	X(READY, "ready", 0, "RULE", SERVED, "what makes a worker ready")               \
	X(USER, "user", 0, "USER", SERVED, "whom it runs as")                           \
	X(SERVE, "serve", 0, "DIR", SERVED, "files, by the built-in worker")            \
	X(SPA, "spa", 0, NULL, SERVED, "with --serve: its index for unknown pages")     \
	X(UNIT_NAME, "name", 'n', "NAME", LOCAL, "name of the unit (clusterd)")         \
	X(USER_UNIT, "user", 0, NULL, LOCAL, "a unit of your own systemd")              \
	X(CANARY, "canary", 0, "SHARE", PLANNED, "give the new version a share first")  \
	X(CANARY_FOR, "for", 0, "T", PLANNED, "how long the canary is watched")
/* clang-format on */

enum flag {
#define X(id, name, letter, argument, kind, help) FLAG_##id,
	FLAGS(X)
#undef X
		FLAG_COUNT
};

#define FLAG_BIT(id)  (UINT64_C(1) << FLAG_##id)
#define FLAGS_WAITING (FLAG_BIT(NO_WAIT) | FLAG_BIT(TIMEOUT))
#define FLAGS_CANARY  (FLAG_BIT(CANARY) | FLAG_BIT(CANARY_FOR))
#define FLAGS_STREAMS (FLAG_BIT(ERR) | FLAG_BIT(OUT))
#define FLAGS_LOGS \
	(FLAG_BIT(LINES) | FLAG_BIT(SINCE) | FLAG_BIT(NO_FOLLOW) | FLAGS_STREAMS)
#define FLAGS_AD_HOC                                                                    \
	(FLAG_BIT(NAME) | FLAG_BIT(INSTANCES) | FLAG_BIT(LISTEN) | FLAG_BIT(CWD) |      \
	 FLAG_BIT(ENV) | FLAG_BIT(ENV_ALL) | FLAG_BIT(BALANCE) | FLAG_BIT(MAX_MEMORY) | \
	 FLAG_BIT(READY) | FLAG_BIT(USER) | FLAG_BIT(SERVE) | FLAG_BIT(SPA))

/* What a changing method answers; with `more` verdicts come one by one, and progress. */
#define COMMAND_CHANGES " -> (verdicts: []Verdict, progress: []Progress)"

/* Commands: id, name, aliases, arguments, least and most of them, flags, kind, method,
 * its parameters and reply in Varlink's words, help. */
/* clang-format off */
#define COMMANDS(X)                                                                     \
	X(START, "start", "", "[FILE.conf|TARGET...|PROGRAM [-- ARGS]]", 0,             \
	  COMMAND_MANY, FLAGS_WAITING | FLAGS_AD_HOC, SERVED,                           \
	  "Start", "(file: ?string, targets: ?[]string, command: ?[]string,"            \
	  " name: ?string, cwd: ?string, given: ?[]string, passed: ?[]string,"          \
	  " listen: ?[]string, instances: ?string, balance: ?string,"                   \
	  " max_memory: ?string, ready: ?string, user: ?string, wait: ?bool,"           \
	  " ticket: ?string)"                                                           \
	  COMMAND_CHANGES,                                                              \
	  "start the cluster, apply a file, start a stopped app or a program")          \
	X(STOP, "stop", "", "TARGET...", 1, COMMAND_MANY, FLAGS_WAITING, SERVED,        \
	  "Stop", "(targets: []string, wait: ?bool, ticket: ?string)" COMMAND_CHANGES,  \
	  "drain and stop; the app stays listed")                                       \
	X(DELETE, "delete", "del", "TARGET...", 1, COMMAND_MANY, FLAGS_WAITING, SERVED, \
	  "Delete", "(targets: []string, wait: ?bool, ticket: ?string)" COMMAND_CHANGES, \
	  "drain and stop an app that was started by hand, and forget it")              \
	X(RESTART, "restart", "", "TARGET...", 1, COMMAND_MANY, FLAGS_WAITING, SERVED,  \
	  "Restart", "(targets: []string, wait: ?bool, ticket: ?string)"                \
	  COMMAND_CHANGES,                                                              \
	  "stop, then start; reload loses no request, this does")                       \
	X(RELOAD, "reload", "", "[TARGET...]", 0, COMMAND_MANY,                         \
	  FLAGS_WAITING | FLAG_BIT(DRY_RUN) | FLAGS_CANARY, SERVED,                     \
	  "Reload", "(targets: ?[]string, dry_run: ?bool, wait: ?bool,"                 \
	  " ticket: ?string)" \
	  " -> (verdicts: []Verdict, progress: []Progress, changes: ?[]Change)",        \
	  "read the config again and replace workers without losing a request")         \
	X(ROLLBACK, "rollback", "", "TARGET...", 1, COMMAND_MANY, FLAGS_WAITING,        \
	  SERVED,                                                                       \
	  "Rollback", "(targets: []string, wait: ?bool, ticket: ?string)"               \
	  COMMAND_CHANGES,                                                              \
	  "go back to the generation before, as a reload does it")                      \
	X(SCALE, "scale", "", "TARGET N|+N|-N|max|N%|config", 2, 2,                     \
	  FLAGS_WAITING, SERVED,                                                        \
	  "Scale", "(target: string, count: string, wait: ?bool,"                       \
	  " ticket: ?string)" COMMAND_CHANGES,                                          \
	  "change the number of workers")                                               \
	X(BALANCE, "balance", "", "TARGET POLICY|config", 2, 2, FLAG_BIT(WEIGHTS),       \
	  SERVED,                                                                       \
	  "Balance", "(target: string, policy: string, weights: ?string,"               \
	  " ticket: ?string)"                                                           \
	  COMMAND_CHANGES,                                                              \
	  "change how connections are dealt")                                           \
	X(LIST, "list", "ls l status", "", 0, 0, 0, SERVED,                             \
	  "List", "() -> (supervisor: ?Process, apps: []App)",                          \
	  "show all apps and workers")                                                  \
	X(SHOW, "show", "describe", "TARGET...", 1, COMMAND_MANY,                       \
	  FLAG_BIT(REQUEST) | FLAG_BIT(TIMEOUT), SERVED,                                \
	  "Show", "(targets: []string) -> (apps: []App)",                               \
	  "show everything about an app or a worker")                                   \
	X(LOGS, "logs", "log", "[TARGET...]", 0, COMMAND_MANY, FLAGS_LOGS, LOCAL, NULL, \
	  NULL,                                                                         \
	  "show what workers wrote, and follow it")                                     \
	X(EVENTS, "events", "", "[TARGET...]", 0, COMMAND_MANY,                         \
	  FLAG_BIT(LINES) | FLAG_BIT(NO_FOLLOW), SERVED,                                \
	  "Events", "(targets: ?[]string, lines: ?int, follow: ?bool)"                  \
	  " -> (events: []Event)",                                                      \
	  "show what happened, and follow what happens")                                \
	X(TOP, "top", "monit", "", 0, 0, 0, LOCAL, NULL, NULL,                          \
	  "watch the cluster live, on a whole screen")                                  \
	X(CHECK, "check", "", "[FILE]", 0, 1, 0, LOCAL, NULL, NULL,                     \
	  "tell whether a config is valid, and all that is wrong with it")              \
	X(PLAN, "plan", "", "[FILE]", 0, 1, 0, SERVED,                                  \
	  "Plan", "(file: ?string) -> (changes: []Change)",                             \
	  "show what applying a config would change")                                   \
	X(WAIT, "wait", "", "TARGET...", 1, COMMAND_MANY,                               \
	  FLAG_BIT(FOR) | FLAG_BIT(TIMEOUT), SERVED,                                    \
	  "Wait", "(targets: []string, for: ?string) -> ()",                            \
	  "block until apps or workers are ready, or stopped")                          \
	X(SIGNAL, "signal", "sendSignal", "SIGNAL TARGET...", 2, COMMAND_MANY, 0,       \
	  SERVED,                                                                       \
	  "Signal", "(targets: []string, signal: string) -> (reached: int)",            \
	  "send a signal to the main process of workers")                               \
	X(RESET, "reset", "", "TARGET...", 1, COMMAND_MANY, 0, SERVED,                  \
	  "Reset", "(targets: []string) -> ()",                                         \
	  "clear restart counters and backoff")                                         \
	X(FLUSH, "flush", "", "[TARGET...]", 0, COMMAND_MANY, FLAGS_WAITING, SERVED,    \
	  "Flush", "(targets: ?[]string, wait: ?bool, ticket: ?string)" COMMAND_CHANGES, \
	  "empty the log files of apps")                                                \
	X(REOPEN, "reopen", "reloadLogs", "", 0, 0, 0, SERVED,                          \
	  "Reopen", "() -> ()",                                                         \
	  "open log files anew, after they were moved away")                            \
	X(PING, "ping", "", "", 0, 0, 0, SERVED,                                        \
	  "Ping", "() -> (pid: int, keeper_pid: ?int, version: string,"                 \
	  " upgrades: int, upgrading: bool, upgrade_fault: ?string,"                    \
	  " uptime_ms: int, log: string)", \
	  "tell whether a supervisor runs")                                             \
	X(UPGRADE, "upgrade", "", "", 0, 0, FLAG_BIT(TIMEOUT), SERVED,                  \
	  "Upgrade", "()" COMMAND_CHANGES,                                              \
	  "replace the running supervisor in place")                                    \
	X(SHUTDOWN, "shutdown", "", "", 0, 0, FLAGS_WAITING, SERVED,                    \
	  "Shutdown", "() -> (pid: int, keeper_pid: ?int)", \
	  "drain and stop everything, then the supervisor")                             \
	X(VERSION, "version", "", "", 0, 0, 0, LOCAL, NULL, NULL,                       \
	  "print the versions of clusterctl and of the supervisor")                     \
	X(DOCTOR, "doctor", "", "", 0, 0, 0, LOCAL, NULL, NULL,                         \
	  "check limits, kernel features and permissions")                              \
	X(INIT, "init", "", "", 0, 0, 0, LOCAL, NULL, NULL,                             \
	  "print a commented config to begin with")                                     \
	X(IMPORT, "import", "", "FILE", 1, 1, FLAG_BIT(PROFILE), LOCAL, NULL, NULL,     \
	  "print the config that does what a PM2 ecosystem file does")                  \
	X(STARTUP, "startup", "", "", 0, 0,                                             \
	  FLAG_BIT(USER_UNIT) | FLAG_BIT(UNIT_NAME) | FLAG_BIT(DRY_RUN), LOCAL, NULL,   \
	  NULL,                                                                         \
	  "make clusterd a unit of systemd, and enable it")                             \
	X(UNSTARTUP, "unstartup", "", "", 0, 0,                                         \
	  FLAG_BIT(USER_UNIT) | FLAG_BIT(UNIT_NAME), LOCAL, NULL, NULL,                 \
	  "disable that unit, and remove what startup wrote")                           \
	X(SWEEP, "sweep", "", "[UNIT]", 0, 1, FLAG_BIT(TIMEOUT), LOCAL, NULL,           \
	  NULL,                                                                         \
	  "end what a supervisor left behind that systemd does not start again")        \
	X(COMPLETION, "completion", "", "bash|fish|zsh", 1, 1, 0, LOCAL, NULL, NULL,    \
	  "print completions for a shell")                                              \
	X(HELP, "help", "", "[COMMAND]", 0, 1, 0, LOCAL, NULL, NULL,                    \
	  "print what a command does and takes")                                        \
	X(PROMOTE, "promote", "", "TARGET", 1, 1, 0, PLANNED, NULL, NULL,               \
	  "let a canary take over")
/* clang-format on */

enum command {
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	COMMAND_##id,
	COMMANDS(X)
#undef X
		COMMAND_COUNT
};

#endif
