#include "supervisor/interpreter.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base.h"

#define OPTION_BYTES 32 /* of a long option that we know */

/* Short options by their letters, long ones each between two blanks. */
struct interpreter {
	const char *name;                   /* without the version at its end */
	const char *valued, *valued_long;   /* what follows is the option's */
	const char *instead, *instead_long; /* what runs is no script of a command line */
};

/* clang-format off */
static const struct interpreter interpreters[] = {
	{"node", "rC",
	 " --require --import --loader --experimental-loader --conditions --env-file"
	 " --title ",
	 "epi", " --eval --print --interactive --run --test "},
	{"python", "WX", " --check-hash-based-pycs ", "cm", ""},
	{"ruby", "rICE", " --encoding ", "e", ""},
	{"perl", "I", "", "eE", ""},
	{"php", "cdzt", " --php-ini --define --zend-extension --docroot ",
	 "rSRBEF", " --run --server "},
	{"lua", "l", "", "e", ""},
	{"sh", "o", "", "cs", ""},
	{"bash", "oO", " --rcfile --init-file ", "cs", ""},
};
/* clang-format on */

static const char *const other_names[][2] = {
	{"nodejs", "node"}, {"pypy", "python"}, {"dash", "sh"},
	{"ksh", "sh"},      {"zsh", "sh"},      {"luajit", "lua"},
};

/* "/usr/bin/python3.11" -> python */
static const struct interpreter *find_interpreter(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	size_t length = strlen(name);

	while (length > 0 && strchr("0123456789.", name[length - 1]))
		length--;
	for (size_t i = 0; i < ARRAY_COUNT(other_names); i++)
		if (strncmp(other_names[i][0], name, length) == 0 &&
		    other_names[i][0][length] == '\0') {
			name = other_names[i][1];
			length = strlen(name);
			break;
		}
	for (size_t i = 0; i < ARRAY_COUNT(interpreters); i++)
		if (strncmp(interpreters[i].name, name, length) == 0 &&
		    interpreters[i].name[length] == '\0')
			return &interpreters[i];
	return NULL;
}

static bool is_in(const char *list, const char *option)
{
	char between[OPTION_BYTES];
	int length = snprintf(between, sizeof(between), " %s ", option);

	return length < (int)sizeof(between) && strstr(list, between);
}

/* How many words this option is, with the one it takes; 0: there is no script. */
static unsigned skip_option(const struct interpreter *interpreter, const char *option)
{
	if (option[1] == '-') {
		if (is_in(interpreter->instead_long, option))
			return 0;
		return is_in(interpreter->valued_long, option) ? 2 : 1;
	}
	for (const char *letter = option + 1; *letter; letter++) {
		if (strchr(interpreter->instead, *letter))
			return 0;
		if (strchr(interpreter->valued, *letter))
			return letter[1] == '\0' ? 2 : 1; /* "-W ignore", "-Wignore" */
	}
	return 1;
}

static bool is_file(const char *path, int directory)
{
	struct stat status;

	return fstatat(directory, path, &status, 0) == 0 && S_ISREG(status.st_mode);
}

/* The first word that is no option, if a file has that name. */
unsigned interpreter_script(char *const *command, int directory)
{
	const struct interpreter *interpreter = find_interpreter(command[0]);
	unsigned i = 1;

	if (!interpreter)
		return 0;
	while (command[i] && command[i][0] == '-' && command[i][1] != '\0') {
		unsigned words = skip_option(interpreter, command[i]);

		if (words == 0 || (words == 2 && !command[i + 1]))
			return 0;
		i += words;
		if (strcmp(command[i - 1], "--") == 0)
			break;
	}
	return command[i] && is_file(command[i], directory) ? i : 0;
}
