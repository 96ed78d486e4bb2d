/*
 * request.h - one HTTP request from the end of its head to the end of its answer.
 *
 * Owned by the server, which gives it to one handler once its body is complete.  A
 * handler answers it, exactly once; what all answers share (the farewell while draining,
 * the signature of a worker under test, the counting) happens here and nowhere else.
 */
#ifndef WORKER_HTTP_REQUEST_H
#define WORKER_HTTP_REQUEST_H

#include <ev.h>
#include <microhttpd.h>

#include "common/base.h"
#include "worker/http/lookout.h"

#define REQUEST_BODY_MAX                                              \
	(1024 * 1024) /* what an echo keeps, and any request may send \
		       */

struct peer;
struct server;

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	struct peer *peer;
	const char *method;  /* while its handler runs */
	char *path;          /* clean, without the query; NULL: the target has none */
	const char *query;   /* as it was sent, with its `?`; "" if there is none */
	uint64_t began_usec; /* when its head was complete */
	bool keeps_body;
	bool too_long;
	char *body; /* owned; NULL unless kept */
	size_t body_bytes;
	ev_timer wake; /* of a handler that waits */
	bool woken;
	struct lookout_guest guest; /* of a handler that asks the supervisor */
	bool waits;                 /* it does, and is suspended */
	char text[];                /* the target, then what `path` points to */
};

/* NULL: no memory. */
struct request *request_new(struct server *server, struct MHD_Connection *connection,
			    const char *target);
void request_free(struct request *request);

bool request_is(const struct request *request, const char *method);

/* The header's value or NULL. */
const char *request_header(const struct request *request, const char *name);

/* A number of the query; `otherwise` if it is missing, false if it is none or too large.
 */
bool request_number(const struct request *request, const char *key, uint64_t otherwise,
		    uint64_t most, uint64_t *ret_number);

/* All of these answer.  `response` is taken over, NULL (no memory) drops the connection.
 */
enum MHD_Result request_answer(struct request *request, unsigned status,
			       struct MHD_Response *response);
enum MHD_Result request_answer_bytes(struct request *request, unsigned status,
				     const char *type, const char *bytes, size_t count);
enum MHD_Result request_answer_text(struct request *request, unsigned status,
				    const char *type, const char *text);
/* A line that says what the status means. */
enum MHD_Result request_answer_status(struct request *request, unsigned status);
enum MHD_Result request_refuse_method(struct request *request, const char *allowed);

#endif
