/*
 * want.h - the commands: each says what is wanted from now on, and whose answer waits.
 *
 * A newer operation supersedes the one under way: its caller is told, but what it wanted
 * stays wanted unless the newer one says otherwise, so that reload and scale compose.
 */
#ifndef SUPERVISOR_CORE_WANT_H
#define SUPERVISOR_CORE_WANT_H

#include "supervisor/core/step.h"

void want_start(struct step *step, const struct core_event *event);
void want_reload(struct step *step, const struct core_event *event);
void want_scale(struct step *step, const struct core_event *event);
void want_restart(struct step *step, const struct core_event *event);
void want_restart_slot(struct step *step, const struct core_event *event);
void want_renew(struct step *step, const struct core_event *event);
void want_stop(struct step *step, const struct core_event *event);

/* Without an answer. */
void want_reset(struct step *step, const struct core_event *event);
void want_surge_start(struct step *step, const struct core_event *event);
void want_surge_end(struct step *step, const struct core_event *event);
void want_owed(struct step *step, const struct core_event *event);

/* Answers the operation, if nothing is left of it to do. */
void want_settle(struct step *step);

#endif
