/*
 * draft.h - a spec in the making: trees of values in, one spec or all faults out.
 *
 * Reads each tree by the table of settings, joins the apps of all files, and looks for
 * what only shows when they are together: names and addresses claimed twice.
 */
#ifndef SUPERVISOR_DRAFT_H
#define SUPERVISOR_DRAFT_H

#include "supervisor/core/spec.h"
#include "supervisor/value.h"

struct draft_app {
	struct app_spec spec;
	const struct value *value; /* the group it was read from */
	const char *label;         /* what it is called in faults */
};

struct draft {
	struct arena *arena;   /* where the spec will live */
	struct arena *scratch; /* for what is needed until then */
	struct faults *faults;
	unsigned told; /* how many faults were there before */
	struct spec spec;
	const struct value *supervisor; /* the group that was read; NULL: none yet */
	struct draft_app *app[SPEC_APPS];
	unsigned apps;
};

/* Borrows all three; the scratch arena must outlive the draft.  0 or -ENOMEM. */
int draft_init(struct draft *draft, struct arena *arena, struct arena *scratch,
	       struct faults *faults);

/* Adds what one file says; `file` is its absolute path, NULL: embedded; relative paths
 * are relative to `directory`.  What is wrong becomes faults; -ENOMEM is the only error.
 */
int draft_add(struct draft *draft, const struct value *root, const char *file,
	      const char *directory);

/* Compares the apps with each other, then builds the spec.  0, -EINVAL or -ENOMEM. */
int draft_finish(struct draft *draft, struct spec *ret_spec);

#endif
