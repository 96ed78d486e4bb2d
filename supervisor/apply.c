/*
 * apply.c - a configuration becomes what runs: load, check, plan, prepare, commit.
 *
 * Nothing is touched before every file has been read without a fault.  The unit of the
 * transaction is the app: what cannot be prepared is told in its row, and that app goes
 * on as it was.  Each app remembers the file it came from.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/estate.h"

/* One file as it is now: read, not yet applied. */
struct loaded {
	struct origin *origin;
	struct arena arena;
	struct spec spec;
};

struct batch {
	struct supervisor *supervisor;
	const struct apply *apply;
	struct apply_report *report;
	struct loaded *file;
	unsigned files;
	bool keeps_stopped;
};

static int load(struct batch *batch, struct origin *origin)
{
	struct loaded *file = &batch->file[batch->files];
	struct faults own = {0};
	bool alone = origin->ad_hoc && batch->apply->file == NULL;
	struct faults *faults = alone ? &own : &batch->report->faults;
	int result;

	*file = (struct loaded){.origin = origin};
	if (origin->path == NULL)
		result = config_load_embedded(&file->arena, &file->spec, faults);
	else
		result = config_load(origin->path, origin->with_directory, &file->arena,
				     &file->spec, faults);
	if (result < 0 && alone) {
		apply_tell_unreadable(batch->supervisor, batch->apply, origin, &own,
				      batch->report);
		return 0;
	}
	batch->files++;
	return result;
}

/* The one file that this is about; NULL: all that the apps came from. */
static struct origin *origin_asked(struct batch *batch)
{
	struct supervisor *supervisor = batch->supervisor;
	const struct apply *apply = batch->apply;

	if (apply->file != NULL)
		return origin_need(supervisor, apply->file,
				   strcmp(apply->file, supervisor->places.config) == 0);
	if (apply->how == APPLY_START || supervisor->origins == NULL)
		return origin_default(supervisor);
	return NULL;
}

static int load_all(struct batch *batch)
{
	struct supervisor *supervisor = batch->supervisor;
	struct origin *origin;
	unsigned count = 0;
	int result;

	result = origins_give_way(supervisor);
	if (result < 0)
		return result;
	origin = origin_asked(batch);
	for (struct origin *at = supervisor->origins; at != NULL; at = at->next)
		count++;
	batch->file = calloc(count, sizeof(*batch->file));
	if (batch->file == NULL || (origin == NULL && count == 0))
		return -ENOMEM;
	if (origin == NULL && batch->apply->file != NULL)
		return -ENOMEM;
	if (origin != NULL)
		return load(batch, origin);
	for (struct origin *at = supervisor->origins; at != NULL; at = at->next) {
		int one = load(batch, at);

		if (one < 0)
			result = one;
	}
	return result;
}

static bool is_reloaded(const struct batch *batch, const struct app *app)
{
	for (unsigned i = 0; i < batch->files; i++)
		if (batch->file[i].origin == app->origin)
			return true;
	return false;
}

static void fault_claim(struct batch *batch, const struct app_spec *one,
			const char *listen, const char *other, const char *where)
{
	fault_add(&batch->report->faults, "%s:%u: %s.listen: %s is claimed by %s%s",
		  one->file != NULL ? one->file : "(embedded)", one->line, one->name,
		  listen, other, where);
}

static void check_claims(struct batch *batch, const struct app_spec *one,
			 const struct app_spec *other, const char *where)
{
	struct address here, there;

	for (unsigned i = 0; i < one->listen_count; i++)
		for (unsigned j = 0; j < other->listen_count; j++)
			if (address_parse(&here, one->listen[i], NULL) == 0 &&
			    address_parse(&there, other->listen[j], NULL) == 0 &&
			    address_claims(&here, &there))
				fault_claim(batch, one, one->listen[i], other->name,
					    where);
}

/* Within a file the configuration checked itself; here, against apps of other files. */
static void check_against_others(struct batch *batch, const struct app_spec *spec,
				 const struct origin *origin)
{
	const struct supervisor *supervisor = batch->supervisor;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		if (app->origin == origin || app->removing)
			continue;
		if (strcmp(app->name, spec->name) == 0)
			fault_add(&batch->report->faults,
				  "%s:%u: %s: an app of this name comes from %s%s",
				  spec->file != NULL ? spec->file : "(embedded)",
				  spec->line, spec->name, origin_name(app->origin),
				  app->origin->ad_hoc ? "; `delete` forgets it" : "");
		else if (!is_reloaded(batch, app))
			check_claims(batch, spec, app_spec(app), " of another file");
	}
}

static int check_all(struct batch *batch)
{
	for (unsigned i = 0; i < batch->files; i++)
		for (unsigned j = 0; j < batch->file[i].spec.apps; j++)
			check_against_others(batch, &batch->file[i].spec.app[j],
					     batch->file[i].origin);
	return batch->report->faults.count > 0 ? -EINVAL : 0;
}

