#include "supervisor/gather.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/address.h"
#include "common/text.h"
#include "supervisor/core/spec.h"

#define COMMAND_WORDS 1024 /* room for as many as the table allows */

static int check_count(const struct assignment *task, unsigned count, const char *what)
{
	if (count <= task->setting->most)
		return 0;
	return value_refuse(task->reader, task->value, "more than %d %s",
			    (int)task->setting->most, what);
}

/* The command as one text: returns how many words. */
static int split_command(const struct assignment *task, char *text, char **word)
{
	int count = text_split(text, word, (unsigned)task->setting->most);

	if (count == -E2BIG)
		return check_count(task, UINT_MAX, "words");
	if (count < 0)
		return value_refuse(task->reader, task->value, "a quote is never closed");
	return count;
}

int gather_command(const struct assignment *task)
{
	struct app_spec *app = task->target;
	char *word[COMMAND_WORDS];
	unsigned items;
	const struct value *item = value_items(task->value, &items);
	int error = check_count(task, items, "words");
	int count = (int)items;
	char **command;

	assert(task->setting->most <= COMMAND_WORDS);
	for (unsigned i = 0; i < items && !error; i++)
		error = value_read_text(task->reader, &item[i], &word[i]);
	if (!error && task->value->kind == VALUE_TEXT)
		count = split_command(task, word[0], word);
	if (error || count < 0)
		return error ? error : count;
	if (count == 0 || !word[0][0])
		return value_refuse(task->reader, task->value, "names no program");

	command = arena_take(task->reader->arena, ((size_t)count + 1) * sizeof(*command));
	if (!command)
		return -ENOMEM;
	memcpy(command, word, (size_t)count * sizeof(*command));
	app->command = command;
	return 0;
}

static int read_variable_value(const struct assignment *task, const struct value *value,
			       char **ret_text)
{
	if (value->kind != VALUE_FLAG)
		return value_read_text(task->reader, value, ret_text);
	*ret_text = arena_text(task->reader->arena, value->flag ? "true" : "false");
	return *ret_text ? 0 : -ENOMEM;
}

/* NAME = value in a group, "NAME=value" in a list: libconfig knows no name like "_X". */
static int read_variable(const struct assignment *task, const struct value *value,
			 struct spec_variable *variable)
{
	char *text = NULL;
	int error = read_variable_value(task, value, &text);

	if (error)
		return error;
	if (value->name) {
		variable->name = arena_text(task->reader->arena, value->name);
		variable->value = text;
	} else {
		char *equals = strchr(text, '=');

		if (!equals || equals == text)
			return value_refuse(task->reader, value,
					    "expects \"NAME=value\"");
		*equals = '\0';
		variable->name = text;
		variable->value = equals + 1;
	}
	if (!variable->name)
		return -ENOMEM;
	if (settings_is_reserved(variable->name))
		return value_refuse(task->reader, value, "%s is set by clusterd",
				    variable->name);
	return 0;
}

int gather_variables(const struct assignment *task)
{
	const struct value *value = task->value;
	struct app_spec *app = task->target;
	struct spec_variable *variable;
	int result = check_count(task, value->items, "variables");

	if (value->kind != VALUE_GROUP && value->kind != VALUE_LIST)
		return value_expect(task->reader, value,
				    "a group such as { NAME = \"value\"; }");
	if (result)
		return result;
	variable = arena_take(task->reader->arena, value->items * sizeof(*variable));
	if (!variable)
		return -ENOMEM;
	for (unsigned i = 0; i < value->items; i++) {
		int error = read_variable(task, &value->item[i], &variable[i]);

		if (error == -ENOMEM)
			return error;
		result = error ? error : result;
	}
	app->env = variable;
	app->env_count = value->items;
	return result;
}

int gather_words(const struct assignment *task)
{
	struct app_spec *app = task->target;
	unsigned count;
	const struct value *item = value_items(task->value, &count);
	int result = check_count(task, count, "names");
	const char **word;

	if (result)
		return result;
	word = arena_take(task->reader->arena, count * sizeof(*word));
	if (!word)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		char *text = NULL;
		int error = value_read_text(task->reader, &item[i], &text);

		if (error == -ENOMEM)
			return error;
		if (!error && (!text[0] || strchr(text, '=')))
			error = value_refuse(task->reader, &item[i],
					     "expects the name of a variable");
		word[i] = text;
		result = error ? error : result;
	}
	app->pass_env = word;
	app->pass_env_count = count;
	return result;
}

static int read_address(const struct assignment *task, const struct value *value,
			const char **ret_text)
{
	struct address address;
	struct fault fault;
	char canonical[ADDRESS_TEXT];
	char *text = NULL;
	int error = value_read_text(task->reader, value, &text);

	if (error)
		return error;
	if (address_parse(&address, text, &fault) < 0)
		return value_refuse(task->reader, value, "%s", fault.text);
	address_format(&address, canonical);
	*ret_text = arena_text(task->reader->arena, canonical);
	return *ret_text ? 0 : -ENOMEM;
}

int gather_listen(const struct assignment *task)
{
	struct app_spec *app = task->target;
	unsigned count;
	const struct value *item = value_items(task->value, &count);
	int result = check_count(task, count, "addresses");

	if (result)
		return result;
	assert(count <= SPEC_LISTEN);
	if (count == 1 && item->kind == VALUE_TEXT && strcmp(item->text, "auto") == 0)
		count = 0; /* whatever the program asks for */
	for (unsigned i = 0; i < count; i++) {
		int error = read_address(task, &item[i], &app->listen[i]);

		if (error == -ENOMEM)
			return error;
		result = error ? error : result;
	}
	app->listen_count = count;
	return result;
}

/* Whole numbers within the setting's range; returns how many. */
static int read_numbers(const struct assignment *task, int64_t *number, unsigned most)
{
	unsigned count;
	const struct value *item = value_items(task->value, &count);
	int error = 0;

	if (count > most)
		return value_refuse(task->reader, task->value, "more than %u numbers",
				    most);
	for (unsigned i = 0; i < count; i++)
		if (value_read_whole(task->reader, &item[i], task->setting->least,
				     task->setting->most, &number[i]) < 0)
			error = -EINVAL;
	return error ? error : (int)count;
}

int gather_weights(const struct assignment *task)
{
	struct app_spec *app = task->target;
	int64_t number[CORE_SLOTS];
	int count = read_numbers(task, number, CORE_SLOTS);
	unsigned *weight;

	if (count < 0)
		return count;
	weight = arena_take(task->reader->arena, (size_t)count * sizeof(*weight));
	if (!weight)
		return -ENOMEM;
	for (int i = 0; i < count; i++)
		weight[i] = (unsigned)number[i];
	app->weight = weight;
	app->weight_count = (unsigned)count;
	return 0;
}

int gather_exit_codes(const struct assignment *task)
{
	struct app_spec *app = task->target;
	int64_t number[SPEC_EXIT_CODES];
	int count = read_numbers(task, number, SPEC_EXIT_CODES);

	for (int i = 0; i < count; i++)
		app->stop_exit_code[i] = (int)number[i];
	app->stop_exit_codes = count > 0 ? (unsigned)count : 0;
	return count < 0 ? count : 0;
}
