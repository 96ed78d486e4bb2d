/*
 * fake_supervisor.h - a supervisor of three apps that only remembers what it was asked.
 *
 * For tests of the control socket: it has the functions of supervisor.h and app.h that
 * handlers call, and no processes.  An operation it begins stays open until the test ends
 * it.
 */
#ifndef TESTS_UNIT_FAKE_SUPERVISOR_H
#define TESTS_UNIT_FAKE_SUPERVISOR_H

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/answers.h"
#include "supervisor/supervisor.h"

struct app {
	const char *name;
	enum app_state state;
	unsigned workers;
	bool serves; /* its workers are ready */
	struct app_operation_status operation;
	int begins; /* what beginning an operation returns; 0: the next id */
	bool idle;  /* there is nothing to do */
	bool ad_hoc;
};

struct supervisor {
	struct chronicle chronicle;
	struct app app[3]; /* by name */
	unsigned apps;
	bool stopping;
	uint32_t operations;
	char asked[1024];     /* a line for each thing it was told to do */
	struct faults faults; /* what the next configuration has */
	bool differs;         /* the file changes the app that was not asked for */
	bool remembers;       /* an app "lost" that no app is */
	bool gone;            /* the file has none of the apps that were asked for */
};

static struct supervisor fake;

static inline void fake_begin(void)
{
	fake = (struct supervisor){
		.app = {{.name = "api-1",
			 .state = APP_ONLINE,
			 .workers = 1,
			 .serves = true},
			{.name = "api-2", .state = APP_STOPPED, .workers = 1},
			{.name = "web",
			 .state = APP_ONLINE,
			 .workers = 4,
			 .serves = true}},
		.apps = 3,
	};
}

static inline void __attribute__((format(printf, 1, 2)))
fake_note(const char *format, ...)
{
	size_t used = strlen(fake.asked);
	va_list values;

	va_start(values, format);
	(void)vsnprintf(fake.asked + used, sizeof(fake.asked) - used, format, values);
	va_end(values);
}

static int fake_operation(struct app *app, struct fault *fault)
{
	if (app->begins < 0)
		return fault_set(fault, app->begins, "it cannot be");
	return app->idle ? 0 : (int)++fake.operations;
}

void supervisor_read_status(const struct supervisor *supervisor,
			    struct supervisor_status *ret_status)
{
	static const struct places places = {.log = "/log"};

	*ret_status = (struct supervisor_status){.pid = 7,
						 .keeper = "own",
						 .keeper_pid = -1,
						 .version = "1",
						 .places = &places,
						 .apps = supervisor->apps,
						 .stopping = supervisor->stopping};
}

struct app *supervisor_next(const struct supervisor *supervisor,
			    const struct app *previous)
{
	size_t next = previous == NULL ? 0 : (size_t)(previous - fake.app) + 1;

	return next < supervisor->apps ? &fake.app[next] : NULL;
}

struct app *supervisor_find(const struct supervisor *supervisor, const char *name)
{
	for (unsigned i = 0; i < supervisor->apps; i++)
		if (strcmp(fake.app[i].name, name) == 0)
			return &fake.app[i];
	return NULL;
}

int target_parse(const struct supervisor *supervisor, const char *text,
		 struct target *ret_target)
{
	const char *dot = strrchr(text, '.');

	(void)supervisor;
	*ret_target = (struct target){.slot = dot != NULL ? atoi(dot + 1) : -1};
	(void)snprintf(ret_target->pattern, sizeof(ret_target->pattern), "%.*s",
		       dot != NULL ? (int)(dot - text) : 63, text);
	return text[0] == '/' ? -EINVAL : 0;
}

struct answers *supervisor_answers(struct supervisor *supervisor)
{
	static struct answers answers;

	(void)supervisor;
	return &answers;
}

void supervisor_keep_answer(struct supervisor *supervisor, struct answer *answer)
{
	(void)supervisor;
	(void)answer;
}

