/*
 * import.c - what a PM2 ecosystem file says, as a configuration; cluster-import knows
 * how.
 */
#include <stdio.h>
#include <string.h>

#include "common/places.h"
#include "supervisor/ctl/aide.h"
#include "supervisor/ctl/verbs.h"

#define OUTPUT_BYTES ((size_t)2 << 20)

static void print_config(const struct options *options, struct buffer *text)
{
	struct buffer json;
	struct json_writer writer = {.to = &json};

	if (!options->json) {
		(void)fwrite(text->bytes, 1, text->count, stdout);
		return;
	}
	buffer_append(text, "", 1);
	buffer_init(&json, SIZE_MAX);
	json_open_object(&writer, NULL);
	json_put_text(&writer, "config", text->bytes);
	json_close_object(&writer);
	say_json(&json);
	buffer_free(&json);
}

enum exit_code verb_import(const struct options *options)
{
	const char *const words[] = {options->argument[0], options->value[FLAG_PROFILE],
				     NULL};
	char path[2 * PLACES_PATH];
	enum exit_code code = EXIT_DONE;
	struct buffer text;
	int status;

	if (places_find_program(path, sizeof(path), "cluster-import", NULL, NULL, NULL) <
	    0)
		return say_error(options, EXIT_FAILED, NULL,
				 "import: cluster-import is not installed");
	buffer_init(&text, OUTPUT_BYTES);
	status = aide_run(path, words, &text);
	if (status == EXIT_USAGE)
		code = say_faults(options, text.bytes, text.count);
	else if (status != EXIT_DONE || text.count == 0)
		code = say_error(options, EXIT_FAILED, NULL, "import: cluster-import: %s",
				 status < 0 ? strerror(-status) : "failed");
	else
		print_config(options, &text);
	buffer_free(&text);
	return code;
}
