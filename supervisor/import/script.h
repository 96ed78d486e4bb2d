/*
 * script.h - a JavaScript ecosystem -> JSON, by node, which is asked for what it exports.
 *
 * The file is a program, and it is run, as PM2 runs it: with our rights, for a bounded
 * time and answer.  Nothing of what it prints is mistaken for the answer.
 */
#ifndef SUPERVISOR_IMPORT_SCRIPT_H
#define SUPERVISOR_IMPORT_SCRIPT_H

#include "common/buffer.h"
#include "common/fault.h"

#define SCRIPT_PATIENCE 10000 /* ms until node is ended */

/* -ENOENT: there is no node; -ETIMEDOUT; -EINVAL: it failed; with a fault, and its line
 * or 0.  `path` is absolute. */
int script_to_json(const char *path, msec patience, struct buffer *to, unsigned *ret_line,
		   struct fault *fault);

#endif
