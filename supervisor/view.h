/*
 * view.h - the state of things as JSON: what `list` and `show` tell.
 *
 * The names are part of the contract with scripts; figures that are not known are null.
 */
#ifndef SUPERVISOR_VIEW_H
#define SUPERVISOR_VIEW_H

#include "common/json.h"
#include "supervisor/supervisor.h"

void view_supervisor(struct json_writer *writer, const char *key,
		     const struct supervisor *supervisor);
/* `slot`: only the workers of this one; -1: all.  `chronicle`: with what `show` adds, the
 * last of its happenings too; NULL: without. */
void view_app(struct json_writer *writer, struct app *app, int slot,
	      const struct chronicle *chronicle);
/* "2026-11-23T23:07:00.123Z" */
void view_moment(struct json_writer *writer, const char *key, msec wall);

#endif
