#include "supervisor/import/sheet.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/import/pm2.h"
#include "supervisor/settings.h"

#define LINE_COLUMNS 92
#define VALUE_SHOWN  60 /* bytes of a value that a note shows */
#define INDENT       "        "

/* ---- text ---- */

const char *sheet_format(struct sheet *sheet, const char *format, ...)
{
	va_list values;
	char *made = NULL;
	const char *kept = NULL;

	va_start(values, format);
	if (vasprintf(&made, format, values) != -1) {
		kept = arena_text(sheet->arena, made);
		free(made);
	}
	va_end(values);
	if (kept == NULL)
		sheet->failed = true;
	return kept;
}

const char *sheet_quote(struct sheet *sheet, const char *text)
{
	/* Each byte may take four: \x1b */
	char *quoted = arena_take(sheet->arena, 4 * strlen(text) + sizeof("\"\""));
	char *at = quoted;

	if (quoted == NULL) {
		sheet->failed = true;
		return NULL;
	}
	*at++ = '"';
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			*at++ = '\\';
		if (byte < ' ' || byte == 0x7f)
			at += sprintf(at, "\\x%02x", byte);
		else
			*at++ = (char)byte;
	}
	*at++ = '"';
	*at = '\0';
	return quoted;
}

/* A comment is one line, whatever was quoted in it. */
static void append_word(struct buffer *to, const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_append(to, iscntrl((unsigned char)word[i]) ? "?" : &word[i], 1);
}

void sheet_print_comment(struct buffer *to, const char *indent, const char *text)
{
	size_t column = 0; /* 0: a line is due */
	bool begun = false;

	for (size_t length; *text != '\0'; text += length) {
		column = *text == '\n' ? 0 : column;
		text += strspn(text, " \n");
		length = strcspn(text, " \n");
		if (column == 0 || column + 1 + length > LINE_COLUMNS) {
			buffer_append_text(to, begun ? "\n" : "");
			buffer_append_text(to, indent);
			buffer_append_text(to, begun ? "#  " : "#");
			column = strlen(indent) + strlen("#  ");
			begun = true;
		}
		buffer_append_text(to, " ");
		append_word(to, text, length);
		column += 1 + length;
	}
	buffer_append_text(to, "\n");
}

/* ---- what was said ---- */

const struct json *sheet_find(const struct sheet *sheet, const char *key)
{
	struct json_member member = {0};
	const struct json *found = NULL;

	while (json_next(sheet->said, &member)) {
		const struct pm2_key *row = pm2_find(member.key);

		if (row != NULL && strcmp(row->name, key) == 0 &&
		    !json_is_none(member.value))
			found = member.value;
	}
	return found;
}

const char *sheet_print_scalar(struct sheet *sheet, const struct json *value)
{
	if (json_text(value) != NULL)
		return sheet_format(sheet, "%s", json_text(value));
	if (json_is_truth(value))
		return json_truth(value) ? "true" : "false";
	if (!json_is_figure(value))
		return NULL;
	if (json_number(value, INT64_MAX) != INT64_MAX)
		return sheet_format(sheet, "%" PRId64, json_number(value, 0));
	return sheet_format(sheet, "%.15g", json_fraction(value, 0));
}

const char *sheet_text(struct sheet *sheet, const char *key)
{
	const struct json *value = sheet_find(sheet, key);
	const char *text = value != NULL ? sheet_print_scalar(sheet, value) : NULL;

	if (value != NULL && (text == NULL || json_is_truth(value))) {
		sheet_refuse(sheet, key, "expects text");
		return NULL;
	}
	return text;
}

