/*
 * table.h - a table on a terminal or in a file: the only user of libsmartcols.
 *
 * Cells are given row by row; a row may hang below another.  On a terminal the last
 * column is cut to fit; elsewhere nothing is.
 */
#ifndef SUPERVISOR_CTL_TABLE_H
#define SUPERVISOR_CTL_TABLE_H

#include "common/base.h"

struct table;
struct libscols_line;

struct table_column {
	const char *name;
	bool right; /* figures */
};

/* The first column carries the tree.  NULL: out of memory. */
struct table *table_new(const struct table_column *column, unsigned columns,
			bool colours);
void table_free(struct table *table); /* accepts NULL */

/* A row below `parent`, or at the top (NULL); NULL when there is no memory. */
struct libscols_line *table_add(struct table *table, struct libscols_line *parent);
/* `colour`: a name such as "green", or NULL. */
void table_set(struct table *table, struct libscols_line *row, unsigned column,
	       const char *text, const char *colour);
int table_print(struct table *table);

#endif
