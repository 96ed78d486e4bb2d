/*
 * recycle.h - workers that exceed a bound of their life are replaced, one at a time.
 *
 * A recycle is a renewal that nobody commanded: a successor first, then the old one goes.
 * At most one slot of an app is being recycled at a time, none while a command, a roll or
 * a scale is under way; where probes are made, none before the heir of the last one has
 * passed or failed them.  Where the successor fails, the old one stays until the backoff
 * of the slot allows another.  A successor that exceeds a measure at once itself makes
 * the next recycle of the app wait, twice as long each time.
 */
#ifndef SUPERVISOR_CORE_RECYCLE_H
#define SUPERVISOR_CORE_RECYCLE_H

#include "supervisor/core/step.h"

/* It is to be recycled, when its turn comes. */
void recycle_mark(struct step *step, struct seat_ref at, enum core_bound bound);

/* Marks it if it is too old. */
void recycle_expire(struct step *step, struct seat_ref at);

/* Begins the next one, if it may be. */
void recycle_advance(struct step *step);

/* When a worker in this slot is too old; MSEC_NEVER: never, or it is marked already. */
msec recycle_ripe(const struct core_app *app, unsigned slot, const struct worker *worker);

/* When the next one may begin, which only waits for its time; MSEC_NEVER: none does. */
msec recycle_deadline(const struct core_app *app);

#endif
