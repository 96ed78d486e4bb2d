#include "supervisor/follow.h"

#include "supervisor/retell.h"
#include "supervisor/select.h"

#define EVENT_BYTES ((size_t)16 << 10) /* more than one event takes, however escaped */

static bool is_meant_by(const struct call *call, const struct happening *happening,
			const char *text)
{
	struct target target;

	if (target_parse(call->supervisor, text, &target) < 0 ||
	    !target_names(&target, happening->app))
		return false;
	return target.slot < 0 || target.slot == happening->slot;
}

/* What concerns no app in particular is told to those who ask for no app. */
static bool is_asked_for(const struct call *call, const struct happening *happening)
{
	const struct json *targets = json_find(call->message.parameters, "targets");

	if (json_count(targets) == 0)
		return true;
	for (size_t i = 0; happening->app != NULL && i < json_count(targets); i++)
		if (is_meant_by(call, happening, json_text(json_at(targets, i))))
			return true;
	return false;
}

/* The next one from number `from` on that is asked for; NULL: there is none. */
static const struct happening *find(const struct call *call, uint64_t from)
{
	const struct chronicle *chronicle = supervisor_chronicle(call->supervisor);
	const struct happening *happening = chronicle_find(chronicle, from);

	while (happening != NULL && !is_asked_for(call, happening))
		happening = chronicle_find(chronicle, happening->number + 1);
	return happening;
}

/* Where the last `lines` begin. */
static uint64_t find_tail(const struct call *call, int64_t lines)
{
	const struct happening *happening;
	int64_t count = 0;
	uint64_t from = 0;

	for (happening = find(call, 0); happening != NULL;
	     happening = find(call, happening->number + 1))
		count++;
	for (; count > lines; count--)
		from = find(call, from)->number + 1;
	return from;
}

static void tell_past(struct call *call, uint64_t from, bool follows)
{
	const struct happening *happening;
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, follows);
	json_open_array(&writer, "events");
	for (happening = find(call, from); happening != NULL;
	     happening = find(call, happening->number + 1))
		retell(&writer, happening);
	json_close_array(&writer);
	call->state = follows ? CALL_FOLLOWING : CALL_NONE;
	call->followed = supervisor_chronicle(call->supervisor)->next;
	call_close_reply(call, &writer, follows);
}

void follow_begin(struct call *call)
{
	const struct json *parameters = call->message.parameters;
	const struct json *follow = json_find(parameters, "follow");
	bool follows = json_is_none(follow) || json_find_bool(parameters, "follow");
	int64_t lines = json_find_number(parameters, "lines", CHRONICLE_KEPT);
	struct selection selection;

	if (lines < 0) {
		call_refuse_parameter(call, "lines");
		return;
	}
	if (follows && !call->message.more) {
		call_fail(call, CALL_ERROR_EXPECTED_MORE, NULL, NULL);
		return;
	}
	if (select_targets(call, &selection) < 0)
		return;
	select_free(&selection); /* they exist: that was the question */
	tell_past(call, find_tail(call, lines), follows);
}

static void tell_one(struct call *call, const struct happening *happening)
{
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, true);
	json_open_array(&writer, "events");
	retell(&writer, happening);
	json_close_array(&writer);
	call_close_reply(call, &writer, true);
}

void follow_go_on(struct call *call)
{
	const struct happening *happening;

	while ((happening = find(call, call->followed)) != NULL) {
		if (call->out->count + EVENT_BYTES > call->out->most) {
			call_fail(call, CALL_ERROR_LAGGED, "message",
				  "the events come faster than they are read");
			return;
		}
		call->followed = happening->number + 1;
		tell_one(call, happening);
		if (call->state != CALL_FOLLOWING) /* out of memory */
			return;
	}
	call->followed = supervisor_chronicle(call->supervisor)->next;
}

void follow_end(struct call *call)
{
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, false);
	json_open_array(&writer, "events");
	json_close_array(&writer);
	call_close_reply(call, &writer, false);
}
