/*
 * step.h - what the parts of one core_step share: the app, the time, the dice, and the
 * list of actions they fill.  It lives on core_step's stack.
 */
#ifndef SUPERVISOR_CORE_STEP_H
#define SUPERVISOR_CORE_STEP_H

#include "common/base.h"
#include "supervisor/core/core.h"

struct step {
	struct core_app *app;
	msec now;
	bool ticks; /* what is due expires */
	uint32_t dice;
	struct core_actions *actions;
};

struct worker *step_worker(const struct step *step, struct seat_ref at);
/* To the worker who sits there from now on, or still. */
void step_order(struct step *step, enum core_action_kind kind, struct seat_ref at);
void step_act(struct step *step, enum core_action_kind kind, struct seat_ref at,
	      uint32_t arg);
void step_note(struct step *step, struct seat_ref at, enum core_note note);

/* Answers the operation under way. */
void step_answer(struct step *step, enum core_result result);

#endif
