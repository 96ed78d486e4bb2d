#include "worker/http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/http/admin.h"
#include "worker/http/request.h"
#include "worker/http/status.h"
#include "worker/http/testing.h"

#define DESCRIPTORS_MOST    65536
#define DESCRIPTORS_SPARED  64                  /* for all that is no connection */
#define HEAD_BYTES          ((size_t)16 * 1024) /* of a request, and what is read ahead */
#define IDLE_MOST           ((msec)75 * 1000)
#define IDLE_MOST_DRAINING  ((msec)2 * 1000)
#define SWEEP_SECONDS       1.0
#define SWEEP_SECONDS_DRAIN 0.1

/* ---- requests ---- */

static bool has_token(const char *list, const char *token)
{
	size_t length = strlen(token);

	while (list != NULL && *list != '\0') {
		list += strspn(list, " \t,");
		if (strncasecmp(list, token, length) == 0 &&
		    strchr(" \t,", list[length]) != NULL)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

/* The head is complete.  Answers only if the body is not worth waiting for. */
static enum MHD_Result begin_request(struct request *request)
{
	struct server *server = request->server;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const char *announced = request_header(request, "Content-Length");

	request->began_usec = figures_clock();
	request->peer = &server->peers.row[info->connect_fd];
	request->peer->busy = true;
	request->keeps_body = server->testing && testing_keeps_body(request);
	if (announced != NULL && strtoull(announced, NULL, 10) > REQUEST_BODY_MAX)
		return request_answer_status(request, MHD_HTTP_CONTENT_TOO_LARGE);
	return MHD_YES;
}

static void take_body(struct request *request, const char *bytes, size_t count)
{
	char *grown;

	if (request->body_bytes + count > REQUEST_BODY_MAX)
		request->too_long = true;
	if (request->too_long)
		return;
	if (request->keeps_body) {
		grown = realloc(request->body, request->body_bytes + count);
		if (grown == NULL) {
			request->too_long = true;
			return;
		}
		request->body = grown;
		memcpy(request->body + request->body_bytes, bytes, count);
	}
	request->body_bytes += count;
}

static enum MHD_Result answer_health(struct request *request)
{
	bool draining = request->server->draining;

	return request_answer_text(
		request, draining ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
		"text/plain; charset=utf-8", draining ? "draining\n" : "ok\n");
}

static enum MHD_Result route(struct request *request)
{
	struct server *server = request->server;

	if (request->too_long)
		return request_answer_status(request, MHD_HTTP_CONTENT_TOO_LARGE);
	if (request->path == NULL)
		return request_answer_status(request, MHD_HTTP_BAD_REQUEST);
	if (server->administers)
		return admin_answer(request);
	if (strcmp(request->path, "/healthz") == 0)
		return answer_health(request);
	if (server->testing && testing_owns(request->path))
		return testing_answer(request);
	if (server->files.below.root != -1)
		return files_answer(&server->files, request);
	if (strcmp(request->path, "/") == 0)
		return status_answer(request);
	return request_answer_status(request, MHD_HTTP_NOT_FOUND);
}

/* The target as it was sent: the library would undo escapes and cut at a NUL. */
static void *on_target(void *owner, const char *target, struct MHD_Connection *connection)
{
	return request_new(owner, connection, target);
}

static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection,
				  const char *target, const char *method,
				  const char *version, const char *bytes, size_t *count,
				  void **context)
{
	struct request *request = *context;

	(void)owner;
	(void)connection;
	(void)target;
	(void)version;
	if (request == NULL)
		return MHD_NO;
	request->method = method;
	if (request->peer == NULL)
		return begin_request(request);
	if (*count > 0) {
		take_body(request, bytes, *count);
		*count = 0;
		return MHD_YES;
	}
	request->peer->leaves = has_token(request_header(request, "Connection"), "close");
	return route(request);
}

/*
 * The library takes a short read for an empty socket, so it misses an end that came
 * together with the request: the kernel tells of both but once.  Shutting our side, too,
 * makes the kernel tell again.
 */
static void notice_end(int fd)
{
	char byte;

	if (recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) == 0)
		(void)shutdown(fd, SHUT_RD);
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode how)
{
	struct request *request = *context;
	struct server *server = owner;

	(void)connection;
	if (request == NULL)
		return;
	*context = NULL;
	if (request->peer != NULL) {
		request->peer->busy = false;
		request->peer->idle_since = clock_now();
		if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
			notice_end((int)(request->peer - server->peers.row));
	}
	request_free(request);
}

/* ---- connections ---- */

void server_look_at_end(struct server *server)
{
	if (server->draining && server->peers.open == 0 && server->callers == 0 &&
	    server->farewells.count == 0)
		ev_break(server->loop, EVBREAK_ALL);
}

static void on_farewell_end(void *owner)
{
	server_look_at_end(owner);
}

/* The library tells of a connection's end while the descriptor is still open. */
static void on_connection(void *owner, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct server *server = owner;
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			 ->connect_fd;

	(void)context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		return;
	farewell_begin(&server->farewells, fd, server->peers.row[fd].leaves);
	peers_close(&server->peers, fd);
	if (server->peers.open == 0)
		ev_timer_stop(server->loop, &server->sweep);
	if (!server->draining)
		acceptor_start(&server->acceptor);
	server_look_at_end(server);
}

