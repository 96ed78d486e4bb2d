#include "supervisor/ctl/table.h"

#include <errno.h>
#include <langinfo.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct table {
	struct libscols_table *table;
	bool colours;
};

static int add_columns(struct table *table, const struct table_column *column,
		       unsigned columns)
{
	for (unsigned i = 0; i < columns; i++) {
		int flags = (i == 0 ? SCOLS_FL_TREE : 0) |
			    (column[i].right ? SCOLS_FL_RIGHT : 0) |
			    (i == columns - 1 ? SCOLS_FL_TRUNC : 0);

		if (scols_table_new_column(table->table, column[i].name, 0, flags) ==
		    NULL)
			return -ENOMEM;
	}
	return 0;
}

struct table *table_new(const struct table_column *column, unsigned columns, bool colours)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->colours = colours;
	table->table = scols_new_table();
	if (table->table == NULL || add_columns(table, column, columns) < 0) {
		table_free(table);
		return NULL;
	}
	(void)setlocale(LC_CTYPE, "");
	(void)scols_table_enable_ascii(table->table,
				       strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
	(void)scols_table_enable_colors(table->table, colours);
	if (!isatty(STDOUT_FILENO))
		(void)scols_table_set_termforce(table->table, SCOLS_TERMFORCE_NEVER);
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	scols_unref_table(table->table);
	free(table);
}

struct libscols_line *table_add(struct table *table, struct libscols_line *parent)
{
	return scols_table_new_line(table->table, parent);
}

void table_set(struct table *table, struct libscols_line *row, unsigned column,
	       const char *text, const char *colour)
{
	struct libscols_cell *cell;

	if (row == NULL || scols_line_set_data(row, column, text) < 0)
		return;
	cell = scols_line_get_cell(row, column);
	if (cell != NULL && colour != NULL && table->colours)
		(void)scols_cell_set_color(cell, colour);
}

int table_print(struct table *table)
{
	return scols_print_table(table->table);
}
