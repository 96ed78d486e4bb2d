#include "supervisor/judge.h"

#include <string.h>

void judge_faults(struct call *call, const struct apply_report *report, int result)
{
	unsigned kept =
		report->faults.count < FAULTS_KEPT ? report->faults.count : FAULTS_KEPT;
	struct json_writer writer;

	if (report->faults.count == 0) {
		call_fail(call, CALL_ERROR_FAILED, "message", strerror(-result));
		return;
	}
	call_open_reply(call, &writer, CALL_ERROR_INVALID_CONFIG, false);
	json_open_array(&writer, "faults");
	for (unsigned i = 0; i < kept; i++)
		json_put_text(&writer, NULL, report->faults.list[i].text);
	json_close_array(&writer);
	json_put_number(&writer, "count", report->faults.count);
	call_close_reply(call, &writer, false);
}

static const char *words_for_stopped(const struct call *call, const struct app *app,
				     bool unchanged)
{
	if (call->command == COMMAND_RELOAD)
		return unchanged ? "is stopped, there is nothing to replace"
				 : "is stopped, what is new holds from its next start";
	return app_is_held(app) ? "was stopped by hand, and stays so until it is started"
				: "listed, not started";
}

/* What needed no operation is said in words of its own. */
static void judge_applied(struct call *call, const struct apply_row *row)
{
	const struct app *app = supervisor_find(call->supervisor, row->app);
	bool unchanged = row->plan.kind == PLAN_KEEP;
	const char *what = unchanged ? "runs already, unchanged" : "changed in place";

	if (app == NULL)
		what = "removed";
	else if (app_state(app) == APP_STOPPED)
		what = words_for_stopped(call, app, unchanged);
	call_judge(call, row->app, NULL, unchanged ? CALL_UNCHANGED : CALL_DONE, what,
		   -1);
}

static void judge_row(struct call *call, const struct apply_row *row)
{
	if (row->fault.text[0] != '\0')
		call_judge(call, row->app, NULL, CALL_FAILED, row->fault.text, -1);
	else if (row->operation != 0)
		call_await(call, row->app,
			   row->plan.kind == PLAN_REMOVE ? "remove" : NULL,
			   row->operation);
	else if (row->applied)
		judge_applied(call, row);
	else if (row->plan.kind != PLAN_KEEP)
		call_judge(call, row->app, NULL, CALL_PLANNED, "differs in the file, too",
			   -1);
}

bool judge_report(struct call *call, const struct apply_report *report, int result)
{
	if (result < 0)
		judge_faults(call, report, result);
	else
		for (unsigned i = 0; i < report->rows; i++)
			judge_row(call, &report->row[i]);
	return result >= 0;
}

bool judge_apply(struct call *call, const struct apply *apply)
{
	struct apply_report report;
	int result = supervisor_apply(call->supervisor, apply, &report);
	bool judged = judge_report(call, &report, result);

	apply_report_free(&report);
	return judged;
}
