/*
 * launch.h - what `start PROGRAM` asks for: the program, its options, its environment.
 */
#ifndef SUPERVISOR_CTL_LAUNCH_H
#define SUPERVISOR_CTL_LAUNCH_H

#include "supervisor/ctl/program.h"
#include "supervisor/ctl/say.h"

/* Can only a program be meant, by the options there are? */
bool launch_is_asked(const struct options *options);
/* Is there anything that could not be passed on?  EXIT_DONE, or said. */
enum exit_code launch_check(const struct options *options);
void launch_put(struct json_writer *writer, const struct options *options,
		const struct program *program);
/* After it has started: what a user of PM2 may miss in its environment. */
void launch_hint(const struct options *options);
/* After it was refused: that its file's name may be none for an app. */
void launch_hint_name(const struct options *options, const struct program *program);

#endif
