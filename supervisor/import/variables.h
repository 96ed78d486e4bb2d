/*
 * variables.h - the environment of an app: PM2's env, a profile over it, its port, and
 * the variables that tell the instances apart.
 */
#ifndef SUPERVISOR_IMPORT_VARIABLES_H
#define SUPERVISOR_IMPORT_VARIABLES_H

#include "supervisor/import/sheet.h"

/* `instances`: how many, 0 if that is not a number. */
void variables_translate(struct sheet *sheet, int64_t instances);

#endif
