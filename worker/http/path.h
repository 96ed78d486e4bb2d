/*
 * path.h - what a request's target asks for: text from the wire -> the path of a file.
 *
 * Pure.  Escapes are undone once, before anything is judged, so that no second form of a
 * name means something else.  A path does not climb: a segment that begins with a dot,
 * `..` among them, hides all that is below it.
 */
#ifndef WORKER_HTTP_PATH_H
#define WORKER_HTTP_PATH_H

#include "common/base.h"

/*
 * "http://host/a%20b//c?d" -> "/a b/c"; the target `*` stays what it is.  `path` has room
 * for PATH_ROOM(target).  -EINVAL: it is no path, has a broken escape or a NUL.
 */
#define PATH_ROOM(target) (strlen(target) + 2)
int path_clean(char *path, const char *target);

/* "?d" with its mark, as it was sent; "" if there is none. */
const char *path_query(const char *target);

/* Has it a segment that begins with a dot, other than a leading `.well-known`? */
bool path_is_hidden(const char *path);

/* Has its last segment a dot, as the names of files have and those of pages have not? */
bool path_has_extension(const char *path);

/* Escapes what is not plain, up to `size`; false if it did not fit. */
bool path_encode(char *text, size_t size, const char *path);

#endif
