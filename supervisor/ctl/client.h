/*
 * client.h - one call to the supervisor, and its replies.
 *
 * A connection is made for each call, so that no late answer is ever taken for that of
 * another.  When the supervisor dies before it has answered, the call is made again to
 * its successor: one that changes something carries a ticket, by which it is known and
 * not done twice.  Finds the socket (--socket, CLUSTERD_HOME, the user's own, then
 * root's), and starts no supervisor.
 */
#ifndef SUPERVISOR_CTL_CLIENT_H
#define SUPERVISOR_CTL_CLIENT_H

#include "common/varlink.h"
#include "supervisor/ctl/say.h"

struct client {
	int fd;
	char *path;         /* of the socket */
	struct buffer call; /* as it was sent, for another time */
	bool has_ticket;
	bool is_once;   /* it may not be made again */
	unsigned again; /* how often it was */
	msec deadline;  /* MSEC_NEVER: as long as it takes */
	struct buffer in, out;
	struct json_writer writer;
	int error;    /* of sending, told by the next receive */
	size_t taken; /* bytes of `in` that the last reply had */
};

/* -ENOENT: no supervisor runs; -EACCES: not ours to speak to; or another errno.
 * `own`: not root's when we are another. */
int client_connect(struct client *client, const struct options *options, bool own);
void client_close(struct client *client);
/* As connect, with the error said: EXIT_DONE or the code to end with. */
enum exit_code client_open(struct client *client, const struct options *options);
/* Says what client_connect could not do. */
enum exit_code client_say_absent(const struct options *options, int code);

/* --timeout, counted from now; false: said, and EXIT_USAGE is due. */
bool client_take_timeout(struct client *client, const struct options *options);

/* Something random by which the call is known, inside its parameters. */
void client_put_ticket(struct client *client);

/* Begins a call; the writer is then inside its parameters; client_send ends it. */
struct json_writer *client_begin(struct client *client, const char *method, bool more);
void client_send(struct client *client);
/* The next reply: 1, 0 at the end, -ETIMEDOUT, or another errno.  Freed by the caller. */
int client_receive(struct client *client, struct varlink_reply *ret_reply);
/* As receive, with whatever is no good reply said: EXIT_DONE or the code to end with. */
enum exit_code client_expect(struct client *client, const struct options *options,
			     struct varlink_reply *ret_reply);

#endif
