/*
 * program.h - the program that a word means, here: in this folder, with this PATH.
 *
 * What can run by itself (a binary, a script with #! that may be executed) does; else an
 * interpreter is chosen by the file's name.  Paths are absolute and keep their symbolic
 * links, so that a later reload finds what they point to then.
 */
#ifndef SUPERVISOR_CTL_PROGRAM_H
#define SUPERVISOR_CTL_PROGRAM_H

#include <limits.h>

#include "common/fault.h"

#define PROGRAM_NAME 64

struct program {
	char path[PATH_MAX];
	char interpreter[PATH_MAX]; /* empty: it needs none */
	char name[PROGRAM_NAME];    /* of the file, without what follows its last dot */
};

/* -ENOENT without a fault: a word without a slash that means no program; else a negative
 * errno and a fault. */
int program_find(struct program *ret_program, const char *word, struct fault *fault);

/* A folder of files to serve in place of a program: its path and name.  -ENOTDIR or
 * another errno, and a fault. */
int program_find_site(struct program *ret_program, const char *folder,
		      struct fault *fault);

/* The current directory as the shell shows it, or `path` seen from there. */
int program_absolute(char *absolute, size_t size, const char *path);

#endif
