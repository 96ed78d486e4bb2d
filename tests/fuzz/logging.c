/*
 * logging.c - fuzz target: any bytes on the logger's socket, and any lines of a worker.
 */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/logging.h"
#include "worker/logger/wording.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_order(const uint8_t *bytes, size_t size)
{
	struct logging_order order = {0};
	struct logging_report report = {0};

	memcpy(&order, bytes, size < sizeof(order) ? size : sizeof(order));
	memcpy(&report, bytes, size < sizeof(report) ? size : sizeof(report));
	if (logging_is_order(&order, size) && strlen(order.path) >= sizeof(order.path))
		abort();
	if (logging_is_report(&report, size) &&
	    strlen(report.path) >= sizeof(report.path))
		abort();
}

/* An object a line, each of which a reader of JSON takes. */
static void read_objects(const char *line, const char *end)
{
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		struct json *json;

		if (!newline)
			abort();
		json = json_parse(line, (size_t)(newline - line), NULL);
		if (!json)
			abort();
		json_free(json);
		line = newline + 1;
	}
}

static void word_lines(const uint8_t *bytes, size_t size)
{
	const struct wording wording = {.format = LOGGING_JSON, .app = "web"};
	struct buffer words;
	size_t taken = wording_measure((const char *)bytes, size, false, true);

	if (taken != size)
		abort();
	buffer_init(&words, SIZE_MAX);
	wording_append(&wording, (const char *)bytes, size, &words);
	if (!memchr(bytes, '\0', size)) /* which our reader does not take */
		read_objects(words.bytes, words.bytes + words.count);
	buffer_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_order(bytes, size);
	if (size > 0)
		word_lines(bytes, size);
	return 0;
}
