/*
 * client.h - one client: it connects, asks, reads the answer, thinks, asks again.
 *
 * A new-connection client lives for one request; a keeping one as long as the run.  The
 * time of a request begins when it was due, not when we came to send it, so a server that
 * stalls us is charged for all that waited.
 *
 * Who closes first: a new-connection client asks for Connection: close and waits for the
 * server's end, so the server's side holds TIME_WAIT and no port of ours is used up.  A
 * keeping client that sees the server's end between two requests connects anew and has
 * lost nothing; it looks once more right before it sends.  Only what is sent into a
 * closing connection is a failure (stale).
 */
#ifndef TESTS_LOAD_CLIENT_H
#define TESTS_LOAD_CLIENT_H

#include "tests/load/alarm.h"
#include "tests/load/answer.h"
#include "tests/load/options.h"
#include "tests/load/tally.h"

struct load; /* what all clients of a run share */

enum client_phase {
	CLIENT_THINKING,
	CLIENT_SENDING, /* connecting too */
	CLIENT_RECEIVING,
	CLIENT_LINGERING, /* answered; waits for the server to close */
	CLIENT_GONE,      /* free for the next */
	CLIENT_PHASES
};

struct client {
	struct alarm alarm; /* first: an alarm is its client */
	struct load *load;
	struct client *next; /* in the list of free ones */
	enum client_phase phase;
	enum manner manner;
	int fd;        /* -1: not connected */
	bool is_used;  /* this connection has carried an answer before */
	bool is_heard; /* a byte of the answer has come */
	bool is_reset; /* a send found the connection torn */
	bool is_post;
	int64_t due;
	size_t head_bytes, body_bytes, sent;
	const unsigned char *body;
	struct answer answer;
	char head[512];
};

struct load {
	const struct options *options;
	int epoll;
	struct alarms alarms;
	struct tally tally;
	int64_t began;
	uint64_t dice;
	bool is_ending;  /* nothing new is started */
	uint64_t asked;  /* requests started */
	unsigned living; /* clients that exist */
	unsigned room;
	struct client *free;
	unsigned char *bytes; /* bodies are cuts of this; 2 x OPTIONS_BODY_MOST */
};

/* CLOCK_MONOTONIC in microseconds. */
int64_t client_now(void);

/* Sends one request that was due at `due` over a connection of its own. */
void client_launch(struct load *load, int64_t due);

/* A client that keeps its connection; NULL without room.  It ends with the run. */
struct client *client_keep(struct load *load);

/* Its socket or its alarm has something to say. */
void client_on_socket(struct client *client);
void client_on_alarm(struct client *client, int64_t now);

/* The run is ending: a client that only thinks goes home. */
void client_dismiss(struct client *client);

/* After the run: those that have ended. */
void clients_free(struct load *load);

#endif
