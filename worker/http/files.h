/*
 * files.h - serves the regular files below one directory.
 *
 * Names that begin with a dot are not served, but `.well-known` is.  A file may have
 * siblings that were compressed when the site was built, which are sent to who prefers
 * them; one that is older than its file is out of date and left alone.
 */
#ifndef WORKER_HTTP_FILES_H
#define WORKER_HTTP_FILES_H

#include <microhttpd.h>

#include "common/base.h"
#include "worker/http/beneath.h"
#include "worker/http/lifetime.h"

struct request;

struct files {
	struct beneath below; /* its root is -1: no directory is served */
	const char *index;    /* the file that stands for a directory */
	bool single_page;     /* the root's index answers for pages that are not there */
	struct lifetime lifetime;
};

enum MHD_Result files_answer(const struct files *files, struct request *request);

#endif
