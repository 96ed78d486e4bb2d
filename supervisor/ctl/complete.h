/*
 * complete.h - completions for bash, fish and zsh, grown from the table of commands.
 */
#ifndef SUPERVISOR_CTL_COMPLETE_H
#define SUPERVISOR_CTL_COMPLETE_H

#include "common/base.h"

/* Prints them; false: no such shell. */
bool complete_print(const char *shell);

#endif
