#include "supervisor/bridge/node.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "tests/unit/unit.h"

static struct node_message read_line(const char *line)
{
	struct node_message message;

	node_read(&message, line, strlen(line));
	return message;
}

#define QUERY(rest)                                                                     \
	"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"seq\":7,\"index\":0," rest \
	"}"

static const struct {
	const char *line;
	const char *address; /* NULL: nothing an address can say */
	bool datagram;
} query[] = {
	{QUERY("\"address\":null,\"port\":80,\"addressType\":4"), "*:80", false},
	{QUERY("\"port\":80,\"addressType\":4"), "*:80", false},
	{QUERY("\"address\":\"127.0.0.1\",\"port\":80,\"addressType\":4"), "127.0.0.1:80",
	 false},
	{QUERY("\"address\":\"::\",\"port\":80,\"addressType\":6"), "*:80", false},
	{QUERY("\"address\":\"::\",\"port\":80,\"addressType\":6,\"flags\":1"), "[::]:80",
	 false},
	{QUERY("\"address\":\"::1\",\"port\":0,\"addressType\":6"), "[::1]:0", false},
	{QUERY("\"address\":\"/run/a\",\"port\":-1,\"addressType\":-1"), "unix:/run/a",
	 false},
	{QUERY("\"address\":null,\"port\":53,\"addressType\":\"udp4\""), "udp:0.0.0.0:53",
	 true},
	{QUERY("\"address\":null,\"port\":53,\"addressType\":\"udp6\""), "udp:*:53",
	 true},
	{QUERY("\"address\":\"localhost\",\"port\":80,\"addressType\":4"), NULL, false},
	{QUERY("\"address\":\"a\",\"port\":-1,\"addressType\":-1"), NULL, false},
	{QUERY("\"address\":null,\"port\":70000,\"addressType\":4"), NULL, false},
	{QUERY("\"address\":null,\"port\":-5,\"addressType\":4"), NULL, false},
	{QUERY("\"address\":7,\"port\":\"80\",\"addressType\":{}"), NULL, false},
	{QUERY("\"port\":null"), NULL, false},
};

START_TEST(a_query_says_where_it_is_to_listen)
{
	struct node_message message = read_line(query[_i].line);
	char text[ADDRESS_TEXT];

	ck_assert_int_eq(message.word, NODE_QUERY);
	ck_assert_int_eq(message.sequence, 7);
	ck_assert_int_eq(message.fd, -1);
	ck_assert_int_eq(message.datagram, query[_i].datagram);
	ck_assert_int_eq(message.is_addressable, query[_i].address != NULL);
	if (query[_i].address == NULL)
		return;
	address_format(&message.address, text);
	ck_assert_str_eq(text, query[_i].address);
}
END_TEST

START_TEST(a_query_can_name_a_descriptor)
{
	struct node_message message =
		read_line(QUERY("\"address\":null,\"port\":null,\"fd\":3"));

	ck_assert_int_eq(message.word, NODE_QUERY);
	ck_assert_int_eq(message.fd, 3);
}
END_TEST

static const struct {
	const char *line;
	enum node_word word;
} word[] = {
	{"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\"}", NODE_INTERNAL},
	{"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"listening\",\"port\":80}", NODE_LISTENING},
	{"{\"cmd\":\"NODE_CLUSTER\",\"act\":\"exitedAfterDisconnect\",\"seq\":2}",
	 NODE_LEAVING},
	{"{\"cmd\":\"NODE_CLUSTER\",\"ack\":1}", NODE_INTERNAL},
	{"{\"cmd\":\"NODE_HANDLE_ACK\"}", NODE_INTERNAL},
	{"{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{}}", NODE_SENT},
	{"\"ready\"", NODE_READY},
	{"\"Ready\"", NODE_OF_APP},
	{"{\"type\":\"process:msg\",\"data\":{}}", NODE_OF_APP},
	{"{\"cmd\":\"node_cluster\",\"act\":\"queryServer\"}", NODE_OF_APP},
	{"{\"cmd\":7}", NODE_OF_APP},
	{"[1,2,3]", NODE_OF_APP},
	{"12", NODE_OF_APP},
	{"", NODE_RUBBISH},
	{"{", NODE_RUBBISH},
	{"rubbish", NODE_RUBBISH},
	{"\"\377", NODE_OF_APP},
};

