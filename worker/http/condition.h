/*
 * condition.h - whether a request still wants the file, by what it knows of it.
 *
 * The validators of RFC 9110, section 8.8, and the headers of section 13 against what the
 * file is now.  Pure: text in, answer out.
 */
#ifndef WORKER_HTTP_CONDITION_H
#define WORKER_HTTP_CONDITION_H

#include <time.h>

#include "common/base.h"

#define CONDITION_TAG  64 /* an entity tag with its quotes and its NUL */
#define CONDITION_DATE 32 /* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */

/* Each may be NULL: not there. */
struct condition {
	const char *match;
	const char *unmodified_since;
	const char *none_match;
	const char *modified_since;
};

enum condition_verdict {
	CONDITION_HOLDS,
	CONDITION_UNCHANGED, /* the client has it already: 304 */
	CONDITION_FAILS,     /* it is not what the client takes it for: 412 */
	CONDITION_VERDICTS
};

/* `variant` tells the tags of encoded siblings apart: "", ".br"... */
void condition_format_tag(char tag[CONDITION_TAG], const struct timespec *modified,
			  uint64_t size, const char *variant);
void condition_format_date(char date[CONDITION_DATE], time_t when);

enum condition_verdict condition_judge(const struct condition *condition, const char *tag,
				       time_t modified);

/* Does the validator of If-Range, a tag or a date, still describe the file? */
bool condition_allows_range(const char *validator, const char *tag, time_t modified);

#endif
