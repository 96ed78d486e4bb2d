/*
 * rows.h - apps and their workers as rows of a table, for `list` and `show`.
 */
#ifndef SUPERVISOR_CTL_ROWS_H
#define SUPERVISOR_CTL_ROWS_H

#include "common/json.h"
#include "supervisor/ctl/options.h"
#include "supervisor/ctl/table.h"

struct rows {
	struct table *table;
	struct libscols_line *app; /* the last one added; NULL: none yet */
};

int rows_init(struct rows *rows, const struct options *options);
void rows_fini(struct rows *rows);

/* An app as the supervisor tells it, with all its workers. */
void rows_add_app(struct rows *rows, const struct json *app);

#endif
