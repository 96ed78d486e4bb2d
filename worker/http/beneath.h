/*
 * beneath.h - opens what is below a directory, and nothing else.
 *
 * The kernel keeps us there (openat2, RESOLVE_BENEATH): links are followed where they
 * stay below, and `..` or a link that leads out is refused.  Where openat2 is missing, or
 * a sandbox forbids it, the path is walked name by name and no link is followed at all.
 */
#ifndef WORKER_HTTP_BENEATH_H
#define WORKER_HTTP_BENEATH_H

#include "common/base.h"

struct beneath {
	int root;   /* owned; -1: none */
	bool walks; /* without openat2 */
};

int beneath_init(struct beneath *beneath, const char *root);
void beneath_fini(struct beneath *beneath);

/* Opens for reading, never waits.  `path` is relative; "" is the root itself.  Returns a
 * descriptor, the caller's, or a negative errno: -EXDEV or -ELOOP for a way out. */
int beneath_open(const struct beneath *beneath, const char *path);

#endif
