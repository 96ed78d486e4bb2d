/*
 * verdict.h - what the end of a worker against our will means: for its slot (backoff, or
 * rest), and for the reload, the scale or the operation under way.
 */
#ifndef SUPERVISOR_CORE_VERDICT_H
#define SUPERVISOR_CORE_VERDICT_H

#include "supervisor/core/step.h"

/* `before`: the worker as it was.  A leave that it announced counts as a clean exit. */
void verdict_pass(struct step *step, struct seat_ref at, const struct worker *before,
		  enum core_exit end);

/* It serves, but too many of its probes failed: the failure of the roll that brought it;
 * else its heir is to come, as one of those who are recycled. */
void verdict_of_probe(struct step *step, struct seat_ref at);

#endif
