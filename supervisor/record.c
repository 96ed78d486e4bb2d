#include "supervisor/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define VARINT 10 /* bytes of the longest */

/* ---- writing ---- */

static size_t write_varint(uint8_t to[VARINT], uint64_t value)
{
	size_t count = 0;

	do {
		to[count++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value > 0);
	return count;
}

static void append_varint(struct buffer *out, uint64_t value)
{
	uint8_t bytes[VARINT];

	buffer_append(out, bytes, write_varint(bytes, value));
}

static void append_field(struct buffer *out, uint16_t tag, const void *bytes,
			 size_t count)
{
	append_varint(out, tag);
	append_varint(out, count);
	buffer_append(out, bytes, count);
}

/* What was appended since then gets its length before it. */
static void put_length(struct buffer *out, size_t since)
{
	uint8_t bytes[VARINT];
	size_t length = out->count - since;
	size_t count = write_varint(bytes, length);

	buffer_append(out, bytes, count); /* makes room */
	if (out->broken)
		return;
	memmove(out->bytes + since + count, out->bytes + since, length);
	memcpy(out->bytes + since, bytes, count);
}

static size_t trim(const uint8_t *bytes, size_t count)
{
	while (count > 0 && bytes[count - 1] == 0)
		count--;
	return count;
}

static const void *pointer_at(const void *at)
{
	const void *pointer;

	memcpy(&pointer, at, sizeof(pointer));
	return pointer;
}

static unsigned count_of(const struct record_row *row, const uint8_t *from)
{
	unsigned count;

	if (row->count == RECORD_ALL)
		return (unsigned)row->most;
	memcpy(&count, from + row->count, sizeof(count));
	assert(count <= row->most);
	return count;
}

static void append_structs(struct buffer *out, const struct record_row *row,
			   const uint8_t *first, unsigned count, unsigned version)
{
	for (unsigned i = 0; i < count; i++) {
		size_t since = out->count;

		record_encode(out, row->row, first + i * row->bytes, version);
		put_length(out, since);
	}
}

static void append_words(struct buffer *out, char *const *word)
{
	for (; *word != NULL; word++) {
		append_varint(out, strlen(*word));
		buffer_append(out, *word, strlen(*word));
	}
}

/* An element without bytes is only its length. */
static bool says_anything(const struct buffer *out, size_t since)
{
	return trim((const uint8_t *)out->bytes + since, out->count - since) > 0;
}

/* Nested ones: false when there is nothing to say. */
static bool append_nested(struct buffer *out, const struct record_row *row,
			  const uint8_t *from, unsigned version)
{
	const uint8_t *at = from + row->offset;
	size_t before = out->count;
	const void *pointer;

	switch (row->kind) {
	case RECORD_STRUCT:
		record_encode(out, row->row, at, version);
		return out->count > before;
	case RECORD_ARRAY:
		append_structs(out, row, at, count_of(row, from), version);
		return row->count == RECORD_ALL ? says_anything(out, before)
						: out->count > before;
	case RECORD_POINTER:
		pointer = pointer_at(at);
		if (pointer != NULL)
			record_encode(out, row->row, pointer, version);
		return pointer != NULL;
	case RECORD_LIST:
		pointer = pointer_at(at);
		if (pointer != NULL)
			append_structs(out, row, pointer, count_of(row, from), version);
		return out->count > before;
	case RECORD_WORDS:
		pointer = pointer_at(at);
		if (pointer != NULL)
			append_words(out, pointer);
		return pointer != NULL;
	case RECORD_NUMBER:
	case RECORD_NUMBERS:
	case RECORD_CHARS:
	case RECORD_TEXT:
		break;
	}
	return false;
}

static void append_row(struct buffer *out, const struct record_row *row,
		       const uint8_t *from, unsigned version)
{
	const uint8_t *at = from + row->offset;
	size_t before = out->count, begun, count = 0;

	switch (row->kind) {
	case RECORD_NUMBER:
		count = trim(at, row->bytes);
		break;
	case RECORD_NUMBERS:
		count = trim(at, row->bytes * row->most);
		break;
	case RECORD_CHARS:
		count = strnlen((const char *)at, row->bytes);
		break;
	case RECORD_TEXT:
		at = pointer_at(at);
		if (at != NULL)
			append_field(out, row->tag, at, strlen((const char *)at));
		return;
	case RECORD_WORDS:
	case RECORD_STRUCT:
	case RECORD_POINTER:
	case RECORD_ARRAY:
	case RECORD_LIST:
		append_varint(out, row->tag);
		begun = out->count;
		if (append_nested(out, row, from, version))
			put_length(out, begun);
		else if (!out->broken)
			out->count = before;
		return;
	}
	if (count > 0)
		append_field(out, row->tag, at, count);
}

void record_encode(struct buffer *out, const struct record_row *row, const void *from,
		   unsigned version)
{
	for (; row->tag != 0; row++)
		if (row->since <= version)
			append_row(out, row, from, version);
}

/* ---- reading ---- */

struct reader {
	const uint8_t *at;
	size_t left;
	struct arena *arena;
};

static int read_varint(struct reader *reader, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && reader->left > 0; shift += 7) {
		uint8_t byte = *reader->at++;

		reader->left--;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*ret_value = value;
		return 0;
	}
	return -EBADMSG;
}

