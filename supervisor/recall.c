/*
 * recall.c - what was ordered by hand comes back at a start, and is noted as it changes.
 *
 * The ledger keeps it; here is what it means.  Ad-hoc apps are called back once, after
 * the configuration: that one wins where both claim the same.  What cannot be used is set
 * aside and told, and never keeps anything else from running.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"

static void tell(struct supervisor *supervisor, const struct fault *fault)
{
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_ALERT,
						       .reason = fault->text});
	(void)text_copy(supervisor->trouble, sizeof(supervisor->trouble), fault->text);
}

/* The trouble of an app that could not be started begins with its name. */
void recall_forgive(struct supervisor *supervisor, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(supervisor->trouble, name, length) == 0 &&
	    supervisor->trouble[length] == ' ')
		supervisor->trouble[0] = '\0';
}

void recall_open(struct supervisor *supervisor)
{
	struct fault fault = {0};

	if (ledger_open(&supervisor->ledger, supervisor->places.state, &fault) < 0)
		tell(supervisor, &fault);
}

/* The embedded configuration stands in where nothing else is known to run; beside apps
 * that are remembered only if it was there before. */
bool recall_replaces_embedded(const struct supervisor *supervisor)
{
	struct arena arena = {0};
	const char *const *name;
	bool any;

	if (supervisor->recalled || supervisor->ledger.notes.embedded ||
	    supervisor->default_file[0] != '\0' ||
	    origin_is_default_there(&supervisor->places))
		return false;
	name = ledger_list(&supervisor->ledger, &arena);
	any = name != NULL && name[0] != NULL;
	arena_free(&arena);
	return any;
}

/* Is the file what its name says, and does nobody else go by that name?  *ret_passes:
 * what keeps it from being used now may not do so for ever. */
static bool is_usable(const struct supervisor *supervisor, const char *name,
		      const char *path, bool *ret_passes, struct fault *fault)
{
	const struct app *other = supervisor_find(supervisor, name);
	struct faults faults = {0};
	struct arena arena = {0};
	struct spec spec;
	bool usable = false;

	if (config_load(path, false, &arena, &spec, &faults) < 0)
		(void)fault_set(fault, 0, "%s", faults.list[0].text);
	else if (spec.apps != 1 || strcmp(spec.app[0].name, name) != 0)
		(void)fault_set(fault, 0, "it is not the app of its name");
	else if (other != NULL)
		(void)fault_set(fault, 0, "an app of this name comes from %s",
				origin_name(other->origin));
	else
		usable = true;
	arena_free(&arena);
	*ret_passes = faults.of_machine;
	return usable;
}

static void take_row(struct apply_report *report, const struct apply_row *from)
{
	struct apply_row *row = apply_row_add(report, from->app);

	if (row != NULL)
		*row = *from;
}

static int call_back(struct supervisor *supervisor, const char *name, bool keeps_stopped,
		     struct apply_report *report, struct fault *fault)
{
	char path[LEDGER_PATH];
	const struct apply apply = {
		.how = APPLY_START, .file = path, .keeps_stopped = keeps_stopped};
	struct apply_report one;
	bool passes = false;

	ledger_path(&supervisor->ledger, name, path);
	if (!is_usable(supervisor, name, path, &passes, fault) && !passes) {
		ledger_set_aside(&supervisor->ledger, name, fault);
		return -EINVAL;
	}
	if (supervisor_apply(supervisor, &apply, &one) < 0)
		(void)fault_set(fault, 0, "%s cannot be started: %.400s", name,
				one.faults.list[0].text);
	for (unsigned i = 0; i < one.rows; i++) {
		one.row[i].remembered = true;
		take_row(report, &one.row[i]);
		if (one.row[i].fault.text[0] != '\0')
			(void)fault_set(fault, 0, "%s cannot be started: %.400s",
					one.row[i].app, one.row[i].fault.text);
	}
	apply_report_free(&one);
	return fault->text[0] != '\0' ? -EINVAL : 0;
}

int supervisor_call_back(struct supervisor *supervisor, const char *name,
			 struct fault *fault)
{
	struct apply_report ignored = {0};
	int result = call_back(supervisor, name, false, &ignored, fault);

	if (result == 0)
		recall_forgive(supervisor, name);
	apply_report_free(&ignored);
	return result;
}

void recall_apps(struct supervisor *supervisor, struct apply_report *report)
{
	struct arena arena = {0};
	const char *const *name;

	if (supervisor->recalled)
		return;
	supervisor->recalled = true;
	name = ledger_list(&supervisor->ledger, &arena);
	for (; name != NULL && *name != NULL; name++) {
		struct fault fault = {0};

		if (call_back(supervisor, *name, true, report, &fault) < 0)
			tell(supervisor, &fault);
	}
	arena_free(&arena);
}

bool recall_is_stopped(const struct supervisor *supervisor, const char *name)
{
	const struct note *note = notes_find(&supervisor->ledger.notes, name);

	return note != NULL && note->stopped;
}

/* The number of workers an app had by hand, as long as its file says what it said. */
unsigned recall_count(const struct supervisor *supervisor, const char *name,
		      unsigned configured)
{
	const struct note *note = notes_find(&supervisor->ledger.notes, name);

	if (note == NULL || note->count == 0 || note->configured != configured)
		return configured;
	return note->count;
}

void recall_dealing(struct app *app)
{
	const struct note *note = notes_find(&app->supervisor->ledger.notes, app->name);

	if (note != NULL && note->dealt)
		app->override = (struct override){.given = true,
						  .dealing = note->dealing,
						  .configured = note->dealing_configured};
}

void recall_note(struct app *app)
{
	struct supervisor *supervisor = app->supervisor;
	unsigned configured = app_generation(app)->count;
	struct note note = {.stopped = app->held};

	(void)text_copy(note.app, sizeof(note.app), app->name);
	if (app->core.want.count != configured) {
		note.count = app->core.want.count;
		note.configured = configured;
	}
	note.dealt = app->override.given;
	note.dealing = app->override.dealing;
	note.dealing_configured = app->override.configured;
	notes_put(&supervisor->ledger.notes, &note);
}

void recall_forget(struct app *app)
{
	struct note note = {0};

	(void)text_copy(note.app, sizeof(note.app), app->name);
	notes_put(&app->supervisor->ledger.notes, &note);
}

static bool runs_embedded(const struct supervisor *supervisor)
{
	for (const struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->origin->path == NULL && !app->removing)
			return true;
	return false;
}

void recall_write(struct supervisor *supervisor)
{
	struct fault fault = {0};

	notes_put_embedded(&supervisor->ledger.notes, runs_embedded(supervisor));
	if (ledger_write(&supervisor->ledger, &fault) < 0)
		tell(supervisor, &fault);
}
