#include "common/json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT 32
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD, for what is no UTF-8 */

/* `struct json` is jansson's value under a name of the house: nobody else sees jansson.
 */
static const json_t *native(const struct json *json)
{
	return (const json_t *)json;
}

static const struct json *ours(const json_t *json)
{
	return (const struct json *)json;
}

struct json *json_parse(const char *bytes, size_t count, struct fault *fault)
{
	json_error_t error;
	json_t *json = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);

	if (json == NULL)
		(void)fault_set(fault, 0, "byte %d: %s", error.position, error.text);
	return (struct json *)json;
}

struct json *json_parse_written(const char *bytes, size_t count, unsigned *ret_line,
				struct fault *fault)
{
	json_error_t error;
	json_t *json = json_loadb(bytes, count, JSON_DECODE_ANY, &error);

	if (json == NULL) {
		*ret_line = error.line > 0 ? (unsigned)error.line : 1;
		(void)fault_set(fault, 0, "%s", error.text);
	}
	return (struct json *)json;
}

void json_free(struct json *json)
{
	json_decref((json_t *)json);
}

bool json_is_map(const struct json *json)
{
	return json_is_object(native(json));
}

bool json_is_list(const struct json *json)
{
	return json_is_array(native(json));
}

bool json_is_truth(const struct json *json)
{
	return json_is_boolean(native(json));
}

bool json_is_whole(const struct json *json)
{
	return json_is_integer(native(json));
}

bool json_is_none(const struct json *json)
{
	return json == NULL || json_is_null(native(json));
}

bool json_is_figure(const struct json *json)
{
	return json_is_number(native(json));
}

bool json_truth(const struct json *json)
{
	return json_is_true(native(json));
}

const struct json *json_find(const struct json *object, const char *key)
{
	return ours(json_object_get(native(object), key));
}

const char *json_find_text(const struct json *object, const char *key)
{
	return json_string_value(native(json_find(object, key)));
}

bool json_find_bool(const struct json *object, const char *key)
{
	return json_is_true(native(json_find(object, key)));
}

int64_t json_number(const struct json *json, int64_t missing)
{
	const json_t *value = native(json);

	return json_is_integer(value) ? json_integer_value(value) : missing;
}

int64_t json_find_number(const struct json *object, const char *key, int64_t missing)
{
	return json_number(json_find(object, key), missing);
}

double json_fraction(const struct json *json, double missing)
{
	const json_t *value = native(json);

	return json_is_number(value) ? json_number_value(value) : missing;
}

double json_find_real(const struct json *object, const char *key, double missing)
{
	return json_fraction(json_find(object, key), missing);
}

bool json_next(const struct json *object, struct json_member *member)
{
	json_t *map = (json_t *)(uintptr_t)object; /* its iterators know no const */

	member->place = member->place == NULL ? json_object_iter(map)
					      : json_object_iter_next(map, member->place);
	if (member->place == NULL)
		return false;
	member->key = json_object_iter_key(member->place);
	member->value = ours(json_object_iter_value(member->place));
	return true;
}

size_t json_count(const struct json *array)
{
	return json_is_map(array) ? json_object_size(native(array))
				  : json_array_size(native(array));
}

const struct json *json_at(const struct json *array, size_t index)
{
	return ours(json_array_get(native(array), index));
}

const char *json_text(const struct json *json)
{
	return json_string_value(native(json));
}

static bool is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

const char *json_find_stranger(const struct json *object, const char *const *names)
{
	json_t *map = (json_t *)(uintptr_t)object; /* its iterators know no const */

	for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at))
		if (!is_among(json_object_iter_key(at), names))
			return json_object_iter_key(at);
	return NULL;
}

const char *json_name(const struct json *object, size_t index)
{
	json_t *map = (json_t *)(uintptr_t)object;
	void *at = json_object_iter(map);

	while (at && index-- > 0)
		at = json_object_iter_next(map, at);
	return at ? json_object_iter_key(at) : NULL;
}

