/* One question by HTTP, and whatever may come back. */
#include <errno.h>
#include <string.h>

#include "common/http.h"
#include "tests/unit/unit.h"

struct status_row {
	const char *bytes;
	int status;
};

static const struct status_row status_row[] = {
	{"HTTP/1.1 200 OK\r\n", 200},
	{"HTTP/1.0 404 Not Found\r\n", 404},
	{"HTTP/1.1 503\r\n", 503},
	{"HTTP/1.1 204\n", 204},
	{"HTTP/1.1 999 x", 999},
	{"HTTP/1.1 200 ", 200},
	{"", 0},
	{"HTTP", 0},
	{"HTTP/1.1 200", 0}, /* 2000 would be no status */
	{"HTTP/1.1 2000 x", -EBADMSG},
	{"HTTP/1.1 20 OK\r\n", -EBADMSG},
	{"HTTP/1.1 099 x\r\n", -EBADMSG},
	{"HTTP/2.0 200 OK\r\n", -EBADMSG},
	{"http/1.1 200 OK\r\n", -EBADMSG},
	{"SSH-2.0-OpenSSH_9.2\r\n", -EBADMSG},
	{"\r\n", -EBADMSG},
	{"H\nTP/1.1 200", -EBADMSG},
	{"HTTP/1.1  200 OK", -EBADMSG},
	{"HTTP/1.1 -20 OK", -EBADMSG},
};

START_TEST(a_status_is_told_by_the_first_bytes)
{
	const struct status_row *row = &status_row[_i];

	ck_assert_int_eq(http_parse_status(row->bytes, strlen(row->bytes)), row->status);
}
END_TEST

START_TEST(a_status_is_waited_for_byte_by_byte)
{
	static const char whole[] = "HTTP/1.1 301 Moved";

	for (size_t count = 0; count < 13; count++)
		ck_assert_int_eq(http_parse_status(whole, count), 0);
	for (size_t count = 13; count < sizeof(whole); count++)
		ck_assert_int_eq(http_parse_status(whole, count), 301);
}
END_TEST

START_TEST(nothing_is_no_answer_yet)
{
	struct http_answer answer;

	ck_assert_int_eq(http_parse_status(NULL, 0), 0);
	ck_assert_int_eq(http_parse_head(&answer, NULL, 0), 0);
}
END_TEST

START_TEST(a_status_line_ends_with_no_nul)
{
	ck_assert_int_eq(http_parse_status("HTTP/1.1 200\0", 13), -EBADMSG);
}
END_TEST

START_TEST(a_path_is_visible_and_begins_at_the_root)
{
	char longest[HTTP_PATH + 1];

	ck_assert(http_is_path("/"));
	ck_assert(http_is_path("/healthz?deep=1&x=%20"));
	ck_assert(!http_is_path(""));
	ck_assert(!http_is_path("healthz"));
	ck_assert(!http_is_path("/a b"));
	ck_assert(!http_is_path("/x\r\nHost: other"));
	ck_assert(!http_is_path("/\xc3\xa4"));
	ck_assert(!http_is_path("/\x7f"));

	memset(longest, '/', sizeof(longest));
	longest[HTTP_PATH - 1] = '\0';
	ck_assert(http_is_path(longest));
	longest[HTTP_PATH - 1] = '/';
	longest[HTTP_PATH] = '\0';
	ck_assert(!http_is_path(longest));
}
END_TEST

