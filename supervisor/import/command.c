#include "supervisor/import/command.h"

#include <stdio.h>
#include <string.h>

#include "common/interpreter.h"
#include "supervisor/import/variables.h"

#define SHELL "bash" /* as PM2 has it */

/* `path` seen from `directory`, without a leading "./". */
static const char *resolve(struct sheet *sheet, const char *directory, const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += strlen("./") + strspn(path + strlen("./"), "/");
	if (path[0] == '/')
		return sheet_format(sheet, "%s", path);
	if (path[0] == '\0' || strcmp(path, ".") == 0)
		return sheet_format(sheet, "%s", directory);
	return sheet_format(sheet, "%s%s%s", directory,
			    strcmp(directory, "/") == 0 ? "" : "/", path);
}

static const char *find_directory(struct sheet *sheet)
{
	const char *directory = sheet_text(sheet, "cwd");

	return directory != NULL ? resolve(sheet, sheet->directory, directory)
				 : sheet->directory;
}

static bool is_there(struct sheet *sheet, const char *directory, const char *script)
{
	const char *path = resolve(sheet, directory, script);

	return path != NULL && sheet->has_file(path);
}

/* NULL: none, the script runs by itself. */
static const char *find_interpreter(struct sheet *sheet, const char *script)
{
	const char *said = sheet_text(sheet, "exec_interpreter");

	if (said == NULL || said[0] == '\0')
		return interpreter_for(script);
	if (strcmp(said, "none") == 0)
		return NULL;
	if (strncmp(said, "node@", strlen("node@")) != 0)
		return said;
	sheet_note_key(
		sheet, "interpreter", sheet_find(sheet, "exec_interpreter"),
		"versions are not installed; give the path of that node in command");
	return "node";
}

/* What is no file and has blanks PM2 gives to a shell. */
static void add_line(struct sheet *sheet, const char *line, struct words *words)
{
	bool passes = sheet_find(sheet, "args") != NULL;

	sheet_add_word(sheet, words, SHELL);
	sheet_add_word(sheet, words, "-c");
	sheet_add_word(sheet, words,
		       passes ? sheet_format(sheet, "%s \"$@\"", line) : line);
	if (passes)
		sheet_add_word(sheet, words, SHELL);
}

static void add_script(struct sheet *sheet, const char *script, const char *directory,
		       struct words *words)
{
	const char *interpreter = find_interpreter(sheet, script);
	bool here = is_there(sheet, directory, script);

	if (interpreter == NULL && strpbrk(script, " \t") != NULL && !here) {
		add_line(sheet, script, words);
		return;
	}
	if (interpreter != NULL) {
		sheet_add_word(sheet, words, interpreter);
		sheet_words(sheet, "node_args", words);
	} else if (strchr(script, '/') == NULL && here) {
		script = sheet_format(sheet, "./%s", script);
	}
	sheet_add_word(sheet, words, script);
}

bool command_is_site(struct sheet *sheet)
{
	const char *script = sheet_text(sheet, "script");

	return script != NULL && strcmp(script, "serve") == 0;
}

static void add_site(struct sheet *sheet, const char *directory, struct words *words)
{
	const char *path = variables_find(sheet, VARIABLES_SITE "PATH");
	const char *single = variables_find(sheet, VARIABLES_SITE "SPA");
	const char *index = variables_find(sheet, VARIABLES_SITE "HOMEPAGE");

	sheet_add_word(sheet, words, "cluster-worker");
	sheet_add_word(sheet, words, "--root");
	sheet_add_word(sheet, words,
		       resolve(sheet, directory, path != NULL ? path : "."));
	if (single != NULL && strcmp(single, "true") == 0)
		sheet_add_word(sheet, words, "--spa");
	if (index == NULL || strcmp(index, "/index.html") == 0)
		return;
	sheet_add_word(sheet, words, "--index");
	sheet_add_word(sheet, words, index + strspn(index, "/"));
}

static void put(struct sheet *sheet, const struct words *words)
{
	struct buffer list;

	buffer_init(&list, SIZE_MAX);
	for (unsigned i = 0; i < words->count && !sheet->failed; i++) {
		const char *word = words->word[i];
		const char *quoted = word != NULL ? sheet_quote(sheet, word) : "";

		if (word != NULL && strstr(word, "%i") != NULL)
			sheet_note(sheet, "command: %%i becomes the number of the slot");
		buffer_append_text(&list, i > 0 ? ", " : "");
		buffer_append_text(&list, quoted != NULL ? quoted : "");
	}
	buffer_append(&list, "", 1);
	sheet_set(sheet, "command",
		  list.broken ? NULL : sheet_format(sheet, "[ %s ]", list.bytes));
	buffer_free(&list);
}

void command_translate(struct sheet *sheet)
{
	const char *script = sheet_text(sheet, "script");
	const char *directory = find_directory(sheet);
	struct words words = {.count = 0};

	if (script == NULL || script[0] == '\0') {
		sheet_refuse(sheet, "script", "is missing");
		return;
	}
	if (directory == NULL)
		return;
	if (command_is_site(sheet)) {
		add_site(sheet, directory, &words);
	} else {
		add_script(sheet, script, directory, &words);
		sheet_words(sheet, "args", &words);
	}
	put(sheet, &words);
	sheet_set_text(sheet, "cwd", directory);
}
