#include "common/beat.h"

#include "common/text.h"

#include <errno.h>
#include <string.h>

/* A part of the datagram: not ended by a NUL. */
struct span {
	const char *at;
	size_t count;
};

static bool equals(struct span span, const char *word)
{
	return span.count == strlen(word) && memcmp(span.at, word, span.count) == 0;
}

/* Cuts the next line off the front of `rest`, without its end. */
static struct span take_line(struct span *rest)
{
	const char *end = memchr(rest->at, '\n', rest->count);
	struct span line = {.at = rest->at, .count = rest->count};

	if (end)
		line.count = (size_t)(end - rest->at);
	rest->at += line.count + (end ? 1 : 0);
	rest->count -= line.count + (end ? 1 : 0);
	return line;
}

/* Splits at the first '='; false when there is none. */
static bool split(struct span line, struct span *ret_key, struct span *ret_value)
{
	const char *sign = memchr(line.at, '=', line.count);

	if (!sign)
		return false;
	*ret_key = (struct span){.at = line.at, .count = (size_t)(sign - line.at)};
	*ret_value =
		(struct span){.at = sign + 1, .count = line.count - ret_key->count - 1};
	return true;
}

/* Below BEAT_UNKNOWN, digits only. */
static int parse_figure(uint64_t *ret_figure, struct span text)
{
	uint64_t figure = 0;

	if (text.count == 0)
		return -EBADMSG;
	for (size_t i = 0; i < text.count; i++) {
		unsigned digit = (unsigned)(text.at[i] - '0');

		if (digit > 9 || figure > (BEAT_UNKNOWN - 1 - digit) / 10)
			return -EBADMSG;
		figure = figure * 10 + digit;
	}
	*ret_figure = figure;
	return 0;
}

static int absorb_figure(struct beat *beat, struct span key, struct span value)
{
	const struct {
		const char *key;
		uint64_t *figure;
	} row[] = {
		{"EXTEND_TIMEOUT_USEC", &beat->extend_usec},
		{"X_CLUSTER_LAG_USEC", &beat->lag_usec},
		{"X_CLUSTER_CONNECTIONS", &beat->connections},
		{"X_CLUSTER_REQUESTS", &beat->requests},
		{"X_CLUSTER_ERRORS", &beat->errors},
		{"X_CLUSTER_LATENCY_USEC", &beat->latency_usec},
	};

	for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
		if (equals(key, row[i].key))
			return parse_figure(row[i].figure, value);
	}
	return 0;
}

static void absorb_flag(struct beat *beat, struct span line)
{
	const struct {
		const char *line;
		bool *flag;
	} row[] = {
		{"WATCHDOG=1", &beat->watchdog}, {"READY=1", &beat->ready},
		{"STOPPING=1", &beat->stopping}, {"WATCHDOG=trigger", &beat->trigger},
		{"BARRIER=1", &beat->barrier},
	};

	for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
		if (equals(line, row[i].line))
			*row[i].flag = true;
	}
}

static int absorb_line(struct beat *beat, struct span line)
{
	struct span key;
	struct span value;

	if (!split(line, &key, &value))
		return 0;
	if (equals(key, "STATUS")) {
		beat->has_status = true;
		text_copy_printable(beat->status, sizeof(beat->status), value.at,
				    value.count);
		return 0;
	}
	absorb_flag(beat, line);
	return absorb_figure(beat, key, value);
}

int beat_decode(struct beat *ret_beat, const char *bytes, size_t count)
{
	struct span rest = {.at = bytes, .count = count};
	struct beat beat = {.lag_usec = BEAT_UNKNOWN,
			    .connections = BEAT_UNKNOWN,
			    .requests = BEAT_UNKNOWN,
			    .errors = BEAT_UNKNOWN,
			    .latency_usec = BEAT_UNKNOWN};

	if (rest.count > 0 && rest.at[rest.count - 1] == '\0')
		rest.count--;
	if (rest.count == 0 || count > BEAT_BYTES || memchr(rest.at, '\0', rest.count))
		return -EBADMSG;
	while (rest.count > 0) {
		int code = absorb_line(&beat, take_line(&rest));

		if (code < 0)
			return code;
	}
	*ret_beat = beat;
	return 0;
}
