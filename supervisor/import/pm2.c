#include "supervisor/import/pm2.h"

#include <ctype.h>
#include <string.h>

#include "common/text.h"

#define KEY_TEXT 64

#define MONITORING "belongs to PM2's own monitoring"
#define UNWATCHED  "files are not watched"

#define KEPT(name, aliases)                   \
	{                                     \
		name, aliases, PM2_KEPT, NULL \
	}
#define LOST(name, aliases, note)             \
	{                                     \
		name, aliases, PM2_LOST, note \
	}
#define LOST_OFF(name, aliases, note)             \
	{                                         \
		name, aliases, PM2_LOST_OFF, note \
	}
#define MOOT(name)                       \
	{                                \
		name, "", PM2_MOOT, NULL \
	}

/* clang-format off */
static const struct pm2_key keys[] = {
	KEPT("name", ""),
	KEPT("script", "exec cmd command"),
	KEPT("args", ""),
	KEPT("exec_interpreter", "interpreter"),
	KEPT("node_args", "interpreter_args"),
	KEPT("cwd", ""),
	KEPT("env", ""),
	KEPT("port", ""),
	KEPT("instance_var", ""),
	KEPT("increment_var", ""),
	KEPT("instances", ""),
	KEPT("exec_mode", ""),
	KEPT("wait_ready", ""),
	KEPT("listen_timeout", ""),
	KEPT("kill_timeout", ""),
	KEPT("autorestart", ""),
	KEPT("stop_exit_codes", ""),
	KEPT("restart_delay", ""),
	KEPT("exp_backoff_restart_delay", ""),
	KEPT("min_uptime", ""),
	KEPT("max_restarts", ""),
	KEPT("max_memory_restart", ""),
	KEPT("cron_restart", "cron"),
	KEPT("uid", "user"),
	KEPT("gid", "group"),
	KEPT("disable_logs", ""),
	KEPT("out_file", "out output out_log"),
	KEPT("error_file", "error err err_file err_log"),

	KEPT("log_type", ""),
	KEPT("log_date_format", ""),
	KEPT("time", ""),
	KEPT("merge_logs", "combine_logs"),

	LOST("log_file", "log",
		"stdout and stderr have a file each; `clusterctl logs` shows both"),
	LOST("watch", "",
		"files are not watched; let what changes them run `clusterctl reload`"),
	LOST("ignore_watch", "", UNWATCHED),
	LOST("watch_options", "", UNWATCHED),
	LOST("watch_delay", "", UNWATCHED),
	LOST("shutdown_with_message", "",
		"workers get a signal, not a message: see drain.signal; let the program "
		"heed it"),
	LOST_OFF("treekill", "",
		"what is left of a worker's session ends with the worker; a program that "
		"is to outlive it begins a session of its own (setsid)"),
	LOST("namespace", "",
		"there are none, but targets may be globs: name the apps alike, as in "
		"'shop-*'"),
	LOST("name_prefix", "", "write it into the name"),
	LOST("append_env_to_name", "", "write it into the name"),
	LOST("source_map_support", "", "give node --enable-source-maps in the command"),
	LOST("filter_env", "",
		"the environment is clean anyway: env is all of it, pass_env lets some "
		"through"),
	LOST("pid_file", "pid", "`clusterctl list --json` tells pids"),
	LOST("post_update", "", "run them before `clusterctl reload`"),
	LOST("install_url", "", "programs are not installed"),
	LOST("trace", "", MONITORING),
	LOST("v8", "", MONITORING),
	LOST("event_loop_inspector", "", MONITORING),
	LOST("deep_monitoring", "", MONITORING),
	LOST("io", "", MONITORING),

	MOOT("automation"),
	MOOT("disable_source_map_support"),
	MOOT("disable_trace"),
	MOOT("execute_command"),
	MOOT("force"),
	MOOT("kill_retry_time"),
	MOOT("pmx"),
	MOOT("username"),
	MOOT("vizion"),
	MOOT("windows_hide"),
	MOOT("write"),
};
/* clang-format on */

/* "execMode" -> "exec_mode"; false: too long for a key of PM2's. */
static bool to_snake(char text[KEY_TEXT], const char *key)
{
	size_t used = 0;

	for (; *key != '\0'; key++) {
		if (used + 3 > KEY_TEXT)
			return false;
		if (isupper((unsigned char)*key) && used > 0)
			text[used++] = '_';
		text[used++] = (char)tolower((unsigned char)*key);
	}
	text[used] = '\0';
	return true;
}

const struct pm2_key *pm2_find(const char *key)
{
	char snake[KEY_TEXT];

	if (!to_snake(snake, key))
		return NULL;
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (strcmp(keys[i].name, snake) == 0 ||
		    text_has_word(keys[i].aliases, snake))
			return &keys[i];
	return NULL;
}
