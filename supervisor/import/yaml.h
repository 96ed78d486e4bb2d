/*
 * yaml.h - YAML -> JSON, as far as both can say the same.
 *
 * Reading is libyaml's work; this is its only user.  Plain scalars mean what YAML 1.2's
 * core schema says; anchors and `<<` are resolved, bounded in depth and in bytes, so that
 * no file of a few lines fills the memory.
 */
#ifndef SUPERVISOR_IMPORT_YAML_H
#define SUPERVISOR_IMPORT_YAML_H

#include "common/buffer.h"
#include "common/fault.h"

/* -EINVAL: a fault, and the line where it is. */
int yaml_to_json(const char *text, size_t count, struct buffer *to, unsigned *ret_line,
		 struct fault *fault);

#endif
