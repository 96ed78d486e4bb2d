/*
 * help.h - usage, grown from the table of commands.
 */
#ifndef SUPERVISOR_CTL_HELP_H
#define SUPERVISOR_CTL_HELP_H

#include "common/commands.h"

void help_print_all(void);
void help_print(enum command command);

#endif
