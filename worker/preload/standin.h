/*
 * standin.h - the supervisor's socket in the place of a program's own.
 *
 * What the program did to its own before it was bound is done to the other as well:
 * options that connections inherit, blocking or not, close-on-exec, every number that it
 * has for it, and every epoll set that watches it.
 */
#ifndef WORKER_PRELOAD_STANDIN_H
#define WORKER_PRELOAD_STANDIN_H

/* `by` is closed, whatever comes of it.  -1 and errno: the program's own stays. */
int standin_place(int fd, int by);

#endif
