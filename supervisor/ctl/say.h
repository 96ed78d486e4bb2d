/*
 * say.h - how clusterctl speaks: results on stdout, errors on stderr, each with its code.
 *
 * An error is `clusterctl: WHAT: WHY`; with --json it is an object on stdout, too.
 */
#ifndef SUPERVISOR_CTL_SAY_H
#define SUPERVISOR_CTL_SAY_H

#include "common/varlink.h"
#include "supervisor/ctl/options.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,      /* the operation; rolled back where it can be */
	EXIT_USAGE = 2,       /* or an invalid configuration */
	EXIT_NOT_RUNNING = 3, /* no supervisor */
	EXIT_TIMED_OUT = 4,
	EXIT_NO_TARGET = 5, /* no such app or worker */
	EXIT_DENIED = 6,
	EXIT_BUSY = 75
};

/* Says an error and returns its code.  `app` may be NULL. */
enum exit_code say_error(const struct options *options, enum exit_code code,
			 const char *app, const char *format, ...) PRINTF_LIKE(4, 5);
/* What the supervisor answered instead of a result. */
enum exit_code say_refusal(const struct options *options,
			   const struct varlink_reply *reply);
/* Faults of a configuration, each "FILE:LINE: key: why"; the text need not be ended. */
enum exit_code say_faults(const struct options *options, const char *text, size_t count);

/* The JSON object that an error is, under "error" of what is being written. */
void say_put_error(struct json_writer *writer, enum exit_code code, const char *message,
		   const char *app);
/* Prints what was written, and a newline. */
void say_json(struct buffer *json);

/* Is stdout a terminal that is to have colours? */
bool say_in_colours(const struct options *options);

/* To stdout, unless --quiet or --json. */
void say(const struct options *options, const char *format, ...) PRINTF_LIKE(2, 3);
void say_hint(const struct options *options, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
