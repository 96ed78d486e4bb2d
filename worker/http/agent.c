#include "worker/http/agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/http/server.h"

#define CALLERS_MOST 128 /* who wait at a time; a line each */

struct caller {
	struct lookout_guest guest;
	const struct agent *agent;
	int fd;
};

void agent_format(char line[AGENT_LINE], const struct snapshot *snapshot, const char *app)
{
	const struct json *found = snapshot_find(snapshot, app);
	int64_t ready = snapshot_ready(found), desired = snapshot_desired(found);
	int64_t weight = desired > 0 ? ready * 100 / desired : 100;

	if (snapshot_is_stopping(snapshot) || snapshot_is_leaving(found))
		(void)snprintf(line, AGENT_LINE, "drain\n");
	else if (found == NULL)
		(void)snprintf(line, AGENT_LINE, "down #no such app\n");
	else if (ready == 0 || snapshot_rests(found))
		(void)snprintf(line, AGENT_LINE, "down #no worker serves\n");
	else /* 0% would be a drain, and some serve */
		(void)snprintf(line, AGENT_LINE, "ready up %" PRId64 "%%\n",
			       weight < 1     ? 1
			       : weight > 100 ? 100
					      : weight);
}

static void on_told(struct lookout_guest *guest, const struct snapshot *snapshot)
{
	struct caller *caller = (struct caller *)(void *)guest;
	struct server *server = caller->agent->server;
	char line[AGENT_LINE];

	if (snapshot != NULL) {
		agent_format(line, snapshot, caller->agent->app);
		(void)send(caller->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	farewell_begin(&server->farewells, caller->fd, false);
	(void)close(caller->fd);
	free(caller);
	server->callers--;
	server_look_at_end(server);
}

static bool on_accepted(void *owner, int fd, const struct sockaddr *from, socklen_t bytes)
{
	struct agent *agent = owner;
	struct caller *caller = NULL;

	(void)from;
	(void)bytes;
	if (agent->server->callers < CALLERS_MOST)
		caller = malloc(sizeof(*caller));
	if (caller == NULL) {
		(void)close(fd);
		return true;
	}
	*caller = (struct caller){.guest.told = on_told, .agent = agent, .fd = fd};
	agent->server->callers++;
	lookout_ask(&agent->server->lookout, &caller->guest);
	return true;
}

int agent_init(struct agent *agent, struct server *server, const char *app)
{
	*agent = (struct agent){.server = server, .app = app};
	agent->acceptor.take = on_accepted;
	agent->acceptor.owner = agent;
	return acceptor_init(&agent->acceptor, server->loop);
}
