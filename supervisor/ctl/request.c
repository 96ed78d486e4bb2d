/*
 * request.c - show app.3 --request PATH: asks one worker, on the port that all share.
 *
 * The supervisor says where the app listens and who sits in the slot; the connection is
 * made from the slot's own address, and the answer is printed as it came.  No request
 * ever passes the supervisor.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/address.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/http.h"
#include "common/text.h"
#include "supervisor/ctl/verbs.h"

#define ANSWER_BYTES ((size_t)256 << 10) /* of an answer that are read and shown */

struct visit {
	const char *app;
	int64_t slot;
	int64_t pid; /* -1: two workers sit in the slot, and nobody knows which answers */
	struct address source, target;
	msec deadline;
	msec took;
	struct buffer answer;
	struct http_answer head;
	size_t body; /* bytes */
	bool whole;
};

/* ---- whom to ask ---- */

static bool serves(const struct json *worker)
{
	const char *state = json_find_text(worker, "state");

	return state != NULL &&
	       (strcmp(state, "ready") == 0 || strcmp(state, "late") == 0);
}

static enum exit_code find_worker(const struct options *options, const struct json *app,
				  struct visit *visit)
{
	const struct json *workers = json_find(app, "workers");
	const struct json *first = json_at(workers, 0);
	unsigned serving = 0;

	visit->slot = json_find_number(first, "slot", -1);
	for (size_t i = 0; i < json_count(workers); i++) {
		const struct json *worker = json_at(workers, i);

		if (json_find_number(worker, "slot", -1) != visit->slot)
			return say_error(options, EXIT_USAGE, visit->app,
					 "show: --request asks one worker: name it, as "
					 "in %s.0",
					 visit->app);
		if (!serves(worker))
			continue;
		serving++;
		visit->pid = json_find_number(worker, "pid", -1);
	}
	if (serving == 0)
		return say_error(options, EXIT_FAILED, visit->app,
				 "show: %s.%" PRId64 ": no worker serves there, it is %s",
				 visit->app, visit->slot,
				 first != NULL ? json_find_text(first, "state")
					       : "stopped");
	if (serving > 1)
		visit->pid = -1;
	return EXIT_DONE;
}

static enum exit_code find_address(const struct options *options, const struct json *app,
				   struct visit *visit)
{
	const char *text = json_find_text(app, "slot_listen");
	struct address listener;

	if (text != NULL && address_parse(&listener, text, NULL) == 0 &&
	    address_of_slot(&listener, (unsigned)visit->slot, &visit->source,
			    &visit->target))
		return EXIT_DONE;
	return say_error(options, EXIT_FAILED, visit->app,
			 "show: %s: its slots cannot be asked one by one: that takes an "
			 "IPv4 address with a socket for each, and slot_addresses",
			 visit->app);
}

/* ---- asking ---- */

/* 1 when the socket is ready, -ETIMEDOUT, or another errno. */
static int wait_for(const struct visit *visit, int fd, short events)
{
	struct pollfd ready = {.fd = fd, .events = events};
	int count;

	do {
		msec left = visit->deadline - clock_now();

		left = left < 0 ? 0 : left;
		count = poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left);
	} while (count == -1 && errno == EINTR);
	if (count == -1)
		return -errno;
	return count == 0 ? -ETIMEDOUT : 1;
}

static int open_connection(const struct visit *visit)
{
	const int on = 1;
	CLOSE_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t bytes = sizeof(error);
	int result;

	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, &visit->source.at.any, visit->source.bytes) == -1)
		return -errno;
	if (connect(fd, &visit->target.at.any, visit->target.bytes) == -1 &&
	    errno != EINPROGRESS)
		return -errno;
	result = wait_for(visit, fd, POLLOUT);
	if (result < 0)
		return result;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == -1)
		return -errno;
	return error != 0 ? -error : fd_take(&fd);
}

static bool is_whole(const struct visit *visit)
{
	struct http_answer head;

	return http_parse_head(&head, visit->answer.bytes, visit->answer.count) == 1 &&
	       head.length >= 0 &&
	       (int64_t)(visit->answer.count - head.head) >= head.length;
}

/* Until its end, or as much as is read at most. */
static int receive(struct visit *visit, int fd)
{
	int result;

	do {
		result = wait_for(visit, fd, POLLIN);
		if (result == 1)
			result = buffer_read(&visit->answer, fd);
		if (result == -EAGAIN)
			result = 1;
	} while (result > 0 && !is_whole(visit));
	return result > 0 || result == -ENOBUFS ? 0 : result;
}

/* What came is taken apart; how it ended decides whether that is all of it. */
static int understand(struct visit *visit, int ended)
{
	struct buffer *answer = &visit->answer;
	int result = http_parse_head(&visit->head, answer->bytes, answer->count);
	char *body;

	if (result <= 0)
		return ended < 0 ? ended : result < 0 ? result : -ENODATA;
	body = answer->bytes + visit->head.head;
	visit->body = answer->count - visit->head.head;
	visit->whole = ended == 0 && answer->count < answer->most;
	if (visit->head.chunked)
		visit->body = http_join_chunks(body, visit->body, &visit->whole);
	if (visit->head.length >= 0) {
		visit->whole = (int64_t)visit->body >= visit->head.length;
		if (visit->whole)
			visit->body = (size_t)visit->head.length;
	}
	return 0;
}

