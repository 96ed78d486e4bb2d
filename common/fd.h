/*
 * fd.h - who owns a descriptor: one that dies with its scope, one that is handed on.
 *
 * A descriptor has one owner, and -1 stands for none.  CLOSE_FD makes the scope the
 * owner; fd_take is how ownership leaves it, so that leaving is always visible.
 */
#ifndef COMMON_FD_H
#define COMMON_FD_H

#include <sys/types.h>

#include "common/base.h"

/* CLOSE_FD int fd = open(...); */
#define CLOSE_FD __attribute__((__cleanup__(fd_close)))

/* Closes what is there and leaves -1; errno stays as it was. */
void fd_close(int *fd);

/* The descriptor, no longer the owner's to close. */
int fd_take(int *fd);

/* Reads a small file such as those of /proc into `text`, NUL-ended: its length, or a
 * negative errno.  What does not fit is left out. */
ssize_t fd_read_text(const char *path, char *text, size_t size);

#endif
