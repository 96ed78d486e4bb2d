#include "supervisor/ctl/options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"

const struct command_row command_rows[COMMAND_COUNT] = {
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	[COMMAND_##id] = {(name),  (aliases),      (arguments), (least), (most),     \
			  (flags), COMMAND_##kind, (method),    (help)},
	COMMANDS(X)
#undef X
};

const struct flag_row flag_rows[FLAG_COUNT] = {
#define X(id, name, letter, argument, kind, help) \
	[FLAG_##id] = {(name), (letter), (argument), COMMAND_##kind, (help)},
	FLAGS(X)
#undef X
};

/* PM2's words for what needs no word here. */
static const struct {
	const char *word, *hint;
} hints[] = {
	{"save", "nothing to save: the config file says what runs, and what is started "
		 "by hand is kept at once"},
	{"dump", "nothing to save: what is started by hand is kept at once"},
	{"resurrect", "nothing to resurrect: `start` brings back all there was"},
	{"kill", "`shutdown` stops everything and the supervisor"},
	{"startOrReload", "`start` starts what does not run, `reload` rolls what does"},
	{"startOrRestart", "`start` starts what does not run, `restart` what does"},
	{"startOrGracefulReload", "`start` starts what does not run, `reload` rolls it"},
	{"gracefulReload", "`reload` is graceful"},
	{"serve", "`start --serve DIR -l PORT` serves files"},
	{"jlist", "`list --json`"},
	{"prettylist", "`list --json`"},
	{"id", "`list --json` tells pids and slots"},
	{"pid", "`list --json` tells pids and slots"},
	{"update", "`upgrade` replaces a running supervisor in place"},
	{"env", "`show` tells what an app runs with"},
	{"cleardump", "`delete all` forgets what was started by hand"},
	{"info", "`show` tells everything about an app"},
	{"desc", "`show` tells everything about an app"},
	{"updatePM2", "`upgrade` replaces a running supervisor in place"},
	{"dashboard", "`top` shows the cluster live"},
	{"imonit", "`top` shows the cluster live"},
	{"ecosystem", "`init` prints a config to begin with"},
	{"set", "settings are in the config file: see cluster.conf(5)"},
	{"get", "settings are in the config file: see cluster.conf(5)"},
	{"conf", "settings are in the config file: see cluster.conf(5)"},
	{"unset", "settings are in the config file: see cluster.conf(5)"},
	{"install", "there are no modules"},
	{"uninstall", "there are no modules"},
	{"link", "nothing is reported anywhere"},
	{"attach", "workers have no standard input"},
	{"send", "workers have no standard input"},
	{"trigger", "`signal` reaches a worker"},
	{"deploy", "`reload` rolls what was deployed"},
};

enum command options_find(const char *word)
{
	unsigned command = 0;

	while (command < COMMAND_COUNT && strcmp(command_rows[command].name, word) != 0 &&
	       !text_has_word(command_rows[command].aliases, word))
		command++;
	return (enum command)command;
}

static int refuse_word(const char *word, struct fault *fault)
{
	const char *names[COMMAND_COUNT];
	const char *near;

	for (size_t i = 0; i < ARRAY_COUNT(hints); i++)
		if (strcmp(hints[i].word, word) == 0)
			return fault_set(fault, -EINVAL, "%s: no such command: %s", word,
					 hints[i].hint);
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		names[i] = command_rows[i].name;
	near = text_nearest(word, names, COMMAND_COUNT);
	if (near != NULL)
		return fault_set(fault, -EINVAL, "%s: no such command: did you mean %s?",
				 word, near);
	return fault_set(fault, -EINVAL, "%s: no such command: try clusterctl --help",
			 word);
}

/* What every command takes. Returns how many words it was, 0: none of these. */
static int take_global(struct options *options, const char *word, const char *next,
		       struct fault *fault)
{
	if (strcmp(word, "--json") == 0)
		options->json = true;
	else if (strcmp(word, "--quiet") == 0 || strcmp(word, "-q") == 0)
		options->quiet = true;
	else if (strcmp(word, "--no-color") == 0)
		options->plain = true;
	else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		options->help = true;
	else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		options->version = true;
	else if (strncmp(word, "--socket=", 9) == 0)
		options->socket = word + 9;
	else if (strcmp(word, "--socket") != 0)
		return 0;
	else if (next == NULL)
		return fault_set(fault, -EINVAL, "--socket: needs a path");
	else {
		options->socket = next;
		return 2;
	}
	return 1;
}

static const char *command_name(const struct options *options)
{
	return command_rows[options->command].name;
}

/* FLAG_COUNT: the command has no such flag. */
static enum flag find_flag(const struct options *options, const char *word, size_t length)
{
	uint64_t flags = command_rows[options->command].flags;
	unsigned flag = 0;

	for (; flag < FLAG_COUNT; flag++) {
		const struct flag_row *row = &flag_rows[flag];

		if ((flags & UINT32_C(1) << flag) == 0)
			continue;
		if (word[1] != '-' && row->letter != 0 && row->letter == word[1])
			break;
		if (word[1] == '-' && strlen(row->name) == length - 2 &&
		    strncmp(row->name, word + 2, length - 2) == 0)
			break;
	}
	return (enum flag)flag;
}

/* A flag of the command: "--name", "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE".
 * Returns how many words it was. */
static int take_flag(struct options *options, const char *word, const char *next,
		     struct fault *fault)
{
	size_t length = word[1] == '-' ? strcspn(word, "=") : 2;
	const char *value = word[length] == '=' ? word + length + 1 : word + length;
	const struct flag_row *row;
	enum flag flag;

	if (options->command == COMMAND_COUNT)
		return fault_set(fault, -EINVAL,
				 "unknown option %.*s; those of a command follow it",
				 (int)length, word);
	flag = find_flag(options, word, length);
	if (flag == FLAG_COUNT)
		return fault_set(fault, -EINVAL, "%s: unknown option %.*s",
				 command_name(options), (int)length, word);
	row = &flag_rows[flag];
	if (row->kind == COMMAND_PLANNED)
		return fault_set(fault, -EINVAL, "%s: --%s is not supported yet",
				 command_name(options), row->name);
	if (options->givens == COMMAND_MANY)
		return fault_set(fault, -EINVAL, "%s: too many options",
				 command_name(options));
	options->flags |= UINT32_C(1) << flag;
	options->given[options->givens++] = (struct option_given){.flag = flag};
	if (row->argument == NULL)
		return word[length] == '\0'
			       ? 1
			       : fault_set(fault, -EINVAL, "%s: --%s takes no value",
					   command_name(options), row->name);
	if (word[length] == '\0' && next == NULL)
		return fault_set(fault, -EINVAL, "%s: --%s needs %s",
				 command_name(options), row->name, row->argument);
	options->value[flag] = word[length] != '\0' ? value : next;
	options->given[options->givens - 1].value = options->value[flag];
	return word[length] != '\0' ? 1 : 2;
}

/* "-" alone is an argument, and so is "-1", which scale takes. */
static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1] != '\0' && !isdigit((unsigned char)word[1]);
}

