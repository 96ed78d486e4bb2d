/* wraps: socket */
#include "supervisor/listener.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/listening.h"

/* ---- a machine without sock_diag ---- */

static bool sock_diag_is_missing;

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);

int __wrap_socket(int family, int type, int protocol)
{
	if (family == AF_NETLINK && sock_diag_is_missing) {
		errno = EAFNOSUPPORT; /* what RestrictAddressFamilies= of systemd does */
		return -1;
	}
	return __real_socket(family, type, protocol);
}

/* ---- somebody else's listener ---- */

static int bind_plain(const struct address *address, bool reuse_port)
{
	int on = 1, only = address->kind == ADDRESS_V6;
	int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (address->kind == ADDRESS_V6 || address->kind == ADDRESS_DUAL)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, &address->at.any, address->bytes) == -1 || listen(fd, 64) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Another process listens there, alone or joining the group; says where. */
static pid_t other_open(struct address *address, bool reuse_port)
{
	int report[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd = bind_plain(address, reuse_port);

		listener_close(&listener); /* it must not hold copies of ours */
		if (fd == -1 || address_of_socket(address, fd) < 0 ||
		    write(report[1], address, sizeof(*address)) != sizeof(*address))
			_exit(1);
		for (;;)
			pause();
	}
	close(report[1]);
	ck_assert_int_eq(read(report[0], address, sizeof(*address)), sizeof(*address));
	close(report[0]);
	return pid;
}

static void other_close(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* ---- open ---- */

START_TEST(listener_opens_a_socket_for_each_slot)
{
	unsigned port;

	open_listener(any_port[_i], 4);
	port = address_port(&listener.address);
	ck_assert(listener.any_port);
	ck_assert_uint_gt(port, 0);
	ck_assert_uint_eq(listener.slots, 4);
	for (unsigned slot = 0; slot < 4; slot++) {
		int fd = listener_fd(&listener, slot);
		struct address bound;

		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
		ck_assert_int_eq(address_of_socket(&bound, fd), 0);
		ck_assert(address_equal(&bound, &listener.address));
	}
	ck_assert_uint_eq(listener_foreign(&listener, NULL), 0);
}
END_TEST

START_TEST(listener_opens_its_number_again_after_connections)
{
	struct address address;
	int client;

	open_listener("127.0.0.1:0", 2);
	address = listener.address;
	steer_to(0);
	client = sockets_connect(&address, NULL);
	close(accept(listener.fd[0], NULL, NULL)); /* its end stays in TIME_WAIT */
	close(client);
	listener_close(&listener);
	ck_assert_msg(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert(!listener.any_port);
}
END_TEST

START_TEST(listener_refuses_a_port_that_another_process_has)
{
	struct address address = sockets_address(any_port[_i / 2]);
	pid_t other = other_open(&address, _i % 2);
	char name[64];

	ck_assert_int_eq(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault),
			 -EADDRINUSE);
	sockets_name(name, other);
	ck_assert_ptr_nonnull(strstr(fault.text, name));
	ck_assert_ptr_nonnull(strstr(fault.text, "in use"));
	ck_assert_uint_eq(listener.slots, 0);
	other_close(other);
}
END_TEST

START_TEST(listener_refuses_what_a_wider_address_has)
{
	struct address wide = sockets_address("*:0");
	pid_t other = other_open(&wide, true);
	struct address address = sockets_address("127.0.0.1:0");

	address_set_port(&address, address_port(&wide));
	ck_assert_int_eq(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault),
			 -EADDRINUSE);
	other_close(other);
}
END_TEST

START_TEST(listener_refuses_the_same_address_twice)
{
	struct listener second;

	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(
		listener_open(&second, &listener.address, 2, BACKLOG, NULL, 0, &fault),
		-EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(fault.text, "127.0.0.1:"));
}
END_TEST

START_TEST(listener_opens_wider_while_the_narrow_one_is_still_there)
{
	struct address address = sockets_address("0.0.0.0:0");
	struct listener wide;

	open_listener("127.0.0.1:0", 2);
	address_set_port(&address, address_port(&listener.address));
	ck_assert_msg(listener_open(&wide, &address, 2, BACKLOG, NULL, 0, &fault) == 0,
		      "%s", fault.text);
	listener_close(&wide);
}
END_TEST