/* How many bytes the UTF-8 sequence at `text` has; 0: it is none. */
static size_t sequence_bytes(const unsigned char *text)
{
	size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
	uint32_t point = text[0];

	if (bytes == 1)
		return 1;
	if (text[0] < 0xC2 || text[0] > 0xF4)
		return 0;
	point &= 0x7Fu >> bytes;
	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xC0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3F);
	}
	if (bytes == 3 && (point < 0x800 || (point >= 0xD800 && point < 0xE000)))
		return 0;
	if (bytes == 4 && (point < 0x10000 || point > 0x10FFFF))
		return 0;
	return bytes;
}

bool json_is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at != '\0') {
		size_t bytes = sequence_bytes(at);

		if (bytes == 0)
			return false;
		at += bytes;
	}
	return true;
}

static void append_escaped(struct buffer *to, unsigned char byte)
{
	static const char shorthand[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* byte, letter */
	char escape[8];

	for (size_t i = 0; i + 1 < sizeof(shorthand); i += 2)
		if ((unsigned char)shorthand[i] == byte) {
			buffer_append(to, (char[]){'\\', shorthand[i + 1]}, 2);
			return;
		}
	(void)snprintf(escape, sizeof(escape), "\\u%04x", byte);
	buffer_append_text(to, escape);
}

static void append_quoted(struct buffer *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	buffer_append_text(to, "\"");
	while (*at != '\0') {
		size_t bytes = sequence_bytes(at);

		if (bytes == 0)
			buffer_append_text(to, REPLACEMENT);
		else if (*at < ' ' || *at == '"' || *at == '\\' || *at == 0x7F)
			append_escaped(to, *at);
		else
			buffer_append(to, at, bytes);
		at += bytes > 0 ? bytes : 1;
	}
	buffer_append_text(to, "\"");
}

/* What goes before any value: the comma that is due, and its name. */
static void begin_value(struct json_writer *writer, const char *key)
{
	if (writer->separate)
		buffer_append_text(writer->to, ",");
	writer->separate = true;
	if (key == NULL)
		return;
	append_quoted(writer->to, key);
	buffer_append_text(writer->to, ":");
}

static void put_bare(struct json_writer *writer, const char *key, const char *value)
{
	begin_value(writer, key);
	buffer_append_text(writer->to, value);
}

static void open_with(struct json_writer *writer, const char *key, const char *bracket)
{
	put_bare(writer, key, bracket);
	writer->separate = false;
}

static void close_with(struct json_writer *writer, const char *bracket)
{
	buffer_append_text(writer->to, bracket);
	writer->separate = true;
}

void json_open_object(struct json_writer *writer, const char *key)
{
	open_with(writer, key, "{");
}

void json_close_object(struct json_writer *writer)
{
	close_with(writer, "}");
}

void json_open_array(struct json_writer *writer, const char *key)
{
	open_with(writer, key, "[");
}

void json_close_array(struct json_writer *writer)
{
	close_with(writer, "]");
}

void json_put_null(struct json_writer *writer, const char *key)
{
	put_bare(writer, key, "null");
}

void json_put_bool(struct json_writer *writer, const char *key, bool is)
{
	put_bare(writer, key, is ? "true" : "false");
}

void json_put_text(struct json_writer *writer, const char *key, const char *text)
{
	if (text == NULL) {
		json_put_null(writer, key);
		return;
	}
	begin_value(writer, key);
	append_quoted(writer->to, text);
}

void json_put_number(struct json_writer *writer, const char *key, int64_t number)
{
	char text[NUMBER_TEXT];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	put_bare(writer, key, text);
}

void json_put_figure(struct json_writer *writer, const char *key, int64_t figure)
{
	if (figure < 0)
		json_put_null(writer, key);
	else
		json_put_number(writer, key, figure);
}

void json_put_real_figure(struct json_writer *writer, const char *key, double figure)
{
	char text[NUMBER_TEXT];

	if (!(figure >= 0 && figure < 1e15)) {
		json_put_null(writer, key);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.2f", figure);
	put_bare(writer, key, text);
}

static int append_dumped(const char *bytes, size_t count, void *to)
{
	buffer_append(to, bytes, count);
	return 0;
}

void json_put(struct json_writer *writer, const char *key, const struct json *json)
{
	if (json == NULL) {
		json_put_null(writer, key);
		return;
	}
	begin_value(writer, key);
	if (json_dump_callback(native(json), append_dumped, writer->to,
			       JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		writer->to->broken = true;
}
