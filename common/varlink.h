/*
 * varlink.h - one message on the control socket <-> value.
 *
 * A message is one JSON object and a NUL byte.  A call names a method and brings
 * parameters; a reply brings parameters, or an error's name and its parameters; `more`
 * asks for a stream of replies, of which all but the last say `continues`.  Both ends are
 * here; who may call, and what is done, is not.
 */
#ifndef COMMON_VARLINK_H
#define COMMON_VARLINK_H

#include "common/json.h"

#define VARLINK_REQUEST_BYTES ((size_t)64 << 10) /* of a call, with its NUL */

#define VARLINK_SERVICE   "org.varlink.service"
#define VARLINK_INTERFACE "org.clusterd.Supervisor"

/* How long the first whole message of the buffer is, with its NUL; 0: not whole yet. */
size_t varlink_first_message(const struct buffer *buffer);

struct varlink_call {
	struct json *message;          /* owns the texts below */
	const char *method;            /* "org.clusterd.Supervisor.List" */
	const struct json *parameters; /* an object, or NULL */
	bool more, oneway, upgrade;
};

/* -EBADMSG and a fault for what is no call.  Owned by the caller: varlink_free_call. */
int varlink_decode_call(struct varlink_call *ret_call, const char *bytes, size_t count,
			struct fault *fault);
void varlink_free_call(struct varlink_call *call); /* accepts a zeroed one */

/* Do the parameters fit a method's declaration, "(name: type, ...) -> ..."?  0, or
 * -EINVAL and the name of one that is unknown, missing or of another type, cut to fit. */
int varlink_check_parameters(const char *declaration, const struct json *parameters,
			     char *name, size_t size);

struct varlink_reply {
	struct json *message;
	const char *error; /* NULL: no error */
	const struct json *parameters;
	bool continues;
};

int varlink_decode_reply(struct varlink_reply *ret_reply, const char *bytes, size_t count,
			 struct fault *fault);
void varlink_free_reply(struct varlink_reply *reply);

/* Messages are written between an open, which leaves the writer inside the parameters,
 * and its close.  `error`: NULL for a reply that is none. */
void varlink_open_call(struct json_writer *writer, const char *method, bool more);
void varlink_close_call(struct json_writer *writer);
void varlink_open_reply(struct json_writer *writer, const char *error, bool continues);
void varlink_close_reply(struct json_writer *writer);

#endif
