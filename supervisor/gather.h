/*
 * gather.h - the settings of an app that are lists: command, environment, addresses...
 *
 * Each reads a value of a configuration into its fields of the struct app_spec that is
 * the assignment's target; a lone value stands for a list of one.  All items are looked
 * at, so that all faults are told.
 */
#ifndef SUPERVISOR_GATHER_H
#define SUPERVISOR_GATHER_H

#include "supervisor/assign.h"

int gather_command(const struct assignment *task);
int gather_variables(const struct assignment *task);
int gather_words(const struct assignment *task);
int gather_listen(const struct assignment *task);
int gather_weights(const struct assignment *task);
int gather_exit_codes(const struct assignment *task);

#endif
