/*
 * node.c - fuzzes what a Node.js worker may say on its channel.
 *
 * Whatever comes is one of the known words; an address that was read can be written and
 * read again, and the answers to it are lines of JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "supervisor/bridge/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_address(const struct address *address)
{
	struct address again;
	char text[ADDRESS_TEXT];

	address_format(address, text);
	if (address_parse(&again, text, NULL) < 0 || !address_equal(address, &again))
		abort();
}

static void check_answer(const struct node_message *message)
{
	struct buffer line;
	struct fault fault;
	struct json *json;

	buffer_init(&line, NODE_LINE);
	node_write_socket(&line, message, 1);
	json = json_parse(line.bytes, line.count, &fault);
	if (json == NULL || line.broken)
		abort();
	json_free(json);
	buffer_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct node_message message;

	node_read(&message, (const char *)bytes, size);
	if (message.word > NODE_RUBBISH)
		abort();
	if (message.word != NODE_QUERY)
		return 0;
	if (message.is_addressable)
		check_address(&message.address);
	check_answer(&message);
	return 0;
}