bool sheet_flag(struct sheet *sheet, const char *key, bool otherwise)
{
	const struct json *value = sheet_find(sheet, key);
	const char *text = json_text(value);

	if (value == NULL)
		return otherwise;
	if (json_is_truth(value))
		return json_truth(value);
	if (text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		return strcmp(text, "true") == 0;
	sheet_refuse(sheet, key, "expects true or false");
	return otherwise;
}

/* A whole number, as such or in quotes. */
static bool read_number(const struct json *value, int64_t *ret_number)
{
	const char *text = json_text(value);
	double real = json_fraction(value, 0.5);
	int64_t number;
	char *end;

	if (text != NULL) {
		errno = 0;
		*ret_number = strtoll(text, &end, 10);
		return errno == 0 && end != text && *end == '\0';
	}
	if (!(real > -9e15 && real < 9e15))
		return false;
	number = (int64_t)real;
	if ((double)number < real || (double)number > real)
		return false;
	*ret_number = number;
	return true;
}

bool sheet_number(struct sheet *sheet, const char *key, int64_t *ret_number)
{
	const struct json *value = sheet_find(sheet, key);

	if (value == NULL)
		return false;
	if (read_number(value, ret_number))
		return true;
	sheet_refuse(sheet, key, "expects a whole number");
	return false;
}

bool sheet_span(struct sheet *sheet, const char *key, msec *ret_span)
{
	const struct json *value = sheet_find(sheet, key);

	if (value == NULL)
		return false;
	if (read_number(value, ret_span) && *ret_span >= 0)
		return true;
	if (json_text(value) != NULL &&
	    text_parse_duration(ret_span, json_text(value)) == 0)
		return true;
	sheet_refuse(sheet, key, "expects milliseconds, or a time such as \"5s\"");
	return false;
}

void sheet_add_word(struct sheet *sheet, struct words *words, const char *word)
{
	if (words->count < SHEET_WORDS)
		words->word[words->count++] = word;
	else
		sheet->failed = true;
}

static void split_words(struct sheet *sheet, const char *key, const char *text,
			struct words *words)
{
	char *word[SHEET_WORDS];
	char *copy = arena_text(sheet->arena, text);
	int count = copy != NULL ? text_split(copy, word, SHEET_WORDS) : -ENOMEM;

	if (count == -EINVAL)
		sheet_refuse(sheet, key, "a quote is never closed");
	else if (count < 0)
		sheet->failed = true;
	for (int i = 0; i < count; i++)
		sheet_add_word(sheet, words, word[i]);
}

void sheet_words(struct sheet *sheet, const char *key, struct words *words)
{
	const struct json *value = sheet_find(sheet, key);

	if (value == NULL)
		return;
	if (json_text(value) != NULL) {
		split_words(sheet, key, json_text(value), words);
		return;
	}
	if (!json_is_list(value)) {
		sheet_refuse(sheet, key, "expects a list or text");
		return;
	}
	for (size_t i = 0; i < json_count(value); i++) {
		const char *word = sheet_print_scalar(sheet, json_at(value, i));

		if (word != NULL)
			sheet_add_word(sheet, words, word);
		else
			sheet_refuse(sheet, key, "expects a list of words");
	}
}

/* ---- what becomes of it ---- */

void sheet_note(struct sheet *sheet, const char *format, ...)
{
	char text[FAULT_SIZE];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	if (sheet->notes < SHEET_NOTES)
		sheet->note[sheet->notes++] = sheet_format(sheet, "%s", text);
	else
		sheet->failed = true;
}

void sheet_note_key(struct sheet *sheet, const char *key, const struct json *value,
		    const char *why)
{
	struct buffer text;
	struct json_writer writer = {.to = &text};
	int shown;

	buffer_init(&text, SIZE_MAX);
	json_put(&writer, NULL, value);
	shown = text.count > VALUE_SHOWN ? VALUE_SHOWN : (int)text.count;
	sheet_note(sheet, "%.64s = %.*s%s: %s", key, shown,
		   text.bytes != NULL ? text.bytes : "",
		   text.count > VALUE_SHOWN ? "..." : "", why);
	buffer_free(&text);
}

void sheet_refuse(struct sheet *sheet, const char *key, const char *format, ...)
{
	char why[FAULT_SIZE];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(why, sizeof(why), format, values);
	va_end(values);
	for (char *letter = why; *letter != '\0'; letter++)
		*letter = iscntrl((unsigned char)*letter) ? '?' : *letter;
	fault_add(sheet->faults, "%s: %s.%s: %s", sheet->file,
		  sheet->name != NULL ? sheet->name : "apps", key, why);
}

void sheet_set(struct sheet *sheet, const char *path, const char *value)
{
	if (value == NULL || sheet->settings == SHEET_SETTINGS) {
		sheet->failed = true;
		return;
	}
	sheet->setting[sheet->settings].path = path;
	sheet->setting[sheet->settings++].value = value;
}

void sheet_set_text(struct sheet *sheet, const char *path, const char *text)
{
	sheet_set(sheet, path, text != NULL ? sheet_quote(sheet, text) : NULL);
}

static int64_t within(struct sheet *sheet, const char *key, const char *path,
		      int64_t number)
{
	const struct setting *setting = settings_find(SETTING_OF_APP, path);
	int64_t border = number;

	if (setting == NULL || setting->kind == SETTING_LATER)
		return number;
	if (number < setting->least)
		border = setting->least;
	else if (number > setting->most)
		border = setting->most;
	if (border != number)
		sheet_note(sheet, "%s = %" PRId64 ": %s takes %s %" PRId64, key, number,
			   path, border > number ? "at least" : "at most", border);
	return border;
}

void sheet_set_number(struct sheet *sheet, const char *key, const char *path,
		      int64_t number)
{
	sheet_set(sheet, path,
		  sheet_format(sheet, "%" PRId64, within(sheet, key, path, number)));
}

void sheet_set_span(struct sheet *sheet, const char *key, const char *path, msec span)
{
	span = within(sheet, key, path, span);
	if (span % 1000 == 0)
		sheet_set(sheet, path,
			  sheet_format(sheet, "\"%" PRId64 "s\"", span / 1000));
	else
		sheet_set(sheet, path, sheet_format(sheet, "\"%" PRId64 "ms\"", span));
}

/* ---- printing ---- */

static size_t group_length(const char *path)
{
	const char *dot = strchr(path, '.');

	return dot != NULL ? (size_t)(dot - path) : 0;
}

static bool is_supported(const char *path)
{
	const struct setting *setting = settings_find(SETTING_OF_APP, path);

	return setting != NULL && setting->kind != SETTING_LATER;
}

/* The setting, and those that follow it in its group; returns how many. */
static unsigned print_settings(const struct sheet *sheet, unsigned first,
			       struct buffer *to)
{
	const char *path = sheet->setting[first].path;
	size_t group = group_length(path);
	bool supported = is_supported(path);
	unsigned count = 0;

	buffer_append_text(to, supported ? INDENT : INDENT "#");
	if (group > 0) {
		buffer_append(to, path, group);
		buffer_append_text(to, " = { ");
	}
	for (unsigned i = first; i < sheet->settings; i++) {
		const char *next = sheet->setting[i].path;

		if (count > 0 && (group == 0 || strncmp(next, path, group + 1) != 0 ||
				  is_supported(next) != supported))
			break;
		buffer_append_text(to, group > 0 ? next + group + 1 : next);
		buffer_append_text(to, " = ");
		buffer_append_text(to, sheet->setting[i].value);
		buffer_append_text(to, group > 0 ? "; " : ";");
		count++;
	}
	buffer_append_text(to, group > 0 ? "};" : "");
	buffer_append_text(to, supported ? "\n" : " # not supported yet\n");
	return count;
}

void sheet_print(const struct sheet *sheet, struct buffer *to)
{
	buffer_append_text(to, "    {\n");
	for (unsigned i = 0; i < sheet->settings;)
		i += print_settings(sheet, i, to);
	for (unsigned i = 0; i < sheet->notes; i++)
		if (sheet->note[i] != NULL)
			sheet_print_comment(to, INDENT, sheet->note[i]);
	buffer_append_text(to, "    }");
}
