#include "supervisor/bridge/node.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"

#define V6ONLY 1 /* UV_TCP_IPV6ONLY, UV_UDP_IPV6ONLY: of `flags` */

static bool find_host(struct address *address, const char *host, bool is_v6)
{
	memset(&address->at, 0, sizeof(address->at));
	if (is_v6) {
		address->at.v6.sin6_family = AF_INET6;
		address->bytes = sizeof(address->at.v6);
		return inet_pton(AF_INET6, host, &address->at.v6.sin6_addr) == 1;
	}
	address->at.v4.sin_family = AF_INET;
	address->bytes = sizeof(address->at.v4);
	return inet_pton(AF_INET, host, &address->at.v4.sin_addr) == 1;
}

static bool read_path(struct address *ret_address, const char *path)
{
	char text[ADDRESS_TEXT];

	if (path == NULL || path[0] != '/' ||
	    snprintf(text, sizeof(text), "unix:%s", path) >= (int)sizeof(text))
		return false;
	return address_parse(ret_address, text, NULL) == 0;
}

/* Without a host Node listens on all of IPv6 and IPv4, though it says 4. */
static bool read_host(struct address *ret_address, const struct json *query, bool is_v6,
		      bool datagram)
{
	const char *host = json_find_text(query, "address");
	int64_t port = json_find_number(query, "port", -1);
	bool only_v6 = json_find_number(query, "flags", 0) & V6ONLY;
	struct address address;

	if (host == NULL) {
		is_v6 = is_v6 || !datagram;
		host = is_v6 ? "::" : "0.0.0.0";
	}
	if (port < 0 || port > 65535 || !find_host(&address, host, is_v6))
		return false;
	if (address_of_name(ret_address, &address.at.any, address.bytes, only_v6) < 0)
		return false;
	address_set_port(ret_address, (unsigned)port);
	ret_address->datagram = datagram;
	return true;
}

static void read_query(struct node_message *message, const struct json *query)
{
	const struct json *type = json_find(query, "addressType");
	const char *text = json_text(type);
	int64_t number = json_number(type, 0);
	int64_t fd = json_find_number(query, "fd", -1);
	int64_t index = json_find_number(query, "index", 0);

	message->word = NODE_QUERY;
	message->index = index > 0 && index < 1000 ? (unsigned)index : 0;
	message->datagram = text != NULL && strncmp(text, "udp", 3) == 0;
	message->fd = fd >= 0 && fd < 1 << 20 ? (int)fd : -1;
	if (number == -1)
		message->is_addressable =
			read_path(&message->address, json_find_text(query, "address"));
	else
		message->is_addressable = read_host(
			&message->address, query,
			number == 6 || (text != NULL && strcmp(text, "udp6") == 0),
			message->datagram);
}

static void read_act(struct node_message *message, const struct json *line)
{
	const char *act = json_find_text(line, "act");

	message->word = NODE_INTERNAL;
	message->sequence = json_find_number(line, "seq", 0);
	if (act == NULL)
		return;
	if (strcmp(act, "queryServer") == 0)
		read_query(message, line);
	else if (strcmp(act, "listening") == 0)
		message->word = NODE_LISTENING;
	else if (strcmp(act, "exitedAfterDisconnect") == 0)
		message->word = NODE_LEAVING;
}

/* A text, number, truth or null is a message of the app, and not looked at. */
static bool is_plain(const char *line, size_t bytes)
{
	return bytes > 0 && line[0] != '\0' &&
	       strchr("\"-0123456789tfn", line[0]) != NULL;
}

bool node_may_be_of_app(const char *line, size_t bytes)
{
	return bytes > 0 && (is_plain(line, bytes) || line[0] == '{' || line[0] == '[');
}

void node_read(struct node_message *ret_message, const char *line, size_t bytes)
{
	static const char ready[] = "\"ready\"";
	struct fault fault = {0};
	struct json *json;
	const char *command;

	*ret_message = (struct node_message){.word = NODE_OF_APP, .fd = -1};
	if (is_plain(line, bytes)) {
		if (bytes == strlen(ready) && memcmp(line, ready, bytes) == 0)
			ret_message->word = NODE_READY;
		return;
	}
	json = json_parse(line, bytes, &fault);
	command = json_find_text(json, "cmd");
	if (json == NULL)
		ret_message->word = NODE_RUBBISH;
	else if (command != NULL && strcmp(command, "NODE_CLUSTER") == 0)
		read_act(ret_message, json);
	else if (command != NULL && strcmp(command, "NODE_HANDLE") == 0)
		ret_message->word = NODE_SENT;
	else if (command != NULL && strncmp(command, "NODE_", 5) == 0)
		ret_message->word = NODE_INTERNAL;
	json_free(json);
}

static void put_key(struct json_writer *writer, unsigned key)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "clusterd:%u", key);
	json_put_text(writer, "key", text);
}

void node_write_socket(struct buffer *to, const struct node_message *query, unsigned key)
{
	struct json_writer writer = {.to = to};

	json_open_object(&writer, NULL);
	json_put_text(&writer, "cmd", "NODE_HANDLE");
	json_put_text(&writer, "type", query->datagram ? "dgram.Native" : "net.Native");
	json_open_object(&writer, "msg");
	json_put_text(&writer, "cmd", "NODE_CLUSTER");
	json_put_number(&writer, "errno", 0);
	put_key(&writer, key);
	json_put_number(&writer, "ack", query->sequence);
	json_put_null(&writer, "data");
	json_close_object(&writer);
	json_close_object(&writer);
	buffer_append_text(to, "\n");
}

void node_write_refusal(struct buffer *to, const struct node_message *query, int code)
{
	struct json_writer writer = {.to = to};

	json_open_object(&writer, NULL);
	json_put_text(&writer, "cmd", "NODE_CLUSTER");
	json_put_number(&writer, "errno", code);
	put_key(&writer, 0);
	json_put_number(&writer, "ack", query->sequence);
	json_put_null(&writer, "data");
	json_close_object(&writer);
	buffer_append_text(to, "\n");
}

void node_write_receipt(struct buffer *to)
{
	struct json_writer writer = {.to = to};

	json_open_object(&writer, NULL);
	json_put_text(&writer, "cmd", "NODE_HANDLE_ACK");
	json_close_object(&writer);
	buffer_append_text(to, "\n");
}

void node_write_ack(struct buffer *to, const struct node_message *message)
{
	struct json_writer writer = {.to = to};

	json_open_object(&writer, NULL);
	json_put_text(&writer, "cmd", "NODE_CLUSTER");
	json_put_number(&writer, "ack", message->sequence);
	json_close_object(&writer);
	buffer_append_text(to, "\n");
}
