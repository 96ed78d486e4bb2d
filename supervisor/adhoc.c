#include "supervisor/adhoc.h"

#include <stdio.h>
#include <string.h>

static void put_quoted(struct buffer *to, const char *text)
{
	char escape[8];

	buffer_append(to, "\"", 1);
	for (; *text != '\0'; text++) {
		unsigned char letter = (unsigned char)*text;

		if (letter == '"' || letter == '\\') {
			buffer_append(to, (char[]){'\\', *text}, 2);
		} else if (letter < ' ' || letter == 0x7F) {
			(void)snprintf(escape, sizeof(escape), "\\x%02x", letter);
			buffer_append_text(to, escape);
		} else {
			buffer_append(to, text, 1);
		}
	}
	buffer_append(to, "\"", 1);
}

static void put_list(struct buffer *to, const char *setting, const char *const *list)
{
	buffer_append_text(to, "  ");
	buffer_append_text(to, setting);
	buffer_append_text(to, " = [ ");
	for (unsigned i = 0; list[i] != NULL; i++) {
		if (i > 0)
			buffer_append_text(to, ", ");
		put_quoted(to, list[i]);
	}
	buffer_append_text(to, " ];\n");
}

/* `group` NULL: the setting stands by itself. */
static void put_setting(struct buffer *to, const char *group, const char *setting,
			const char *value)
{
	if (value == NULL)
		return;
	buffer_append_text(to, "  ");
	if (group != NULL) {
		buffer_append_text(to, group);
		buffer_append_text(to, " = { ");
	}
	buffer_append_text(to, setting);
	buffer_append_text(to, " = ");
	put_quoted(to, value);
	buffer_append_text(to, group != NULL ? "; };\n" : ";\n");
}

/* By name alone: which they are is one of the options, which values they have is not for
 * this file. */
static void put_names(struct buffer *to, const struct adhoc *adhoc)
{
	bool all = adhoc->passed[0] != NULL && adhoc->passed[1] != NULL;

	buffer_append_text(to, "# Variables: ");
	buffer_append_text(to, all ? "all of the caller's" : "the caller's PATH");
	for (unsigned i = 0; adhoc->given[i] != NULL; i++) {
		buffer_append_text(to, ", ");
		buffer_append(to, adhoc->given[i], strcspn(adhoc->given[i], "="));
	}
	buffer_append_text(to, "\n");
}

void adhoc_format(const struct adhoc *adhoc, struct buffer *to)
{
	buffer_append_text(to, "# Started by hand; `clusterctl delete` forgets it.\n");
	put_names(to, adhoc);
	buffer_append_text(to, "apps = ({\n");
	put_setting(to, NULL, "name", adhoc->name);
	put_list(to, "command", adhoc->command);
	put_setting(to, NULL, "cwd", adhoc->directory);
	buffer_append_text(to, "  env_file = \"");
	buffer_append_text(to, adhoc->name);
	buffer_append_text(to, ".env\";\n");
	put_setting(to, NULL, "instances", adhoc->instances);
	if (adhoc->listen[0] != NULL)
		put_list(to, "listen", adhoc->listen);
	put_setting(to, NULL, "balance", adhoc->balance);
	put_setting(to, "recycle", "memory", adhoc->max_memory);
	put_setting(to, "ready", "on", adhoc->ready);
	put_setting(to, NULL, "user", adhoc->user);
	buffer_append_text(to, "});\n");
}

/* What is given comes last: the later of two of a name is the one that counts. */
void adhoc_format_variables(const struct adhoc *adhoc, struct buffer *to)
{
	for (unsigned i = 0; adhoc->passed[i] != NULL; i++)
		buffer_append(to, adhoc->passed[i], strlen(adhoc->passed[i]) + 1);
	for (unsigned i = 0; adhoc->given[i] != NULL; i++)
		buffer_append(to, adhoc->given[i], strlen(adhoc->given[i]) + 1);
}

static bool has_entry(const char *bytes, size_t count, const char *entry)
{
	size_t length = strlen(entry) + 1;

	for (const char *at = bytes, *end = bytes + count; at < end;) {
		size_t here = strnlen(at, (size_t)(end - at)) + 1;

		if (here == length && (size_t)(end - at) >= length &&
		    memcmp(at, entry, length) == 0)
			return true;
		at += here;
	}
	return false;
}

bool adhoc_has_given(const struct adhoc *adhoc, const char *bytes, size_t count)
{
	for (unsigned i = 0; adhoc->given[i] != NULL; i++)
		if (!has_entry(bytes, count, adhoc->given[i]))
			return false;
	return true;
}
