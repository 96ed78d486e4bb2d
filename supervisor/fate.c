/*
 * fate.c - what became of the apps of a configuration, told to people.
 */
#include <stdio.h>

#include "supervisor/estate.h"

enum fate {
	FATE_ADDED,
	FATE_CHANGED, /* or only replaced */
	FATE_REMOVED,
	FATE_KEPT,
	FATE_LEFT,
	FATE_REFUSED,
	FATES
};

static const char *const fates[FATES] = {
	[FATE_ADDED] = "added",        [FATE_CHANGED] = "rolled or changed",
	[FATE_REMOVED] = "removed",    [FATE_KEPT] = "unchanged",
	[FATE_LEFT] = "not asked for", [FATE_REFUSED] = "refused",
};

static void tell_refused(struct supervisor *supervisor, const struct faults *faults)
{
	for (unsigned i = 0; i < faults->count && i < FAULTS_KEPT; i++)
		supervisor_tell(supervisor,
				(struct happening){.kind = HAPPENING_CONFIG_REFUSED,
						   .reason = faults->list[i].text});
}

/* What became of one app, in a word. */
static enum fate fate_of(const struct apply_row *row)
{
	if (row->fault.text[0] != '\0')
		return FATE_REFUSED;
	if (!row->applied)
		return FATE_LEFT;
	if (row->plan.kind == PLAN_ADD)
		return FATE_ADDED;
	if (row->plan.kind == PLAN_REMOVE)
		return FATE_REMOVED;
	if (row->plan.kind == PLAN_KEEP && row->operation == 0)
		return FATE_KEPT;
	return FATE_CHANGED;
}

/* "2 apps added, 1 unchanged" */
static void tell_applied(struct supervisor *supervisor, const struct apply_report *report)
{
	unsigned count[FATES] = {0};
	char text[160] = "no apps";
	size_t used = 0;

	for (unsigned i = 0; i < report->rows; i++)
		count[fate_of(&report->row[i])]++;
	for (unsigned i = 0; i < FATES; i++)
		if (count[i] > 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 "%s%u %s", used > 0 ? ", " : "",
						 count[i], fates[i]);
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_CONFIG_APPLIED,
						       .reason = text});
}

void apply_report_tell(struct supervisor *supervisor, const struct apply_report *report)
{
	if (report->faults.count > 0) {
		tell_refused(supervisor, &report->faults);
		return;
	}
	tell_applied(supervisor, report);
	for (unsigned i = 0; i < report->rows; i++)
		if (report->row[i].fault.text[0] != '\0')
			supervisor_tell(
				supervisor,
				(struct happening){.kind = HAPPENING_APP_REFUSED,
						   .app = report->row[i].app,
						   .reason = report->row[i].fault.text});
}
