#include "supervisor/ctl/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/places.h"
#include "common/text.h"

/* A supervisor that dies of the call itself is not killed more often than this. */
#define AGAIN_MOST 5

#define REPLY_BYTES ((size_t)256 << 20) /* no honest supervisor says more at a time */

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLOSE_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -errno;
	if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
		return -ENAMETOOLONG;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		return errno == ECONNREFUSED || errno == ENOTDIR ? -ENOENT : -errno;
	return fd_take(&fd);
}

static int connect_to(struct client *client, const char *path)
{
	CLOSE_FD int fd = open_socket(path);
	char *copy = fd >= 0 ? strdup(path) : NULL;

	if (copy == NULL)
		return fd < 0 ? fd_take(&fd) : -ENOMEM;
	*client =
		(struct client){.fd = fd_take(&fd), .path = copy, .deadline = MSEC_NEVER};
	buffer_init(&client->in, REPLY_BYTES);
	buffer_init(&client->out, VARLINK_REQUEST_BYTES);
	buffer_init(&client->call, VARLINK_REQUEST_BYTES);
	return 0;
}

int client_connect(struct client *client, const struct options *options, bool own)
{
	struct places places;
	int code;

	if (options->socket != NULL)
		return connect_to(client, options->socket);
	if (places_find(&places, NULL, NULL) < 0)
		return -ENAMETOOLONG;
	code = connect_to(client, places.control);
	if (code == -ENOENT && !own && getenv("CLUSTERD_HOME") == NULL &&
	    strcmp(places.control, PLACES_ROOT_CONTROL) != 0)
		code = connect_to(client, PLACES_ROOT_CONTROL);
	return code;
}

void client_close(struct client *client)
{
	buffer_free(&client->in);
	buffer_free(&client->out);
	buffer_free(&client->call);
	fd_close(&client->fd);
	free(client->path);
	client->path = NULL;
}

enum exit_code client_say_absent(const struct options *options, int code)
{
	const char *command = command_rows[options->command].name;

	switch (code) {
	case -ENOENT:
		return say_error(options, EXIT_NOT_RUNNING, NULL,
				 "%s: no supervisor is running", command);
	case -EACCES:
	case -EPERM:
		return say_error(options, EXIT_DENIED, NULL,
				 "%s: permission denied: the supervisor is another "
				 "user's, and lets nobody else in",
				 command);
	case -EAGAIN:
		return say_error(options, EXIT_BUSY, NULL,
				 "%s: the supervisor is busy, try again", command);
	default:
		return say_error(options, EXIT_FAILED, NULL, "%s: control socket: %s",
				 command, strerror(-code));
	}
}

enum exit_code client_open(struct client *client, const struct options *options)
{
	int code = client_connect(client, options, false);

	return code < 0 ? client_say_absent(options, code) : EXIT_DONE;
}

bool client_take_timeout(struct client *client, const struct options *options)
{
	msec span;

	if (!options_has(options, FLAG_TIMEOUT))
		return true;
	if (text_parse_duration(&span, options->value[FLAG_TIMEOUT]) < 0) {
		(void)say_error(options, EXIT_USAGE, NULL,
				"%s: --timeout: %s is no time such as 500ms, 30s, 5m",
				command_rows[options->command].name,
				options->value[FLAG_TIMEOUT]);
		return false;
	}
	client->deadline = clock_now() + span;
	return true;
}

struct json_writer *client_begin(struct client *client, const char *method, bool more)
{
	char name[64] = VARLINK_INTERFACE ".";

	(void)text_copy(name + strlen(name), sizeof(name) - strlen(name), method);
	client->writer = (struct json_writer){.to = &client->out};
	varlink_open_call(&client->writer, name, more);
	return &client->writer;
}

static int write_all(struct client *client)
{
	while (client->out.count > 0) {
		struct pollfd ready = {.fd = client->fd, .events = POLLOUT};
		int code = buffer_write(&client->out, client->fd);

		if (code < 0)
			return code;
		if (client->out.count > 0 && poll(&ready, 1, -1) == -1 && errno != EINTR)
			return -errno;
	}
	return 0;
}

void client_put_ticket(struct client *client)
{
	uint8_t random[16];
	char ticket[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		client->is_once = true;
		return;
	}
	for (size_t i = 0; i < sizeof(random); i++)
		(void)snprintf(ticket + 2 * i, 3, "%02x", random[i]);
	json_put_text(&client->writer, "ticket", ticket);
	client->has_ticket = true;
}

void client_send(struct client *client)
{
	varlink_close_call(&client->writer);
	buffer_append(&client->call, client->out.bytes, client->out.count);
	client->error = client->out.broken ? -E2BIG : write_all(client);
	if (client->error == -EPIPE)
		client->error = 0; /* it may have said why before it hung up */
}

/* Until there is something to read: 1, or -ETIMEDOUT, or another errno. */
static int wait_for_more(const struct client *client)
{
	struct pollfd ready = {.fd = client->fd, .events = POLLIN};

	for (;;) {
		msec left = client->deadline == MSEC_NEVER
				    ? -1
				    : client->deadline - clock_now();
		int count;

		if (client->deadline != MSEC_NEVER && left < 0)
			left = 0;
		count = poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (count > 0)
			return 1;
		if (count == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* The socket outlives a supervisor that has a keeper: the call waits there for the next
 * one.  False: nobody listens any more. */
static bool call_again(struct client *client)
{
	int fd = client->is_once || client->again == AGAIN_MOST || client->call.broken
			 ? -EPERM
			 : open_socket(client->path);

	if (fd < 0)
		return false;
	client->again++;
	fd_close(&client->fd);
	client->fd = fd;
	buffer_cut(&client->in, 0);
	buffer_cut(&client->out, 0);
	buffer_append(&client->out, client->call.bytes, client->call.count);
	return write_all(client) == 0;
}

int client_receive(struct client *client, struct varlink_reply *ret_reply)
{
	struct fault fault;
	size_t count;

	if (client->error < 0)
		return client->error;
	buffer_drop(&client->in, client->taken);
	client->taken = 0;
	while ((count = varlink_first_message(&client->in)) == 0) {
		int code = wait_for_more(client);

		if (code > 0)
			code = buffer_read(&client->in, client->fd);
		if (code == -ECONNRESET)
			code = 0;
		if (code == 0 && call_again(client))
			continue;
		if (code <= 0)
			return code;
	}
	client->taken = count;
	if (!client->has_ticket)
		client->is_once = true; /* what was told would be told twice */
	return varlink_decode_reply(ret_reply, client->in.bytes, count - 1, &fault) < 0
		       ? -EBADMSG
		       : 1;
}

enum exit_code client_expect(struct client *client, const struct options *options,
			     struct varlink_reply *ret_reply)
{
	const char *command = command_rows[options->command].name;
	int code = client_receive(client, ret_reply);
	enum exit_code result;

	if (code == -ETIMEDOUT)
		return say_error(options, EXIT_TIMED_OUT, NULL, "%s: timed out waiting",
				 command);
	if (code == 0)
		return say_error(options, EXIT_FAILED, NULL,
				 "%s: the supervisor hung up before it answered",
				 command);
	if (code < 0)
		return say_error(options, EXIT_FAILED, NULL, "%s: %s", command,
				 strerror(-code));
	if (ret_reply->error == NULL)
		return EXIT_DONE;
	result = say_refusal(options, ret_reply);
	varlink_free_reply(ret_reply);
	return result;
}
