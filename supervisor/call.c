#include "supervisor/call.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/answers.h"

#define VERDICT_BYTES ((size_t)512 << 10) /* that one call gathers at most */

struct call_operation {
	uint32_t id;
	char app[SPEC_NAME];
	const char *kind;  /* as call_await */
	const char *phase; /* last told, with these figures */
	unsigned done, total;
};

static const char *const verdict_names[CALL_VERDICTS] = {
	[CALL_DONE] = "done",
	[CALL_UNCHANGED] = "unchanged",
	[CALL_QUEUED] = "queued",
	[CALL_PLANNED] = "planned",
	[CALL_REVERTED] = "reverted",
	[CALL_FAILED] = "failed",
	[CALL_SUPERSEDED] = "superseded",
	[CALL_REFUSED] = "refused",
};

static const enum call_verdict verdict_of[CORE_RESULTS] = {
	[CORE_RESULT_OK] = CALL_DONE,
	[CORE_RESULT_REVERTED] = CALL_REVERTED,
	[CORE_RESULT_FAILED] = CALL_FAILED,
	[CORE_RESULT_SUPERSEDED] = CALL_SUPERSEDED,
};

void call_init(struct call *call, struct supervisor *supervisor, struct buffer *out)
{
	*call = (struct call){.supervisor = supervisor, .out = out};
	buffer_init(&call->verdicts, VERDICT_BYTES);
}

void call_free(struct call *call)
{
	struct supervisor *supervisor = call->supervisor;
	struct buffer *out = call->out;

	varlink_free_call(&call->message);
	free(call->operation);
	buffer_free(&call->verdicts);
	call_init(call, supervisor, out);
}

void call_open_reply(struct call *call, struct json_writer *ret_writer, const char *error,
		     bool continues)
{
	call->mark = call->out->count;
	*ret_writer = (struct json_writer){.to = call->out};
	varlink_open_reply(ret_writer, error, continues);
}

void call_close_reply(struct call *call, struct json_writer *writer, bool continues)
{
	varlink_close_reply(writer);
	if (call->message.oneway)
		buffer_cut(call->out, call->mark);
	if (call->out->broken) {
		buffer_cut(call->out, call->mark);
		*writer = (struct json_writer){.to = call->out};
		varlink_open_reply(writer, CALL_ERROR_OUT_OF_MEMORY, false);
		varlink_close_reply(writer);
		continues = false;
	}
	if (!continues)
		call_free(call);
}

void call_reply_empty(struct call *call)
{
	struct json_writer writer;

	call_open_reply(call, &writer, NULL, false);
	call_close_reply(call, &writer, false);
}

void call_fail(struct call *call, const char *error, const char *key, const char *text)
{
	struct json_writer writer;

	call_open_reply(call, &writer, error, false);
	if (key != NULL)
		json_put_text(&writer, key, text);
	call_close_reply(call, &writer, false);
}

void call_refuse_parameter(struct call *call, const char *name)
{
	call_fail(call, CALL_ERROR_INVALID_PARAMETER, "parameter", name);
}

