/*
 * http.h - as much of HTTP/1.1 as it takes to ask one question on a connection.
 *
 * Written is a GET that asks for the connection's end; read is what comes back, which may
 * be anything.  Nothing here allocates, or copies what it points to.
 */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include "common/base.h"

#define HTTP_PATH    1024 /* bytes of a path and its query, with the NUL */
#define HTTP_REQUEST (HTTP_PATH + 256)

/* May this stand in a request: a "/", then visible ASCII, not too long? */
bool http_is_path(const char *path);

/* The request's bytes; `host` is an address's text. */
size_t http_format_request(char text[HTTP_REQUEST], const char *path, const char *host);

/* The status, 100 to 999, of an answer's first bytes; 0: too few to tell; -EBADMSG: no
 * HTTP. */
int http_parse_status(const char *bytes, size_t count);

struct http_answer {
	int status;
	size_t head;    /* bytes up to the body: status line, headers, empty line */
	int64_t length; /* of the body; -1: up to the connection's end, or in chunks */
	bool chunked;
};

/* 1; 0: not whole yet; -EBADMSG. */
int http_parse_head(struct http_answer *ret_answer, const char *bytes, size_t count);

struct http_header {
	const char *name, *value; /* within the answer, not ended by a NUL */
	size_t name_bytes, value_bytes;
};

/* The next header from `at`, which begins behind the status line and is moved on; false
 * at the head's end. */
bool http_next_header(const char **at, const char *end, struct http_header *ret_header);
/* Where the first header of a head begins. */
const char *http_first_header(const char *bytes, size_t head);

/* Chunks become the body, in place: its bytes so far.  *ret_whole: the last one came. */
size_t http_join_chunks(char *bytes, size_t count, bool *ret_whole);

#endif
