/*
 * source.h - the text of a configuration, its includes spliced in.
 *
 * libconfig's own @include ends the process when it is given a directory and waits on a
 * FIFO, so files are joined here, textually, before libconfig sees them.  On its way the
 * reader finds what libconfig tells badly or not at all: a bracket, text or comment that
 * is never closed, a number that would be cut to 32 bits or lose its zeros, a group with
 * so many members that looking for duplicates would take seconds.  Every line of the
 * joined text knows the file and line it came from.
 */
#ifndef SUPERVISOR_SOURCE_H
#define SUPERVISOR_SOURCE_H

#include "common/arena.h"
#include "common/fault.h"

#define SOURCE_BYTES   ((size_t)1 << 20) /* of all files together */
#define SOURCE_FILES   64                /* the first and what it includes */
#define SOURCE_DEPTH   8                 /* files open at a time */
#define SOURCE_NESTING 32                /* brackets open at a time */
#define SOURCE_MEMBERS 512               /* settings of one group */

struct source_place {
	const char *file; /* as it was named */
	unsigned line;
};

struct source_mark {
	unsigned line; /* of the joined text: from here on ... */
	struct source_place place;
};

struct source_bracket {
	char letter;
	unsigned line; /* of the joined text */
	unsigned members;
};

struct source {
	char *text; /* ends with a NUL that `length` does not count */
	size_t length;
	unsigned line;       /* being written */
	struct arena *names; /* where the names of files live on */
	unsigned files;
	struct source_mark mark[2 * SOURCE_FILES];
	unsigned marks;
	struct source_bracket bracket[SOURCE_NESTING + 1]; /* [0]: outside of all */
	unsigned depth;
};

/* Both need a source that has but its arena for names, and which is to be freed whatever
 * they return.  A fault names its place: "FILE:LINE: syntax: why", or "FILE: why" for one
 * that cannot be read. */
int source_read(struct source *source, const char *path, struct fault *fault);
/* `name` stands for the file in faults; includes are relative to `directory`. */
int source_read_text(struct source *source, const char *name, const char *directory,
		     const char *text, struct fault *fault);
void source_free(struct source *source);

/* Where a line of the joined text, counted from 1, came from. */
struct source_place source_find_place(const struct source *source, unsigned line);

#endif
