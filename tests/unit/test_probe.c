/* One question to one slot, on real sockets, and all that may come of it. */
#include "supervisor/probe.h"

#include "tests/unit/listening.h"

static struct probe probe;
static struct fault how;

/* Slot 1 of 3 is asked; others are steered to slot 0. */
static void begin(const char *path)
{
	open_listener("127.0.0.1:0", 3);
	steer_to(0);
	ck_assert_int_eq(probe_begin(&probe, &listener.address, 1, path), 0);
}

static enum probe_state go_on(void)
{
	short events = probe.connected ? POLLIN : POLLOUT;

	ck_assert(sockets_wait(probe.fd, events, SOCKETS_PATIENCE));
	return probe_continue(&probe, &how);
}

static int accept_in(unsigned slot)
{
	int fd;

	ck_assert(sockets_wait(listener.fd[slot], POLLIN, SOCKETS_PATIENCE));
	fd = accept4(listener.fd[slot], NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void answer(int fd, const char *text, size_t count)
{
	char request[HTTP_REQUEST];

	ck_assert_int_gt(recv(fd, request, sizeof(request), 0), 0);
	ck_assert_ptr_eq(strstr(request, "GET /healthz HTTP/1.1\r\n"), request);
	ck_assert_int_eq(send(fd, text, count, MSG_NOSIGNAL), (ssize_t)count);
}

static void end(void)
{
	probe_end(&probe);
	ck_assert_int_eq(probe.fd, -1);
	probe_end(&probe);
}

START_TEST(a_probe_asks_the_slot_that_it_is_for)
{
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	close(fd);
	end();
}
END_TEST

START_TEST(to_be_accepted_is_to_be_hung_up_on)
{
	int fd;

	begin(NULL);
	ck_assert_int_eq(go_on(), PROBE_WAITS); /* connected, by the kernel */
	fd = accept_in(1);
	ck_assert(!sockets_wait(probe.fd, POLLIN, 0));
	if (_i > 0)
		ck_assert_int_eq(send(fd, "hello", 5, MSG_NOSIGNAL), 5);
	else
		ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_int_eq(go_on(), PROBE_PASSED);
	end();
	close(fd);
}
END_TEST

START_TEST(to_wait_in_the_queue_is_not_to_be_accepted)
{
	begin(NULL);
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	ck_assert_int_eq(probe_expire(&probe, &how), PROBE_FAILED);
	ck_assert_str_eq(how.text, "not accepted");
	end();
}
END_TEST

struct answer_row {
	const char *text;
	enum probe_state state;
	const char *how;
};

static const struct answer_row answer_row[] = {
	{"HTTP/1.1 200 OK\r\n\r\nfine", PROBE_PASSED, NULL},
	{"HTTP/1.0 204 No Content\r\n\r\n", PROBE_PASSED, NULL},
	{"HTTP/1.1 399 Odd\r\n\r\n", PROBE_PASSED, NULL},
	{"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", PROBE_PASSED, NULL},
	{"HTTP/1.1 400 Bad\r\n\r\n", PROBE_FAILED, "status 400"},
	{"HTTP/1.1 503 Sad\r\n\r\n", PROBE_FAILED, "status 503"},
	{"HTTP/1.1 199 x\r\n\r\n", PROBE_FAILED, "status 199"},
	{"SSH-2.0-x\r\n", PROBE_FAILED, "what it answered is not HTTP"},
	{"", PROBE_FAILED, "it hung up without an answer"},
	{"HTTP/1.1 2", PROBE_FAILED, "it hung up without an answer"},
};

START_TEST(a_probe_by_http_judges_the_status)
{
	const struct answer_row *row = &answer_row[_i];
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	answer(fd, row->text, strlen(row->text));
	close(fd);
	ck_assert_int_eq(go_on(), row->state);
	if (row->how != NULL)
		ck_assert_str_eq(how.text, row->how);
	end();
}
END_TEST

START_TEST(a_status_may_come_byte_by_byte)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n\r\n";
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	answer(fd, text, 1);
	for (size_t i = 1; i < sizeof(text) - 1; i++) {
		ck_assert_int_eq(go_on(), PROBE_WAITS);
		ck_assert_int_eq(send(fd, text + i, 1, MSG_NOSIGNAL), 1);
	}
	close(fd);
	while (probe.read < sizeof(text) - 1)
		ck_assert_int_ne(go_on(), PROBE_FAILED);
	ck_assert_int_eq(go_on(), PROBE_PASSED);
	end();
}
END_TEST

/* A server that answers at length must not meet a reset in the middle of it. */
START_TEST(an_answer_is_read_to_its_end)
{
	static char text[40000] = "HTTP/1.1 200 OK\r\n\r\n";
	char rest;
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	answer(fd, text, sizeof(text));
	while (probe.read < sizeof(text))
		ck_assert_int_eq(go_on(), PROBE_WAITS);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_int_eq(go_on(), PROBE_PASSED);
	end();
	ck_assert_int_eq(recv(fd, &rest, 1, 0), 0); /* an end, no reset */
	close(fd);
}
END_TEST

START_TEST(an_answer_without_end_is_read_up_to_a_bound)
{
	static char text[80000] = "HTTP/1.1 200 OK\r\n\r\n";
	enum probe_state state;
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	answer(fd, text, sizeof(text));
	do
		state = go_on();
	while (state == PROBE_WAITS);
	ck_assert_int_eq(state, PROBE_PASSED);
	ck_assert_uint_lt(probe.read, sizeof(text));
	end();
	close(fd);
}
END_TEST

START_TEST(when_its_time_is_over_it_has_failed)
{
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	ck_assert_int_eq(probe_expire(&probe, &how), PROBE_FAILED);
	ck_assert_str_eq(how.text, "no answer");
	end();
	close(fd);
}
END_TEST

START_TEST(what_came_before_its_time_was_over_counts)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n\r\n";
	int fd;

	begin("/healthz");
	ck_assert_int_eq(go_on(), PROBE_WAITS);
	fd = accept_in(1);
	answer(fd, text, sizeof(text) - 1); /* and it does not hang up */
	ck_assert(sockets_wait(probe.fd, POLLIN, SOCKETS_PATIENCE));
	ck_assert_int_eq(probe_expire(&probe, &how), PROBE_PASSED);
	end();
	close(fd);
}
END_TEST