static bool on_accepted(void *owner, int fd, const struct sockaddr *from, socklen_t bytes)
{
	struct server *server = owner;

	if (peers_open(&server->peers, fd, clock_now()) == NULL) {
		(void)close(fd);
		return true;
	}
	if (server->peers.open == 1)
		ev_timer_again(server->loop, &server->sweep);
	/* On failure the library has closed the descriptor. */
	if (MHD_add_connection(server->http, fd, from, bytes) != MHD_YES)
		peers_close(&server->peers, fd);
	return server->peers.open < server->most;
}

/* ---- the library in the loop ---- */

void server_pump(struct server *server)
{
	(void)MHD_run(server->http);
}

static void on_http_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	server_pump(watcher->data);
}

static void on_http_due(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)events;
	ev_timer_stop(loop, watcher);
	server_pump(watcher->data);
}

/* The library may have work left, or a deadline: it is asked before each sleep. */
static void on_http_pending(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	struct server *server = watcher->data;
	MHD_UNSIGNED_LONG_LONG wait;

	(void)events;
	ev_timer_stop(loop, &server->http_due);
	if (MHD_get_timeout(server->http, &wait) != MHD_YES)
		return;
	ev_timer_set(&server->http_due, (double)wait / 1e3, 0.);
	ev_timer_start(loop, &server->http_due);
}

static void on_sweep(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct server *server = watcher->data;
	msec patience = server->draining ? IDLE_MOST_DRAINING : IDLE_MOST;

	(void)loop;
	(void)events;
	peers_dismiss_idle(&server->peers, server->drain_began, patience, clock_now());
	server_pump(server);
}

static int start_library(struct server *server)
{
	const union MHD_DaemonInfo *info;

	/* Its own idea of a connection limit closes what it should leave waiting. */
	server->http = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
		NULL, NULL, on_request, server, MHD_OPTION_CONNECTION_LIMIT,
		server->most + 1, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)(IDLE_MOST / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
	if (server->http == NULL)
		return errno != 0 ? -errno : -ENOMEM;
	info = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD);
	ev_io_init(&server->http_ready, on_http_ready, info->epoll_fd, EV_READ);
	ev_prepare_init(&server->http_pending, on_http_pending);
	ev_timer_init(&server->http_due, on_http_due, 0., 0.);
	server->http_ready.data = server;
	server->http_pending.data = server;
	server->http_due.data = server;
	return 0;
}

/* How many we may open: all that we are allowed to allow ourselves. */
static int raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -errno;
	if (limit.rlim_max > DESCRIPTORS_MOST)
		limit.rlim_max = DESCRIPTORS_MOST;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
			return -errno;
	}
	return (int)limit.rlim_max;
}

int server_init(struct server *server, struct ev_loop *loop)
{
	int descriptors = raise_descriptors();
	int error;

	if (descriptors < 0)
		return descriptors;
	if (descriptors < 2 * DESCRIPTORS_SPARED)
		return -EMFILE;
	/* A connection may hold a file open beside itself, and linger after its end. */
	server->most = (unsigned)(descriptors - DESCRIPTORS_SPARED) / 2;
	server->loop = loop;
	server->started = clock_now();
	server->farewells.loop = loop;
	server->farewells.owner = server;
	server->farewells.on_end = on_farewell_end;
	server->acceptor.take = on_accepted;
	server->acceptor.owner = server;
	ev_timer_init(&server->sweep, on_sweep, 0., SWEEP_SECONDS);
	server->sweep.data = server;

	error = acceptor_init(&server->acceptor, loop);
	if (error == 0)
		error = peers_init(&server->peers, descriptors);
	if (error == 0)
		error = start_library(server);
	return error;
}

void server_administer(struct server *server, const char *broker)
{
	server->administers = true;
	lookout_init(&server->lookout, server->loop, broker);
}

int server_add_agent(struct server *server, const char *app)
{
	if (server->agents == AGENTS_MOST)
		return -E2BIG;
	return agent_init(&server->agent[server->agents++], server, app);
}

void server_start(struct server *server)
{
	for (unsigned i = 0; i < server->agents; i++)
		acceptor_start(&server->agent[i].acceptor);
	ev_io_start(server->loop, &server->http_ready);
	ev_prepare_start(server->loop, &server->http_pending);
	acceptor_start(&server->acceptor);
	figures_start(&server->figures, server->loop, &server->peers.open);
}

void server_drain(struct server *server)
{
	if (server->draining)
		return;
	server->draining = true;
	server->drain_began = clock_now();
	(void)cluster_draining();
	acceptor_retire(&server->acceptor);
	for (unsigned i = 0; i < server->agents; i++)
		acceptor_retire(&server->agent[i].acceptor);
	server_pump(server);
	server->sweep.repeat = SWEEP_SECONDS_DRAIN;
	if (server->peers.open > 0)
		ev_timer_again(server->loop, &server->sweep);
	server_look_at_end(server);
}

void server_fini(struct server *server)
{
	figures_stop(&server->figures);
	acceptor_fini(&server->acceptor);
	for (unsigned i = 0; i < server->agents; i++)
		acceptor_fini(&server->agent[i].acceptor);
	if (server->administers)
		lookout_fini(&server->lookout);
	ev_io_stop(server->loop, &server->http_ready);
	ev_prepare_stop(server->loop, &server->http_pending);
	ev_timer_stop(server->loop, &server->http_due);
	MHD_stop_daemon(server->http);
	ev_timer_stop(server->loop, &server->sweep);
	peers_fini(&server->peers);
}
