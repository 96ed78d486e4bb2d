#include "worker/http/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/http/request.h"
#include "worker/http/server.h"

#define PREFIX    "/_test/"
#define WAIT_MOST ((uint64_t)600 * 1000)
#define LEAK_MOST ((uint64_t)1 << 32)
#define PLAIN     "text/plain; charset=utf-8"

bool testing_owns(const char *path)
{
	return strncmp(path, PREFIX, strlen(PREFIX)) == 0;
}

bool testing_keeps_body(const struct request *request)
{
	return request->path != NULL && strcmp(request->path, PREFIX "echo") == 0;
}

static enum MHD_Result refuse(struct request *request)
{
	return request_answer_status(request, MHD_HTTP_BAD_REQUEST);
}

static enum MHD_Result answer_line(struct request *request, const char *word)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%s\n", word != NULL ? word : "-");
	return request_answer_text(request, MHD_HTTP_OK, PLAIN, line);
}

static enum MHD_Result answer_pid(struct request *request)
{
	return answer_line(request, request->server->who.pid);
}

static enum MHD_Result answer_slot(struct request *request)
{
	return answer_line(request, request->server->who.slot);
}

static enum MHD_Result answer_generation(struct request *request)
{
	return answer_line(request, request->server->who.generation);
}

static enum MHD_Result answer_id(struct request *request)
{
	const struct identity *who = &request->server->who;
	char text[128];

	(void)snprintf(text, sizeof(text),
		       "{\"pid\": %s, \"slot\": %s, \"generation\": %s}\n", who->pid,
		       who->slot != NULL ? who->slot : "null",
		       who->generation != NULL ? who->generation : "null");
	return request_answer_text(request, MHD_HTTP_OK, "application/json", text);
}

static enum MHD_Result answer_echo(struct request *request)
{
	return request_answer_bytes(request, MHD_HTTP_OK, "application/octet-stream",
				    request->body != NULL ? request->body : "",
				    request->body_bytes);
}

static void on_wake(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct request *request = watcher->data;
	struct server *server = request->server;

	(void)loop;
	(void)events;
	request->woken = true;
	MHD_resume_connection(request->connection);
	server_pump(server);
}

static enum MHD_Result answer_sleep(struct request *request)
{
	uint64_t wait;

	if (request->woken)
		return answer_line(request, "slept");
	if (!request_number(request, "ms", 100, WAIT_MOST, &wait))
		return refuse(request);
	ev_timer_init(&request->wake, on_wake, (double)wait / 1e3, 0.);
	request->wake.data = request;
	ev_now_update(request->server->loop);
	ev_timer_start(request->server->loop, &request->wake);
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

static enum MHD_Result answer_spin(struct request *request)
{
	uint64_t wait;

	if (!request_number(request, "ms", 100, WAIT_MOST, &wait))
		return refuse(request);
	while (figures_clock() - request->began_usec < wait * 1000)
		continue;
	return answer_line(request, "spun");
}

static enum MHD_Result answer_stop_beating(struct request *request)
{
	figures_stop_beating(&request->server->figures);
	return answer_line(request, "silent");
}

static enum MHD_Result answer_crash(struct request *request)
{
	(void)request;
	abort();
}

static enum MHD_Result answer_exit(struct request *request)
{
	uint64_t code;

	if (!request_number(request, "code", 0, 255, &code))
		return refuse(request);
	_exit((int)code);
}

static enum MHD_Result answer_leak(struct request *request)
{
	static void *volatile leaked; /* the newest; each block knows the one before */
	uint64_t bytes;
	void **block;

	if (!request_number(request, "bytes", 1024 * 1024, LEAK_MOST, &bytes))
		return refuse(request);
	block = malloc(sizeof(*block) + bytes);
	if (block == NULL)
		return request_answer_status(request, MHD_HTTP_INSUFFICIENT_STORAGE);
	memset(block + 1, 'x', bytes); /* untouched pages would cost nothing */
	*block = leaked;
	leaked = block;
	return answer_line(request, "leaked");
}

static enum MHD_Result answer_code(struct request *request)
{
	uint64_t code;

	if (!request_number(request, "code", 500, 599, &code) || code < 200)
		return refuse(request);
	return request_answer_status(request, (unsigned)code);
}

static const struct {
	const char *name;
	enum MHD_Result (*answer)(struct request *request);
} endpoints[] = {
	{"id", answer_id},       {"pid", answer_pid},
	{"slot", answer_slot},   {"generation", answer_generation},
	{"echo", answer_echo},   {"sleep", answer_sleep},
	{"spin", answer_spin},   {"stop-beating", answer_stop_beating},
	{"crash", answer_crash}, {"exit", answer_exit},
	{"leak", answer_leak},   {"status", answer_code},
};

enum MHD_Result testing_answer(struct request *request)
{
	const char *name = request->path + strlen(PREFIX);

	for (size_t i = 0; i < ARRAY_COUNT(endpoints); i++)
		if (strcmp(name, endpoints[i].name) == 0)
			return endpoints[i].answer(request);
	return request_answer_status(request, MHD_HTTP_NOT_FOUND);
}
