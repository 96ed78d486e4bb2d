/*
 * varlink.c - fuzzes what a peer of the control socket may say, and what it is told back.
 *
 * Whatever was read is written and must be read again; a call that fits a declaration
 * must have no parameter that is unknown.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/commands.h"
#include "common/varlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const declarations[] = {
#define X(id, name, aliases, arguments, least, most, flags, kind, method, signature, \
	  help)                                                                      \
	(signature),
	COMMANDS(X)
#undef X
};

static void check_parameters(const struct json *parameters)
{
	char name[32];

	for (size_t i = 0; i < ARRAY_COUNT(declarations); i++)
		if (declarations[i] != NULL)
			(void)varlink_check_parameters(declarations[i], parameters, name,
						       sizeof(name));
}

static void echo(const struct varlink_call *call)
{
	struct buffer out;
	struct json_writer writer = {.to = &out};
	struct varlink_reply reply;

	buffer_init(&out, (size_t)8 << 20);
	varlink_open_reply(&writer, call->method, call->more);
	json_put(&writer, "parameters", call->parameters);
	json_put_text(&writer, "method", call->method);
	varlink_close_reply(&writer);
	if (!out.broken && varlink_first_message(&out) != out.count)
		abort();
	if (!out.broken &&
	    varlink_decode_reply(&reply, out.bytes, out.count - 1, NULL) == 0)
		varlink_free_reply(&reply);
	buffer_free(&out);
}

/* Text of a worker or a file is no UTF-8, but what is written of it must be JSON. */
static void write_as_text(const uint8_t *bytes, size_t size)
{
	struct buffer text, out;
	struct json_writer writer = {.to = &out};
	struct json *json;

	buffer_init(&text, SIZE_MAX);
	buffer_init(&out, SIZE_MAX);
	buffer_append(&text, bytes, size);
	buffer_append(&text, "", 1);
	json_open_array(&writer, NULL);
	json_put_text(&writer, NULL, text.bytes);
	json_close_array(&writer);
	json = json_parse(out.bytes, out.count, NULL);
	if (json == NULL)
		abort();
	json_free(json);
	buffer_free(&text);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct varlink_call call;
	struct fault fault;

	if (varlink_decode_call(&call, (const char *)bytes, size, &fault) == 0) {
		check_parameters(call.parameters);
		echo(&call);
		varlink_free_call(&call);
	}
	write_as_text(bytes, size);
	return 0;
}