static const char *kind_of(const struct call *call)
{
	static const char *const kinds[COMMAND_COUNT] = {
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	[COMMAND_##id] = (name),
		COMMANDS(X)
#undef X
	};

	return kinds[call->command];
}

static void put_verdict(struct call *call, const char *app, const char *kind,
			const char *result, const char *reason, int64_t duration_ms)
{
	struct json_writer writer = {.to = &call->verdicts,
				     .separate = call->verdicts.count > 0};

	json_open_object(&writer, NULL);
	json_put_text(&writer, "app", app);
	json_put_text(&writer, "kind", kind);
	json_put_text(&writer, "result", result);
	json_put_text(&writer, "reason", reason);
	json_put_figure(&writer, "duration_ms", duration_ms);
	json_close_object(&writer);
}

/* NULL: the call has none, and cannot be asked for again. */
static const char *ticket_of(const struct call *call)
{
	const char *ticket = json_find_text(call->message.parameters, "ticket");

	return ticket != NULL && ticket[0] != '\0' && strlen(ticket) < ANSWER_TICKET
		       ? ticket
		       : NULL;
}

void call_judge(struct call *call, const char *app, const char *kind,
		enum call_verdict verdict, const char *reason, int64_t duration_ms)
{
	const char *ticket = ticket_of(call);
	struct answer *answer;

	if (kind == NULL)
		kind = kind_of(call);
	put_verdict(call, app, kind, verdict_names[verdict], reason, duration_ms);
	if (ticket == NULL)
		return;
	answer = answers_make(supervisor_answers(call->supervisor), ticket, app, kind);
	answer_settle(answer, verdict_names[verdict], reason, duration_ms);
	supervisor_keep_answer(call->supervisor, answer);
}

static bool waits(const struct call *call)
{
	const struct json *wait = json_find(call->message.parameters, "wait");

	return !call->message.oneway &&
	       (json_is_none(wait) || json_find_bool(call->message.parameters, "wait"));
}

static bool await(struct call *call, const char *app, const char *kind,
		  uint32_t operation)
{
	struct call_operation *grown =
		realloc(call->operation, (call->operations + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	call->operation = grown;
	grown[call->operations] = (struct call_operation){.id = operation, .kind = kind};
	(void)text_copy(grown[call->operations].app, SPEC_NAME, app);
	call->operations++;
	return true;
}

void call_await(struct call *call, const char *app, const char *kind, uint32_t operation)
{
	const char *ticket = ticket_of(call);
	struct answer *answer;

	if (!waits(call)) {
		call_judge(call, app, kind, CALL_QUEUED, NULL, -1);
		return;
	}
	if (!await(call, app, kind, operation)) {
		call_judge(call, app, kind, CALL_QUEUED, "out of memory to wait for it",
			   -1);
		return;
	}
	if (ticket == NULL)
		return;
	answer = answers_make(supervisor_answers(call->supervisor), ticket, app,
			      kind != NULL ? kind : "");
	answer->operation = operation;
	supervisor_keep_answer(call->supervisor, answer);
}

bool call_resume(struct call *call)
{
	const char *ticket = ticket_of(call);
	const struct answers *answers;
	bool any = false;

	if (ticket == NULL)
		return false;
	answers = supervisor_answers(call->supervisor);
	for (const struct answer *at = answers_next(answers, ticket, NULL); at != NULL;
	     at = answers_next(answers, ticket, at)) {
		any = true;
		if (at->result[0] != '\0')
			put_verdict(call, at->app, at->kind, at->result,
				    at->reason[0] != '\0' ? at->reason : NULL,
				    at->duration_ms);
		else if (!await(call, at->app, NULL, at->operation))
			put_verdict(call, at->app, kind_of(call),
				    verdict_names[CALL_QUEUED],
				    "out of memory to wait for it", -1);
	}
	if (any)
		call_settle(call);
	return any;
}

void call_settle(struct call *call)
{
	bool continues = call->operations > 0;
	struct json_writer writer;

	call->state = continues ? CALL_AWAITING : CALL_NONE;
	if (continues && (!call->message.more || call->verdicts.count == 0))
		return;
	call_open_reply(call, &writer, NULL, continues);
	json_open_array(&writer, "verdicts");
	buffer_append(call->out, call->verdicts.bytes, call->verdicts.count);
	json_close_array(&writer);
	json_open_array(&writer, "progress");
	json_close_array(&writer);
	call->out->broken |= call->verdicts.broken;
	buffer_cut(&call->verdicts, 0);
	call_close_reply(call, &writer, continues);
}

void call_hear(struct call *call, uint32_t operation, const struct outcome *outcome)
{
	bool heard = false;

	for (unsigned i = 0; i < call->operations;) {
		if (call->operation[i].id != operation) {
			i++;
			continue;
		}
		heard = true;
		put_verdict(call, outcome->app,
			    call->operation[i].kind != NULL ? call->operation[i].kind
							    : outcome->kind,
			    verdict_names[verdict_of[outcome->result]], outcome->reason,
			    outcome->duration_ms);
		call->operation[i] = call->operation[--call->operations];
	}
	if (heard)
		call_settle(call);
}

/* Has it moved since it was told last? */
static bool moved(struct call_operation *operation,
		  const struct app_operation_status *now)
{
	if (now->kind == NULL || now->phase == NULL)
		return false;
	if (operation->phase == now->phase && operation->done == now->done &&
	    operation->total == now->total)
		return false;
	operation->phase = now->phase;
	operation->done = now->done;
	operation->total = now->total;
	return true;
}

static void put_progress(struct json_writer *writer, const char *app,
			 const struct app_operation_status *now)
{
	json_open_object(writer, NULL);
	json_put_text(writer, "app", app);
	json_put_text(writer, "kind", now->kind);
	json_put_text(writer, "phase", now->phase);
	json_put_number(writer, "done", now->done);
	json_put_number(writer, "total", now->total);
	json_close_object(writer);
}

void call_tell_progress(struct call *call)
{
	struct json_writer writer;
	bool any = false;

	if (call->state != CALL_AWAITING || !call->message.more || call->out->count > 0)
		return;
	call_open_reply(call, &writer, NULL, true);
	json_open_array(&writer, "verdicts");
	json_close_array(&writer);
	json_open_array(&writer, "progress");
	for (unsigned i = 0; i < call->operations; i++) {
		struct call_operation *operation = &call->operation[i];
		struct app *app = supervisor_find(call->supervisor, operation->app);
		struct app_status status;

		if (app == NULL)
			continue;
		app_read_status(app, &status);
		if (!moved(operation, &status.operation))
			continue;
		put_progress(&writer, operation->app, &status.operation);
		any = true;
	}
	json_close_array(&writer);
	if (any)
		call_close_reply(call, &writer, true);
	else
		buffer_cut(call->out, call->mark);
}
