/*
 * notes.h - what was said of apps by hand, by name, and the same as text.
 *
 * A note outlives the app in memory: the supervisor may end, or its configuration be
 * unreadable for a while.  An app of which nothing is to be said has none.  Bounded: the
 * oldest goes.  Files are not known here.
 */
#ifndef SUPERVISOR_NOTES_H
#define SUPERVISOR_NOTES_H

#include "common/buffer.h"
#include "common/fault.h"
#include "supervisor/core/spec.h"

#define NOTES_MOST SPEC_APPS

struct note {
	char app[SPEC_NAME];
	bool stopped;        /* until it is started by hand */
	unsigned count;      /* of workers, by `scale`; 0: as configured */
	unsigned configured; /* the number when it was scaled; another ends that */
	bool dealt;          /* by `balance`, until the configuration says another */
	struct dealing dealing, dealing_configured;
};

struct notes {
	struct note *list; /* by age */
	unsigned count;
	bool embedded; /* the embedded configuration ran */
	bool changed;  /* by a put, since whoever keeps them has taken it back */
};

void notes_free(struct notes *notes); /* accepts a zeroed one */
/* Borrowed until the next put; NULL: nothing was noted. */
const struct note *notes_find(const struct notes *notes, const char *app);
/* One that says nothing is forgotten. */
void notes_put(struct notes *notes, const struct note *note);
void notes_put_embedded(struct notes *notes, bool embedded);

void notes_encode(const struct notes *notes, struct buffer *to);
/* -EBADMSG and a fault for what is no text of ours. */
int notes_decode(struct notes *ret_notes, const char *bytes, size_t count,
		 struct fault *fault);

#endif
