/*
 * server.h - a small HTTP server for test workers, which misbehaves as it is told.
 *
 * One loop, one request at a time per connection; a request is read whole, then `answer`
 * decides what to do with it.  Nothing here knows of clusterd.
 */
#ifndef TESTS_SYSTEM_WORKERS_SHARED_SERVER_H
#define TESTS_SYSTEM_WORKERS_SHARED_SERVER_H

#include <ev.h>

#include "common/base.h"

#define SERVER_REQUEST_BYTES (1 << 17)
#define SERVER_LISTENERS     16

enum deed {
	DEED_ANSWER,
	DEED_DRIBBLE,     /* one byte a packet */
	DEED_CHUNKS,      /* a right answer, in chunks */
	DEED_UNTIL_CLOSE, /* a right answer that ends with the connection */
	DEED_TRUNCATE,    /* half of it, then the end */
	DEED_TWICE,       /* two answers for one request */
	DEED_CLOSE,       /* not a byte, the end */
	DEED_RESET,       /* not a byte, RST */
	DEED_SILENCE,
	DEEDS
};

struct exchange {
	bool is_post;
	char path[256];
	const char *body;
	size_t body_bytes;
	unsigned nth;   /* request on this connection, from 1 */
	enum deed deed; /* from here on: what `answer` decides; the default is DEED_ANSWER
			 */
	int status;
	double delay; /* seconds before it */
	bool closes;  /* ends the connection after it */
	const char *reply;
	size_t reply_bytes;
};

struct connection;

struct server {
	struct ev_loop *loop;
	void (*answer)(struct server *server, struct exchange *exchange);
	const char *headers; /* sent with every answer; each ends with \r\n */
	double idle;         /* seconds that one idles after an answer; 0: no end */
	bool is_draining;    /* answers end their connections */
	unsigned connections;
	unsigned listeners;
	ev_io listener[SERVER_LISTENERS];
	struct connection *first;
};

/* Accepts from `fd`, which stays the caller's. */
int server_listen(struct server *server, int fd);

/* Accepts no more, `politely`: but what waits already; idle connections are closed after
 * two seconds. */
void server_drain(struct server *server, bool politely);

/* Hangs up on everybody. */
void server_fini(struct server *server);

#endif
