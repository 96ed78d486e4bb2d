/*
 * command.h - what runs: PM2's script, its interpreter and the arguments of both.
 */
#ifndef SUPERVISOR_IMPORT_COMMAND_H
#define SUPERVISOR_IMPORT_COMMAND_H

#include "supervisor/import/sheet.h"

/* Sets the command and the folder it runs in. */
void command_translate(struct sheet *sheet);
/* Is it PM2's own web server, for which ours stands in? */
bool command_is_site(struct sheet *sheet);

#endif
