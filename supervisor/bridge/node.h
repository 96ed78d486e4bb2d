/*
 * node.h - what Node.js says to the parent of a cluster worker, and is answered.
 *
 * Node's cluster module asks its parent for every socket it is to listen on, over a Unix
 * stream socket: one JSON object a line, handles by SCM_RIGHTS with their line.  The same
 * from Node 16 to 25 (lib/internal/cluster).  Pure: text <-> value.  What an app sends by
 * process.send comes on the same way and is nobody's order.
 */
#ifndef SUPERVISOR_BRIDGE_NODE_H
#define SUPERVISOR_BRIDGE_NODE_H

#include "common/address.h"
#include "common/buffer.h"

#define NODE_LINE                                                            \
	65536 /* bytes of a line that is read; longer ones are the app's own \
	       */

enum node_word {
	NODE_OF_APP,    /* process.send of the app */
	NODE_READY,     /* process.send("ready"): PM2's wait_ready */
	NODE_QUERY,     /* queryServer: to listen on `address`, or on descriptor `fd` */
	NODE_LISTENING, /* it does */
	NODE_SENT,      /* a handle of the app: wants to hear that it came */
	NODE_LEAVING,   /* exitedAfterDisconnect: wants an ack */
	NODE_INTERNAL,  /* online, close, acks of ours: nothing to do */
	NODE_RUBBISH    /* no JSON */
};

struct node_message {
	enum node_word word;
	int64_t sequence;
	/* of a query */
	int fd;              /* -1: `address` is asked for */
	unsigned index;      /* which of those that ask for port 0 */
	bool datagram;       /* UDP */
	bool is_addressable; /* else `address` is nothing we can say */
	struct address address;
};

/* Does it begin like a line of JSON?  For what is too long to be read. */
bool node_may_be_of_app(const char *line, size_t bytes);

void node_read(struct node_message *ret_message, const char *line, size_t bytes);

/* The answer to a query; with it goes the socket.  `key` is the worker's name for it. */
void node_write_socket(struct buffer *to, const struct node_message *query, unsigned key);
/* `code`: a negative errno, which libuv's codes are on Linux. */
void node_write_refusal(struct buffer *to, const struct node_message *query, int code);
void node_write_ack(struct buffer *to, const struct node_message *message);
/* To a handle: until it comes Node holds back all it has to say after that. */
void node_write_receipt(struct buffer *to);

#endif
