/*
 * translate.h - a PM2 ecosystem, parsed -> the text of the cluster.conf that does the
 * same.
 *
 * Pure but for `has_file`.  What it writes passes `clusterctl check`, if the users that
 * it names are there: names are made fit, values brought into range, and what this build
 * does not support is a comment.  What has no counterpart is a comment that says so; what
 * cannot be meant is a fault.
 */
#ifndef SUPERVISOR_IMPORT_TRANSLATE_H
#define SUPERVISOR_IMPORT_TRANSLATE_H

#include "common/buffer.h"
#include "common/fault.h"
#include "common/json.h"

#define TRANSLATE_BYTES ((size_t)1 << 20) /* of the text: as much as clusterd reads */

struct translate {
	const char *file;      /* as it was named */
	const char *directory; /* of the file, absolute: PM2's paths are relative to it */
	const char *profile;   /* of env_PROFILE; NULL: none */
	bool (*has_file)(const char *path);
};

/* -EINVAL and at least one fault, "FILE: key: why"; `to` is then of no use. */
int translate(const struct translate *translate, const struct json *root,
	      struct buffer *to, struct faults *faults);

#endif
