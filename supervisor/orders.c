#include "supervisor/orders.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/arena.h"
#include "supervisor/judge.h"
#include "supervisor/select.h"

/* ---- start PROGRAM ---- */

/* The texts of a parameter, ended by a NULL; NULL: out of memory. */
static const char *const *read_list(const struct call *call, struct arena *arena,
				    const char *name)
{
	const struct json *list = json_find(call->message.parameters, name);
	size_t count = json_count(list);
	const char **text = arena_take(arena, (count + 1) * sizeof(*text));

	for (size_t i = 0; text != NULL && i < count; i++)
		text[i] = json_text(json_at(list, i));
	return text;
}

/* Names stand in a file, on a line of their own. */
static bool are_variables(const char *const *entry)
{
	for (; *entry != NULL; entry++) {
		size_t length = strcspn(*entry, "=");

		if (length == 0 || (*entry)[length] != '=')
			return false;
		for (size_t i = 0; i < length; i++)
			if (iscntrl((unsigned char)(*entry)[i]))
				return false;
	}
	return true;
}

/* The name of a parameter that makes no sense, or NULL. */
static const char *find_senseless(const struct adhoc *adhoc)
{
	if (adhoc->name == NULL)
		return "name";
	if (adhoc->directory == NULL || adhoc->directory[0] != '/')
		return "cwd";
	if (!are_variables(adhoc->given))
		return "given";
	if (!are_variables(adhoc->passed))
		return "passed";
	return NULL;
}

static bool read_order(const struct call *call, struct arena *arena,
		       struct adhoc *ret_adhoc)
{
	const struct json *parameters = call->message.parameters;
	struct adhoc adhoc = {
		.name = json_find_text(parameters, "name"),
		.command = read_list(call, arena, "command"),
		.directory = json_find_text(parameters, "cwd"),
		.given = read_list(call, arena, "given"),
		.passed = read_list(call, arena, "passed"),
		.listen = read_list(call, arena, "listen"),
		.instances = json_find_text(parameters, "instances"),
		.balance = json_find_text(parameters, "balance"),
		.max_memory = json_find_text(parameters, "max_memory"),
		.ready = json_find_text(parameters, "ready"),
		.user = json_find_text(parameters, "user"),
	};

	*ret_adhoc = adhoc;
	return adhoc.command != NULL && adhoc.given != NULL && adhoc.passed != NULL &&
	       adhoc.listen != NULL;
}

static void launch(struct call *call, const struct adhoc *adhoc)
{
	struct apply_report report;
	int result = supervisor_launch(call->supervisor, adhoc, &report);
	bool judged = judge_report(call, &report, result);

	apply_report_free(&report);
	if (judged)
		call_settle(call);
}

void order_program(struct call *call)
{
	struct arena arena = {0};
	struct adhoc adhoc;
	const char *senseless;

	if (!read_order(call, &arena, &adhoc)) {
		call_fail(call, CALL_ERROR_OUT_OF_MEMORY, NULL, NULL);
	} else {
		senseless = find_senseless(&adhoc);
		if (senseless != NULL)
			call_refuse_parameter(call, senseless);
		else
			launch(call, &adhoc);
	}
	arena_free(&arena);
}

bool order_call_back(struct call *call)
{
	const struct json *targets = json_find(call->message.parameters, "targets");

	for (size_t i = 0; i < json_count(targets); i++) {
		const char *name = json_text(json_at(targets, i));
		struct fault fault = {0};

		if (!supervisor_remembers(call->supervisor, name) ||
		    supervisor_call_back(call->supervisor, name, &fault) == 0)
			continue;
		call_fail(call, CALL_ERROR_FAILED, "message", fault.text);
		return false;
	}
	return true;
}

/* ---- delete ---- */

/* `all` and globs mean what can be deleted; a name means that one app. */
static bool is_pattern(const char *text)
{
	return strcmp(text, "all") == 0 || strpbrk(text, "*?[") != NULL;
}

static void delete_one(struct call *call, const struct choice *choice, bool by_name)
{
	struct fault fault = {0};
	int result;

	if (choice->slot >= 0) {
		call_judge(call, app_name(choice->app), NULL, CALL_REFUSED,
			   "an app can be deleted, a worker can't", -1);
		return;
	}
	result = app_begin_delete(choice->app, &fault);
	if (result > 0)
		call_await(call, app_name(choice->app), "delete", (uint32_t)result);
	else if (result == 0)
		call_judge(call, app_name(choice->app), NULL, CALL_DONE, NULL, -1);
	else if (app_is_ad_hoc(choice->app))
		call_judge(call, app_name(choice->app), NULL, CALL_FAILED, fault.text,
			   -1);
	else
		call_judge(call, app_name(choice->app), NULL,
			   by_name ? CALL_REFUSED : CALL_UNCHANGED, fault.text, -1);
}

static void forget(struct call *call, const char *name)
{
	struct fault fault = {0};

	if (supervisor_forget(call->supervisor, name, &fault) < 0)
		call_judge(call, name, NULL, CALL_FAILED, fault.text, -1);
	else
		call_judge(call, name, NULL, CALL_DONE, NULL, -1);
}

/* Looks one target up, and deletes what it means if that is wanted by now.  False: there
 * is nothing it could mean, and the call is answered. */
static bool delete_target(struct call *call, const char *text, bool wanted)
{
	struct selection selection = {0};

	if (supervisor_remembers(call->supervisor, text)) {
		if (wanted)
			forget(call, text);
		return true;
	}
	if (select_target(call, &selection, text) < 0)
		return false;
	for (unsigned i = 0; wanted && i < selection.count; i++)
		delete_one(call, &selection.choice[i], !is_pattern(text));
	select_free(&selection);
	return true;
}

void order_delete(struct call *call)
{
	const struct json *targets = json_find(call->message.parameters, "targets");
	size_t count = json_count(targets);

	for (size_t i = 0; i < 2 * count; i++)
		if (!delete_target(call, json_text(json_at(targets, i % count)),
				   i >= count))
			return;
	call_settle(call);
}
