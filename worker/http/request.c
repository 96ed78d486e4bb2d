#include "worker/http/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/http/path.h"
#include "worker/http/server.h"

struct request *request_new(struct server *server, struct MHD_Connection *connection,
			    const char *target)
{
	size_t length = strlen(target) + 1;
	struct request *request =
		calloc(1, sizeof(*request) + length + PATH_ROOM(target));

	if (request == NULL)
		return NULL;
	request->server = server;
	request->connection = connection;
	memcpy(request->text, target, length);
	request->query = path_query(request->text);
	if (path_clean(request->text + length, target) == 0)
		request->path = request->text + length;
	return request;
}

void request_free(struct request *request)
{
	ev_timer_stop(request->server->loop, &request->wake);
	free(request->body);
	free(request);
}

bool request_is(const struct request *request, const char *method)
{
	return strcmp(request->method, method) == 0;
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

bool request_number(const struct request *request, const char *key, uint64_t otherwise,
		    uint64_t most, uint64_t *ret_number)
{
	const char *text = MHD_lookup_connection_value(request->connection,
						       MHD_GET_ARGUMENT_KIND, key);
	uint64_t number = otherwise;
	char *end;

	if (text != NULL) {
		errno = 0;
		number = strtoull(text, &end, 10);
		if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0')
			return false;
	}
	if (number > most)
		return false;
	*ret_number = number;
	return true;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	/* Fails only without memory; the answer is then a header short. */
	(void)MHD_add_response_header(response, name, value);
}

enum MHD_Result request_answer(struct request *request, unsigned status,
			       struct MHD_Response *response)
{
	const struct server *server = request->server;
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	if (server->draining)
		add_header(response, "Connection", "close");
	if (server->testing) {
		const char *slot = server->who.slot;

		add_header(response, "X-Cluster-Pid", server->who.pid);
		add_header(response, "X-Cluster-Slot", slot != NULL ? slot : "-");
	}
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	figures_count(&request->server->figures, status, request->began_usec);
	return result;
}

enum MHD_Result request_answer_bytes(struct request *request, unsigned status,
				     const char *type, const char *bytes, size_t count)
{
	struct MHD_Response *response;
	void *copied =
		(void *)(uintptr_t)bytes; /* the library copies, it does not write */

	response = MHD_create_response_from_buffer(count, copied, MHD_RESPMEM_MUST_COPY);
	if (response != NULL) {
		add_header(response, "Content-Type", type);
		add_header(response, "Cache-Control", "no-store");
	}
	return request_answer(request, status, response);
}

enum MHD_Result request_answer_text(struct request *request, unsigned status,
				    const char *type, const char *text)
{
	return request_answer_bytes(request, status, type, text, strlen(text));
}

enum MHD_Result request_answer_status(struct request *request, unsigned status)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%u %s\n", status,
		       MHD_get_reason_phrase_for(status));
	return request_answer_text(request, status, "text/plain; charset=utf-8", text);
}

enum MHD_Result request_refuse_method(struct request *request, const char *allowed)
{
	static const char text[] = "405 Method Not Allowed\n";
	struct MHD_Response *response;
	void *copied = (void *)(uintptr_t)text;

	response = MHD_create_response_from_buffer(strlen(text), copied,
						   MHD_RESPMEM_MUST_COPY);
	if (response != NULL)
		add_header(response, "Allow", allowed);
	return request_answer(request, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}
