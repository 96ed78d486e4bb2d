/*
 * layout.h - which of our fields outlive us: the table of each kind of record.
 *
 * A kind is one struct of the estate or the core, known by an app and a number of its
 * own.  A new field is a new row at the end of its table, with the version of the state
 * that it came with; a tag is never given again, and what it means never changes.
 */
#ifndef SUPERVISOR_LAYOUT_H
#define SUPERVISOR_LAYOUT_H

#include "supervisor/record.h"

enum layout_kind { /* numbers in a file: never another order */
		   LAYOUT_NONE,
		   LAYOUT_SUPERVISOR, /* struct supervisor */
		   LAYOUT_ORIGIN,     /* struct origin, by its number */
		   LAYOUT_APP,        /* struct app, with its core but for the slots */
		   LAYOUT_OPERATION,  /* struct operation, by its id */
		   LAYOUT_GENERATION, /* struct generation, by its number */
		   LAYOUT_HOLDING,    /* struct holding, by its number */
		   LAYOUT_SLOT,       /* struct slot, of the core */
		   LAYOUT_PLACE,      /* struct place with its seats, by its slot */
		   LAYOUT_ANSWER,     /* struct answer, by its place and 1 */
		   LAYOUT_KINDS
};

struct layout {
	const char *name;
	const struct record_row *row;
	size_t bytes; /* of the struct */
};

/* NULL: no such kind is known here. */
const struct layout *layout_find(uint32_t kind);

#endif
