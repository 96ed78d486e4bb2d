/*
 * operation.c - commands become events with an id; the core's DONE becomes their answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "supervisor/capacity.h"
#include "supervisor/estate.h"

static const char *const names[CORE_OPERATION_KINDS] = {
	[CORE_OPERATION_START] = "start",   [CORE_OPERATION_SCALE] = "scale",
	[CORE_OPERATION_RELOAD] = "reload", [CORE_OPERATION_RESTART] = "restart",
	[CORE_OPERATION_RENEW] = "reload",  [CORE_OPERATION_STOP] = "stop",
};

static const char *const results[CORE_RESULTS] = {
	[CORE_RESULT_OK] = "done",
	[CORE_RESULT_REVERTED] = "reverted",
	[CORE_RESULT_FAILED] = "failed",
	[CORE_RESULT_SUPERSEDED] = "superseded",
};

static int begin(struct app *app, const char *name, struct core_event event)
{
	struct operation *operation;

	if (app->supervisor->queued >= QUEUE - QUEUE_RESERVE / 2)
		return -EBUSY;
	operation = calloc(1, sizeof(*operation));
	if (operation == NULL)
		return -ENOMEM;
	operation->id = ++app->supervisor->last_operation;
	operation->name = name;
	operation->began = clock_now();
	operation->next = app->operations;
	app->operations = operation;
	app->trouble[0] = '\0';
	event.operation = operation->id;
	supervisor_post(app, &event);
	app_tell(app, (struct happening){.kind = HAPPENING_OPERATION_BEGUN,
					 .operation = operation->name});
	return (int)operation->id;
}

/* Posts the event with a fresh id, which is returned; -ENOMEM, -EBUSY: nothing began. */
int operation_begin(struct app *app, enum core_operation_kind kind,
		    struct core_event event)
{
	return begin(app, names[kind], event);
}

/* How many workers a generation with this number in its configuration is to have: a
 * changed number ends what `scale` ordered, else that goes on. */
unsigned operation_count(const struct app *app, unsigned configured)
{
	if (configured == app_generation(app)->count)
		return app->core.want.count;
	return configured;
}

/* Workers of this generation come, one by one, and then those go that serve now.  When
 * it cannot begin, no socket is left that only this generation would need. */
int operation_roll(struct app *app, struct generation *generation, const char *name,
		   struct fault *fault)
{
	struct core_event event = {.kind = CORE_RELOAD, .arg = generation->number};
	int result;

	event.count = operation_count(app, generation->count);
	result = holding_open(app, generation, event.count, fault);
	if (result < 0) {
		if (!core_uses(&app->core, generation->number))
			generation->holdings = 0;
		holdings_sweep(app);
		return result;
	}
	result = begin(app, name, event);
	if (result < 0)
		return result;
	sharing_set_policy(app, generation);
	return result;
}

static struct operation *take(struct app *app, uint32_t id)
{
	struct operation **at = &app->operations;
	struct operation *operation;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	operation = *at;
	if (operation == NULL)
		return NULL;
	*at = operation->next;
	return operation;
}

struct answers *supervisor_answers(struct supervisor *supervisor)
{
	return &supervisor->answers;
}

/* Whoever asks again with the same ticket is told this. */
static void settle_answer(struct supervisor *supervisor, uint32_t operation,
			  const struct outcome *outcome)
{
	struct answer *answer = answers_find(&supervisor->answers, operation);

	if (answer == NULL)
		return;
	if (answer->kind[0] == '\0')
		(void)text_copy(answer->kind, sizeof(answer->kind), outcome->kind);
	answer_settle(answer, results[outcome->result], outcome->reason,
		      outcome->duration_ms);
	supervisor_keep_answer(supervisor, answer);
}

static bool is_under_way(const struct supervisor *supervisor, uint32_t id)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		for (struct operation *at = app->operations; at != NULL; at = at->next)
			if (at->id == id)
				return true;
	return false;
}

void operations_miss(struct supervisor *supervisor)
{
	for (unsigned i = 0; i < ANSWERS; i++) {
		struct answer *answer = &supervisor->answers.list[i];

		if (answer->ticket[0] == '\0' || answer->result[0] != '\0' ||
		    is_under_way(supervisor, answer->operation))
			continue;
		answer_settle(answer, results[CORE_RESULT_FAILED],
			      "what became of it went with the supervisor that died", -1);
	}
}