/* The next so many bytes, announced by their number, as a reader of their own. */
static int read_part(struct reader *reader, struct reader *ret_part)
{
	uint64_t length;
	int result = read_varint(reader, &length);

	if (result < 0)
		return result;
	if (length > reader->left)
		return -EBADMSG;
	*ret_part = (struct reader){reader->at, (size_t)length, reader->arena};
	reader->at += length;
	reader->left -= (size_t)length;
	return 0;
}

static int count_parts(struct reader reader, uint64_t most, unsigned *ret_count)
{
	struct reader part;
	unsigned count = 0;

	while (reader.left > 0) {
		if (read_part(&reader, &part) < 0 || count == most)
			return -EBADMSG;
		count++;
	}
	*ret_count = count;
	return 0;
}

static int read_number(const struct record_row *row, struct reader part, uint8_t *to)
{
	uint64_t value = 0;

	if (part.left > row->bytes || row->bytes > sizeof(value))
		return -EBADMSG;
	for (size_t i = 0; i < part.left; i++)
		value |= (uint64_t)part.at[i] << (8 * i);
	if (row->most > 0 && value > row->most)
		return -EBADMSG;
	memset(to, 0, row->bytes);
	memcpy(to, part.at, part.left);
	return 0;
}

static int read_bytes(struct reader part, uint8_t *to, size_t room)
{
	if (part.left > room)
		return -EBADMSG;
	memset(to, 0, room);
	memcpy(to, part.at, part.left);
	return 0;
}

static bool has_nul(const struct reader *part)
{
	return memchr(part->at, 0, part->left) != NULL;
}

static int read_text(struct reader part, char **ret_text)
{
	char *text;

	if (has_nul(&part))
		return -EBADMSG;
	text = arena_take(part.arena, part.left + 1);
	if (text == NULL)
		return -ENOMEM;
	memcpy(text, part.at, part.left);
	*ret_text = text;
	return 0;
}

static int read_words(const struct record_row *row, struct reader reader, uint8_t *to)
{
	char **word;
	unsigned count = 0;
	int result = count_parts(reader, row->most, &count);

	if (result < 0)
		return result;
	word = arena_take(reader.arena, (count + 1) * sizeof(*word));
	if (word == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < count && result == 0; i++) {
		struct reader part;

		result = read_part(&reader, &part);
		if (result == 0)
			result = read_text(part, &word[i]);
	}
	memcpy(to, &word, sizeof(word));
	return result;
}

static int read_struct(const struct record_row *row, struct reader part, void *to)
{
	return record_decode(to, row, part.at, part.left, part.arena);
}

static int read_structs(const struct record_row *row, struct reader reader,
			uint8_t *first, unsigned count)
{
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++) {
		struct reader part;

		result = read_part(&reader, &part);
		if (result == 0)
			result = read_struct(row->row, part, first + i * row->bytes);
	}
	return result;
}

static int read_many(const struct record_row *row, struct reader reader, uint8_t *to)
{
	uint8_t *first = to + row->offset;
	unsigned count = 0;
	int result = count_parts(reader, row->most, &count);

	if (result < 0)
		return result;
	if (row->kind == RECORD_LIST) {
		first = arena_take(reader.arena, count * row->bytes);
		if (first == NULL)
			return -ENOMEM;
		memcpy(to + row->offset, &first, sizeof(first));
	} else {
		memset(first, 0, row->most * row->bytes);
	}
	if (row->count != RECORD_ALL)
		memcpy(to + row->count, &count, sizeof(count));
	return read_structs(row, reader, first, count);
}

static int read_pointer(const struct record_row *row, struct reader part, uint8_t *to)
{
	void *target = arena_take(part.arena, row->bytes);

	if (target == NULL)
		return -ENOMEM;
	memcpy(to, &target, sizeof(target));
	return read_struct(row->row, part, target);
}

static int read_row(const struct record_row *row, struct reader part, uint8_t *to)
{
	uint8_t *at = to + row->offset;
	char *text;
	int result;

	switch (row->kind) {
	case RECORD_NUMBER:
		return read_number(row, part, at);
	case RECORD_NUMBERS:
		return read_bytes(part, at, row->bytes * row->most);
	case RECORD_CHARS:
		return has_nul(&part) ? -EBADMSG : read_bytes(part, at, row->bytes - 1);
	case RECORD_TEXT:
		result = read_text(part, &text);
		if (result == 0)
			memcpy(at, &text, sizeof(text));
		return result;
	case RECORD_WORDS:
		return read_words(row, part, at);
	case RECORD_STRUCT:
		memset(at, 0, row->bytes);
		return read_struct(row->row, part, at);
	case RECORD_POINTER:
		return read_pointer(row, part, at);
	case RECORD_ARRAY:
	case RECORD_LIST:
		return read_many(row, part, to);
	}
	return -EBADMSG;
}

int record_decode(void *to, const struct record_row *row, const void *bytes, size_t count,
		  struct arena *arena)
{
	struct reader reader = {bytes, count, arena}, part;

	while (reader.left > 0) {
		const struct record_row *at = row;
		uint64_t tag;
		int result = read_varint(&reader, &tag);

		if (result == 0)
			result = read_part(&reader, &part);
		if (result < 0)
			return result;
		while (at->tag != 0 && at->tag != tag)
			at++;
		if (at->tag != 0)
			result = read_row(at, part, to);
		if (result < 0)
			return result;
	}
	return 0;
}
