/*
 * local.c - what needs no supervisor: check, init, completion, help.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/ctl/background.h"
#include "supervisor/ctl/complete.h"
#include "supervisor/ctl/help.h"
#include "supervisor/ctl/reference.h"
#include "supervisor/ctl/verbs.h"

#define OUTPUT_BYTES ((size_t)1 << 20)

static void print_valid(const struct options *options, const struct buffer *output)
{
	if (options->json)
		(void)puts("{\"ok\":true}");
	else if (!options->quiet)
		(void)fwrite(output->bytes, 1, output->count, stdout);
}

enum exit_code verb_check(const struct options *options)
{
	const char *file = options->arguments > 0 ? options->argument[0] : NULL;
	struct buffer output;
	enum exit_code code = EXIT_DONE;
	int result;

	if (file != NULL && access(file, R_OK) == -1)
		return say_error(options, EXIT_USAGE, NULL, "check: %s: %s", file,
				 strerror(errno));
	buffer_init(&output, OUTPUT_BYTES);
	result = background_check(file, &output);
	if (result == -EINVAL)
		code = say_faults(options, output.bytes, output.count);
	else if (result < 0)
		code = say_error(options, EXIT_FAILED, NULL,
				 "check: cannot run clusterd: %s", strerror(-result));
	else
		print_valid(options, &output);
	buffer_free(&output);
	return code;
}

enum exit_code verb_init(const struct options *options)
{
	(void)options;
	(void)fwrite(reference_begin, 1, (size_t)(reference_end - reference_begin),
		     stdout);
	return EXIT_DONE;
}

enum exit_code verb_completion(const struct options *options)
{
	if (!complete_print(options->argument[0]))
		return say_error(options, EXIT_USAGE, NULL,
				 "completion: %s: bash, fish or zsh",
				 options->argument[0]);
	return EXIT_DONE;
}

enum exit_code verb_help(const struct options *options)
{
	enum command command;

	if (options->arguments == 0) {
		help_print_all();
		return EXIT_DONE;
	}
	command = options_find(options->argument[0]);
	if (command == COMMAND_COUNT)
		return say_error(options, EXIT_USAGE, NULL, "help: %s: no such command",
				 options->argument[0]);
	help_print(command);
	return EXIT_DONE;
}
