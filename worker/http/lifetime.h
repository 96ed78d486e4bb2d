/*
 * lifetime.h - for how long caches may use a file without asking again.
 *
 * What has a hash of its content in its name never changes and is never asked for again;
 * pages, which name the others, are asked for each time; the rest as the operator says.
 * Asking costs little: who has the file already gets 304.
 */
#ifndef WORKER_HTTP_LIFETIME_H
#define WORKER_HTTP_LIFETIME_H

#include "common/base.h"

#define LIFETIME_FOREVER 16 /* folders that may be named */
#define LIFETIME_TEXT    48 /* a Cache-Control with its NUL */

struct lifetime {
	msec rest;                             /* of what is neither; 0: ask each time */
	const char *forever[LIFETIME_FOREVER]; /* folders of files that never change */
	unsigned forevers;
};

/* Is a part of the file's name, between dots or dashes, a hash in hexadecimal?  At least
 * 8 digits, some of them letters and some not: so that no date and no word is one. */
bool lifetime_is_hashed(const char *path);

/* The value of Cache-Control.  `path` is relative to the root. */
void lifetime_format(const struct lifetime *lifetime, char text[LIFETIME_TEXT],
		     const char *path, bool is_page);

#endif
