/*
 * background.h - the clusterd program beside us: asked to check, or started for good.
 */
#ifndef SUPERVISOR_CTL_BACKGROUND_H
#define SUPERVISOR_CTL_BACKGROUND_H

#include "common/buffer.h"
#include "supervisor/ctl/say.h"

/* Where it is: beside us when uninstalled, in sbin when we are in bin; or -ENOENT. */
int background_find(char *path, size_t size);

/* Runs `clusterd --check [-c file]`, its words into `output`: 0, -EINVAL when the
 * configuration has faults, another negative errno when it could not be run. */
int background_check(const char *file, struct buffer *output);

/* Starts `clusterd --empty` in a session of its own, without a terminal, and
 * waits until it answers.  Says where its log is, or why there is none.  Of several that
 * try at a time one starts it, and the others wait: *ret_started tells which one this is.
 */
enum exit_code background_start(const struct options *options, bool *ret_started);

#endif