static int ask(struct visit *visit, const char *path)
{
	char host[ADDRESS_TEXT], request[HTTP_REQUEST];
	CLOSE_FD int fd = open_connection(visit);
	size_t count;

	if (fd < 0)
		return fd;
	address_format(&visit->target, host);
	count = http_format_request(request, path, host);
	if (send(fd, request, count, MSG_NOSIGNAL) != (ssize_t)count)
		return -errno;
	return understand(visit, receive(visit, fd));
}

/* ---- telling ---- */

static void put_headers(struct json_writer *writer, const struct visit *visit)
{
	const char *const bytes = visit->answer.bytes;
	const char *at = http_first_header(bytes, visit->head.head);
	char text[1024];
	struct http_header header;

	json_open_array(writer, "headers");
	while (http_next_header(&at, bytes + visit->head.head, &header)) {
		json_open_object(writer, NULL);
		(void)snprintf(text, sizeof(text), "%.*s", (int)header.name_bytes,
			       header.name);
		json_put_text(writer, "name", text);
		(void)snprintf(text, sizeof(text), "%.*s", (int)header.value_bytes,
			       header.value);
		json_put_text(writer, "value", text);
		json_close_object(writer);
	}
	json_close_array(writer);
}

static void say_as_json(const struct visit *visit)
{
	char *body = strndup(visit->answer.bytes + visit->head.head, visit->body);
	char source[ADDRESS_TEXT], target[ADDRESS_TEXT];
	struct buffer json;
	struct json_writer writer = {.to = &json};

	address_format(&visit->source, source);
	*strrchr(source, ':') = '\0';
	address_format(&visit->target, target);
	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_put_text(&writer, "app", visit->app);
	json_put_number(&writer, "slot", visit->slot);
	json_put_figure(&writer, "pid", visit->pid);
	json_put_text(&writer, "from", source);
	json_put_text(&writer, "to", target);
	json_put_number(&writer, "status", visit->head.status);
	json_put_number(&writer, "duration_ms", visit->took);
	put_headers(&writer, visit);
	json_put_text(&writer, "body", body);
	json_put_number(&writer, "body_bytes", (int64_t)visit->body);
	json_put_bool(&writer, "whole", visit->whole);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
	free(body);
}

static void say_as_text(const struct options *options, const struct visit *visit)
{
	const char *const body = visit->answer.bytes + visit->head.head;
	char span[32];

	text_format_duration(span, sizeof(span), visit->took + 1);
	if (visit->pid > 0)
		say(options, "%s.%" PRId64 ": worker %" PRId64 " answered within %s",
		    visit->app, visit->slot, visit->pid, span);
	else
		say(options, "%s.%" PRId64 ": one of its two workers answered within %s",
		    visit->app, visit->slot, span);
	(void)fwrite(visit->answer.bytes, 1, visit->head.head, stdout);
	(void)fwrite(body, 1, visit->body, stdout);
	if (visit->body > 0 && body[visit->body - 1] != '\n')
		(void)putchar('\n');
}

static enum exit_code say_failure(const struct options *options,
				  const struct visit *visit, int code)
{
	const char *why = strerror(-code);

	if (code == -ETIMEDOUT)
		why = "no answer within the time";
	else if (code == -EBADMSG)
		why = "what it answered is not HTTP";
	else if (code == -ENODATA)
		why = "it hung up before it answered";
	return say_error(options, EXIT_FAILED, visit->app, "show: %s.%" PRId64 ": %s",
			 visit->app, visit->slot, why);
}

static enum exit_code visit_worker(const struct options *options, struct visit *visit)
{
	msec began = clock_now();
	int result = ask(visit, options->value[FLAG_REQUEST]);

	visit->took = clock_now() - began;
	if (result < 0)
		return say_failure(options, visit, result);
	if (options->json)
		say_as_json(visit);
	else
		say_as_text(options, visit);
	if (!visit->whole)
		say_hint(options, "this is not all of it");
	return visit->head.status >= 200 && visit->head.status < 400 ? EXIT_DONE
								     : EXIT_FAILED;
}

enum exit_code verb_request(const struct options *options, struct client *client)
{
	struct visit visit = {.pid = -1};
	struct varlink_reply reply;
	const struct json *apps, *app;
	enum exit_code code;

	if (!http_is_path(options->value[FLAG_REQUEST]))
		return say_error(options, EXIT_USAGE, NULL,
				 "show: --request: a path such as /healthz, of letters "
				 "that a URL may have");
	verb_put_targets(client_begin(client, "Show", false), options, 0);
	client_send(client);
	code = client_expect(client, options, &reply);
	if (code != EXIT_DONE)
		return code;
	apps = json_find(reply.parameters, "apps");
	app = json_at(apps, 0);
	visit.app = json_find_text(app, "name");
	visit.deadline = client->deadline;
	buffer_init(&visit.answer, ANSWER_BYTES);
	if (json_count(apps) != 1)
		code = say_error(options, EXIT_USAGE, NULL,
				 "show: --request asks one worker, as in web.0");
	if (code == EXIT_DONE)
		code = find_worker(options, app, &visit);
	if (code == EXIT_DONE)
		code = find_address(options, app, &visit);
	if (code == EXIT_DONE)
		code = visit_worker(options, &visit);
	buffer_free(&visit.answer);
	varlink_free_reply(&reply);
	return code;
}
