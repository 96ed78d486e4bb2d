/*
 * clusterctl.c - the remote control's main: one command, one round trip, then out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/ctl/help.h"
#include "supervisor/ctl/verbs.h"

static enum exit_code (*const verbs[COMMAND_COUNT])(const struct options *options) = {
	[COMMAND_START] = verb_start,
	[COMMAND_STOP] = verb_change,
	[COMMAND_RESTART] = verb_change,
	[COMMAND_RELOAD] = verb_change,
	[COMMAND_SCALE] = verb_change,
	[COMMAND_BALANCE] = verb_change,
	[COMMAND_LIST] = verb_list,
	[COMMAND_SHOW] = verb_show,
	[COMMAND_LOGS] = verb_logs,
	[COMMAND_EVENTS] = verb_events,
	[COMMAND_TOP] = verb_top,
	[COMMAND_CHECK] = verb_check,
	[COMMAND_PLAN] = verb_plan,
	[COMMAND_WAIT] = verb_wait,
	[COMMAND_SIGNAL] = verb_signal,
	[COMMAND_RESET] = verb_reset,
	[COMMAND_REOPEN] = verb_reopen,
	[COMMAND_PING] = verb_ping,
	[COMMAND_SHUTDOWN] = verb_shutdown,
	[COMMAND_VERSION] = verb_version,
	[COMMAND_INIT] = verb_init,
	[COMMAND_DOCTOR] = verb_doctor,
	[COMMAND_COMPLETION] = verb_completion,
	[COMMAND_ROLLBACK] = verb_change,
	[COMMAND_FLUSH] = verb_change,
	[COMMAND_DELETE] = verb_change,
	[COMMAND_HELP] = verb_help,
	[COMMAND_IMPORT] = verb_import,
	[COMMAND_STARTUP] = verb_startup,
	[COMMAND_UNSTARTUP] = verb_unstartup,
	[COMMAND_SWEEP] = verb_sweep,
	[COMMAND_UPGRADE] = verb_upgrade,
};

/* What could not be written is a failure, whatever was done. */
static int end(enum exit_code code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return (int)code;
	(void)fprintf(stderr, "clusterctl: stdout: %s\n", strerror(errno));
	return EXIT_FAILED;
}

int main(int count, char **list)
{
	struct options options;
	struct fault fault;

	if (options_parse(&options, count, list, &fault) < 0)
		return (int)say_error(&options, EXIT_USAGE, NULL, "%s", fault.text);
	if (options.help && options.command < COMMAND_COUNT) {
		help_print(options.command);
		return end(EXIT_DONE);
	}
	if (options.help) {
		help_print_all();
		return end(EXIT_DONE);
	}
	if (options.version) {
		(void)printf("clusterctl %s\n", CLUSTERD_VERSION);
		return EXIT_DONE;
	}
	if (options.command == COMMAND_COUNT)
		return (int)say_error(&options, EXIT_USAGE, NULL,
				      "usage: clusterctl COMMAND: try clusterctl --help");
	return end(verbs[options.command](&options));
}