START_TEST(who_does_not_listen_refuses)
{
	struct address nobody = sockets_address("127.0.0.1:0");
	enum probe_state state;

	open_listener("127.0.0.1:0", 1);
	nobody = listener.address;
	listener_close(&listener);
	ck_assert_int_eq(probe_begin(&probe, &nobody, 0, NULL), 0);
	state = probe_continue(&probe, &how);
	ck_assert_int_eq(state, PROBE_FAILED);
	ck_assert_str_eq(how.text, strerror(ECONNREFUSED));
	end();
}
END_TEST

START_TEST(what_has_no_slot_address_cannot_be_probed)
{
	struct address address = sockets_address("[::1]:80");

	ck_assert_int_eq(probe_begin(&probe, &address, 0, "/"), -EADDRNOTAVAIL);
	end();
}
END_TEST

static Suite *suite_of_probe(void)
{
	Suite *suite = suite_create("probe");
	TCase *tcase = tcase_create("probe");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_probe_asks_the_slot_that_it_is_for);
	tcase_add_loop_test(tcase, to_be_accepted_is_to_be_hung_up_on, 0, 2);
	tcase_add_test(tcase, to_wait_in_the_queue_is_not_to_be_accepted);
	tcase_add_loop_test(tcase, a_probe_by_http_judges_the_status, 0,
			    ARRAY_COUNT(answer_row));
	tcase_add_test(tcase, a_status_may_come_byte_by_byte);
	tcase_add_test(tcase, an_answer_is_read_to_its_end);
	tcase_add_test(tcase, an_answer_without_end_is_read_up_to_a_bound);
	tcase_add_test(tcase, when_its_time_is_over_it_has_failed);
	tcase_add_test(tcase, what_came_before_its_time_was_over_counts);
	tcase_add_test(tcase, who_does_not_listen_refuses);
	tcase_add_test(tcase, what_has_no_slot_address_cannot_be_probed);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_probe)
