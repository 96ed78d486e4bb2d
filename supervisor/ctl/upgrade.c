/*
 * upgrade.c - replaces the running supervisor in place, and sees that it was.
 *
 * The answer says that the new program passed its trial; who then answers under the same
 * pid says whether it took over.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE 15000 /* ms, for the new program to answer */
#define PAUSE    20

struct found {
	int64_t pid, upgrades;
	bool upgrading;
	char version[64], fault[512];
};

/* False: nobody answers now. */
static bool look(const struct options *options, msec deadline, struct found *ret_found)
{
	struct varlink_reply reply;
	struct client client;
	const char *version, *fault;

	if (client_connect(&client, options, false) < 0)
		return false;
	client.deadline = deadline;
	(void)client_begin(&client, "Ping", false);
	client_send(&client);
	if (client_receive(&client, &reply) != 1) {
		client_close(&client);
		return false;
	}
	version = json_find_text(reply.parameters, "version");
	fault = json_find_text(reply.parameters, "upgrade_fault");
	ret_found->pid = json_find_number(reply.parameters, "pid", 0);
	ret_found->upgrades = json_find_number(reply.parameters, "upgrades", 0);
	ret_found->upgrading = json_find_bool(reply.parameters, "upgrading");
	(void)text_copy(ret_found->version, sizeof(ret_found->version),
			version != NULL ? version : "?");
	(void)text_copy(ret_found->fault, sizeof(ret_found->fault),
			fault != NULL ? fault : "");
	varlink_free_reply(&reply);
	client_close(&client);
	return true;
}

/* The verdict on the trial. */
static enum exit_code await_trial(struct client *client, const struct options *options)
{
	struct varlink_reply reply;
	const struct json *verdict;
	const char *result, *reason;
	enum exit_code code;

	(void)client_begin(client, "Upgrade", false);
	client_send(client);
	code = client_expect(client, options, &reply);
	if (code != EXIT_DONE)
		return code;
	verdict = json_at(json_find(reply.parameters, "verdicts"), 0);
	result = json_find_text(verdict, "result");
	reason = json_find_text(verdict, "reason");
	if (result == NULL || strcmp(result, "done") != 0)
		code = say_error(options, EXIT_FAILED, NULL, "upgrade: %s",
				 reason != NULL ? reason : "failed");
	varlink_free_reply(&reply);
	return code;
}

/* Who is on probation may die; then the one before is started again, and says so. */
static enum exit_code await_change(const struct options *options,
				   const struct found *before, msec deadline)
{
	struct found found = *before;

	while (clock_now() < deadline) {
		if (look(options, deadline, &found) && !found.upgrading &&
		    (found.upgrades != before->upgrades || found.fault[0] != '\0'))
			break;
		(void)poll(NULL, 0, PAUSE);
	}
	if (found.upgrades == before->upgrades && found.fault[0] != '\0')
		return say_error(options, EXIT_FAILED, NULL, "upgrade: %s", found.fault);
	if (found.upgrades == before->upgrades)
		return say_error(options, EXIT_TIMED_OUT, NULL,
				 "upgrade: nobody answers yet");
	say(options, "clusterd %s runs as process %lld, in place of %s", found.version,
	    (long long)found.pid, before->version);
	if (options->json) {
		struct buffer json;
		struct json_writer writer = {.to = &json};

		buffer_init(&json, SIZE_MAX);
		json_open_object(&writer, NULL);
		json_put_number(&writer, "pid", found.pid);
		json_put_text(&writer, "version", found.version);
		json_put_text(&writer, "before", before->version);
		json_close_object(&writer);
		say_json(&json);
		buffer_free(&json);
	}
	return EXIT_DONE;
}

enum exit_code verb_upgrade(const struct options *options)
{
	struct client client;
	struct found before = {0};
	msec deadline = clock_now() + PATIENCE;
	enum exit_code code = client_open(&client, options);

	if (code != EXIT_DONE)
		return code;
	if (!client_take_timeout(&client, options)) {
		client_close(&client);
		return EXIT_USAGE;
	}
	if (client.deadline != MSEC_NEVER)
		deadline = client.deadline;
	if (!look(options, deadline, &before))
		code = client_say_absent(options, -EAGAIN);
	if (code == EXIT_DONE)
		code = await_trial(&client, options);
	client_close(&client);
	return code == EXIT_DONE ? await_change(options, &before, deadline) : code;
}
