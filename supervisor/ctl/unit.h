/*
 * unit.h - a unit file of systemd's for the programs where they are: what it says, where
 * it belongs, whether it is there.
 *
 * The text is that of conf/systemd/, inside the program.  A file that `startup` wrote has
 * its mark in the first line; another one is never overwritten and never removed.
 */
#ifndef SUPERVISOR_CTL_UNIT_H
#define SUPERVISOR_CTL_UNIT_H

#include <limits.h>

#include "common/buffer.h"
#include "common/fault.h"

#define UNIT_NAME 96 /* bytes, with ".service" and the NUL */

struct unit {
	bool user;             /* of the user's own systemd */
	bool sweeps;           /* it is the companion, which sweeps after the other */
	char main[UNIT_NAME];  /* the supervisor's unit; its own name, but for that */
	char name[UNIT_NAME];  /* "clusterd.service" */
	char folder[PATH_MAX]; /* where it is written */
	char path[PATH_MAX + UNIT_NAME];
	char clusterd[PATH_MAX], clusterctl[PATH_MAX]; /* which it runs */
	char home[PATH_MAX]; /* CLUSTERD_HOME, absolute; empty: none */
};

enum unit_presence {
	UNIT_ABSENT,
	UNIT_OURS,    /* made by startup, word for word what it would make now */
	UNIT_STALE,   /* made by startup, but not this */
	UNIT_FOREIGN, /* somebody else's */
};

/* `name`: without its suffix; NULL: clusterd.  The programs are this one and its
 * supervisor. */
int unit_find(struct unit *ret_unit, const char *name, bool user, struct fault *fault);

/* The one that sweeps after it. */
void unit_companion(const struct unit *unit, struct unit *ret_companion);

/* What the file is to say. */
void unit_print(const struct unit *unit, struct buffer *text);

/* What is at its path; `text` is what unit_print said. */
enum unit_presence unit_look(const struct unit *unit, const struct buffer *text);

/* Does one that was installed with the programs run the very same already?  Its path, or
 * NULL. */
const char *unit_installed(const struct unit *unit, char path[PATH_MAX]);

/* Puts the file there, whole or not at all; makes the folder. */
int unit_write(const struct unit *unit, const struct buffer *text, struct fault *fault);

#endif
