/*
 * launch.c - programs that are started by hand, and how they are forgotten.
 *
 * A program becomes a file of the ledger first and an app by that file then, so that
 * there is one way into the supervisor.  What cannot be begun leaves no file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define TEXT_BYTES ((size_t)1 << 20)

/* One launch: the words that were said, and what they become. */
struct launch {
	struct supervisor *supervisor;
	const struct adhoc *adhoc;
	struct apply_report *report;
	struct buffer text, variables;
};

/* Where the reader of configurations names a line, nobody has seen a file yet. */
static void take_faults(struct launch *launch, const struct faults *faults)
{
	for (unsigned i = 0; i < faults->count && i < FAULTS_KEPT; i++) {
		const char *what = strstr(faults->list[i].text, ": ");

		fault_add(&launch->report->faults, "%s",
			  what != NULL ? what + 2 : faults->list[i].text);
	}
}

/* Is it a configuration at all?  Only then its name may become that of a file. */
static int check(struct launch *launch)
{
	struct faults faults = {0};
	struct arena arena = {0};
	struct spec spec;
	int result;

	buffer_append(&launch->text, "", 1);
	if (launch->text.broken || launch->variables.broken)
		return -ENOMEM;
	result = config_load_text("start", launch->supervisor->places.state,
				  launch->text.bytes, &arena, &spec, &faults);
	buffer_cut(&launch->text, launch->text.count - 1);
	take_faults(launch, &faults);
	arena_free(&arena);
	return result;
}

/* Was the app of this name started with the same words? */
static bool is_same(const struct launch *launch)
{
	struct buffer text, variables;
	bool same = false;

	if (ledger_read(&launch->supervisor->ledger, launch->adhoc->name, &text,
			&variables) == 0)
		same = text.count == launch->text.count &&
		       memcmp(text.bytes, launch->text.bytes, text.count) == 0 &&
		       adhoc_has_given(launch->adhoc, variables.bytes, variables.count);
	buffer_free(&text);
	buffer_free(&variables);
	return same;
}

/* It is no fault of a configuration: the one row says why. */
static void refuse(struct launch *launch, const struct fault *fault)
{
	struct apply_row *row = apply_row_add(launch->report, launch->adhoc->name);

	if (row != NULL)
		row->fault = *fault;
}

static int check_other(const struct launch *launch, const struct app *app,
		       struct fault *fault)
{
	if (app->removing)
		return fault_set(fault, -EBUSY, "is being removed, try again");
	if (!app->origin->ad_hoc)
		return fault_set(fault, -EEXIST,
				 "an app of this name comes from %s; give another name "
				 "with -n",
				 origin_name(app->origin));
	if (!is_same(launch))
		return fault_set(
			fault, -EEXIST,
			"is there already, with other options: `delete %s` first, or "
			"give another name with -n; `reload %s` renews it as it is",
			launch->adhoc->name, launch->adhoc->name);
	return 0;
}

static void launch_again(struct launch *launch, struct app *app)
{
	struct apply_row *row;
	struct fault fault = {0};

	if (check_other(launch, app, &fault) < 0) {
		refuse(launch, &fault);
		return;
	}
	row = apply_row_add(launch->report, launch->adhoc->name);
	if (row == NULL)
		return;
	row->applied = true;
	apply_begun(row, app_begin_start(app, &row->fault));
}

static bool has_failed(const struct apply_report *report)
{
	for (unsigned i = 0; i < report->rows; i++)
		if (report->row[i].fault.text[0] != '\0')
			return true;
	return false;
}

static int launch_new(struct launch *launch)
{
	struct supervisor *supervisor = launch->supervisor;
	const char *name = launch->adhoc->name;
	char path[LEDGER_PATH];
	const struct apply apply = {.how = APPLY_START, .file = path};
	struct fault fault = {0};
	int result;

	if (ledger_keep(&supervisor->ledger, name, &launch->text, &launch->variables,
			&fault) < 0) {
		refuse(launch, &fault);
		return 0;
	}
	ledger_path(&supervisor->ledger, name, path);
	result = supervisor_apply(supervisor, &apply, launch->report);
	if (result < 0 || has_failed(launch->report))
		(void)ledger_forget(&supervisor->ledger, name, &fault);
	else
		supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_APP_KEPT,
							       .app = name,
							       .reason = path});
	return result;
}

static int launch(struct launch *launch)
{
	struct app *app;
	int result = check(launch);

	if (result < 0)
		return result;
	app = supervisor_find(launch->supervisor, launch->adhoc->name);
	if (app == NULL)
		return launch_new(launch);
	launch_again(launch, app);
	return 0;
}

int supervisor_launch(struct supervisor *supervisor, const struct adhoc *adhoc,
		      struct apply_report *ret_report)
{
	struct launch one = {
		.supervisor = supervisor, .adhoc = adhoc, .report = ret_report};
	struct apply_report others = {0};
	int result;

	*ret_report = (struct apply_report){0};
	if (supervisor->stopping) {
		fault_add(&ret_report->faults, "the supervisor is shutting down");
		return -EBUSY;
	}
	recall_apps(supervisor, &others); /* its name may be one of theirs */
	apply_report_free(&others);
	buffer_init(&one.text, TEXT_BYTES);
	buffer_init(&one.variables, TEXT_BYTES);
	adhoc_format(adhoc, &one.text);
	adhoc_format_variables(adhoc, &one.variables);
	result = launch(&one);
	if (result < 0 && ret_report->faults.count == 0)
		fault_add(&ret_report->faults, "%s: %s", adhoc->name, strerror(-result));
	buffer_free(&one.text);
	buffer_free(&one.variables);
	return result;
}

bool app_is_ad_hoc(const struct app *app)
{
	return app->origin->ad_hoc;
}

bool app_is_held(const struct app *app)
{
	return app->held;
}

int app_begin_delete(struct app *app, struct fault *fault)
{
	int result;

	if (!app->origin->ad_hoc)
		return fault_set(fault, -EINVAL,
				 "it comes from %s: take it out there, then `reload`",
				 origin_name(app->origin));
	if (app->removing)
		return app->operations != NULL ? (int)app->operations->id : 0;
	result = ledger_forget(&app->supervisor->ledger, app->name, fault);
	if (result < 0)
		return result;
	return apply_remove(app, fault);
}

bool supervisor_remembers(const struct supervisor *supervisor, const char *name)
{
	return supervisor_find(supervisor, name) == NULL &&
	       ledger_has(&supervisor->ledger, name);
}

int supervisor_forget(struct supervisor *supervisor, const char *name,
		      struct fault *fault)
{
	int result = ledger_forget(&supervisor->ledger, name, fault);

	if (result == 0)
		recall_forgive(supervisor, name);
	return result;
}
