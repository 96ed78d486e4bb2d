/*
 * worker.h - moves a worker along the edges: its phase, its clocks, its orders.
 */
#ifndef SUPERVISOR_CORE_WORKER_H
#define SUPERVISOR_CORE_WORKER_H

#include "supervisor/core/edges.h"
#include "supervisor/core/step.h"

/* Alive for `ready_exec` makes it ready, and no message is waited for. */
bool worker_starts_by_exec(const struct core_app *app);

/* When this phase of it is over, by the policy. */
msec worker_deadline(const struct core_app *app, const struct worker *worker, msec now);

void worker_spawn(struct step *step, struct seat_ref at, uint32_t generation);

/* Does what the table says; `end` matters to STIMULUS_EXIT only. */
void worker_move(struct step *step, struct seat_ref at, enum stimulus stimulus,
		 enum core_exit end);

/* Its time begins anew, and it is told again what it was not told yet. */
void worker_adopt(struct step *step, struct seat_ref at);

/* Every deadline that is past is a stimulus; a time well served is noted. */
void worker_expire(struct step *step, struct seat_ref at);

#endif
