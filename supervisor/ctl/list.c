/*
 * list.c - all apps and their workers, as a table or as JSON.
 */
#include "common/clock.h"
#include "common/text.h"
#include "supervisor/ctl/rows.h"
#include "supervisor/ctl/verbs.h"

#define PATIENCE 10000 /* ms */

/* Sends List and hands every reply to `take`. */
static enum exit_code each_reply(struct client *client, const struct options *options,
				 void (*take)(void *with, const struct json *parameters),
				 void *with)
{
	bool continues = true;

	client->deadline = clock_now() + PATIENCE;
	(void)client_begin(client, "List", true);
	client_send(client);
	while (continues) {
		struct varlink_reply reply;
		enum exit_code code = client_expect(client, options, &reply);

		if (code != EXIT_DONE)
			return code;
		continues = reply.continues;
		take(with, reply.parameters);
		varlink_free_reply(&reply);
	}
	return EXIT_DONE;
}

struct listing {
	struct rows rows;
	char trouble[512]; /* of the supervisor itself */
};

static void take_rows(void *with, const struct json *parameters)
{
	const struct json *apps = json_find(parameters, "apps");
	const char *trouble =
		json_find_text(json_find(parameters, "supervisor"), "trouble");
	struct listing *listing = with;

	if (trouble != NULL)
		(void)text_copy(listing->trouble, sizeof(listing->trouble), trouble);
	for (size_t i = 0; i < json_count(apps); i++)
		rows_add_app(&listing->rows, json_at(apps, i));
}

/* The first reply brings the supervisor, each brings some apps. */
static void take_json(void *with, const struct json *parameters)
{
	const struct json *apps = json_find(parameters, "apps");
	struct json_writer *writer = with;

	if (json_find(parameters, "supervisor") != NULL) {
		json_put(writer, "supervisor", json_find(parameters, "supervisor"));
		json_open_array(writer, "apps");
	}
	for (size_t i = 0; i < json_count(apps); i++)
		json_put(writer, NULL, json_at(apps, i));
}

static enum exit_code list_as_json(struct client *client, const struct options *options)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};
	enum exit_code code;

	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	code = each_reply(client, options, take_json, &writer);
	json_close_array(&writer);
	json_close_object(&writer);
	if (code == EXIT_DONE)
		say_json(&json);
	buffer_free(&json);
	return code;
}

static enum exit_code list_as_table(struct client *client, const struct options *options)
{
	struct listing listing = {0};
	enum exit_code code;

	if (rows_init(&listing.rows, options) < 0)
		return say_error(options, EXIT_FAILED, NULL, "list: out of memory");
	code = each_reply(client, options, take_rows, &listing);
	if (code == EXIT_DONE && listing.rows.app == NULL)
		say(options, "no apps");
	else if (code == EXIT_DONE && table_print(listing.rows.table) < 0)
		code = say_error(options, EXIT_FAILED, NULL, "list: out of memory");
	if (listing.trouble[0] != '\0')
		say(options, "trouble: %s", listing.trouble);
	rows_fini(&listing.rows);
	return code;
}

enum exit_code verb_list(const struct options *options)
{
	struct client client;
	enum exit_code code = client_open(&client, options);

	if (code != EXIT_DONE)
		return code;
	code = options->json ? list_as_json(&client, options)
			     : list_as_table(&client, options);
	client_close(&client);
	return code;
}
