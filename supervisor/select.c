#include "supervisor/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define NAME_BYTES 128 /* of a target, in an answer */

void select_free(struct selection *selection)
{
	free(selection->choice);
	*selection = (struct selection){0};
}

int select_refuse(struct call *call, const char *text)
{
	char target[NAME_BYTES]; /* the message, and `text` in it, goes with the call */

	(void)text_copy(target, sizeof(target), text);
	call_fail(call, CALL_ERROR_NO_SUCH_TARGET, "target", target);
	return -ENOENT;
}

static int select_app(struct selection *selection, struct app *app, int slot)
{
	struct choice *grown;

	for (unsigned i = 0; i < selection->count; i++)
		if (selection->choice[i].app == app && selection->choice[i].slot == slot)
			return 0;
	grown = realloc(selection->choice, (selection->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	grown[selection->count++] = (struct choice){app, slot};
	selection->choice = grown;
	return 0;
}

int select_target(struct call *call, struct selection *selection, const char *text)
{
	struct supervisor *supervisor = call->supervisor;
	struct target target;
	unsigned before = selection->count;
	bool any = false;

	if (target_parse(supervisor, text, &target) < 0)
		return select_refuse(call, text);
	for (struct app *app = supervisor_next(supervisor, NULL); app != NULL;
	     app = supervisor_next(supervisor, app)) {
		if (!target_matches(&target, app) ||
		    (target.slot >= 0 && !app_has_slot(app, (unsigned)target.slot)))
			continue;
		any = true;
		if (select_app(selection, app, target.slot) < 0) {
			call_fail(call, CALL_ERROR_FAILED, "message", "out of memory");
			return -ENOMEM;
		}
	}
	if (!any && strcmp(text, "all") != 0)
		return select_refuse(call, text);
	return (int)(selection->count - before);
}

int select_targets(struct call *call, struct selection *ret_selection)
{
	const struct json *targets = json_find(call->message.parameters, "targets");
	struct selection selection = {0};

	for (size_t i = 0; i < json_count(targets); i++) {
		int result =
			select_target(call, &selection, json_text(json_at(targets, i)));

		if (result < 0) {
			select_free(&selection);
			return result;
		}
	}
	*ret_selection = selection;
	return 0;
}

bool select_has(const struct call *call, const struct app *app, int *ret_slot)
{
	const struct json *targets = json_find(call->message.parameters, "targets");
	bool found = json_count(targets) == 0;
	struct target target;

	*ret_slot = -1;
	for (size_t i = 0; i < json_count(targets); i++) {
		if (target_parse(call->supervisor, json_text(json_at(targets, i)),
				 &target) < 0 ||
		    !target_matches(&target, app))
			continue;
		*ret_slot = found && *ret_slot != target.slot ? -1 : target.slot;
		found = true;
	}
	return found;
}
