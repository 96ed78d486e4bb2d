#include "common/http.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define STATUS_DIGITS 9 /* where they stand in "HTTP/1.1 200 " */
#define CHUNK_DIGITS  7 /* of a chunk's length: 256 MiB are more than anybody keeps */

bool http_is_path(const char *path)
{
	size_t length = strlen(path);

	if (path[0] != '/' || length >= HTTP_PATH)
		return false;
	for (size_t i = 0; i < length; i++)
		if (path[i] <= ' ' || path[i] > '~')
			return false;
	return true;
}

size_t http_format_request(char text[HTTP_REQUEST], const char *path, const char *host)
{
	int length = snprintf(text, HTTP_REQUEST,
			      "GET %s HTTP/1.1\r\n"
			      "Host: %s\r\n"
			      "User-Agent: clusterd/" CLUSTERD_VERSION "\r\n"
			      "Accept: */*\r\n"
			      "Connection: close\r\n"
			      "\r\n",
			      path, host);

	assert(length > 0 && length < HTTP_REQUEST);
	return (size_t)length;
}

static bool fits(char form, char byte)
{
	if (form == 'd')
		return byte >= '0' && byte <= '9';
	if (form == '$')
		return byte == ' ' || byte == '\r' || byte == '\n';
	return byte == form;
}

/* What is here already must be as it should: an odd byte is no reason to wait. */
int http_parse_status(const char *bytes, size_t count)
{
	static const char form[] = "HTTP/1.d ddd$";
	const char *digit;

	for (size_t i = 0; i < count && form[i] != '\0'; i++)
		if (!fits(form[i], bytes[i]) || (i == STATUS_DIGITS && bytes[i] == '0'))
			return -EBADMSG;
	if (count < sizeof(form) - 1)
		return 0;
	digit = bytes + STATUS_DIGITS;
	return (digit[0] - '0') * 100 + (digit[1] - '0') * 10 + digit[2] - '0';
}

/* Behind the next line's end; NULL: it is not there yet. */
static const char *next_line(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? newline + 1 : NULL;
}

const char *http_first_header(const char *bytes, size_t head)
{
	const char *line = next_line(bytes, bytes + head);

	return line ? line : bytes + head;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

bool http_next_header(const char **at, const char *end, struct http_header *ret_header)
{
	const char *line = *at;
	const char *behind = next_line(line, end);
	const char *colon;
	struct http_header header = {.name = line};

	if (!behind || line[0] == '\n' || line[0] == '\r')
		return false;
	*at = behind;
	while (behind > line && is_blank(behind[-1]))
		behind--;
	colon = memchr(line, ':', (size_t)(behind - line));
	header.name_bytes = (size_t)((colon ? colon : behind) - line);
	header.value = colon ? colon + 1 : behind;
	while (header.value < behind && is_blank(*header.value))
		header.value++;
	header.value_bytes = (size_t)(behind - header.value);
	*ret_header = header;
	return true;
}

static bool is_called(const struct http_header *header, const char *name)
{
	return header->name_bytes == strlen(name) &&
	       strncasecmp(header->name, name, header->name_bytes) == 0;
}

/* -1: no length anybody could mean. */
static int64_t parse_length(const char *text, size_t bytes)
{
	int64_t length = 0;

	if (bytes == 0 || bytes > 18)
		return -1;
	for (size_t i = 0; i < bytes; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -1;
		length = length * 10 + (text[i] - '0');
	}
	return length;
}

static void note_header(struct http_answer *answer, const struct http_header *header)
{
	static const char chunked[] = "chunked";
	const size_t bytes = sizeof(chunked) - 1;

	if (is_called(header, "Content-Length"))
		answer->length = parse_length(header->value, header->value_bytes);
	if (is_called(header, "Transfer-Encoding") && header->value_bytes >= bytes &&
	    strncasecmp(header->value + header->value_bytes - bytes, chunked, bytes) == 0)
		answer->chunked = true;
}

int http_parse_head(struct http_answer *ret_answer, const char *bytes, size_t count)
{
	struct http_answer answer = {.length = -1};
	struct http_header header;
	const char *end, *at, *line;

	answer.status = http_parse_status(bytes, count);
	if (answer.status <= 0)
		return answer.status;
	end = bytes + count;
	at = bytes;
	do {
		at = next_line(at, end);
		if (!at || at == end)
			return 0;
		line = at;
	} while (line[0] != '\n' &&
		 !(line[0] == '\r' && end - line > 1 && line[1] == '\n'));
	answer.head = (size_t)(line - bytes) + (line[0] == '\r' ? 2 : 1);

	at = http_first_header(bytes, answer.head);
	while (http_next_header(&at, bytes + answer.head, &header))
		note_header(&answer, &header);
	if (answer.chunked)
		answer.length = -1;
	*ret_answer = answer;
	return 1;
}

/* The length that a chunk's first line says; -1: none. */
static int64_t chunk_length(const char *line, const char *behind)
{
	static const char digits[] = "0123456789abcdef";
	int64_t length = 0;
	unsigned count = 0;

	for (; line < behind && count <= CHUNK_DIGITS && isxdigit((unsigned char)*line);
	     line++, count++)
		length = length * 16 +
			 (strchr(digits, tolower((unsigned char)*line)) - digits);
	return count >= 1 && count <= CHUNK_DIGITS ? length : -1;
}

size_t http_join_chunks(char *bytes, size_t count, bool *ret_whole)
{
	const char *const end = bytes + count;
	const char *at = bytes;
	size_t joined = 0;

	*ret_whole = false;
	for (;;) {
		const char *chunk = next_line(at, end);
		int64_t length = chunk ? chunk_length(at, chunk) : -1;
		size_t here;

		if (length == 0)
			*ret_whole = true;
		if (length <= 0)
			return joined;
		here = (size_t)(end - chunk) < (size_t)length ? (size_t)(end - chunk)
							      : (size_t)length;
		memmove(bytes + joined, chunk, here);
		joined += here;
		at = next_line(chunk + here, end); /* behind the chunk's own line end */
		if (!at)
			return joined;
	}
}
