#include "supervisor/retell.h"

#include <string.h>

#include "common/text.h"
#include "supervisor/view.h"

#define RECENT 8 /* that are told of an app */

/* A status word of a worker's end, or of a signal it was sent. */
static void view_end(struct json_writer *writer, const struct happening *happening)
{
	if (happening->has_code)
		json_put_number(writer, "code", happening->code);
	else
		json_put_null(writer, "code");
	json_put_text(writer, "signal",
		      happening->signal != 0 ? text_signal_name(happening->signal)
					     : NULL);
	json_put_bool(writer, "core", happening->core);
}

void retell(struct json_writer *writer, const struct happening *happening)
{
	char message[HAPPENING_TEXT];

	happening_format(happening, message, sizeof(message));
	json_open_object(writer, NULL);
	json_put_number(writer, "number", (int64_t)happening->number);
	view_moment(writer, "at", happening->at_wall);
	json_put_text(writer, "kind", happening_kind_name(happening->kind));
	json_put_text(writer, "level", happening_level_name(happening->kind));
	json_put_text(writer, "app", happening->app);
	json_put_figure(writer, "slot", happening->slot);
	json_put_figure(writer, "pid", happening->pid > 0 ? happening->pid : -1);
	json_put_figure(writer, "generation",
			happening->generation > 0 ? (int64_t)happening->generation : -1);
	json_put_text(writer, "operation", happening->operation);
	json_put_text(writer, "result", happening->result);
	json_put_figure(writer, "duration_ms",
			happening->has_duration ? happening->duration : -1);
	json_put_figure(writer, "failures",
			happening->failures > 0 ? (int64_t)happening->failures : -1);
	view_end(writer, happening);
	json_put_text(writer, "reason", happening->reason);
	json_put_text(writer, "message", message);
	json_close_object(writer);
}

void retell_recent(struct json_writer *writer, const struct chronicle *chronicle,
		   const char *app, int slot)
{
	const struct happening *recent[RECENT] = {NULL}, *at;
	unsigned count = 0;

	for (at = chronicle_find(chronicle, 0); at != NULL;
	     at = chronicle_find(chronicle, at->number + 1))
		if (at->app != NULL && strcmp(at->app, app) == 0 &&
		    (slot < 0 || at->slot == slot))
			recent[count++ % RECENT] = at;
	json_open_array(writer, "events");
	for (unsigned i = count > RECENT ? count - RECENT : 0; i < count; i++)
		retell(writer, recent[i % RECENT]);
	json_close_array(writer);
}