START_TEST(listener_says_why_an_address_cannot_be)
{
	struct address address = sockets_address("192.0.2.1:0");

	ck_assert_int_eq(listener_open(&listener, &address, 1, BACKLOG, NULL, 0, &fault),
			 -EADDRNOTAVAIL);
	ck_assert_ptr_nonnull(
		strstr(fault.text, "192.0.2.1:0: this machine has no such"));
}
END_TEST

START_TEST(listener_says_who_may_have_low_ports)
{
	struct address address = sockets_address("127.0.0.1:1");
	int result;

	be_ordinary();
	result = listener_open(&listener, &address, 1, BACKLOG, NULL, 0, &fault);
	if (result == 0)
		UNIT_SKIP("low ports are open to all on this machine");
	ck_assert_int_eq(result, -EACCES);
	ck_assert_ptr_nonnull(strstr(fault.text, "CAP_NET_BIND_SERVICE"));
}
END_TEST

START_TEST(listener_serves_256_slots)
{
	open_listener("*:0", LISTENER_SLOTS);
	ck_assert_uint_eq(listener.group.members, LISTENER_SLOTS);
	for (unsigned slot = 0; slot < LISTENER_SLOTS; slot += 51) {
		steer_to(slot);
		ck_assert_uint_eq(visit(&listener.address, NULL), slot);
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		table.owner[i] = (uint16_t)i;
	ck_assert_int_eq(
		listener_steer(&listener, BALANCE_HASH, &table, listener.slots, &fault),
		0);
}
END_TEST

START_TEST(listener_grows_and_keeps_what_it_has)
{
	int first;

	open_listener(any_port[_i], 1);
	first = listener.fd[0];
	grow(2);
	grow(5);
	grow(3);
	ck_assert_uint_eq(listener.slots, 5);
	ck_assert_int_eq(listener.fd[0], first);
	check_mirror();
}
END_TEST

START_TEST(listener_that_cannot_grow_stays_as_it_was)
{
	struct rlimit before, few;

	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)listener.fd[1] + 4;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(listener_grow(&listener, 16, &fault), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_uint_eq(listener.slots, 2);
	check_mirror();
	grow(4);
	check_mirror();
}
END_TEST

START_TEST(listener_grown_from_one_keeps_its_table)
{
	open_listener("127.0.0.1:0", 1);
	steer_to(0);
	grow(4);
	for (int round = 0; round < 20; round++)
		ck_assert_uint_eq(visit(&listener.address, NULL), 0);
}
END_TEST

START_TEST(listener_works_where_sock_diag_is_out_of_reach)
{
	struct listener_retreat retreat;

	sock_diag_is_missing = true;
	open_listener("127.0.0.1:0", 2);
	grow(4);
	check_mirror();
	ck_assert_int_eq(shutdown(listener.fd[1], SHUT_RDWR), 0);
	ck_assert_int_eq(listener_heal(&listener, 1), 1);
	check_mirror();
	listener_retreat_begin(&listener, 1, &retreat);
	ck_assert_int_eq(listener_retreat_look(&listener, 3, &retreat), 1);
	listener_retreat_end(&retreat);
}
END_TEST

START_TEST(listener_refuses_a_port_in_use_where_nobody_can_say_whose)
{
	struct address address = sockets_address("127.0.0.1:0");
	pid_t other = other_open(&address, true);

	sock_diag_is_missing = true;
	ck_assert_int_eq(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault),
			 -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(fault.text, "cannot listen on 127.0.0.1:"));
	other_close(other);
}
END_TEST

/* ---- uninvited members, lent sockets ---- */

START_TEST(listener_routes_nothing_to_those_who_join_uninvited)
{
	struct address address;
	pid_t first, second;
	struct sockdiag_holder holder = {0};

	open_listener("127.0.0.1:0", 2);
	address = listener.address;
	first = other_open(&address, true);
	grow(4);
	ck_assert_uint_eq(listener_foreign(&listener, &holder), 1);
	ck_assert_int_eq(holder.pid, first);
	check_mirror();

	second = other_open(&address, true);
	grow(5);
	ck_assert_uint_eq(listener_foreign(&listener, NULL), 2);
	check_mirror();

	other_close(first); /* the last, our slot 4, moves into its place */
	ck_assert_int_eq(listener_heal(&listener, 0), 0);
	check_mirror();
	grow(6);
	ck_assert_uint_eq(listener_foreign(&listener, &holder), 1);
	ck_assert_int_eq(holder.pid, second);
	check_mirror();
	other_close(second);
}
END_TEST

