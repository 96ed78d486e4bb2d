/*
 * top.c - becomes cluster-top, which shows the cluster live.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/places.h"
#include "supervisor/ctl/aide.h"
#include "supervisor/ctl/verbs.h"

enum exit_code verb_top(const struct options *options)
{
	const char *words[4] = {NULL}, *terminal = getenv("TERM");
	char path[2 * PLACES_PATH];
	unsigned count = 0;

	if (options->json)
		return say_error(options, EXIT_USAGE, NULL,
				 "top: is for people: see list --json and events --json");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return say_error(options, EXIT_USAGE, NULL, "top: needs a terminal");
	if (terminal == NULL || terminal[0] == '\0' || strcmp(terminal, "dumb") == 0)
		return say_error(options, EXIT_USAGE, NULL,
				 "top: TERM=%s: this terminal cannot show it",
				 terminal != NULL ? terminal : "");
	if (places_find_program(path, sizeof(path), "cluster-top", NULL, NULL, NULL) < 0)
		return say_error(options, EXIT_FAILED, NULL,
				 "top: cluster-top is not installed");
	if (options->socket != NULL) {
		words[count++] = "--socket";
		words[count++] = options->socket;
	}
	if (options->plain)
		words[count++] = "--no-color";
	aide_become(path, words);
}
