/*
 * retell.h - happenings as JSON: the events that `events` and `show` tell.
 *
 * The names are part of the contract with scripts; what is not known is null.
 */
#ifndef SUPERVISOR_RETELL_H
#define SUPERVISOR_RETELL_H

#include "common/json.h"
#include "supervisor/chronicle.h"

void retell(struct json_writer *writer, const struct happening *happening);
/* "events": the last ones of an app, or of one slot of it (-1: of all). */
void retell_recent(struct json_writer *writer, const struct chronicle *chronicle,
		   const char *app, int slot);

#endif
