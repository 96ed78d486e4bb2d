/*
 * permit.h - the settings of an app about who its workers are and how far they may go.
 *
 * Users and groups must be known to this machine when the configuration is read; who may
 * not become them is told then, too, not when a worker fails to start.
 */
#ifndef SUPERVISOR_PERMIT_H
#define SUPERVISOR_PERMIT_H

#include "supervisor/assign.h"

int permit_user(const struct assignment *task);
int permit_group(const struct assignment *task);
int permit_mode(const struct assignment *task);
int permit_level(const struct assignment *task);
int permit_decision(const struct assignment *task);
int permit_limit(const struct assignment *task);

#endif