START_TEST(listener_makes_a_lent_socket_the_first_of_a_group)
{
	struct address address = sockets_address(any_port[_i]);
	int taken = bind_plain(&address, false);
	int client;

	ck_assert_int_eq(address_of_socket(&address, taken), 0);
	client = sockets_connect(&address, NULL); /* this is what woke us */
	ck_assert_msg(listener_open(&listener, &address, 3, BACKLOG, &taken, 1, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert(!listener.shared);
	ck_assert_int_eq(listener.fd[0], taken);
	ck_assert_uint_eq(sockets_accept(listener.fd, 3), 0);
	close(client);
	check_mirror();
}
END_TEST

START_TEST(listener_shares_a_lent_socket_of_another_user)
{
	struct address address = sockets_address("127.0.0.1:0");
	int taken;

	if (geteuid() != 0)
		UNIT_SKIP("needs root, to be another user for a moment");
	be_ordinary();
	taken = bind_plain(&address, false);
	be_oneself();
	ck_assert_int_eq(address_of_socket(&address, taken), 0);
	ck_assert_msg(listener_open(&listener, &address, 3, BACKLOG, &taken, 1, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert(listener.shared);
	ck_assert_uint_eq(listener.slots, 3);
	ck_assert_int_eq(listener_fd(&listener, 2), taken);
	steer_to(2);
}
END_TEST

START_TEST(listener_refuses_a_lent_socket_of_another_address)
{
	struct address address = sockets_address("127.0.0.1:0");
	int taken = bind_plain(&address, false);

	address_set_port(&address, 1);
	ck_assert_int_eq(
		listener_open(&listener, &address, 1, BACKLOG, &taken, 1, &fault),
		-EINVAL);
	taken = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(
		listener_open(&listener, &address, 1, BACKLOG, &taken, 1, &fault),
		-EINVAL);
}
END_TEST

START_TEST(listener_refuses_two_lent_sockets_of_one_address)
{
	struct address address = sockets_address("127.0.0.1:0");
	int taken[2] = {bind_plain(&address, true), -1};

	ck_assert_int_eq(address_of_socket(&address, taken[0]), 0);
	taken[1] = bind_plain(&address, true);
	ck_assert_int_eq(listener_open(&listener, &address, 4, BACKLOG, taken, 2, &fault),
			 -EINVAL);
}
END_TEST

static Suite *suite_of_listener(void)
{
	Suite *suite = suite_create("listener");
	TCase *tcase = tcase_create("listener");
	const int kinds = ARRAY_COUNT(any_port);

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, listener_opens_a_socket_for_each_slot, 0, kinds);
	tcase_add_test(tcase, listener_opens_its_number_again_after_connections);
	tcase_add_loop_test(tcase, listener_refuses_a_port_that_another_process_has, 0,
			    2 * kinds);
	tcase_add_test(tcase, listener_refuses_what_a_wider_address_has);
	tcase_add_test(tcase, listener_refuses_the_same_address_twice);
	tcase_add_test(tcase, listener_opens_wider_while_the_narrow_one_is_still_there);
	tcase_add_test(tcase, listener_says_why_an_address_cannot_be);
	tcase_add_test(tcase, listener_says_who_may_have_low_ports);
	tcase_add_test(tcase, listener_serves_256_slots);
	tcase_add_loop_test(tcase, listener_grows_and_keeps_what_it_has, 0, kinds);
	tcase_add_test(tcase, listener_that_cannot_grow_stays_as_it_was);
	tcase_add_test(tcase, listener_grown_from_one_keeps_its_table);
	tcase_add_test(tcase, listener_works_where_sock_diag_is_out_of_reach);
	tcase_add_test(tcase, listener_refuses_a_port_in_use_where_nobody_can_say_whose);
	tcase_add_test(tcase, listener_routes_nothing_to_those_who_join_uninvited);
	tcase_add_loop_test(tcase, listener_makes_a_lent_socket_the_first_of_a_group, 0,
			    kinds);
	tcase_add_test(tcase, listener_shares_a_lent_socket_of_another_user);
	tcase_add_test(tcase, listener_refuses_a_lent_socket_of_another_address);
	tcase_add_test(tcase, listener_refuses_two_lent_sockets_of_one_address);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_listener)
