/*
 * systemctl.h - what systemd is asked and told, by its own remote control.
 */
#ifndef SUPERVISOR_CTL_SYSTEMCTL_H
#define SUPERVISOR_CTL_SYSTEMCTL_H

#include "common/buffer.h"

/* Is systemd what runs this machine?  Where it is not, units can still be enabled. */
bool systemctl_is_up(void);

/* Runs it with these words (NULL-ended); `user`: the user's own systemd.  What it says is
 * in `output`, NUL-ended and without the last newline.  Its exit code, or a negative
 * errno: -ENOENT, there is none. */
int systemctl_run(bool user, const char *const *words, struct buffer *output);

/* A property of a unit; empty where it cannot be asked. */
void systemctl_ask(bool user, const char *unit, const char *property, char *text,
		   size_t size);

#endif
