/*
 * config.h - configuration text -> spec, or all of its faults at once.
 *
 * Reads a file (and, for the default one, conf.d beside it in lexical order), walks it by
 * the table of settings.h, and reports every fault with file, line, key and, where one is
 * near, a hint.  What a later version brings is named as "not supported yet".  Relative
 * paths are relative to the directory of the file; defaults come only from the table.
 * The only user of libconfig.
 */
#ifndef SUPERVISOR_CONFIG_H
#define SUPERVISOR_CONFIG_H

#include "common/arena.h"
#include "common/fault.h"
#include "supervisor/core/spec.h"

/* Loads one file; `with_directory`: also the *.conf of conf.d beside it, and then the
 * file itself may be missing.  On success the spec lives in `arena`, which must be empty.
 * On failure (-EINVAL, or what kept a file from being read) the arena is empty, and there
 * is at least one fault more than before, each "FILE:LINE: key: why". */
int config_load(const char *path, bool with_directory, struct arena *arena,
		struct spec *ret_spec, struct faults *faults);
/* The embedded default: cluster-worker, one per core, 127.0.0.1:8080. */
int config_load_embedded(struct arena *arena, struct spec *ret_spec,
			 struct faults *faults);
/* `name` stands for the file in faults; paths are relative to `directory`. */
int config_load_text(const char *name, const char *directory, const char *text,
		     struct arena *arena, struct spec *ret_spec, struct faults *faults);

/* A deep copy: each generation of an app owns what it was started from. */
int config_copy_app(const struct app_spec *app, struct arena *arena,
		    const struct app_spec **ret_copy);

#endif