static int take_argument(struct options *options, const char *word, struct fault *fault)
{
	if (options->command == COMMAND_COUNT) {
		options->command = options_find(word);
		return options->command < COMMAND_COUNT ? 1 : refuse_word(word, fault);
	}
	if (options->arguments == COMMAND_MANY)
		return fault_set(fault, -EINVAL, "%s: too many arguments",
				 command_name(options));
	options->argument[options->arguments++] = word;
	return 1;
}

/* Is what was said enough, and not too much? */
static int check(const struct options *options, struct fault *fault)
{
	const struct command_row *row;

	if (options->command == COMMAND_COUNT || options->help || options->version)
		return 0;
	row = &command_rows[options->command];
	if (row->kind == COMMAND_PLANNED)
		return fault_set(fault, -EINVAL, "%s: not supported yet", row->name);
	if (options->arguments < row->least || options->arguments > row->most)
		return fault_set(fault, -EINVAL, "%s: usage: clusterctl %s%s%s",
				 row->name, row->name,
				 row->arguments[0] != '\0' ? " " : "", row->arguments);
	return 0;
}

/* What follows `--`: a program's own, or arguments that look like flags. */
static int take_rest(struct options *options, char *const *word, unsigned count,
		     struct fault *fault)
{
	int result = 0;

	if (options->command == COMMAND_START) {
		options->passed = word;
		options->passes = count;
		return 0;
	}
	for (unsigned i = 0; i < count && result >= 0; i++)
		result = take_argument(options, word[i], fault);
	return result;
}

static int take_words(struct options *options, int count, char *const *list,
		      struct fault *fault)
{
	for (int at = 1; at < count;) {
		const char *word = list[at];
		const char *next = at + 1 < count ? list[at + 1] : NULL;
		int taken;

		if (strcmp(word, "--") == 0) {
			taken = take_rest(options, &list[at + 1],
					  (unsigned)(count - at - 1), fault);
			return taken < 0 ? taken : check(options, fault);
		}
		taken = is_flag(word) ? take_global(options, word, next, fault) : 0;
		if (taken == 0 && is_flag(word))
			taken = take_flag(options, word, next, fault);
		else if (taken == 0)
			taken = take_argument(options, word, fault);
		if (taken < 0)
			return taken;
		at += taken;
	}
	return check(options, fault);
}

/* Whoever wants JSON gets what is wrong in JSON, too, though it stands before --json. */
static bool wants_json(int count, char *const *list)
{
	for (int i = 1; i < count && strcmp(list[i], "--") != 0; i++)
		if (strcmp(list[i], "--json") == 0)
			return true;
	return false;
}

int options_parse(struct options *ret_options, int count, char *const *list,
		  struct fault *fault)
{
	int result;

	*ret_options = (struct options){.command = COMMAND_COUNT};
	result = take_words(ret_options, count, list, fault);
	if (result < 0)
		ret_options->json = wants_json(count, list);
	return result;
}
