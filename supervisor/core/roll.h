/*
 * roll.h - reload and scale as transactions: how far, how fast, and the way back.
 *
 * A roll reaches the slots from the lowest up, as many at a time as `surge` says; the
 * first goes alone, until one worker of the wanted generation is good.  Reverting is one
 * assignment: what was before is wanted again, and the same rule walks everything back.
 */
#ifndef SUPERVISOR_CORE_ROLL_H
#define SUPERVISOR_CORE_ROLL_H

#include "supervisor/core/step.h"

/* Most slots that may hold one more worker than they need, now. */
unsigned roll_limit(const struct core_app *app);

/* Reaches as many more slots as may be. */
void roll_advance(struct core_app *app);

/* Ends a roll all of whose slots are at rest at the wanted generation. */
void roll_end(struct core_app *app);

/* Takes down which generation serves, when it is another one than before. */
void roll_remember(struct core_app *app);

/* Is a failure of this generation, or in this slot, one of the reload, or of the scale?
 */
bool roll_owns(const struct core_app *app, uint32_t generation);
bool roll_owns_slot(const struct core_app *app, unsigned slot);

/* What was wanted before the reload is wanted again. */
void roll_back(struct core_app *app);

void roll_fail(struct step *step, struct seat_ref at);
void roll_fail_scale(struct step *step, struct seat_ref at);

#endif
