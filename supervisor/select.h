/*
 * select.h - whom a command is about: targets as typed -> apps and workers.
 *
 * Everything is looked up before anything is touched; a target that nothing matches
 * answers the call (NoSuchTarget), and the command is over.
 */
#ifndef SUPERVISOR_SELECT_H
#define SUPERVISOR_SELECT_H

#include "supervisor/call.h"

struct choice {
	struct app *app;
	int slot; /* -1: all of its workers */
};

struct selection {
	struct choice *choice; /* each once */
	unsigned count;
};

/* Adds what `text` matches: how many that were, or a negative errno, and the call is
 * answered.  "all" may match nothing. */
int select_target(struct call *call, struct selection *selection, const char *text);
/* All that the parameter `targets` names; on failure nothing is left to free. */
int select_targets(struct call *call, struct selection *ret_selection);
void select_free(struct selection *selection); /* accepts a zeroed one */

/* Do the `targets` of this call, if it has any, mean the app?  And which slot of it: -1
 * is all, also when several are named. */
bool select_has(const struct call *call, const struct app *app, int *ret_slot);

/* Answers that there is no such app or worker: -ENOENT. */
int select_refuse(struct call *call, const char *text);

#endif
