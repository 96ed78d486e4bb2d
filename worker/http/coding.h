/*
 * coding.h - in which content coding a client wants a file: RFC 9110, section 12.5.3.
 *
 * Files are not compressed here; they were when the site was built: `app.js` may have
 * siblings `app.js.br` and `app.js.gz`.  Pure: text in, answer out.
 */
#ifndef WORKER_HTTP_CODING_H
#define WORKER_HTTP_CODING_H

#include "common/base.h"

enum coding { /* the smaller first: so they are preferred if the client does not mind */
	      CODING_BROTLI,
	      CODING_GZIP,
	      CODING_IDENTITY,
	      CODINGS
};

/* Writes those that the client accepts, best first, and returns how many.  `header` may
 * be NULL; who says nothing gets the file as it is. */
unsigned coding_order(const char *header, enum coding order[CODINGS]);

const char *coding_name(enum coding coding); /* as Content-Encoding says it */
const char *
coding_suffix(enum coding coding); /* of the sibling; "" for the file itself */

#endif
