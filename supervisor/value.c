#include "supervisor/value.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int value_refuse(const struct value_reader *reader, const struct value *value,
		 const char *format, ...)
{
	char why[FAULT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	/* What was read may be quoted in it; one fault is one line. */
	for (char *letter = why; *letter; letter++)
		*letter = iscntrl((unsigned char)*letter) ? '?' : *letter;
	fault_add(reader->faults, "%s:%u: %s%s%s: %s", value->place.file,
		  value->place.line, reader->subject ? reader->subject : "",
		  reader->subject ? "." : "", reader->key, why);
	return -EINVAL;
}

int value_expect(const struct value_reader *reader, const struct value *value,
		 const char *what)
{
	return value_refuse(reader, value, "expects %s, not %s", what,
			    value_kind_name(value->kind));
}

int value_read_whole(const struct value_reader *reader, const struct value *value,
		     int64_t least, int64_t most, int64_t *ret_number)
{
	int64_t number;

	if (value->kind != VALUE_NUMBER)
		return value_expect(reader, value, "a whole number");
	/* Compared before it is converted: a double can be larger than any integer. */
	if (!(value->number >= (double)least))
		return value_refuse(reader, value, "%.15g is less than %lld",
				    value->number, (long long)least);
	if (!(value->number <= (double)most))
		return value_refuse(reader, value, "%.15g is more than %lld",
				    value->number, (long long)most);
	number = (int64_t)value->number;
	if ((double)number < value->number || (double)number > value->number)
		return value_refuse(reader, value, "%.15g is not a whole number",
				    value->number);
	*ret_number = number;
	return 0;
}

int value_read_text(const struct value_reader *reader, const struct value *value,
		    char **ret_text)
{
	char *text;

	if (value->kind == VALUE_TEXT)
		text = arena_text(reader->arena, value->text);
	else if (value->kind == VALUE_NUMBER && !value->plain)
		return value_refuse(reader, value,
				    "a number with a point or 0x is text only in quotes");
	else if (value->kind == VALUE_NUMBER)
		text = arena_print(reader->arena, "%.15g", value->number);
	else
		return value_expect(reader, value, "text");
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

const struct value *value_items(const struct value *value, unsigned *ret_count)
{
	*ret_count = value->kind == VALUE_LIST ? value->items : 1;
	return value->kind == VALUE_LIST ? value->item : value;
}

const struct value *value_find_member(const struct value *group, const char *name)
{
	if (group->kind != VALUE_GROUP)
		return NULL;
	for (unsigned i = 0; i < group->items; i++)
		if (strcmp(group->item[i].name, name) == 0)
			return &group->item[i];
	return NULL;
}

const char *value_kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_FLAG] = "true or false", [VALUE_NUMBER] = "a number",
		[VALUE_TEXT] = "text",          [VALUE_LIST] = "a list",
		[VALUE_GROUP] = "a group",
	};

	assert(kind < VALUE_KINDS);
	return names[kind];
}
