/*
 * tell.c - what people should know: a line of the log and an event, by one call.
 *
 * Each voice fills in what it knows: whose it is, which worker, of which generation.
 */
#include <stdarg.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/entry.h"
#include "supervisor/estate.h"

#define ENTRY_BYTES 16384

static bool enter(const struct happening *what, const char *line)
{
	struct buffer entry;
	bool is_entered;

	buffer_init(&entry, ENTRY_BYTES);
	entry_put(&entry, what, line);
	is_entered = log_entry(&entry);
	buffer_free(&entry);
	return is_entered;
}

static void tell(struct supervisor *supervisor, struct happening *what)
{
	char target[HAPPENING_TARGET], text[HAPPENING_TEXT];
	char line[sizeof(target) + sizeof(text) + 2];
	enum log_level level = happening_level(what->kind);

	what->at_wall = clock_wall();
	chronicle_add(&supervisor->chronicle, what);
	if (!log_would(level))
		return;
	happening_target(what, target, sizeof(target));
	happening_format(what, text, sizeof(text));
	(void)snprintf(line, sizeof(line), "%s%s%s", target,
		       target[0] != '\0' ? ": " : "", text);
	if (!log_is_journal() || !enter(what, line))
		log_at(level, "%s", line);
}

void supervisor_tell(struct supervisor *supervisor, struct happening what)
{
	what.slot = -1;
	tell(supervisor, &what);
}

void app_tell(const struct app *app, struct happening what)
{
	what.app = app->name;
	supervisor_tell(app->supervisor, what);
}

void slot_tell(const struct app *app, unsigned slot, struct happening what)
{
	what.app = app->name;
	what.slot = (int)slot;
	tell(app->supervisor, &what);
}

void seat_tell(const struct seat *seat, struct happening what)
{
	what.pid = seat->pid;
	what.generation = seat->generation;
	slot_tell(seat->place->app, seat->place->slot, what);
}

void app_alert(const struct app *app, const char *format, ...)
{
	char reason[FAULT_SIZE];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(reason, sizeof(reason), format, values);
	va_end(values);
	app_tell(app, (struct happening){.kind = HAPPENING_ALERT, .reason = reason});
}
