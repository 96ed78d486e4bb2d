/*
 * trace.h - an event or an action as a line of text, and back.
 *
 *      1035  exit     0b ~7 -> spawn 1b g2; note 0b failed
 *
 * is: at 1035 ms the worker in slot 0, seat b failed, the dice showed 7; the core then
 * asks for a worker of generation 2 in slot 1, seat b.  `+` is the surge slot, `#7` the
 * operation that waits for an answer.  It is the debug log of the daemon and the language
 * of tests/trace, so that the log of an incident can be replayed as a test.
 */
#ifndef SUPERVISOR_CORE_TRACE_H
#define SUPERVISOR_CORE_TRACE_H

#include "common/base.h"
#include "supervisor/core/core.h"

/* Cut to `size` bytes, always ended by a NUL. */
void trace_format(char *text, size_t size, const struct core_event *event, msec now,
		  const struct core_actions *actions);
void trace_format_event(char *text, size_t size, const struct core_event *event,
			msec now);
void trace_format_action(char *text, size_t size, const struct core_action *action);

/* Reads time and event up to the end of the line or an arrow; false: not understood. */
bool trace_parse_event(const char *text, struct core_event *ret_event, msec *ret_now);

#endif
