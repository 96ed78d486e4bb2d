#include "tests/load/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_init(struct answer *answer, const void *promised, size_t bytes)
{
	answer->phase = ANSWER_HEAD;
	answer->status = 0;
	answer->closes = false;
	answer->is_wrong = false;
	answer->pid = -1;
	answer->slot = -1;
	answer->remaining = 0;
	answer->body_bytes = 0;
	answer->promised = promised;
	answer->promised_bytes = bytes;
	answer->head_bytes = 0;
}

/* The value of a header, or NULL; `line` ends with a NUL. */
static const char *value_of(const char *line, const char *name)
{
	size_t bytes = strlen(name);

	if (strncasecmp(line, name, bytes) != 0 || line[bytes] != ':')
		return NULL;
	return line + bytes + 1 + strspn(line + bytes + 1, " \t");
}

static void read_header(struct answer *answer, const char *line)
{
	const char *value;

	if ((value = value_of(line, "Content-Length"))) {
		answer->remaining = strtoull(value, NULL, 10);
		answer->phase = ANSWER_COUNTED;
	} else if ((value = value_of(line, "Transfer-Encoding"))) {
		answer->phase = ANSWER_CHUNK_SIZE;
	} else if ((value = value_of(line, "Connection"))) {
		answer->closes = strcasecmp(value, "close") == 0;
	} else if ((value = value_of(line, "X-Cluster-Pid"))) {
		answer->pid = *value == '-' ? -1 : atoi(value);
	} else if ((value = value_of(line, "X-Cluster-Slot"))) {
		answer->slot = *value == '-' ? -1 : atoi(value);
	}
}

/* The head is whole, its last line is empty: decides how the body will end. */
static void read_head(struct answer *answer)
{
	char *line = answer->head;
	char *end = strstr(line, "\r\n");

	*end = '\0';
	if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12) {
		answer->phase = ANSWER_BROKEN;
		return;
	}
	answer->closes = line[7] == '0';
	answer->status = atoi(line + 9);
	answer->phase = ANSWER_UNTIL_CLOSE;
	for (line = end + 2; (end = strstr(line, "\r\n")) && end != line;
	     line = end + 2) {
		*end = '\0';
		read_header(answer, line);
	}
	if (answer->status / 100 == 1) { /* not the answer yet */
		answer->phase = ANSWER_HEAD;
		answer->head_bytes = 0;
	} else if (answer->status == 204 || answer->status == 304) {
		answer->phase = ANSWER_COMPLETE;
	} else if (answer->phase == ANSWER_COUNTED && answer->remaining == 0) {
		answer->phase = ANSWER_COMPLETE;
	}
}

/* Collects bytes up to and with `end`; true when it is there.  Head and chunk lines. */
static bool collect(struct answer *answer, char byte, const char *end)
{
	size_t bytes = strlen(end);

	if (answer->head_bytes + 1 >= sizeof(answer->head)) {
		answer->phase = ANSWER_BROKEN;
		return false;
	}
	answer->head[answer->head_bytes++] = byte;
	answer->head[answer->head_bytes] = '\0';
	return answer->head_bytes >= bytes &&
	       memcmp(answer->head + answer->head_bytes - bytes, end, bytes) == 0;
}

static void take_body(struct answer *answer, const unsigned char *data, size_t bytes)
{
	size_t left = answer->promised_bytes - answer->body_bytes;

	if (answer->promised &&
	    (bytes > left ||
	     memcmp(data, answer->promised + answer->body_bytes, bytes) != 0))
		answer->is_wrong = true;
	if (!answer->is_wrong)
		answer->body_bytes += bytes;
}

static size_t feed_body(struct answer *answer, const unsigned char *data, size_t bytes)
{
	size_t taken = bytes < answer->remaining ? bytes : (size_t)answer->remaining;

	take_body(answer, data, taken);
	answer->remaining -= taken;
	if (answer->remaining == 0)
		answer->phase = answer->phase == ANSWER_CHUNK ? ANSWER_CHUNK_END
							      : ANSWER_COMPLETE;
	return taken;
}

static void feed_line(struct answer *answer, char byte)
{
	const char *end = answer->phase == ANSWER_HEAD ? "\r\n\r\n" : "\r\n";

	if (!collect(answer, byte, end))
		return;
	if (answer->phase == ANSWER_HEAD) {
		read_head(answer);
	} else if (answer->phase == ANSWER_CHUNK_SIZE) {
		answer->remaining = strtoull(answer->head, NULL, 16);
		answer->phase = answer->remaining ? ANSWER_CHUNK : ANSWER_TRAILER;
	} else if (answer->phase == ANSWER_CHUNK_END) {
		answer->phase = ANSWER_CHUNK_SIZE;
	} else if (answer->head_bytes == 2) { /* the empty line after the trailers */
		answer->phase = ANSWER_COMPLETE;
	}
	answer->head_bytes = 0;
}

size_t answer_feed(struct answer *answer, const void *data, size_t bytes)
{
	const unsigned char *byte = data;
	size_t used = 0;

	while (used < bytes) {
		switch (answer->phase) {
		case ANSWER_HEAD:
		case ANSWER_CHUNK_SIZE:
		case ANSWER_CHUNK_END:
		case ANSWER_TRAILER:
			feed_line(answer, (char)byte[used++]);
			break;
		case ANSWER_COUNTED:
		case ANSWER_CHUNK:
			used += feed_body(answer, byte + used, bytes - used);
			break;
		case ANSWER_UNTIL_CLOSE:
			take_body(answer, byte + used, bytes - used);
			used = bytes;
			break;
		case ANSWER_COMPLETE:
		case ANSWER_BROKEN:
		case ANSWER_PHASES:
			return used;
		}
	}
	return used;
}

void answer_end(struct answer *answer)
{
	if (answer->phase == ANSWER_UNTIL_CLOSE)
		answer->phase = ANSWER_COMPLETE;
}

bool answer_is_right(const struct answer *answer)
{
	return !answer->is_wrong &&
	       (!answer->promised || answer->body_bytes == answer->promised_bytes);
}