static const char *reason_of(const struct app *app, enum core_result result)
{
	switch (result) {
	case CORE_RESULT_OK:
	case CORE_RESULTS:
		return NULL;
	case CORE_RESULT_REVERTED:
	case CORE_RESULT_FAILED:
		return app->trouble[0] != '\0' ? app->trouble : "failed";
	case CORE_RESULT_SUPERSEDED:
		return "superseded by a newer operation";
	}
	return NULL;
}

/* The core's numbers are those of the generation it wants: after a revert, the old ones.
 */
static void adopt_policy(struct app *app)
{
	sharing_set_policy(app, app_generation(app));
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		at->stale = true;
}

void operation_done(struct app *app, const struct core_action *action)
{
	struct supervisor *supervisor = app->supervisor;
	struct operation *operation = take(app, action->operation);
	enum core_result result = (enum core_result)action->arg;
	struct outcome outcome = {.app = app->name, .result = result};

	if (result == CORE_RESULT_REVERTED)
		adopt_policy(app);
	if (operation == NULL) /* nobody waited, as at the shutdown of a stopped app */
		return;
	outcome.kind = operation->name;
	outcome.reason = reason_of(app, result);
	outcome.duration_ms = supervisor->now - operation->began;
	if (result != CORE_RESULT_SUPERSEDED) {
		app->last.name = operation->name;
		app->last.result = result;
		app->last.took = outcome.duration_ms;
		(void)text_copy(app->last.error, sizeof(app->last.error),
				outcome.reason != NULL ? outcome.reason : "");
	}
	app_tell(app, (struct happening){.kind = result == CORE_RESULT_OK
							 ? HAPPENING_OPERATION_DONE
							 : HAPPENING_OPERATION_FAILED,
					 .operation = outcome.kind,
					 .result = results[result],
					 .has_duration = true,
					 .duration = outcome.duration_ms,
					 .reason = outcome.reason});
	settle_answer(supervisor, operation->id, &outcome);
	remember_gone(supervisor, LAYOUT_OPERATION, app->number, operation->id);
	if (supervisor->control != NULL)
		control_done(supervisor->control, operation->id, &outcome);
	free(operation);
}

/* A stopped app comes back as a new generation: paths and files are looked at afresh. */
static int start_afresh(struct app *app, enum core_operation_kind kind,
			struct core_event event, struct fault *fault)
{
	struct generation *generation;
	unsigned slots = app->core.want.count;
	int result;

	result = generation_make(app, app_spec(app), &generation, fault);
	if (result < 0)
		return result;
	result = holding_open(app, generation, slots, fault);
	if (result < 0) {
		generation_drop(app, generation);
		holdings_sweep(app);
		return result;
	}
	event.arg = generation->number;
	return operation_begin(app, kind, event);
}

static int refuse_when_stopping(const struct app *app, struct fault *fault)
{
	if (app->supervisor->stopping)
		return fault_set(fault, -EBUSY, "the supervisor is shutting down");
	if (app->removing)
		return fault_set(fault, -EBUSY, "%s is being removed", app->name);
	return 0;
}

int app_begin_start(struct app *app, struct fault *fault)
{
	struct core_event event = {.kind = CORE_START};
	int result = refuse_when_stopping(app, fault);

	if (result < 0)
		return result;
	app->held = false;
	if (!app->core.want.running)
		return start_afresh(app, CORE_OPERATION_START, event, fault);
	if (app->operations != NULL)
		return (int)app->operations->id;
	if (app_state(app) == APP_ONLINE)
		return 0;
	event.arg = app->core.want.generation;
	return operation_begin(app, CORE_OPERATION_START, event);
}

int operation_stop(struct app *app)
{
	struct core_event event = {.kind = CORE_STOP};

	if (!app->core.want.running && app_state(app) == APP_STOPPED)
		return 0;
	return operation_begin(app, CORE_OPERATION_STOP, event);
}

int app_begin_stop(struct app *app, struct fault *fault)
{
	(void)fault; /* stopping is never refused; what can be wrong has an errno */
	app->held = true;
	app->stepped = true;
	return operation_stop(app);
}

static int check_slot(const struct app *app, unsigned slot, struct fault *fault)
{
	if (slot >= core_count(&app->core))
		return fault_set(fault, -ENOENT, "%s has no slot %u", app->name, slot);
	if (!app->core.want.running)
		return fault_set(fault, -EINVAL, "%s is stopped", app->name);
	return 0;
}