int supervisor_upgrade(struct supervisor *supervisor, struct fault *fault)
{
	(void)supervisor;
	fake_note("upgrade\n");
	return fake.apps > 0 && fake.app[0].begins < 0
		       ? fault_set(fault, fake.app[0].begins, "it cannot be")
		       : (int)++fake.operations;
}

const struct chronicle *supervisor_chronicle(const struct supervisor *supervisor)
{
	return &supervisor->chronicle;
}

bool target_names(const struct target *target, const char *name)
{
	return strcmp(target->pattern, "all") == 0 ||
	       fnmatch(target->pattern, name, 0) == 0;
}

bool target_matches(const struct target *target, const struct app *app)
{
	return target_names(target, app->name);
}

int supervisor_apply(struct supervisor *supervisor, const struct apply *apply,
		     struct apply_report *ret_report)
{
	*ret_report = (struct apply_report){.faults = supervisor->faults};
	if (supervisor->faults.count > 0)
		return -EINVAL;
	fake_note("apply %d %s %s\n", (int)apply->how, apply->file ? apply->file : "-",
		  apply->target ? apply->target->pattern : "-");
	ret_report->row = calloc(supervisor->apps, sizeof(*ret_report->row));
	ret_report->rows = supervisor->apps;
	for (unsigned i = 0; i < supervisor->apps; i++) {
		struct apply_row *row = &ret_report->row[i];
		int begun = 0;

		(void)text_copy(row->app, sizeof(row->app), fake.app[i].name);
		row->applied =
			apply->how != APPLY_PLAN &&
			(!apply->target || target_matches(apply->target, &fake.app[i]));
		if (row->applied && supervisor->gone)
			row->plan.kind = PLAN_REMOVE;
		if (row->applied)
			begun = fake_operation(&fake.app[i], &row->fault);
		else if (supervisor->differs)
			row->plan = (struct plan_app){.kind = PLAN_ROLL,
						      .keys = 1 << PLAN_KEY_COMMAND};
		row->operation = begun > 0 ? (uint32_t)begun : 0;
	}
	return 0;
}

void apply_report_free(struct apply_report *report)
{
	free(report->row);
}

uint32_t app_flush_logs(struct app *app)
{
	fake_note("flush %s\n", app->name);
	return 0;
}

uint32_t supervisor_reopen_logs(struct supervisor *supervisor)
{
	(void)supervisor;
	fake_note("reopen\n");
	return 0;
}

void supervisor_shutdown(struct supervisor *supervisor)
{
	supervisor->stopping = true;
	fake_note("shutdown\n");
}

const char *app_name(const struct app *app)
{
	return app->name;
}

enum app_state app_state(const struct app *app)
{
	return app->state;
}

const char *app_state_name(enum app_state state)
{
	return state == APP_ONLINE ? "online" : "stopped";
}

const char *worker_state_name(enum worker_state state)
{
	return state == WORKER_IS_READY ? "ready" : "stopped";
}

void app_read_status(const struct app *app, struct app_status *ret_status)
{
	*ret_status = (struct app_status){.name = app->name,
					  .state = app->state,
					  .balance = "hash",
					  .operation = app->operation};
}

bool app_read_worker(struct app *app, unsigned index, bool sample,
		     struct worker_status *ret_status)
{
	(void)sample;
	*ret_status = (struct worker_status){
		.slot = index,
		.pid = app->serves ? (pid_t)(100 + index) : 0,
		.state = app->serves ? WORKER_IS_READY : WORKER_IS_STOPPED,
		.rss_bytes = -1};
	return index < app->workers;
}

bool app_read_generation(const struct app *app, unsigned index,
			 struct generation_status *ret_status)
{
	*ret_status = (struct generation_status){.number = 2,
						 .role = "wanted",
						 .age_ms = 1000,
						 .workers = app->workers,
						 .program = "/bin/true",
						 .directory = "/",
						 .sha256_note = "not read yet",
						 .changed = "/bin/true"};
	return index == 0;
}

