/*
 * variables.h - the environment of an app: PM2's env, a profile over it, its port, and
 * the variables that tell the instances apart.
 */
#ifndef SUPERVISOR_IMPORT_VARIABLES_H
#define SUPERVISOR_IMPORT_VARIABLES_H

#include "supervisor/import/sheet.h"

#define VARIABLES_SITE "PM2_SERVE_" /* begins those that are for PM2's own server */

/* A variable's value, by the profile or else by env; NULL: not said. */
const char *variables_find(struct sheet *sheet, const char *name);

/* `instances`: how many, 0 if that is not a number. */
void variables_translate(struct sheet *sheet, int64_t instances);

#endif
