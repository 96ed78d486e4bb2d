/*
 * aide.h - another program of ours, run to its end for what it says.
 */
#ifndef SUPERVISOR_CTL_AIDE_H
#define SUPERVISOR_CTL_AIDE_H

#include "common/buffer.h"

/* Runs the program with these words (NULL-ended) as its arguments; all that it prints
 * goes into `output`.  Its exit code, or a negative errno when it could not be run. */
int aide_run(const char *path, const char *const *words, struct buffer *output);

/* Only in a child: becomes the program, or exits. */
_Noreturn void aide_become(const char *path, const char *const *words);

#endif
