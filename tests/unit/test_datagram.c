/* Listeners of UDP. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/listener.h"
#include "tests/unit/unit.h"

#define BACKLOG 16

static struct listener listener;
static struct fault fault;

static struct address parsed(const char *text)
{
	struct address address;

	ck_assert_int_eq(address_parse(&address, text, &fault), 0);
	return address;
}

static int open_at(const struct address *address)
{
	return listener_open(&listener, address, 3, BACKLOG, NULL, 0, &fault);
}

static void close_it(void)
{
	listener_close(&listener);
}

/* From a port of its own; says which. */
static unsigned send_word(const char *word)
{
	struct address peer = listener.address, here;
	int fd = socket(peer.at.any.sa_family, SOCK_DGRAM, 0);

	if (peer.kind == ADDRESS_DUAL)
		peer.at.v6.sin6_addr = in6addr_loopback;
	ck_assert_int_eq(sendto(fd, word, strlen(word), 0, &peer.at.any, peer.bytes),
			 (ssize_t)strlen(word));
	ck_assert_int_eq(address_of_socket(&here, fd), 0);
	close(fd);
	return address_port(&here);
}

static void hear_word(int fd, const char *word)
{
	char text[16] = "";

	ck_assert_int_eq(recv(fd, text, sizeof(text), MSG_DONTWAIT),
			 (ssize_t)strlen(word));
	ck_assert_mem_eq(text, word, strlen(word));
}

static const char *const any_port[] = {"udp:127.0.0.1:0", "udp:[::1]:0", "udp:*:0"};

START_TEST(a_udp_listener_has_one_socket_for_all_slots)
{
	struct address address = parsed(any_port[_i]);

	ck_assert_msg(open_at(&address) == 0, "%s", fault.text);
	ck_assert(listener.shared && listener.address.datagram);
	ck_assert_uint_ne(address_port(&listener.address), 0);
	ck_assert_int_eq(listener_grow(&listener, 5, &fault), 0);
	ck_assert_int_eq(listener_fd(&listener, 4), listener_fd(&listener, 0));
	ck_assert_int_ne(fcntl(listener_fd(&listener, 0), F_GETFL) & O_NONBLOCK, 0);
	send_word("hello");
	hear_word(listener_fd(&listener, 4), "hello");
}
END_TEST

START_TEST(a_udp_port_that_somebody_has_is_in_use)
{
	struct address address = parsed("udp:127.0.0.1:0"), taken;
	struct listener other;

	ck_assert_int_eq(open_at(&address), 0);
	taken = listener.address;
	ck_assert_int_eq(listener_open(&other, &taken, 1, BACKLOG, NULL, 0, &fault),
			 -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(fault.text, "cannot listen on udp:127.0.0.1:"));
}
END_TEST

START_TEST(a_udp_socket_that_a_worker_connected_hears_all_again)
{
	struct address address = parsed("udp:127.0.0.1:0");
	struct address peer = parsed("udp:127.0.0.1:9");
	int fd;

	ck_assert_int_eq(open_at(&address), 0);
	ck_assert_int_eq(listener_heal(&listener, 1), 0);
	fd = listener_fd(&listener, 1);
	ck_assert_int_eq(connect(fd, &peer.at.any, peer.bytes), 0);
	send_word("lost");
	ck_assert_int_eq(listener_heal(&listener, 1), 1);
	ck_assert_int_eq(address_of_socket(&peer, fd), 0);
	ck_assert(address_equal(&peer, &listener.address));
	send_word("heard");
	hear_word(fd, "heard");
}
END_TEST

START_TEST(a_udp_listener_is_neither_steered_nor_quenched)
{
	struct address address = parsed("udp:127.0.0.1:0");
	struct buckets buckets = {0};
	unsigned depth = 1;

	ck_assert_int_eq(open_at(&address), 0);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_steer(&listener, BALANCE_RANDOM, &buckets, 0, &fault),
			 0);
	send_word("hello");
	ck_assert_int_eq(listener_depth(&listener, 0, &depth), 0);
	ck_assert_uint_eq(depth, 0);
	hear_word(listener_fd(&listener, 0), "hello");
}
END_TEST

START_TEST(a_udp_socket_that_was_lent_is_taken)
{
	struct address address = parsed("udp:127.0.0.1:0");
	int taken = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(taken, &address.at.any, address.bytes), 0);
	ck_assert_int_eq(address_of_socket(&address, taken), 0);
	ck_assert_msg(listener_open(&listener, &address, 2, BACKLOG, &taken, 1, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert_int_eq(listener_fd(&listener, 1), taken);
	send_word("hello");
	hear_word(taken, "hello");
}
END_TEST

START_TEST(a_tcp_socket_is_not_taken_for_a_udp_one)
{
	struct address address = parsed("udp:127.0.0.1:0");
	int taken = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(
		listener_open(&listener, &address, 1, BACKLOG, &taken, 1, &fault),
		-EINVAL);
	ck_assert_ptr_nonnull(strstr(fault.text, "no datagram socket"));
}
END_TEST

static Suite *suite_of_datagram(void)
{
	Suite *suite = suite_create("datagram");
	TCase *tcase = tcase_create("datagram");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, NULL, close_it);
	tcase_add_loop_test(tcase, a_udp_listener_has_one_socket_for_all_slots, 0,
			    ARRAY_COUNT(any_port));
	tcase_add_test(tcase, a_udp_port_that_somebody_has_is_in_use);
	tcase_add_test(tcase, a_udp_socket_that_a_worker_connected_hears_all_again);
	tcase_add_test(tcase, a_udp_listener_is_neither_steered_nor_quenched);
	tcase_add_test(tcase, a_udp_socket_that_was_lent_is_taken);
	tcase_add_test(tcase, a_tcp_socket_is_not_taken_for_a_udp_one);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_datagram)
