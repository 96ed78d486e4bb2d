#include "common/varlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PARAMETERS     16 /* that one method declares */
#define PARAMETER_NAME 32

size_t varlink_first_message(const struct buffer *buffer)
{
	const char *end =
		buffer->count > 0 ? memchr(buffer->bytes, '\0', buffer->count) : NULL;

	return end != NULL ? (size_t)(end - buffer->bytes) + 1 : 0;
}

/* Both kinds of message are an object whose parameters, if any, are an object. */
static int decode(struct json **ret_message, const struct json **ret_parameters,
		  const char *bytes, size_t count, struct fault *fault)
{
	struct json *message = json_parse(bytes, count, fault);
	const struct json *parameters = json_find(message, "parameters");

	if (message == NULL)
		return -EBADMSG;
	if (!json_is_map(message) ||
	    !(json_is_none(parameters) || json_is_map(parameters))) {
		json_free(message);
		return fault_set(fault, -EBADMSG, "message or parameters are no object");
	}
	*ret_message = message;
	*ret_parameters = json_is_map(parameters) ? parameters : NULL;
	return 0;
}

int varlink_decode_call(struct varlink_call *ret_call, const char *bytes, size_t count,
			struct fault *fault)
{
	struct varlink_call call = {0};
	int code = decode(&call.message, &call.parameters, bytes, count, fault);

	if (code < 0)
		return code;
	call.method = json_find_text(call.message, "method");
	call.more = json_find_bool(call.message, "more");
	call.oneway = json_find_bool(call.message, "oneway");
	call.upgrade = json_find_bool(call.message, "upgrade");
	if (call.method == NULL || (call.more && call.oneway)) {
		varlink_free_call(&call);
		return fault_set(fault, -EBADMSG, "no method, or both more and oneway");
	}
	*ret_call = call;
	return 0;
}

void varlink_free_call(struct varlink_call *call)
{
	json_free(call->message);
	*call = (struct varlink_call){0};
}

/* `type` runs up to the comma or bracket behind it. */
static bool fits(const char *type, const struct json *value)
{
	size_t length;

	if (*type == '?') {
		if (json_is_none(value))
			return true;
		type++;
	}
	length = strcspn(type, ",)");
	if (length == 6 && strncmp(type, "string", length) == 0)
		return json_text(value) != NULL;
	if (length == 4 && strncmp(type, "bool", length) == 0)
		return json_is_truth(value);
	if (length == 3 && strncmp(type, "int", length) == 0)
		return json_is_whole(value);
	for (size_t i = 0; i < json_count(value); i++) /* "[]string" is what is left */
		if (json_text(json_at(value, i)) == NULL)
			return false;
	return json_is_list(value);
}

/* The declaration of a parameter: its name, its type, and what follows it, or NULL. */
static const char *next_declared(const char *at, char *name, size_t size,
				 const char **type)
{
	size_t length = strcspn(at, ":)");

	if (at[length] != ':')
		return NULL;
	(void)snprintf(name, size, "%.*s", (int)length, at);
	*type = at + length + strspn(at + length, ": ");
	at = *type + strcspn(*type, ",)");
	return at + strspn(at, ", ");
}

int varlink_check_parameters(const char *declaration, const struct json *parameters,
			     char *name, size_t size)
{
	const char *known[PARAMETERS + 1] = {NULL};
	char names[PARAMETERS][PARAMETER_NAME];
	const char *at = declaration + 1;
	const char *type, *stranger;

	for (size_t i = 0; i < PARAMETERS; i++) {
		at = next_declared(at, names[i], sizeof(names[i]), &type);
		if (at == NULL)
			break;
		known[i] = names[i];
		if (!fits(type, json_find(parameters, names[i]))) {
			(void)snprintf(name, size, "%s", names[i]);
			return -EINVAL;
		}
	}
	stranger = json_find_stranger(parameters, known);
	if (stranger != NULL)
		(void)snprintf(name, size, "%s", stranger);
	return stranger != NULL ? -EINVAL : 0;
}

int varlink_decode_reply(struct varlink_reply *ret_reply, const char *bytes, size_t count,
			 struct fault *fault)
{
	struct varlink_reply reply = {0};
	int code = decode(&reply.message, &reply.parameters, bytes, count, fault);

	if (code < 0)
		return code;
	reply.error = json_find_text(reply.message, "error");
	reply.continues = json_find_bool(reply.message, "continues");
	*ret_reply = reply;
	return 0;
}

void varlink_free_reply(struct varlink_reply *reply)
{
	json_free(reply->message);
	*reply = (struct varlink_reply){0};
}

static void close_message(struct json_writer *writer)
{
	json_close_object(writer);
	json_close_object(writer);
	buffer_append(writer->to, "", 1);
	writer->separate = false;
}

void varlink_open_call(struct json_writer *writer, const char *method, bool more)
{
	json_open_object(writer, NULL);
	json_put_text(writer, "method", method);
	if (more)
		json_put_bool(writer, "more", true);
	json_open_object(writer, "parameters");
}

void varlink_close_call(struct json_writer *writer)
{
	close_message(writer);
}

void varlink_open_reply(struct json_writer *writer, const char *error, bool continues)
{
	json_open_object(writer, NULL);
	if (error != NULL)
		json_put_text(writer, "error", error);
	if (continues)
		json_put_bool(writer, "continues", true);
	json_open_object(writer, "parameters");
}

void varlink_close_reply(struct json_writer *writer)
{
	close_message(writer);
}
