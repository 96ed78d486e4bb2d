/*
 * report.c - what applying came to, a row for each app.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/estate.h"

struct apply_row *apply_row_add(struct apply_report *report, const char *name)
{
	struct apply_row *row;

	row = realloc(report->row, (report->rows + 1) * sizeof(*row));
	if (row == NULL)
		return NULL;
	report->row = row;
	row = &report->row[report->rows++];
	*row = (struct apply_row){0};
	(void)text_copy(row->app, sizeof(row->app), name);
	return row;
}

void apply_begun(struct apply_row *row, int result)
{
	if (result > 0)
		row->operation = (uint32_t)result;
	else if (result < 0 && row->fault.text[0] == '\0')
		(void)fault_set(&row->fault, result, "%s", strerror(-result));
}

/* What is wrong with the file of an ad-hoc app concerns that app alone. */
void apply_tell_unreadable(const struct supervisor *supervisor, const struct apply *apply,
			   const struct origin *origin, const struct faults *faults,
			   struct apply_report *report)
{
	const struct target *target = apply->target;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		struct apply_row *row = NULL;

		if (app->origin == origin && !app->removing &&
		    (target == NULL || target_matches(target, app)))
			row = apply_row_add(report, app->name);
		if (row != NULL)
			(void)fault_set(&row->fault, -EINVAL, "goes on as it was: %.400s",
					faults->list[0].text);
	}
}

/* The first row before this one that could not be done. */
const struct apply_row *apply_find_failed(const struct apply_report *report,
					  const struct apply_row *row)
{
	for (const struct apply_row *at = report->row; at < row; at++)
		if (at->fault.text[0] != '\0')
			return at;
	return NULL;
}

void apply_report_free(struct apply_report *report)
{
	free(report->row);
	*report = (struct apply_report){0};
}