/* An app that does not run takes what the file says, and starts if it is to. */
static int take_up(struct app *app, const struct app_spec *spec, unsigned count,
		   bool start, struct fault *fault)
{
	struct core_event event = {.count = count};
	struct generation *generation;
	int result;

	result = generation_make(app, spec, &generation, fault);
	if (result < 0)
		return result;
	if (start)
		result = holding_open(app, generation, count, fault);
	if (result < 0) {
		generation_drop(app, generation);
		holdings_sweep(app);
		return result;
	}
	sharing_set_policy(app, generation);
	event.arg = generation->number;
	if (start) {
		app->held = false;
		event.kind = CORE_START;
		return operation_begin(app, CORE_OPERATION_START, event);
	}
	event.kind = CORE_RELOAD; /* of what does not run: it only takes the word */
	supervisor_post(app, &event);
	return 0;
}

/* A start by hand ends that an app was stopped by hand; a reload, or a supervisor that
 * comes back, does not. */
static bool stays_stopped(const struct batch *batch, const char *name)
{
	return (batch->apply->how != APPLY_START || batch->keeps_stopped) &&
	       recall_is_stopped(batch->supervisor, name);
}

static int add_app(struct batch *batch, struct origin *origin,
		   const struct app_spec *spec, struct fault *fault)
{
	struct supervisor *supervisor = batch->supervisor;
	unsigned count = recall_count(supervisor, spec->name, generation_count(spec));
	struct app *app = supervisor_add(supervisor, spec->name, origin);
	int result;

	if (app == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	app_tell(app, (struct happening){.kind = HAPPENING_APP_ADDED});
	app->held = stays_stopped(batch, spec->name);
	recall_dealing(app);
	result = take_up(app, spec, count, spec->autostart && !app->held, fault);
	if (result < 0) {
		app_tell(app, (struct happening){.kind = HAPPENING_APP_REMOVED});
		supervisor_remove(batch->supervisor, app);
	}
	return result;
}

/* New workers of what the file says now; the old ones stay until those serve. */
static int roll_app(struct app *app, const struct app_spec *after, struct fault *fault)
{
	struct generation *generation;
	int result;

	result = generation_make(app, after, &generation, fault);
	if (result < 0)
		return result;
	result = operation_roll(app, generation, "reload", fault);
	if (result < 0)
		generation_drop(app, generation);
	return result;
}

/* Other numbers for the same workers. */
static int reshape_app(struct app *app, const struct app_spec *after, struct fault *fault)
{
	struct core_event event = {.kind = CORE_SCALE};
	struct generation *generation;
	unsigned count = operation_count(app, generation_count(after));
	int result;

	generation = app_generation(app);
	result = conduit_check(app, after, fault);
	if (result == 0)
		result = holdings_grow(app, generation, count, fault);
	if (result == 0)
		result = generation_reshape(generation, after);
	if (result < 0)
		return result;
	conduit_renew(app);
	sharing_set_policy(app, generation);
	app->deadline = core_deadline(&app->core);
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		at->stale = true;
	app->stepped = true;
	if (count == app->core.want.count)
		return 0;
	event.arg = count;
	return operation_begin(app, CORE_OPERATION_SCALE, event);
}

int apply_remove(struct app *app, struct fault *fault)
{
	int result = operation_stop(app);

	if (result < 0)
		return fault_set(fault, result, "%s", strerror(-result));
	app->removing = true;
	app->stepped = true;
	return result;
}

static int change_stopped(const struct batch *batch, struct app *app,
			  const struct plan_app *plan, struct fault *fault)
{
	bool start = batch->apply->how == APPLY_START && plan->after->autostart;

	if (plan->kind == PLAN_KEEP && !start)
		return 0;
	return take_up(app, plan->after,
		       operation_count(app, generation_count(plan->after)), start, fault);
}

/* What `reload` and `start FILE` do to an app that both know. */
static int change_app(const struct batch *batch, struct app *app,
		      const struct plan_app *plan, struct fault *fault)
{
	int result = 0;

	if (!app->core.want.running)
		return change_stopped(batch, app, plan, fault);
	if (plan->kind == PLAN_ROLL || batch->apply->how == APPLY_RELOAD)
		result = roll_app(app, plan->after, fault);
	else if (plan->kind == PLAN_RESHAPE)
		result = reshape_app(app, plan->after, fault);
	if (result == 0 && batch->apply->how == APPLY_START)
		result = app_begin_start(app, fault);
	return result;
}

/* An app may be gone from the file because another is to take its place, and its address:
 * as long as that one cannot, this one serves on. */
static int remove_row(const struct batch *batch, struct app *app, struct apply_row *row)
{
	const struct apply_row *failed = apply_find_failed(batch->report, row);

	if (failed == NULL)
		return apply_remove(app, &row->fault);
	return fault_set(&row->fault, -ECANCELED,
			 "kept, since %s failed; should that need an address of %s, "
			 "remove %s in a reload of its own",
			 failed->app, row->app, row->app);
}

static void commit_row(struct batch *batch, struct origin *origin,
		       const struct plan_app *plan)
{
	const char *name = plan->after != NULL ? plan->after->name : plan->before->name;
	struct apply_row *row = apply_row_add(batch->report, name);
	const struct target *target = batch->apply->target;
	struct app *app = supervisor_find(batch->supervisor, name);
	int result = 0;

	if (row == NULL)
		return;
	row->plan = (struct plan_app){.kind = plan->kind, .keys = plan->keys};
	if (batch->apply->how == APPLY_PLAN)
		return;
	if (target != NULL && (app == NULL || !target_matches(target, app)))
		return;
	row->applied = true;
	if (plan->kind == PLAN_ADD)
		result = add_app(batch, origin, plan->after, &row->fault);
	else if (plan->kind == PLAN_REMOVE)
		result = remove_row(batch, app, row);
	else
		result = change_app(batch, app, plan, &row->fault);
	apply_begun(row, result);
}

/* What the apps of this file say at present, as one spec to plan from. */
static int present_spec(const struct batch *batch, const struct origin *origin,
			struct arena *arena, struct spec *ret_spec)
{
	struct app_spec *list;
	unsigned count = 0;

	for (struct app *app = batch->supervisor->apps; app != NULL; app = app->next)
		count++;
	list = arena_take(arena, (count + 1) * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	count = 0;
	for (struct app *app = batch->supervisor->apps; app != NULL; app = app->next)
		if (app->origin == origin && !app->removing)
			list[count++] = *app_spec(app);
	*ret_spec = (struct spec){.app = list, .apps = count};
	return 0;
}

static int commit_file(struct batch *batch, struct loaded *file)
{
	struct arena arena = {0};
	struct spec present;
	struct plan_app *plan;
	unsigned rows = 0;
	int result;

	result = present_spec(batch, file->origin, &arena, &present);
	if (result < 0)
		return result;
	plan = arena_take(&arena, (present.apps + file->spec.apps + 1) * sizeof(*plan));
	if (plan == NULL)
		result = -ENOMEM;
	else
		rows = plan_make(&present, &file->spec, plan);
	for (unsigned i = 0; i < rows; i++)
		commit_row(batch, file->origin, &plan[i]);
	arena_free(&arena);
	return result;
}

static void admit(struct supervisor *supervisor, const struct spec *spec)
{
	gid_t group = getegid();
	struct fault fault;

	if (spec->control_group != NULL &&
	    identity_find_group(spec->control_group, &group) < 0)
		return; /* it was there a moment ago, when the file was read */
	if (control_admit(supervisor->control, (mode_t)spec->control_mode.value, group,
			  &fault) < 0)
		supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_ALERT,
							       .reason = fault.text});
	supervisor->rules.mode = spec->control_mode;
	supervisor->rules.group = group;
	supervisor->rules.log_level = spec->log_level + 1;
}