START_TEST(a_request_asks_for_the_end_of_the_connection)
{
	char text[HTTP_REQUEST];
	size_t count = http_format_request(text, "/healthz", "127.0.0.1:80");

	ck_assert_uint_eq(count, strlen(text));
	ck_assert_ptr_eq(strstr(text, "GET /healthz HTTP/1.1\r\n"), text);
	ck_assert_ptr_nonnull(strstr(text, "\r\nHost: 127.0.0.1:80\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
	ck_assert_str_eq(text + count - 4, "\r\n\r\n");
}
END_TEST

START_TEST(the_longest_request_fits)
{
	char path[HTTP_PATH], text[HTTP_REQUEST];

	memset(path, '/', sizeof(path));
	path[HTTP_PATH - 1] = '\0';
	ck_assert_uint_lt(http_format_request(text, path, "255.255.255.255:65535"),
			  HTTP_REQUEST);
}
END_TEST

/* ---- heads ---- */

struct head_row {
	const char *bytes;
	int result;
	size_t head;
	int64_t length;
	bool chunked;
};

#define LINE "HTTP/1.1 200 OK\r\n" /* 17 bytes */

static const struct head_row head_row[] = {
	{LINE "\r\nbody", 1, 19, -1, false},
	{LINE "Content-Length: 12\r\n\r\n", 1, 39, 12, false},
	{LINE "content-length:7 \r\n\r\n", 1, 38, 7, false},
	{LINE "Content-Length: -1\r\n\r\n", 1, 39, -1, false},
	{LINE "Content-Length: 9999999999999999999\r\n\r\n", 1, 56, -1, false},
	{LINE "Content-Length:\r\n\r\n", 1, 36, -1, false},
	{LINE "Transfer-Encoding: chunked\r\n\r\n", 1, 47, -1, true},
	{LINE "Transfer-Encoding: gzip, Chunked\r\n\r\n", 1, 53, -1, true},
	{LINE "Transfer-Encoding: x\r\n\r\n", 1, 41, -1, false},
	{LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 1, 66, -1, true},
	{LINE "no colon\r\n\r\n", 1, 29, -1, false},
	{"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", 1, 35, 3, false},
	{LINE, 0, 0, 0, false},
	{LINE "\r", 0, 0, 0, false},
	{LINE "A: b\r\n", 0, 0, 0, false},
	{LINE "A: b\r\n\r", 0, 0, 0, false},
	{"HTTP/1.1 200 no end", 0, 0, 0, false},
	{"garbage\r\n\r\n", -EBADMSG, 0, 0, false},
};

START_TEST(a_head_says_where_the_body_is_and_how_long)
{
	const struct head_row *row = &head_row[_i];
	struct http_answer answer;

	ck_assert_int_eq(http_parse_head(&answer, row->bytes, strlen(row->bytes)),
			 row->result);
	if (row->result != 1)
		return;
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.head, row->head);
	ck_assert_int_eq(answer.length, row->length);
	ck_assert_int_eq(answer.chunked, row->chunked);
}
END_TEST

START_TEST(headers_come_one_by_one)
{
	static const char bytes[] =
		LINE "Server: w 1.0 \r\nX-Empty:\r\nbare\r\n\r\nA: body";
	static const struct {
		const char *name, *value;
	} expected[] = {{"Server", "w 1.0"}, {"X-Empty", ""}, {"bare", ""}};
	struct http_answer answer;
	struct http_header header;
	const char *at;

	ck_assert_int_eq(http_parse_head(&answer, bytes, sizeof(bytes) - 1), 1);
	at = http_first_header(bytes, answer.head);
	for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
		ck_assert(http_next_header(&at, bytes + answer.head, &header));
		ck_assert_uint_eq(header.name_bytes, strlen(expected[i].name));
		ck_assert_mem_eq(header.name, expected[i].name, header.name_bytes);
		ck_assert_uint_eq(header.value_bytes, strlen(expected[i].value));
		ck_assert_mem_eq(header.value, expected[i].value, header.value_bytes);
	}
	ck_assert(!http_next_header(&at, bytes + answer.head, &header));
}
END_TEST

/* ---- chunks ---- */

struct chunk_row {
	const char *bytes, *body;
	bool whole;
};

static const struct chunk_row chunk_row[] = {
	{"3\r\nabc\r\n0\r\n\r\n", "abc", true},
	{"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", "abc0123456789", true},
	{"0\r\n\r\n", "", true},
	{"3\r\nabc\r\n", "abc", false},
	{"3\r\nabc", "abc", false},
	{"5\r\nabc", "abc", false},
	{"3\r\nabc\r\n4\r\nde", "abcde", false},
	{"3", "", false},
	{"", "", false},
	{"x\r\nabc\r\n", "", false},
	{"3\r\nabc\r\nffffffffff\r\nd", "abc", false},
	{"\r\n3\r\nabc", "", false},
};

START_TEST(chunks_are_joined)
{
	const struct chunk_row *row = &chunk_row[_i];
	char bytes[64];
	size_t count;
	bool whole;

	strcpy(bytes, row->bytes);
	count = http_join_chunks(bytes, strlen(bytes), &whole);
	ck_assert_uint_eq(count, strlen(row->body));
	ck_assert_mem_eq(bytes, row->body, count);
	ck_assert_int_eq(whole, row->whole);
}
END_TEST

static Suite *suite_of_http(void)
{
	Suite *suite = suite_create("http");
	TCase *tcase = tcase_create("http");

	tcase_add_loop_test(tcase, a_status_is_told_by_the_first_bytes, 0,
			    ARRAY_COUNT(status_row));
	tcase_add_test(tcase, a_status_is_waited_for_byte_by_byte);
	tcase_add_test(tcase, nothing_is_no_answer_yet);
	tcase_add_test(tcase, a_status_line_ends_with_no_nul);
	tcase_add_test(tcase, a_path_is_visible_and_begins_at_the_root);
	tcase_add_test(tcase, a_request_asks_for_the_end_of_the_connection);
	tcase_add_test(tcase, the_longest_request_fits);
	tcase_add_loop_test(tcase, a_head_says_where_the_body_is_and_how_long, 0,
			    ARRAY_COUNT(head_row));
	tcase_add_test(tcase, headers_come_one_by_one);
	tcase_add_loop_test(tcase, chunks_are_joined, 0, ARRAY_COUNT(chunk_row));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_http)
