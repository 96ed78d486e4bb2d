#include "worker/logger/wording.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define UTF8_MOST 4 /* bytes of a letter */

size_t wording_measure(const char *bytes, size_t count, bool full, bool ended)
{
	const char *last = count > 0 ? memrchr(bytes, '\n', count) : NULL;

	if (ended || (full && !last))
		return count;
	return last ? (size_t)(last - bytes) + 1 : 0;
}

/* 2026-11-29T15:19:44.123Z */
static void format_time(char *text, size_t size, msec wall)
{
	time_t seconds = (time_t)(wall / 1000);
	struct tm at = {0};

	(void)gmtime_r(&seconds, &at);
	(void)snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		       at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour,
		       at.tm_min, at.tm_sec, (int)(wall % 1000));
}

/* How many bytes the letter has that begins here; 0: it is none. */
static size_t measure_letter(const unsigned char *at, size_t left)
{
	static const unsigned char second_least[] = {[0xe0 - 0xe0] = 0xa0,
						     [0xf0 - 0xe0] = 0x90};
	size_t length = at[0] < 0x80   ? 1
			: at[0] < 0xc2 ? 0
			: at[0] < 0xe0 ? 2
			: at[0] < 0xf0 ? 3
			: at[0] < 0xf5 ? 4
				       : 0;

	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if (length > 2 && at[0] - 0xe0U < ARRAY_COUNT(second_least) &&
	    at[1] < second_least[at[0] - 0xe0])
		return 0; /* written longer than it need be */
	if ((at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0; /* half of a pair of UTF-16; beyond Unicode */
	return length;
}

static void append_escaped(struct buffer *to, unsigned char letter)
{
	char text[8];

	switch (letter) {
	case '"':
	case '\\':
		(void)snprintf(text, sizeof(text), "\\%c", letter);
		break;
	case '\t':
		(void)strcpy(text, "\\t");
		break;
	case '\r':
		(void)strcpy(text, "\\r");
		break;
	default:
		(void)snprintf(text, sizeof(text), "\\u%04x", letter);
	}
	buffer_append_text(to, text);
}

/* What is no UTF-8 becomes U+FFFD, a byte at a time. */
static void append_text(struct buffer *to, const char *bytes, size_t count)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t begun = 0, i = 0;

	while (i < count) {
		size_t length = measure_letter(at + i, count - i);

		if (length > 0 && at[i] >= 0x20 && at[i] != '"' && at[i] != '\\') {
			i += length;
			continue;
		}
		buffer_append(to, bytes + begun, i - begun);
		if (length == 0)
			buffer_append_text(to, "\xef\xbf\xbd");
		else
			append_escaped(to, at[i]);
		begun = ++i;
	}
	buffer_append(to, bytes + begun, i - begun);
}

static void append_object(const struct wording *wording, const char *time,
			  const char *bytes, size_t count, struct buffer *to)
{
	char head[LOGGING_APP + 128];

	(void)snprintf(head, sizeof(head),
		       "{\"time\":\"%s\",\"app\":\"%s\",\"slot\":%u,\"stream\":\"%s\","
		       "\"line\":\"",
		       time, wording->app, wording->slot,
		       wording->stream == LOGGING_OUT ? "out" : "err");
	buffer_append_text(to, head);
	append_text(to, bytes, count);
	buffer_append_text(to, "\"}\n");
}

void wording_append(const struct wording *wording, const char *bytes, size_t count,
		    struct buffer *to)
{
	char time[64], prefix[LOGGING_APP + 96];
	const char *end = bytes + count;

	format_time(time, sizeof(time), wording->wall);
	(void)snprintf(prefix, sizeof(prefix), "%s %s.%u ", time, wording->app,
		       wording->slot);
	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length = (size_t)((newline ? newline : end) - bytes);

		if (wording->format == LOGGING_JSON) {
			append_object(wording, time, bytes, length, to);
		} else {
			buffer_append_text(to, prefix);
			buffer_append(to, bytes, length);
			buffer_append_text(to, "\n");
		}
		bytes += length + 1;
	}
}