START_TEST(words_of_node_are_told_from_those_of_the_app)
{
	ck_assert_int_eq(read_line(word[_i].line).word, word[_i].word);
}
END_TEST

START_TEST(what_begins_like_json_may_be_of_the_app)
{
	ck_assert(node_may_be_of_app("{", 1) && node_may_be_of_app("[1", 2) &&
		  node_may_be_of_app("\"x", 2) && node_may_be_of_app("1", 1));
	ck_assert(!node_may_be_of_app("", 0) && !node_may_be_of_app("}", 1) &&
		  !node_may_be_of_app("x", 1));
}
END_TEST

/* The line, without its end, as what it is. */
static struct json *said(struct buffer *line)
{
	struct fault fault;
	struct json *json;

	ck_assert(!line->broken && line->bytes[line->count - 1] == '\n');
	json = json_parse(line->bytes, line->count - 1, &fault);
	ck_assert_ptr_nonnull(json);
	ck_assert_ptr_null(memchr(line->bytes, '\n', line->count - 1));
	buffer_free(line);
	return json;
}

START_TEST(a_socket_comes_with_the_answer_that_node_expects)
{
	struct node_message query_message = {.sequence = 9};
	struct buffer line;
	const struct json *inner;
	struct json *json;

	buffer_init(&line, NODE_LINE);
	node_write_socket(&line, &query_message, 3);
	json = said(&line);
	inner = json_find(json, "msg");
	ck_assert_str_eq(json_find_text(json, "cmd"), "NODE_HANDLE");
	ck_assert_str_eq(json_find_text(json, "type"), "net.Native");
	ck_assert_str_eq(json_find_text(inner, "cmd"), "NODE_CLUSTER");
	ck_assert_int_eq(json_find_number(inner, "errno", -1), 0);
	ck_assert_int_eq(json_find_number(inner, "ack", -1), 9);
	ck_assert_str_eq(json_find_text(inner, "key"), "clusterd:3");
	json_free(json);
}
END_TEST

START_TEST(a_refusal_says_why_and_to_which_query)
{
	struct node_message query_message = {.sequence = 9};
	struct buffer line;
	struct json *json;

	buffer_init(&line, NODE_LINE);
	node_write_refusal(&line, &query_message, -EADDRINUSE);
	json = said(&line);
	ck_assert_str_eq(json_find_text(json, "cmd"), "NODE_CLUSTER");
	ck_assert_int_eq(json_find_number(json, "errno", 0), -EADDRINUSE);
	ck_assert_int_eq(json_find_number(json, "ack", -1), 9);
	json_free(json);
}
END_TEST

START_TEST(a_handle_gets_the_receipt_that_node_waits_for)
{
	struct buffer line;
	struct json *json;

	buffer_init(&line, NODE_LINE);
	node_write_receipt(&line);
	json = said(&line);
	ck_assert_str_eq(json_find_text(json, "cmd"), "NODE_HANDLE_ACK");
	json_free(json);
}
END_TEST

static Suite *suite_of_node(void)
{
	Suite *suite = suite_create("node");
	TCase *tcase = tcase_create("node");

	tcase_add_loop_test(tcase, a_query_says_where_it_is_to_listen, 0,
			    ARRAY_COUNT(query));
	tcase_add_test(tcase, a_query_can_name_a_descriptor);
	tcase_add_loop_test(tcase, words_of_node_are_told_from_those_of_the_app, 0,
			    ARRAY_COUNT(word));
	tcase_add_test(tcase, a_socket_comes_with_the_answer_that_node_expects);
	tcase_add_test(tcase, what_begins_like_json_may_be_of_the_app);
	tcase_add_test(tcase, a_handle_gets_the_receipt_that_node_waits_for);
	tcase_add_test(tcase, a_refusal_says_why_and_to_which_query);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_node)