int app_begin_restart(struct app *app, int slot, struct fault *fault)
{
	struct core_event event = {.kind = CORE_RESTART};
	int result = refuse_when_stopping(app, fault);

	if (result < 0)
		return result;
	if (slot < 0) {
		app->held = false;
		return start_afresh(app, CORE_OPERATION_RESTART, event, fault);
	}
	result = check_slot(app, (unsigned)slot, fault);
	if (result < 0)
		return result;
	event.kind = CORE_RESTART_SLOT;
	event.at.slot = (uint16_t)slot;
	return operation_begin(app, CORE_OPERATION_RESTART, event);
}

int app_begin_rollback(struct app *app, struct fault *fault)
{
	uint32_t number = core_before(&app->core);
	int result = refuse_when_stopping(app, fault);

	if (result < 0)
		return result;
	if (!app->core.want.running)
		return fault_set(fault, -ENOENT, "%s is stopped", app->name);
	if (app->core.reload.active && app->core.reload.from == app->core.want.generation)
		return fault_set(fault, -EALREADY, "goes back to generation %u already",
				 app->core.want.generation);
	if (number == 0)
		return fault_set(fault, -ENOENT,
				 "there is no generation before the present one");
	return operation_roll(app, generation_find(app, number), "rollback", fault);
}

/* Generations are numbered as they are made. */
uint32_t app_rolled_back_from(const struct app *app)
{
	uint32_t before = core_before(&app->core);

	return before > app->core.want.generation ? before : 0;
}

int app_begin_renew(struct app *app, unsigned slot, struct fault *fault)
{
	struct core_event event = {.kind = CORE_RENEW, .at.slot = (uint16_t)slot};
	int result = refuse_when_stopping(app, fault);

	if (result == 0)
		result = check_slot(app, slot, fault);
	if (result < 0)
		return result;
	return operation_begin(app, CORE_OPERATION_RENEW, event);
}

/* "4" "+1" "-1" "max" "max-1" "50%" "config" -> a count */
static int parse_count(const struct app *app, const char *text, unsigned *ret_count)
{
	struct spec_instances instances = {.kind = SPEC_INSTANCES_COUNT};
	unsigned count = app->core.want.count, number;
	int result;

	if (strcmp(text, "config") == 0) {
		*ret_count = app_generation(app)->count;
		return 0;
	}
	if (text[0] == '+' || text[0] == '-') {
		result = text_parse_unsigned(&number, text + 1, 0, CORE_SLOTS);
		if (result < 0)
			return result;
		if (text[0] == '-' && number > count)
			return -ERANGE;
		*ret_count = text[0] == '+' ? count + number : count - number;
		return 0;
	}
	result = text_parse_unsigned(&number, text, 0, CORE_SLOTS);
	if (result == -ERANGE)
		return result;
	if (spec_parse_instances(&instances, text) < 0)
		return result == 0 ? -ERANGE : -EINVAL;
	*ret_count = spec_instances_count(&instances, capacity_max());
	return 0;
}

int app_begin_scale(struct app *app, const char *text, unsigned *ret_count,
		    struct fault *fault)
{
	struct core_event event = {.kind = CORE_SCALE};
	int result = refuse_when_stopping(app, fault);
	unsigned count = 0;

	if (result < 0)
		return result;
	result = parse_count(app, text, &count);
	if (result == -EINVAL)
		return fault_set(
			fault, result,
			"'%.32s' is not a number of workers: N, +N, -N, max, max-N, "
			"N%% or config",
			text);
	if (count == 0 && result == 0)
		return fault_set(fault, -EINVAL, "0 workers: use stop");
	if (result < 0 || count > CORE_SLOTS)
		return fault_set(fault, -EINVAL, "an app has 1 to %d workers",
				 CORE_SLOTS);
	*ret_count = count;
	if (count == app->core.want.count && app->operations == NULL)
		return 0;
	if (app->core.want.running) {
		result = holdings_grow(app, app_generation(app), count, fault);
		if (result < 0)
			return result;
	}
	event.arg = count;
	return operation_begin(app, CORE_OPERATION_SCALE, event);
}

void app_reset(struct app *app, int slot)
{
	struct core_event event = {.kind = CORE_RESET};

	for (unsigned i = 0; i <= CORE_SLOTS; i++)
		if (app->place[i] != NULL && (slot < 0 || (unsigned)slot == i)) {
			bool lives = app->place[i]->seat[0].process.pid != 0 ||
				     app->place[i]->seat[1].process.pid != 0;

			app->place[i]->spawns = lives ? 1 : 0;
			app->place[i]->changed = true;
		}
	supervisor_post(app, &event);
}
