#include "supervisor/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/adjust.h"
#include "supervisor/describe.h"
#include "supervisor/follow.h"
#include "supervisor/judge.h"
#include "supervisor/orders.h"
#include "supervisor/queries.h"
#include "supervisor/select.h"

static bool is_ending(struct call *call)
{
	struct supervisor_status status;

	supervisor_read_status(call->supervisor, &status);
	if (status.stopping)
		call_fail(call, CALL_ERROR_BUSY, "message",
			  "the supervisor is shutting down");
	return status.stopping;
}

/* What beginning an operation came to: its id, 0 for nothing to do, or why it failed. */
static void take_begun(struct call *call, struct app *app, int result,
		       const char *unchanged, const struct fault *fault)
{
	const char *why =
		fault->text[0] != '\0' || result >= 0 ? fault->text : strerror(-result);

	if (result > 0)
		call_await(call, app_name(app), NULL, (uint32_t)result);
	else if (result == 0)
		call_judge(call, app_name(app), NULL, CALL_UNCHANGED, unchanged, -1);
	else
		call_judge(call, app_name(app), NULL,
			   result == -EINVAL ? CALL_REFUSED : CALL_FAILED, why, -1);
}

static void begin_one(struct call *call, const struct choice *choice)
{
	struct fault fault = {0};
	int result = -EINVAL;
	const char *unchanged = NULL;

	if (choice->slot >= 0 && call->command != COMMAND_RESTART)
		(void)fault_set(&fault, -EINVAL,
				"a single worker can be restarted or "
				"reloaded, nothing else");
	else if (call->command == COMMAND_START) {
		result = app_begin_start(choice->app, &fault);
		unchanged = "runs already";
	} else if (call->command == COMMAND_STOP) {
		result = app_begin_stop(choice->app, &fault);
		unchanged = "is stopped already";
	} else if (call->command == COMMAND_ROLLBACK) {
		result = app_begin_rollback(choice->app, &fault);
	} else {
		result = app_begin_restart(choice->app, choice->slot, &fault);
	}
	take_begun(call, choice->app, result, unchanged, &fault);
}

/* stop, restart, rollback, and start of apps that are known */
static void cmd_operate(struct call *call)
{
	struct selection selection;

	if (is_ending(call) || select_targets(call, &selection) < 0)
		return;
	for (unsigned i = 0; i < selection.count; i++)
		begin_one(call, &selection.choice[i]);
	select_free(&selection);
	call_settle(call);
}

static void scale_one(struct call *call, const struct choice *choice, const char *count)
{
	struct fault fault = {0};
	unsigned number;
	int result = -EINVAL;

	if (choice->slot >= 0)
		(void)fault_set(&fault, result, "an app can be scaled, a worker can't");
	else if (strcmp(count, "0") == 0)
		(void)fault_set(&fault, result, "0 workers are none: use stop");
	else
		result = app_begin_scale(choice->app, count, &number, &fault);
	take_begun(call, choice->app, result, "has that many workers already", &fault);
}

static void cmd_scale(struct call *call)
{
	const char *count = json_find_text(call->message.parameters, "count");
	struct selection selection = {0};

	if (is_ending(call) ||
	    select_target(call, &selection,
			  json_find_text(call->message.parameters, "target")) < 0)
		return;
	for (unsigned i = 0; i < selection.count; i++)
		scale_one(call, &selection.choice[i], count);
	select_free(&selection);
	call_settle(call);
}

static void cmd_start(struct call *call)
{
	struct apply apply = {.how = APPLY_START};

	if (json_count(json_find(call->message.parameters, "targets")) > 0) {
		if (!is_ending(call) && order_call_back(call))
			cmd_operate(call);
		return;
	}
	if (json_count(json_find(call->message.parameters, "command")) > 0) {
		order_program(call);
		return;
	}
	apply.file = json_find_text(call->message.parameters, "file");
	if (apply.file != NULL && apply.file[0] != '/') {
		call_refuse_parameter(call, "file");
		return;
	}
	if (!is_ending(call) && judge_apply(call, &apply))
		call_settle(call);
}

/* An app that is new in the file is meant by no target. */
static bool is_asked_for(const struct call *call, const char *name)
{
	const struct json *targets = json_find(call->message.parameters, "targets");
	const struct app *app = supervisor_find(call->supervisor, name);
	int slot;

	return app != NULL ? select_has(call, app, &slot) : json_count(targets) == 0;
}

/* What runs is not what the file said last, even where both say the same: the file's is
 * made afresh. */
static void put_rolled_back(struct json_writer *writer, const struct call *call,
			    const char *name)
{
	const struct app *app = supervisor_find(call->supervisor, name);
	uint32_t from = app != NULL ? app_rolled_back_from(app) : 0;

	json_put_figure(writer, "rolled_back_from", from != 0 ? (int64_t)from : -1);
}

