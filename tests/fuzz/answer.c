/*
 * answer.c - fuzz target: any bytes that a worker may answer a request with.
 *
 * What is told of an answer lies within it, its first bytes alone never say another
 * status, and chunks that are joined are no more than they were.
 */
#include <stdlib.h>
#include <string.h>

#include "common/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_status(const char *bytes, size_t size, int status)
{
	for (size_t count = 0; count < size && count < 32; count++) {
		int early = http_parse_status(bytes, count);

		if (early != 0 && early != status)
			abort();
	}
}

static void check_headers(const char *bytes, const struct http_answer *answer)
{
	const char *at = http_first_header(bytes, answer->head);
	const char *const end = bytes + answer->head;
	struct http_header header;

	while (http_next_header(&at, end, &header))
		if (header.name + header.name_bytes > header.value ||
		    header.value + header.value_bytes > at || at > end)
			abort();
}

static void check_body(const char *bytes, size_t count)
{
	char *copy = malloc(count + 1);
	bool whole;

	if (!copy)
		abort();
	memcpy(copy, bytes, count);
	if (http_join_chunks(copy, count, &whole) > count)
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	struct http_answer answer;
	int status = http_parse_status(text, size);

	check_status(text, size, status);
	if (http_parse_head(&answer, text, size) == 1) {
		if (answer.head > size || answer.status != status)
			abort();
		check_headers(text, &answer);
		check_body(text + answer.head, size - answer.head);
	}
	return 0;
}
