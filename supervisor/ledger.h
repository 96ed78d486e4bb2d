/*
 * ledger.h - what was ordered by hand and is to outlive the supervisor, as files.
 *
 * Ad-hoc apps are configurations in STATE/apps, NAME.conf each, with their variables in
 * NAME.env; whatever else was said of an app (that it is to stay stopped, how many
 * workers it was given) is a note, and all notes are one file, STATE/ledger.json.  No
 * other module knows these files.
 *
 * A file is replaced as a whole (written beside, synced, renamed), so that there is an
 * old or a new one whenever we may die; these are the only writes that wait for a disk,
 * and they come only from commands.  A file that cannot be understood is renamed, never
 * over another, and what it said is forgotten.  What is in memory is the truth while we
 * run.
 */
#ifndef SUPERVISOR_LEDGER_H
#define SUPERVISOR_LEDGER_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/fault.h"
#include "common/places.h"
#include "supervisor/notes.h"

#define LEDGER_PATH (PLACES_PATH + SPEC_NAME + 32)

struct ledger {
	char state[PLACES_PATH];
	struct notes notes;
};

/* Reads the notes.  On failure there are none, and the fault says what became of the
 * file; the ledger can be used all the same. */
int ledger_open(struct ledger *ledger, const char *state, struct fault *fault);
void ledger_close(struct ledger *ledger);
/* Writes the notes, if they have changed; one that failed is tried again with the next
 * change. */
int ledger_write(struct ledger *ledger, struct fault *fault);

/* ---- ad-hoc apps, by name ---- */

void ledger_path(const struct ledger *ledger, const char *name, char path[LEDGER_PATH]);
/* Is this the file of an ad-hoc app? */
bool ledger_owns(const struct ledger *ledger, const char *path);
bool ledger_has(const struct ledger *ledger, const char *name);
/* Their names in order, ended by a NULL; NULL: out of memory. */
const char *const *ledger_list(const struct ledger *ledger, struct arena *arena);
/* Both files, or a fault and neither. */
int ledger_keep(const struct ledger *ledger, const char *name, const struct buffer *text,
		const struct buffer *variables, struct fault *fault);
/* What was kept; the buffers are the caller's to free, whatever is returned. */
int ledger_read(const struct ledger *ledger, const char *name, struct buffer *text,
		struct buffer *variables);
int ledger_forget(const struct ledger *ledger, const char *name, struct fault *fault);
/* Renames a file of an app that cannot be used: NAME.conf.broken, or with a number; the
 * fault, which says why, is told to what. */
void ledger_set_aside(const struct ledger *ledger, const char *name, struct fault *fault);

#endif
