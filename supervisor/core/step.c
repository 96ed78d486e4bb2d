#include "supervisor/core/step.h"

#include <assert.h>
#include <string.h>

struct worker *step_worker(const struct step *step, struct seat_ref at)
{
	assert(at.slot <= CORE_SURGE && at.seat < CORE_SEATS);
	return &step->app->slot[at.slot].seat[at.seat];
}

static void add(struct core_actions *actions, struct core_action action)
{
	assert(actions->count < CORE_ACTIONS);
	actions->list[actions->count++] = action;
}

void step_order(struct step *step, enum core_action_kind kind, struct seat_ref at)
{
	struct worker *worker = step_worker(step, at);

	worker->undone = true;
	step_act(step, kind, at, worker->generation);
}

void step_act(struct step *step, enum core_action_kind kind, struct seat_ref at,
	      uint32_t arg)
{
	add(step->actions, (struct core_action){.kind = kind, .at = at, .arg = arg});
}

void step_note(struct step *step, struct seat_ref at, enum core_note note)
{
	step_act(step, CORE_NOTE, at, note);
}

void step_answer(struct step *step, enum core_result result)
{
	struct core_app *app = step->app;

	assert(app->operation.kind != CORE_OPERATION_NONE);
	add(step->actions, (struct core_action){.kind = CORE_DONE,
						.arg = result,
						.operation = app->operation.id});
	memset(&app->operation, 0, sizeof(app->operation));
}
