/*
 * agent.h - HAProxy's agent-check: one line about an app to whoever connects.
 *
 *	ready up 75%            so many of its workers serve
 *	drain                   it, or the supervisor, was told to stop
 *	down #no worker serves
 *
 * Without an answer of the supervisor nothing is said: HAProxy then keeps what it knows,
 * and so do the workers serve on.
 */
#ifndef WORKER_HTTP_AGENT_H
#define WORKER_HTTP_AGENT_H

#include "worker/http/acceptor.h"
#include "worker/http/snapshot.h"

#define AGENT_LINE  96
#define AGENTS_MOST 16

struct server;

struct agent {
	struct server *server;
	const char *app; /* borrowed */
	struct acceptor acceptor;
};

/* What there is to say of the app, with its newline.  Pure. */
void agent_format(char line[AGENT_LINE], const struct snapshot *snapshot,
		  const char *app);

/* `agent` stands still; its sockets are added to the acceptor before the start. */
int agent_init(struct agent *agent, struct server *server, const char *app);

#endif