static void answer_changes(struct call *call, const struct apply_report *report)
{
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, false);
	json_open_array(&writer, "changes");
	for (unsigned i = 0; i < report->rows; i++) {
		const struct apply_row *row = &report->row[i];

		json_open_object(&writer, NULL);
		json_put_text(&writer, "app", row->app);
		json_put_text(&writer, "kind", plan_kind_name(row->plan.kind));
		json_open_array(&writer, "keys");
		for (unsigned key = 0; key < PLAN_KEY_COUNT; key++)
			if (row->plan.keys & UINT32_C(1) << key)
				json_put_text(&writer, NULL, plan_key_name(key));
		json_close_array(&writer);
		json_put_bool(&writer, "asked_for", is_asked_for(call, row->app));
		put_rolled_back(&writer, call, row->app);
		json_put_text(&writer, "fault",
			      row->fault.text[0] ? row->fault.text : NULL);
		json_close_object(&writer);
	}
	json_close_array(&writer);
	call_close_reply(call, &writer, false);
}

/* plan, and reload --dry-run */
static void cmd_plan(struct call *call)
{
	const struct apply apply = {
		.how = APPLY_PLAN,
		.file = json_find_text(call->message.parameters, "file"),
	};
	struct apply_report report;
	int result;

	if (apply.file != NULL && apply.file[0] != '/') {
		call_refuse_parameter(call, "file");
		return;
	}
	result = supervisor_apply(call->supervisor, &apply, &report);
	if (result < 0)
		judge_faults(call, &report, result);
	else
		answer_changes(call, &report);
	apply_report_free(&report);
}

/* One target of a reload: an app by the file's word, a worker by a successor. */
static bool reload_one(struct call *call, const char *text)
{
	struct apply apply = {.how = APPLY_RELOAD};
	struct selection selection = {0};
	struct fault fault = {0};
	struct target target;

	if (target_parse(call->supervisor, text, &target) < 0)
		return false; /* cannot be: the targets were looked up before */
	if (target.slot < 0) {
		apply.target = &target;
		return judge_apply(call, &apply);
	}
	if (select_target(call, &selection, text) < 0)
		return false;
	for (unsigned i = 0; i < selection.count; i++)
		take_begun(call, selection.choice[i].app,
			   app_begin_renew(selection.choice[i].app, (unsigned)target.slot,
					   &fault),
			   NULL, &fault);
	select_free(&selection);
	return true;
}

static void cmd_reload(struct call *call)
{
	const struct apply everything = {.how = APPLY_RELOAD};
	const struct json *targets = json_find(call->message.parameters, "targets");
	struct selection selection;

	if (is_ending(call) || select_targets(call, &selection) < 0)
		return;
	select_free(&selection); /* they exist: that was the question */
	if (json_find_bool(call->message.parameters, "dry_run")) {
		cmd_plan(call);
		return;
	}
	if (json_count(targets) == 0 && !judge_apply(call, &everything))
		return;
	for (size_t i = 0; i < json_count(targets); i++)
		if (!reload_one(call, json_text(json_at(targets, i))))
			return;
	call_settle(call);
}

static void cmd_signal(struct call *call)
{
	const char *name = json_find_text(call->message.parameters, "signal");
	struct selection selection;
	struct json_writer writer;
	unsigned reached = 0;
	int number;

	if (text_parse_signal(&number, name) < 0) {
		call_refuse_parameter(call, "signal");
		return;
	}
	if (select_targets(call, &selection) < 0)
		return;
	for (unsigned i = 0; i < selection.count; i++) {
		unsigned some = 0;

		if (app_signal(selection.choice[i].app, selection.choice[i].slot, number,
			       &some) == 0)
			reached += some;
	}
	select_free(&selection);
	call_open_reply(call, &writer, NULL, false);
	json_put_number(&writer, "reached", reached);
	call_close_reply(call, &writer, false);
}

static void cmd_reset(struct call *call)
{
	struct selection selection;

	if (select_targets(call, &selection) < 0)
		return;
	for (unsigned i = 0; i < selection.count; i++)
		app_reset(selection.choice[i].app, selection.choice[i].slot);
	select_free(&selection);
	call_reply_empty(call);
}

/* Where no app is named all are meant. */
static int select_to_flush(struct call *call, struct selection *ret_selection)
{
	const struct json *targets = json_find(call->message.parameters, "targets");
	int result = select_targets(call, ret_selection);

	if (result < 0 || json_count(targets) > 0)
		return result;
	result = select_target(call, ret_selection, "all");
	if (result < 0)
		select_free(ret_selection);
	return result;
}