/* A file without settings of the supervisor changes none, unless it has lost them. */
static void rule(struct batch *batch, const struct loaded *file)
{
	const struct spec *spec = &file->spec;

	if (!spec->rules && !file->origin->rules)
		return;
	file->origin->rules = spec->rules;
	log_set_level((enum log_level)spec->log_level);
	batch->supervisor->ending = spec->ending;
	admit(batch->supervisor, spec);
}

int supervisor_apply(struct supervisor *supervisor, const struct apply *apply,
		     struct apply_report *ret_report)
{
	struct batch batch = {
		.supervisor = supervisor, .apply = apply, .report = ret_report};
	bool calls_back =
		apply->how != APPLY_PLAN && apply->file == NULL && !supervisor->recalled;
	int result = 0;

	*ret_report = (struct apply_report){0};
	if (supervisor->stopping) {
		fault_add(&ret_report->faults, "the supervisor is shutting down");
		return -EBUSY;
	}
	batch.keeps_stopped = apply->keeps_stopped || calls_back;
	if (!calls_back || !recall_replaces_embedded(supervisor))
		result = load_all(&batch);
	if (result == 0)
		result = check_all(&batch);
	for (unsigned i = 0; i < batch.files && result == 0; i++) {
		result = commit_file(&batch, &batch.file[i]);
		if (apply->how != APPLY_PLAN)
			rule(&batch, &batch.file[i]);
	}
	if (result < 0 && ret_report->faults.count == 0)
		fault_add(&ret_report->faults, "%s", strerror(-result));
	for (unsigned i = 0; i < batch.files; i++)
		arena_free(&batch.file[i].arena);
	free(batch.file);
	origins_sweep(supervisor);
	if (result == 0 && apply->how != APPLY_PLAN)
		recall_apps(supervisor, ret_report);
	if (apply->how != APPLY_PLAN)
		apply_report_tell(supervisor, ret_report);
	return result;
}
