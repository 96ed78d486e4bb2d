#include "worker/http/admin.h"

#include <string.h>

#include "worker/http/health.h"
#include "worker/http/metrics.h"
#include "worker/http/request.h"
#include "worker/http/server.h"

#define ANSWER_BYTES ((size_t)64 << 20)
#define JSON         "application/json"

static enum MHD_Result answer_buffer(struct request *request, unsigned status,
				     const char *type, struct buffer *text)
{
	enum MHD_Result result;

	if (text->broken)
		result = request_answer_status(request, MHD_HTTP_INTERNAL_SERVER_ERROR);
	else
		result = request_answer_bytes(request, status, type, text->bytes,
					      text->count);
	buffer_free(text);
	return result;
}

static enum MHD_Result answer_metrics(struct request *request,
				      const struct snapshot *snapshot)
{
	enum metrics_format format = metrics_choose(request_header(request, "Accept"));
	struct buffer text;

	buffer_init(&text, ANSWER_BYTES);
	metrics_write(&text, snapshot, format);
	return answer_buffer(request, MHD_HTTP_OK, metrics_type(format), &text);
}

static enum MHD_Result answer_health(struct request *request,
				     const struct snapshot *snapshot,
				     const struct health_question *question)
{
	const struct server *server = request->server;
	enum health_verdict verdict;
	struct buffer text;

	buffer_init(&text, ANSWER_BYTES);
	verdict = health_judge(snapshot, server->lookout.trouble, question, &text);
	if (verdict == HEALTH_NO_SUCH_APP) {
		buffer_free(&text);
		return request_answer_status(request, MHD_HTTP_NOT_FOUND);
	}
	return answer_buffer(request,
			     verdict == HEALTH_GOOD ? MHD_HTTP_OK
						    : MHD_HTTP_SERVICE_UNAVAILABLE,
			     JSON, &text);
}

/* "/readyz" or "/readyz/web"; false: another path. */
static bool parse_question(struct health_question *ret_question, const char *path)
{
	static const struct {
		const char *path;
		enum health what;
	} paths[] = {{"/livez", HEALTH_LIVE},
		     {"/readyz", HEALTH_READY},
		     {"/startupz", HEALTH_STARTUP}};

	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		size_t length = strlen(paths[i].path);

		if (strncmp(path, paths[i].path, length) != 0 ||
		    (path[length] != '\0' && path[length] != '/'))
			continue;
		ret_question->what = paths[i].what;
		if (path[length] == '/' && path[length + 1] != '\0')
			ret_question->app = path + length + 1;
		return true;
	}
	return false;
}

static enum MHD_Result answer(struct request *request, const struct snapshot *snapshot)
{
	struct health_question question = {.self = request->server->who.app};

	if (parse_question(&question, request->path))
		return answer_health(request, snapshot, &question);
	return answer_metrics(request, snapshot);
}

static void on_told(struct lookout_guest *guest, const struct snapshot *snapshot)
{
	struct request *request =
		(struct request *)(void *)((char *)guest -
					   offsetof(struct request, guest));

	(void)snapshot; /* it is the lookout's last, and fresh when we come back */
	request->woken = true;
	if (request->waits) {
		MHD_resume_connection(request->connection);
		server_pump(request->server);
	}
}

enum MHD_Result admin_answer(struct request *request)
{
	struct lookout *lookout = &request->server->lookout;
	struct health_question question = {0};

	if (!parse_question(&question, request->path) &&
	    strcmp(request->path, "/metrics") != 0)
		return request_answer_status(request, MHD_HTTP_NOT_FOUND);
	if (!request_is(request, "GET") && !request_is(request, "HEAD"))
		return request_refuse_method(request, "GET, HEAD");
	if (!request->woken) {
		request->guest.told = on_told;
		lookout_ask(lookout, &request->guest);
	}
	if (request->woken)
		return answer(request, lookout->trouble == NULL ? &lookout->last : NULL);
	request->waits = true;
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}
