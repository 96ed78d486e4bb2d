/*
 * cgroup.h - control groups of version 2: where they are, who is in them.
 *
 * A group is the absolute path of its folder.  Nothing here makes or removes one.
 */
#ifndef COMMON_CGROUP_H
#define COMMON_CGROUP_H

#include <sys/types.h>

#include "common/base.h"

#define CGROUP_PATH 512

/* Where they are mounted; -ENOENT: nowhere. */
int cgroup_find_mount(char *path, size_t size);
/* The group of a process; 0: our own. */
int cgroup_of(pid_t pid, char *path, size_t size);

/* The processes of a group and of all below it, at most `most`: how many, or a negative
 * errno. */
int cgroup_read_pids(const char *path, pid_t *pid, unsigned most);

/* One file of a group, as text, NUL-ended: its length or a negative errno. */
ssize_t cgroup_read(const char *path, const char *file, char *text, size_t size);
/* A number behind a key of a file such as memory.events; `missing` where there is none.
 */
int64_t cgroup_read_key(const char *path, const char *file, const char *key,
			int64_t missing);
int cgroup_write(const char *path, const char *file, const char *text);

#endif
