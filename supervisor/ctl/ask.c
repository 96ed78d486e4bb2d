#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE 10000 /* ms in which a supervisor answers what needs no waiting */

/* Sends what was begun, takes the one reply. */
static enum exit_code ask(struct client *client, const struct options *options,
			  struct varlink_reply *ret_reply)
{
	client_send(client);
	return client_expect(client, options, ret_reply);
}

static void print_json(const struct options *options, const struct json *parameters)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};

	if (!options->json)
		return;
	buffer_init(&json, SIZE_MAX);
	if (parameters != NULL)
		json_put(&writer, NULL, parameters);
	else
		buffer_append_text(&json, "{}");
	say_json(&json);
	buffer_free(&json);
}

/* One call about targets, from argument `first` on. */
static enum exit_code ask_about(const struct options *options, unsigned first,
				const char *key, const char *value, bool waits,
				struct varlink_reply *ret_reply)
{
	struct json_writer *writer;
	struct client client;
	enum exit_code code = client_open(&client, options);

	if (code != EXIT_DONE)
		return code;
	client.deadline = waits ? MSEC_NEVER : clock_now() + PATIENCE;
	code = EXIT_USAGE;
	if (client_take_timeout(&client, options)) {
		writer = client_begin(&client, command_rows[options->command].method,
				      false);
		client.is_once = options->command == COMMAND_SIGNAL;
		verb_put_targets(writer, options, first);
		if (value != NULL)
			json_put_text(writer, key, value);
		code = ask(&client, options, ret_reply);
	}
	if (code == EXIT_DONE)
		print_json(options, ret_reply->parameters);
	client_close(&client);
	return code;
}

enum exit_code verb_wait(const struct options *options)
{
	const char *state = options->value[FLAG_FOR];
	struct varlink_reply reply;
	enum exit_code code;

	if (state != NULL && strcmp(state, "ready") != 0 && strcmp(state, "stopped") != 0)
		return say_error(options, EXIT_USAGE, NULL,
				 "wait: --for: %s: ready or stopped", state);
	code = ask_about(options, 0, "for", state, true, &reply);
	if (code == EXIT_DONE)
		varlink_free_reply(&reply);
	return code;
}

enum exit_code verb_signal(const struct options *options)
{
	struct varlink_reply reply;
	enum exit_code code;
	int64_t reached;
	int number;

	if (text_parse_signal(&number, options->argument[0]) < 0)
		return say_error(options, EXIT_USAGE, NULL, "signal: %s: no such signal",
				 options->argument[0]);
	code = ask_about(options, 1, "signal", options->argument[0], false, &reply);
	if (code != EXIT_DONE)
		return code;
	reached = json_find_number(reply.parameters, "reached", 0);
	say(options, "%s sent to %" PRId64 " process%s", text_signal_name(number),
	    reached, reached == 1 ? "" : "es");
	varlink_free_reply(&reply);
	return EXIT_DONE;
}

/* Nothing is answered but that it is done. */
static enum exit_code ask_plainly(const struct options *options)
{
	struct varlink_reply reply;
	enum exit_code code = ask_about(options, 0, NULL, NULL, false, &reply);

	if (code == EXIT_DONE)
		varlink_free_reply(&reply);
	return code;
}

enum exit_code verb_reset(const struct options *options)
{
	return ask_plainly(options);
}

enum exit_code verb_reopen(const struct options *options)
{
	return ask_plainly(options);
}

enum exit_code verb_ping(const struct options *options)
{
	struct varlink_reply reply;
	char uptime[32];
	enum exit_code code = ask_about(options, 0, NULL, NULL, false, &reply);

	if (code != EXIT_DONE)
		return code;
	text_format_duration(uptime, sizeof(uptime),
			     json_find_number(reply.parameters, "uptime_ms", 0));
	say(options, "clusterd %s runs as process %" PRId64 ", up %s",
	    json_find_text(reply.parameters, "version"),
	    json_find_number(reply.parameters, "pid", 0), uptime);
	varlink_free_reply(&reply);
	return EXIT_DONE;
}

/* The version of the supervisor that runs; "" when none does. */
static void ask_version(const struct options *options, char *version, size_t size)
{
	struct varlink_reply reply;
	struct client client;

	version[0] = '\0';
	if (client_connect(&client, options, false) < 0)
		return;
	client.deadline = clock_now() + PATIENCE;
	(void)client_begin(&client, "Ping", false);
	client_send(&client);
	if (client_receive(&client, &reply) == 1) {
		const char *text = json_find_text(reply.parameters, "version");

		(void)text_copy(version, size, text != NULL ? text : "");
		varlink_free_reply(&reply);
	}
	client_close(&client);
}

enum exit_code verb_version(const struct options *options)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};
	char version[64];

	ask_version(options, version, sizeof(version));
	say(options, "clusterctl %s", CLUSTERD_VERSION);
	say(options, "clusterd %s", version[0] != '\0' ? version : "is not running");
	if (!options->json)
		return EXIT_DONE;
	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_put_text(&writer, "clusterctl", CLUSTERD_VERSION);
	json_put_text(&writer, "clusterd", version[0] != '\0' ? version : NULL);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
	return EXIT_DONE;
}

/* Of the keeper where there is one, which ends last.  -ESRCH: it has ended already. */
static int open_last(const struct varlink_reply *reply)
{
	int64_t pid = json_find_number(reply->parameters, "keeper_pid", 0);
	int fd;

	if (pid <= 0)
		pid = json_find_number(reply->parameters, "pid", 0);
	if (pid <= 0)
		return -EINVAL;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	return fd == -1 ? -errno : fd;
}

static enum exit_code await_end(const struct options *options, int pidfd, msec deadline)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int count = pidfd >= 0 ? 0 : 1;

	while (count == 0 || (count == -1 && errno == EINTR)) {
		msec left = deadline == MSEC_NEVER ? -1 : deadline - clock_now();

		if (deadline != MSEC_NEVER && left < 0)
			left = 0;
		count = poll(&ended, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (count == 0)
			return say_error(options, EXIT_TIMED_OUT, NULL,
					 "shutdown: timed out waiting");
	}
	say(options, "the supervisor has ended");
	return EXIT_DONE;
}

enum exit_code verb_shutdown(const struct options *options)
{
	struct varlink_reply reply;
	struct client client;
	enum exit_code code = client_open(&client, options);
	CLOSE_FD int last = -1;

	if (code != EXIT_DONE)
		return code;
	code = EXIT_USAGE;
	if (client_take_timeout(&client, options)) {
		(void)client_begin(&client, "Shutdown", false);
		code = ask(&client, options, &reply);
	}
	if (code == EXIT_DONE) {
		last = open_last(&reply);
		varlink_free_reply(&reply);
		if (options_has(options, FLAG_NO_WAIT) || (last < 0 && last != -ESRCH))
			say(options, "the supervisor is shutting down");
		else
			code = await_end(options, last, client.deadline);
		if (code == EXIT_DONE)
			print_json(options, NULL);
	}
	client_close(&client);
	return code;
}