static void cmd_flush(struct call *call)
{
	struct selection selection;

	if (select_to_flush(call, &selection) < 0)
		return;
	for (unsigned i = 0; i < selection.count; i++) {
		struct app *app = selection.choice[i].app;
		uint32_t operation = app_flush_logs(app);

		if (operation != 0)
			call_await(call, app_name(app), "flush", operation);
		else
			call_judge(call, app_name(app), "flush", CALL_UNCHANGED,
				   "nothing is logged to files", -1);
	}
	select_free(&selection);
	call_settle(call);
}

static void cmd_reopen(struct call *call)
{
	(void)supervisor_reopen_logs(call->supervisor);
	call_reply_empty(call);
}

static void cmd_shutdown(struct call *call)
{
	struct supervisor *supervisor = call->supervisor;
	struct supervisor_status status;
	struct json_writer writer;

	supervisor_read_status(supervisor, &status);
	call_open_reply(call, &writer, NULL, false);
	json_put_number(&writer, "pid", status.pid);
	json_put_figure(&writer, "keeper_pid", status.keeper_pid);
	call_close_reply(call, &writer, false);
	supervisor_shutdown(supervisor);
}

static void cmd_upgrade(struct call *call)
{
	struct fault fault = {0};
	int result = supervisor_upgrade(call->supervisor, &fault);

	if (result > 0)
		call_await(call, "clusterd", NULL, (uint32_t)result);
	else
		call_judge(call, "clusterd", NULL, CALL_FAILED, fault.text, -1);
	call_settle(call);
}

static void (*const handlers[COMMAND_COUNT])(struct call *call) = {
	[COMMAND_START] = cmd_start,       [COMMAND_STOP] = cmd_operate,
	[COMMAND_RESTART] = cmd_operate,   [COMMAND_RELOAD] = cmd_reload,
	[COMMAND_SCALE] = cmd_scale,       [COMMAND_BALANCE] = adjust_balance,
	[COMMAND_LIST] = query_list,       [COMMAND_SHOW] = query_show,
	[COMMAND_PLAN] = cmd_plan,         [COMMAND_WAIT] = query_wait,
	[COMMAND_SIGNAL] = cmd_signal,     [COMMAND_RESET] = cmd_reset,
	[COMMAND_REOPEN] = cmd_reopen,     [COMMAND_PING] = query_ping,
	[COMMAND_SHUTDOWN] = cmd_shutdown, [COMMAND_DELETE] = order_delete,
	[COMMAND_UPGRADE] = cmd_upgrade,   [COMMAND_ROLLBACK] = cmd_operate,
	[COMMAND_EVENTS] = follow_begin,   [COMMAND_FLUSH] = cmd_flush,
};

static const struct {
	const char *method; /* NULL: not served */
	const char *declaration;
} methods[COMMAND_COUNT] = {
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	[COMMAND_##id] = {(method), (signature)},
	COMMANDS(X)
#undef X
};

/* COMMAND_COUNT: there is no such method. */
static enum command find_method(const char *method)
{
	static const char prefix[] = VARLINK_INTERFACE ".";
	unsigned command = 0;

	if (strncmp(method, prefix, sizeof(prefix) - 1) != 0)
		return COMMAND_COUNT;
	method += sizeof(prefix) - 1;
	while (command < COMMAND_COUNT && (methods[command].method == NULL ||
					   strcmp(methods[command].method, method) != 0))
		command++;
	return (enum command)command;
}

/* For those who may only look: what does nothing but tell. */
static bool is_reading(enum command command)
{
	return command == COMMAND_LIST || command == COMMAND_SHOW ||
	       command == COMMAND_PING || command == COMMAND_EVENTS;
}

void commands_begin(struct call *call, struct varlink_call *message)
{
	char name[64];

	call->message = *message;
	*message = (struct varlink_call){0};
	if (call->message.upgrade) {
		call_refuse_parameter(call, "upgrade");
		return;
	}
	call->command = find_method(call->message.method);
	if (call->command == COMMAND_COUNT) {
		describe_answer(call);
		return;
	}
	if (call->reads_only && !is_reading(call->command)) {
		call_fail(call, VARLINK_SERVICE ".PermissionDenied", NULL, NULL);
		return;
	}
	if (varlink_check_parameters(methods[call->command].declaration,
				     call->message.parameters, name, sizeof(name)) < 0)
		call_refuse_parameter(call, name);
	else if (!call_resume(call))
		handlers[call->command](call);
}

void commands_go_on(struct call *call)
{
	if (call->state == CALL_LISTING)
		query_go_on(call);
}

void commands_look_again(struct call *call)
{
	if (call->state == CALL_AWAITING)
		call_tell_progress(call);
	else if (call->state == CALL_WATCHING)
		query_look_again(call);
	else if (call->state == CALL_FOLLOWING)
		follow_go_on(call);
}

void commands_abandon(struct call *call)
{
	if (call->state == CALL_FOLLOWING)
		follow_end(call);
	else if (call->state != CALL_NONE)
		call_fail(call, CALL_ERROR_BUSY, "message",
			  "the supervisor has shut down");
}
