#include "supervisor/ctl/help.h"

#include <stdio.h>

#include "supervisor/ctl/options.h"

static const char intro[] = "usage: clusterctl [OPTIONS] COMMAND [ARGUMENTS]\n\n"
			    "Speaks to a running clusterd.  A TARGET is an app's name, "
			    "name.SLOT for one worker,\n"
			    "all, or a glob ('api-*').\n\n";

static const char options_text[] =
	"Every command takes:\n"
	"  --socket PATH        the control socket to speak to\n"
	"  --json               answer in JSON\n"
	"  -q, --quiet          say nothing but errors\n"
	"  --no-color           no colours; so does NO_COLOR\n"
	"  -h, --help           what a command does and takes\n"
	"  -V, --version        print the version\n\n"
	"Exit codes: 0 done, 1 failed, 2 usage or invalid config, 3 no supervisor runs,\n"
	"4 timed out, 5 no such app or worker, 6 permission denied, 75 busy.\n";

static void print_rows(bool planned)
{
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = &command_rows[i];

		if ((row->kind == COMMAND_PLANNED) != planned)
			continue;
		(void)printf("  %-12s %s\n", row->name, row->help);
	}
}

void help_print_all(void)
{
	(void)fputs(intro, stdout);
	print_rows(false);
	(void)fputs("\nNot supported yet:\n", stdout);
	print_rows(true);
	(void)putchar('\n');
	(void)fputs(options_text, stdout);
}

static void print_flag(const struct flag_row *row)
{
	char name[40];

	(void)snprintf(name, sizeof(name), "--%s%s%s", row->name,
		       row->argument != NULL ? " " : "",
		       row->argument != NULL ? row->argument : "");
	(void)printf("  %c%c%s%-20s %s%s\n", row->letter != 0 ? '-' : ' ',
		     row->letter != 0 ? row->letter : ' ', row->letter != 0 ? ", " : "  ",
		     name, row->help,
		     row->kind == COMMAND_PLANNED ? " (not supported yet)" : "");
}

void help_print(enum command command)
{
	const struct command_row *row = &command_rows[command];

	(void)printf("usage: clusterctl %s%s%s%s\n\n%s%s\n", row->name,
		     row->flags != 0 ? " [OPTIONS]" : "",
		     row->arguments[0] != '\0' ? " " : "", row->arguments, row->help,
		     row->kind == COMMAND_PLANNED ? " (not supported yet)" : "");
	if (row->aliases[0] != '\0')
		(void)printf("Also: %s\n", row->aliases);
	(void)putchar('\n');
	for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
		if ((row->flags & UINT32_C(1) << flag) != 0)
			print_flag(&flag_rows[flag]);
	if (row->flags != 0)
		(void)putchar('\n');
	(void)fputs(options_text, stdout);
}
