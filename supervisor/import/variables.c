#include "supervisor/import/variables.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "supervisor/import/pm2.h"
#include "supervisor/settings.h"

#define VARIABLES 512 /* as many as an app may have */
#define INDENT    "            "

struct variables {
	struct sheet *sheet;
	struct {
		const char *name;
		const char *text;
	} variable[VARIABLES];
	unsigned count;
};

/* A later one of the same name takes the place of the former. */
static void set(struct variables *variables, const char *name, const char *text)
{
	unsigned at = 0;

	while (at < variables->count && strcmp(variables->variable[at].name, name) != 0)
		at++;
	if (at == VARIABLES || text == NULL) {
		sheet_refuse(variables->sheet, "env", "more than %d variables",
			     VARIABLES);
		return;
	}
	variables->variable[at].name = name;
	variables->variable[at].text = text;
	if (at == variables->count)
		variables->count++;
}

static const char *get(const struct variables *variables, const char *name)
{
	for (unsigned i = 0; i < variables->count; i++)
		if (strcmp(variables->variable[i].name, name) == 0)
			return variables->variable[i].text;
	return NULL;
}

/* What is no scalar PM2 passes on as JSON. */
static const char *print_value(struct sheet *sheet, const struct json *value)
{
	const char *text = sheet_print_scalar(sheet, value);
	struct json_writer writer;
	struct buffer json;

	if (text != NULL)
		return text;
	buffer_init(&json, SIZE_MAX);
	writer = (struct json_writer){.to = &json};
	json_put(&writer, NULL, value);
	buffer_append(&json, "", 1);
	text = json.broken ? NULL : sheet_format(sheet, "%s", json.bytes);
	buffer_free(&json);
	return text;
}

/* Can clusterd set it?  Says why not. */
static bool is_settable(struct sheet *sheet, const char *key, const char *name)
{
	bool reserved = settings_is_reserved(name);

	if (name[0] == '\0' || strchr(name, '=') != NULL)
		sheet_refuse(sheet, key, "\"%.64s\" is no name of a variable", name);
	else if (reserved)
		sheet_note(sheet, "%s: %s is set by clusterd", key, name);
	else
		return strncmp(name, VARIABLES_SITE, strlen(VARIABLES_SITE)) != 0;
	return false;
}

static void add(struct variables *variables, const char *key, const struct json *object)
{
	struct json_member member = {0};

	if (!json_is_map(object)) {
		sheet_refuse(variables->sheet, key, "expects NAME: value pairs");
		return;
	}
	while (json_next(object, &member)) {
		if (!json_is_none(member.value) &&
		    is_settable(variables->sheet, key, member.key))
			set(variables, member.key,
			    print_value(variables->sheet, member.value));
	}
}

static bool is_chosen(const struct sheet *sheet, const char *key)
{
	return sheet->profile != NULL &&
	       strncmp(key, PM2_PROFILE, strlen(PM2_PROFILE)) == 0 &&
	       strcmp(key + strlen(PM2_PROFILE), sheet->profile) == 0;
}

const char *variables_find(struct sheet *sheet, const char *name)
{
	const struct json *value = json_find(sheet_find(sheet, "env"), name);
	struct json_member member = {0};

	while (json_next(sheet->said, &member))
		if (is_chosen(sheet, member.key) &&
		    !json_is_none(json_find(member.value, name)))
			value = json_find(member.value, name);
	return json_is_none(value) ? NULL : sheet_print_scalar(sheet, value);
}

/* Chosen by --env; the others are only named. */
static void add_profiles(struct variables *variables)
{
	struct sheet *sheet = variables->sheet;
	struct json_member member = {0};

	while (json_next(sheet->said, &member)) {
		if (strncmp(member.key, PM2_PROFILE, strlen(PM2_PROFILE)) != 0 ||
		    json_is_none(member.value))
			continue;
		if (is_chosen(sheet, member.key))
			add(variables, member.key, member.value);
		else
			sheet_note_key(sheet, member.key, member.value,
				       "not taken in; `clusterctl import --env` and its "
				       "name does that");
	}
}

/* PM2 counts up from the variable's value: 3000, 3001...  %i is the slot's number, and
 * can be the last digit. */
static void increment(struct variables *variables, int64_t instances)
{
	struct sheet *sheet = variables->sheet;
	const char *name = sheet_text(sheet, "increment_var");
	const char *text = name != NULL ? get(variables, name) : NULL;
	char *end;
	long long base;

	if (text == NULL)
		return;
	base = strtoll(text, &end, 10);
	if (base == 0)
		set(variables, name, "%i");
	else if (*end == '\0' && base > 0 && base % 10 == 0 && instances > 0 &&
		 instances <= 10)
		set(variables, name, sheet_format(sheet, "%lld%%i", base / 10));
	else
		sheet_note_key(sheet, "increment_var", sheet_find(sheet, "increment_var"),
			       "there is no counting up; CLUSTER_SLOT tells the number "
			       "of the slot, from 0, and %i becomes it in env");
}

/* Does libconfig take it as the name of a setting? */
static bool is_name(const char *text)
{
	if (!isalpha((unsigned char)text[0]) || strcasecmp(text, "true") == 0 ||
	    strcasecmp(text, "false") == 0)
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
	return true;
}

/* A group reads better; a list takes every name. */
static void put(const struct variables *variables)
{
	struct sheet *sheet = variables->sheet;
	struct buffer text;
	bool group = true;

	if (variables->count == 0)
		return;
	for (unsigned i = 0; i < variables->count; i++)
		group = group && is_name(variables->variable[i].name);
	buffer_init(&text, SIZE_MAX);
	buffer_append_text(&text, group ? "{" : "[");
	for (unsigned i = 0; i < variables->count && !sheet->failed; i++) {
		const char *name = variables->variable[i].name;
		const char *quoted = sheet_quote(
			sheet, group ? variables->variable[i].text
				     : sheet_format(sheet, "%s=%s", name,
						    variables->variable[i].text));

		buffer_append_text(&text, i > 0 && !group ? ",\n" INDENT : "\n" INDENT);
		buffer_append_text(&text, group ? name : "");
		buffer_append_text(&text, group ? " = " : "");
		buffer_append_text(&text, quoted != NULL ? quoted : "");
		buffer_append_text(&text, group ? ";" : "");
	}
	buffer_append_text(&text, group ? "\n        }" : "\n        ]");
	buffer_append(&text, "", 1);
	sheet_set(sheet, "env",
		  text.broken ? NULL : sheet_format(sheet, "%s", text.bytes));
	buffer_free(&text);
}

void variables_translate(struct sheet *sheet, int64_t instances)
{
	struct variables variables = {.sheet = sheet};
	const struct json *env = sheet_find(sheet, "env");
	const char *port = sheet_text(sheet, "port");
	const char *slot = sheet_text(sheet, "instance_var");

	if (port != NULL)
		set(&variables, "PORT", port);
	if (env != NULL)
		add(&variables, "env", env);
	add_profiles(&variables);
	for (unsigned i = 0; i < variables.count; i++)
		if (strstr(variables.variable[i].text, "%i") != NULL)
			sheet_note(sheet, "env.%.64s: %%i becomes the number of the slot",
				   variables.variable[i].name);
	if (slot != NULL && strcmp(slot, "NODE_APP_INSTANCE") != 0 &&
	    is_settable(sheet, "instance_var", slot))
		set(&variables, slot, "%i");
	increment(&variables, instances);
	put(&variables);
}
