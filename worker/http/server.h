/*
 * server.h - the HTTP server: libmicrohttpd inside a libev loop.
 *
 * Connections come from an acceptor of ours, not from the library, because drain has
 * rules the library does not know: what waits in the queue is taken, what is in flight is
 * answered with a farewell, who is idle is given time to speak, and no connection ends
 * with a reset.  The library parses and sends; it never sees a listening socket.
 */
#ifndef WORKER_HTTP_SERVER_H
#define WORKER_HTTP_SERVER_H

#include <ev.h>

#include "common/base.h"
#include "worker/http/acceptor.h"
#include "worker/http/agent.h"
#include "worker/http/farewell.h"
#include "worker/http/figures.h"
#include "worker/http/files.h"
#include "worker/http/identity.h"
#include "worker/http/lookout.h"
#include "worker/http/peers.h"

struct MHD_Daemon;

struct server {
	struct ev_loop *loop; /* borrowed */
	struct identity who;
	struct files files;
	bool testing; /* the endpoints under /_test/ are there */
	bool draining;
	msec started;
	msec drain_began;
	unsigned most; /* connections at a time */
	struct MHD_Daemon *http;
	ev_io http_ready;
	ev_prepare http_pending;
	ev_timer http_due;
	ev_timer sweep; /* looks for idle peers; runs while there are peers */
	struct acceptor acceptor;
	struct peers peers;
	struct farewells farewells;
	struct figures figures;
	bool administers;       /* answers probes and metrics, of all apps */
	struct lookout lookout; /* only then */
	struct agent agent[AGENTS_MOST];
	unsigned agents;
	unsigned callers; /* of agents, who wait for their line */
};

/* `who`, `files` and `testing` are set before.  Sockets: server->acceptor. */
int server_init(struct server *server, struct ev_loop *loop);
void server_fini(struct server *server);

/* Before the start: it is an admin's, and asks at this broker, which is borrowed. */
void server_administer(struct server *server, const char *broker);
/* One more agent, for this app; its sockets are added to its acceptor. */
int server_add_agent(struct server *server, const char *app);

void server_start(struct server *server);

/* What it waited for may have been the last: then, while draining, the loop ends. */
void server_look_at_end(struct server *server);

/* Lets the library look at its connections, after something changed behind its back. */
void server_pump(struct server *server);

/* Stops the loop once the last connection has ended properly.  Harmless a second time. */
void server_drain(struct server *server);

#endif
