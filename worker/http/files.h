/*
 * files.h - serves the regular files below one directory.
 *
 * The kernel keeps us below it (openat2, RESOLVE_BENEATH): neither `..` nor a link leads
 * out.  Names that begin with a dot are not served, but `.well-known` is.
 */
#ifndef WORKER_HTTP_FILES_H
#define WORKER_HTTP_FILES_H

#include <microhttpd.h>

#include "common/base.h"

struct request;

struct files {
	int root;          /* owned; -1: no directory is served */
	const char *index; /* the file that stands for a directory */
};

/* -ENOSYS: this kernel has no openat2 (before 5.6). */
int files_open(struct files *files, const char *root, const char *index);
void files_close(struct files *files);

enum MHD_Result files_answer(const struct files *files, struct request *request);

#endif
