/*
 * call.h - one call under way on a connection, and how it is answered.
 *
 * A call is answered exactly once: by one reply, or, when the peer asked for `more`, by a
 * stream of which only the last does not say that it continues.  Until then it is open:
 * it lists apps as fast as the peer reads, awaits operations, or watches for a state.
 *
 * A call owns its message, the operations it awaits and the verdicts not yet told; the
 * buffer it writes to belongs to the connection.
 */
#ifndef SUPERVISOR_CALL_H
#define SUPERVISOR_CALL_H

#include "common/commands.h"
#include "common/varlink.h"
#include "supervisor/supervisor.h"

#define CALL_ERROR_NO_SUCH_TARGET    VARLINK_INTERFACE ".NoSuchTarget"
#define CALL_ERROR_INVALID_CONFIG    VARLINK_INTERFACE ".InvalidConfig"
#define CALL_ERROR_BUSY              VARLINK_INTERFACE ".Busy"
#define CALL_ERROR_FAILED            VARLINK_INTERFACE ".Failed"
#define CALL_ERROR_LAGGED            VARLINK_INTERFACE ".Lagged"
#define CALL_ERROR_OUT_OF_MEMORY     VARLINK_INTERFACE ".OutOfMemory"
#define CALL_ERROR_INVALID_PARAMETER VARLINK_SERVICE ".InvalidParameter"
#define CALL_ERROR_EXPECTED_MORE     VARLINK_SERVICE ".ExpectedMore"

enum call_state {
	CALL_NONE,      /* nothing was asked, or all is answered */
	CALL_LISTING,   /* apps go out one by one */
	CALL_AWAITING,  /* operations are to end */
	CALL_WATCHING,  /* a state of apps is to come about */
	CALL_FOLLOWING, /* what happens is told, for as long as the peer listens */
	CALL_STATES
};

struct call_operation;

struct call {
	struct supervisor *supervisor;
	struct buffer *out;
	bool reads_only; /* whoever calls may change nothing */
	enum call_state state;
	enum command command;
	struct varlink_call message;
	char cursor[SPEC_NAME];           /* listing: the app that was told last */
	uint64_t followed;                /* following: the number that comes next */
	struct call_operation *operation; /* awaited */
	unsigned operations;
	struct buffer verdicts; /* JSON, not yet told */
	size_t mark;            /* of `out`, where the message being written begins */
};

/* What an app's part in a command came to. */
enum call_verdict {
	CALL_DONE,
	CALL_UNCHANGED, /* there was nothing to do */
	CALL_QUEUED,    /* under way, and nobody waits */
	CALL_PLANNED,   /* differs in the file, but was not asked for */
	CALL_REVERTED,
	CALL_FAILED,
	CALL_SUPERSEDED,
	CALL_REFUSED, /* asked for what makes no sense */
	CALL_VERDICTS
};

void call_init(struct call *call, struct supervisor *supervisor, struct buffer *out);
void call_free(struct call *call); /* forgets what is open, without an answer */

/* A message is written between the two; an error closes the call, as does a reply that
 * does not continue.  What cannot be written whole becomes the error OutOfMemory. */
void call_open_reply(struct call *call, struct json_writer *ret_writer, const char *error,
		     bool continues);
void call_close_reply(struct call *call, struct json_writer *writer, bool continues);

void call_reply_empty(struct call *call);
/* An error with one text, such as {"message": "..."}; with none when `key` is NULL. */
void call_fail(struct call *call, const char *error, const char *key, const char *text);

void call_refuse_parameter(struct call *call, const char *name);

/* One app's verdict; told at once or with the others, see call_settle.  `kind`: what was
 * done to it, "start", "remove"...; NULL: what the command is called. */
void call_judge(struct call *call, const char *app, const char *kind,
		enum call_verdict verdict, const char *reason, int64_t duration_ms);
/* The app's verdict will come with the end of this operation; with `wait: false` it is
 * CALL_QUEUED now.  `kind` NULL: what the operation is called. */
void call_await(struct call *call, const char *app, const char *kind, uint32_t operation);
/* One with the ticket of a call that was made before is that call: told is what came of
 * it by now, and awaited what is under way.  False: it is another, and to be done. */
bool call_resume(struct call *call);
/* After all verdicts and operations were named: tells what is known, closes if that is
 * all. */
void call_settle(struct call *call);

/* One of many operations has ended. */
void call_hear(struct call *call, uint32_t operation, const struct outcome *outcome);
/* Tells how far the awaited operations are, if the peer wants to know and reads. */
void call_tell_progress(struct call *call);

#endif
