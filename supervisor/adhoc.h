/*
 * adhoc.h - a program that is started by hand, as the text of a configuration.
 *
 * What `clusterctl start PROGRAM` says becomes a small configuration, so that an ad-hoc
 * app is read, checked, planned and shown as any other.  The values of its variables do
 * not stand in it: they are a file of their own, which it names as its env_file.  Nothing
 * is judged here: that is for the reader of configurations.
 */
#ifndef SUPERVISOR_ADHOC_H
#define SUPERVISOR_ADHOC_H

#include "common/buffer.h"

/* Lists end with a NULL, variables are NAME=VALUE; what is NULL was not said. */
struct adhoc {
	const char *name;
	const char *const *command;
	const char *directory;
	const char *const *given;  /* variables that were asked for by name */
	const char *const *passed; /* those that came along: PATH, or all there are */
	const char *const *listen;
	const char *instances;
	const char *balance;
	const char *max_memory;
	const char *ready;
	const char *user;
};

/* The same words always become the same text. */
void adhoc_format(const struct adhoc *adhoc, struct buffer *to);
/* Each variable ended by a NUL, as in /proc/PID/environ. */
void adhoc_format_variables(const struct adhoc *adhoc, struct buffer *to);
/* Has a file of variables those that are given, with the same values? */
bool adhoc_has_given(const struct adhoc *adhoc, const char *bytes, size_t count);

#endif
