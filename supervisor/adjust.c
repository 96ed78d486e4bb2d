#include "supervisor/adjust.h"

#include <errno.h>
#include <stdio.h>

#include "common/text.h"
#include "supervisor/select.h"

/* What is in force afterwards, which may be less than was asked for. */
static void judge_balance(struct call *call, const struct app *app, bool changed)
{
	struct app_status status;
	char text[FAULT_SIZE];

	app_read_status(app, &status);
	(void)snprintf(text, sizeof(text), "balance %s %s%s%s%s",
		       changed ? "is now" : "is already", status.balance,
		       status.balance_note != NULL ? " (" : "",
		       status.balance_note != NULL ? status.balance_note : "",
		       status.balance_note != NULL ? ")" : "");
	call_judge(call, app_name(app), NULL, changed ? CALL_DONE : CALL_UNCHANGED, text,
		   -1);
}

static void balance_one(struct call *call, const struct choice *choice,
			const char *policy, const char *weights)
{
	struct fault fault = {0};
	int result = -EINVAL;

	if (choice->slot >= 0)
		(void)fault_set(&fault, result, "an app has a balance, a worker doesn't");
	else
		result = app_balance(choice->app, policy, weights, &fault);
	if (result < 0)
		call_judge(call, app_name(choice->app), NULL, CALL_REFUSED, fault.text,
			   -1);
	else
		judge_balance(call, choice->app, result > 0);
}

void adjust_balance(struct call *call)
{
	const struct json *parameters = call->message.parameters;
	struct selection selection = {0};

	if (select_target(call, &selection, json_find_text(parameters, "target")) < 0)
		return;
	for (unsigned i = 0; i < selection.count; i++)
		balance_one(call, &selection.choice[i],
			    json_find_text(parameters, "policy"),
			    json_find_text(parameters, "weights"));
	select_free(&selection);
	call_settle(call);
}