int app_begin_start(struct app *app, struct fault *fault)
{
	fake_note("start %s\n", app->name);
	return fake_operation(app, fault);
}

int app_begin_stop(struct app *app, struct fault *fault)
{
	fake_note("stop %s\n", app->name);
	return fake_operation(app, fault);
}

int app_begin_delete(struct app *app, struct fault *fault)
{
	fake_note("delete %s\n", app->name);
	if (!app->ad_hoc)
		return fault_set(fault, -EINVAL, "it comes from a file");
	return fake_operation(app, fault);
}

bool app_is_ad_hoc(const struct app *app)
{
	return app->ad_hoc;
}

bool app_is_held(const struct app *app)
{
	return app->state == APP_STOPPED;
}

bool supervisor_remembers(const struct supervisor *supervisor, const char *name)
{
	return supervisor->remembers && strcmp(name, "lost") == 0;
}

int supervisor_call_back(struct supervisor *supervisor, const char *name,
			 struct fault *fault)
{
	(void)supervisor;
	fake_note("call back %s\n", name);
	return fault_set(fault, -EINVAL, "it cannot be");
}

int supervisor_forget(struct supervisor *supervisor, const char *name,
		      struct fault *fault)
{
	(void)supervisor;
	(void)fault;
	fake_note("forget %s\n", name);
	return 0;
}

int supervisor_launch(struct supervisor *supervisor, const struct adhoc *adhoc,
		      struct apply_report *ret_report)
{
	(void)supervisor;
	*ret_report = (struct apply_report){.row = calloc(1, sizeof(struct apply_row)),
					    .rows = 1};
	ret_report->row->applied = true;
	(void)text_copy(ret_report->row->app, SPEC_NAME, adhoc->name);
	fake_note("launch %s in %s:", adhoc->name, adhoc->directory);
	for (unsigned i = 0; adhoc->command[i] != NULL; i++)
		fake_note(" %s", adhoc->command[i]);
	for (unsigned i = 0; adhoc->given[i] != NULL; i++)
		fake_note(" given %s", adhoc->given[i]);
	for (unsigned i = 0; adhoc->listen[i] != NULL; i++)
		fake_note(" at %s", adhoc->listen[i]);
	fake_note(" x %s\n", adhoc->instances != NULL ? adhoc->instances : "1");
	return 0;
}

int app_begin_restart(struct app *app, int slot, struct fault *fault)
{
	fake_note("restart %s %d\n", app->name, slot);
	return fake_operation(app, fault);
}

int app_begin_rollback(struct app *app, struct fault *fault)
{
	fake_note("rollback %s\n", app->name);
	return fake_operation(app, fault);
}

uint32_t app_rolled_back_from(const struct app *app)
{
	return app->serves ? 0 : 7;
}

int app_begin_renew(struct app *app, unsigned slot, struct fault *fault)
{
	fake_note("renew %s %u\n", app->name, slot);
	return fake_operation(app, fault);
}

int app_begin_scale(struct app *app, const char *count, unsigned *ret_count,
		    struct fault *fault)
{
	fake_note("scale %s %s\n", app->name, count);
	*ret_count = 1;
	return fake_operation(app, fault);
}

int app_balance(struct app *app, const char *policy, const char *weights,
		struct fault *fault)
{
	fake_note("balance %s %s %s\n", app->name, policy, weights ? weights : "-");
	if (strcmp(policy, "nonsense") == 0)
		return fault_set(fault, -EINVAL, "no such policy");
	return app->idle ? 0 : 1;
}

int app_signal(struct app *app, int slot, int number, unsigned *ret_reached)
{
	fake_note("signal %s %d %d\n", app->name, slot, number);
	*ret_reached = app->serves ? app->workers : 0;
	return 0;
}

void app_reset(struct app *app, int slot)
{
	fake_note("reset %s %d\n", app->name, slot);
}

bool app_has_slot(const struct app *app, unsigned slot)
{
	return slot < app->workers;
}

#endif
