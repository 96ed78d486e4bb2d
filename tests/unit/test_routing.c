/* What happens to connections once a listener is open: steered, queued, kept out, mended.
 */
#include "supervisor/listener.h"

#include <linux/filter.h>

#include "tests/unit/listening.h"

static void balance(enum balance policy, const struct buckets_slot *slot)
{
	buckets_assign(&table, policy, slot, listener.slots);
	ck_assert_msg(listener_steer(&listener, policy, &table, listener.slots, &fault) ==
			      0,
		      "%s", fault.text);
}

/* ---- steer ---- */

static const char *const target_of[] = {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0",
					"[::1]:0",     "[::1]:0",     "127.0.0.1:0"};

START_TEST(listener_steers_by_weight)
{
	static const struct buckets_slot slot[] = {
		{true, 2, 0}, {true, 1, 0}, {true, 1, 0}};
	static const double share[] = {50, 25, 25};
	struct address target = sockets_address(target_of[_i]);
	const unsigned rounds = 6000;
	unsigned seen[3] = {0};

	open_listener(any_port[_i < 5 ? _i : 4], 3);
	address_set_port(&target, address_port(&listener.address));
	balance(_i % 2 ? BALANCE_HASH : BALANCE_RANDOM, slot);
	for (unsigned round = 0; round < rounds; round++)
		seen[visit(&target, NULL)]++;
	/* The deviation is 0.65 points where chance decides.  A hash of one client's
	 * ports, which are given in a row, is not chance. */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_double_eq_tol(100.0 * seen[i] / rounds, share[i],
					_i % 2 ? 6 : 4);
}
END_TEST

START_TEST(listener_sends_nobody_to_a_sick_slot)
{
	struct buckets_slot slot[] = {
		{true, 1, 0}, {true, 1, 0}, {true, 1, 0}, {true, 1, 0}};

	open_listener("127.0.0.1:0", 4);
	for (unsigned sick = 0; sick < 4; sick++) {
		slot[sick].healthy = false;
		balance((enum balance)_i, slot);
		for (int round = 0; round < 100; round++)
			ck_assert_uint_ne(visit(&listener.address, NULL), sick);
		slot[sick].healthy = true;
	}
}
END_TEST

#define SOURCES 60

static void visit_from_all(unsigned owner[SOURCES])
{
	for (unsigned i = 0; i < SOURCES; i++) {
		struct address source = sockets_address("127.0.0.1:0");

		source.at.v4.sin_addr.s_addr = htonl(0x7f000002 + i);
		owner[i] = visit(&listener.address, &source);
	}
}

START_TEST(listener_by_ip_hash_keeps_clients_with_their_slot)
{
	struct buckets_slot slot[] = {
		{true, 1, 0}, {true, 1, 0}, {true, 1, 0}, {true, 1, 0}};
	unsigned first[SOURCES], again[SOURCES], back[SOURCES];
	unsigned moved = 0;

	open_listener("0.0.0.0:0", 4);
	listener.address.at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	balance(BALANCE_IP_HASH, slot);
	visit_from_all(first);
	visit_from_all(again);
	ck_assert_mem_eq(first, again, sizeof(first));

	slot[2].healthy = false;
	balance(BALANCE_IP_HASH, slot);
	visit_from_all(again);
	for (unsigned i = 0; i < SOURCES; i++) {
		ck_assert_uint_ne(again[i], 2);
		if (first[i] != 2)
			ck_assert_uint_eq(again[i], first[i]);
		moved += first[i] != again[i];
	}
	ck_assert_uint_gt(moved, 5);

	slot[2].healthy = true;
	balance(BALANCE_IP_HASH, slot);
	visit_from_all(back);
	ck_assert_mem_eq(first, back, sizeof(first));
	listener.address.at.v4.sin_addr.s_addr = htonl(INADDR_ANY);
}
END_TEST

/* ---- slots' own addresses ---- */

/* An address of this machine that is not of loopback; false: there is none. */
static bool find_own_address(struct address *ret_address)
{
	struct address remote = sockets_address("192.0.2.1:9"); /* nobody's: no packet */
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = connect(fd, &remote.at.any, remote.bytes) == 0 &&
		     address_of_socket(ret_address, fd) == 0;

	close(fd);
	return found;
}

static unsigned visit_slot(const struct address *target, unsigned slot)
{
	struct address source, ignored;

	ck_assert(address_of_slot(&listener.address, slot, &source, &ignored));
	return visit(target, &source);
}

/* All others are sent to slot 0. */
static void steer_to_first(enum balance policy)
{
	static const struct buckets_slot slot[6] = {{true, 1, 0}};

	balance(policy, slot);
}

START_TEST(listener_reaches_every_slot_by_its_own_address)
{
	static const char *const of_v4[] = {"127.0.0.1:0", "0.0.0.0:0", "*:0"};
	struct address source, target, own;

	open_listener(of_v4[_i % 3], 5);
	steer_to_first((enum balance)(_i / 3));
	ck_assert(address_of_slot(&listener.address, 0, &source, &target));
	for (unsigned slot = 0; slot < 5; slot++)
		ck_assert_uint_eq(visit_slot(&target, slot), slot);
	ck_assert_uint_eq(visit_slot(&target, 5), 0);
	ck_assert_uint_eq(visit(&target, NULL), 0);

	if (_i % 3 == 0 || !find_own_address(&own))
		return;
	address_set_port(&own, address_port(&listener.address));
	ck_assert_uint_eq(visit_slot(&own, 3), 3);
	ck_assert_uint_eq(visit(&own, NULL), 0);
}
END_TEST

START_TEST(listener_finds_slots_by_address_after_members_changed)
{
	struct address source, target;

	open_listener("127.0.0.1:0", 4);
	steer_to_first((enum balance)_i);
	ck_assert(address_of_slot(&listener.address, 0, &source, &target));
	ck_assert_int_eq(shutdown(listener.fd[1], SHUT_RDWR), 0);
	ck_assert_int_eq(listener_heal(&listener, 1), 1);
	for (unsigned slot = 0; slot < 4; slot++)
		ck_assert_uint_eq(visit_slot(&target, slot), slot);
	grow(6);
	ck_assert_uint_eq(visit_slot(&target, 5), 0); /* not before it is steered again */
	steer_to_first((enum balance)_i);
	for (unsigned slot = 0; slot < 6; slot++)
		ck_assert_uint_eq(visit_slot(&target, slot), slot);
}
END_TEST

START_TEST(listener_has_slots_without_an_address)
{
	struct address source, target;

	open_listener("127.0.0.1:0", 4);
	steer_to_first((enum balance)_i);
	ck_assert_int_eq(listener_steer(&listener, (enum balance)_i, &table, 2, &fault),
			 0);
	ck_assert(address_of_slot(&listener.address, 0, &source, &target));
	ck_assert_uint_eq(visit_slot(&target, 1), 1);
	ck_assert_uint_eq(visit_slot(&target, 2), 0);
	ck_assert_int_eq(listener_steer(&listener, (enum balance)_i, &table, 0, &fault),
			 0);
	ck_assert_uint_eq(visit_slot(&target, 1), 0);
}
END_TEST

/* ---- queues ---- */

START_TEST(listener_knows_how_many_wait)
{
	int client[3];
	unsigned depth;

	open_listener(any_port[_i], 2);
	steer_to(1);
	for (unsigned i = 0; i < 3; i++) {
		client[i] = sockets_connect(&listener.address, NULL);
		ck_assert_int_eq(listener_depth(&listener, 1, &depth), 0);
		ck_assert_uint_eq(depth, i + 1);
		ck_assert_int_eq(listener_depth(&listener, 0, &depth), 0);
		ck_assert_uint_eq(depth, 0);
	}
	for (unsigned i = 0; i < 3; i++)
		close(client[i]);
}
END_TEST

/* A client that does not hear the answer to its SYN stays a handshake until it does: it
 * asks for packets of a TTL that nobody here sends. */
static void hear_only(int fd, int least)
{
	int level = listener.address.kind == ADDRESS_V4 ? IPPROTO_IP : IPPROTO_IPV6;
	int name = listener.address.kind == ADDRESS_V4 ? IP_MINTTL : IPV6_MINHOPCOUNT;

	ck_assert_int_eq(setsockopt(fd, level, name, &least, sizeof(least)), 0);
}

static int begin_deaf(void)
{
	int fd =
		socket(listener.address.at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	hear_only(fd, 255);
	ck_assert_int_eq(connect(fd, &listener.address.at.any, listener.address.bytes),
			 -1);
	ck_assert_int_eq(errno, EINPROGRESS);
	return fd;
}

static void hear_again(int fd)
{
	hear_only(fd, 0);
	ck_assert_int_eq(sockets_outcome(fd, SOCKETS_PATIENCE), 0);
}

/* Kernels from 2026 on ask for CAP_NET_ADMIN. */
static bool may_filter(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog program = {.len = 1, .filter = &all};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int result =
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));

	close(fd);
	return result == 0;
}

START_TEST(listener_quenched_keeps_who_waits_and_lets_nobody_in)
{
	int waiting, late, accepted;
	char word[3];

	if (!may_filter())
		UNIT_SKIP("needs CAP_NET_ADMIN on this kernel");
	open_listener(any_port[_i], 1);
	waiting = sockets_connect(&listener.address, NULL);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	late = sockets_begin(&listener.address, NULL);
	ck_assert_int_eq(sockets_outcome(late, 50), ETIMEDOUT);

	accepted = accept(listener.fd[0], NULL, NULL);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(write(waiting, "ask", 3), 3);
	ck_assert(sockets_wait(accepted, POLLIN, SOCKETS_PATIENCE));
	ck_assert_int_eq(read(accepted, word, 3), 3);
	ck_assert_int_eq(write(accepted, "say", 3), 3);
	ck_assert(sockets_wait(waiting, POLLIN, SOCKETS_PATIENCE));
	close(accepted);
	close(waiting);
	close(late);
}
END_TEST

START_TEST(listener_closed_after_a_quench_refuses_who_tried)
{
	int late;

	if (!may_filter())
		UNIT_SKIP("needs CAP_NET_ADMIN on this kernel");
	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_quench(&listener, 1, true), 0);
	late = sockets_begin(&listener.address, NULL);
	ck_assert_int_eq(sockets_outcome(late, 50), ETIMEDOUT);
	listener_close(&listener);
	ck_assert_int_eq(sockets_outcome(late, SOCKETS_PATIENCE), ECONNREFUSED);
	close(late);
}
END_TEST

START_TEST(listener_quenched_by_an_ordinary_user_lets_nobody_in_either)
{
	int waiting, late, outcome;

	be_ordinary();
	open_listener(any_port[_i], 2);
	steer_to(0);
	waiting = sockets_connect(&listener.address, NULL);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_quench(&listener, 1, true), 0);
	late = sockets_begin(&listener.address, NULL);
	outcome = sockets_outcome(late, 50);
	ck_assert(outcome == ETIMEDOUT || outcome == ECONNREFUSED);
	close(late);
	ck_assert_uint_eq(sockets_accept(listener.fd, 2), 0);
	close(waiting);

	ck_assert_int_eq(listener_quench(&listener, 0, false), 0);
	ck_assert_int_eq(listener_quench(&listener, 1, false), 0);
	check_mirror();
}
END_TEST

START_TEST(listener_quenched_lets_handshakes_finish)
{
	int early;

	if (_i)
		be_ordinary();
	open_listener("127.0.0.1:0", 1);
	early = begin_deaf();
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	hear_again(early);
	ck_assert_uint_eq(sockets_accept(listener.fd, 1), 0);
	close(early);
}
END_TEST

START_TEST(listener_unquenched_lets_in_who_tried_meanwhile)
{
	int late;

	if (!may_filter())
		UNIT_SKIP("needs CAP_NET_ADMIN on this kernel");
	open_listener("127.0.0.1:0", 1);
	ck_assert_int_eq(listener_quench(&listener, 0, false), 0);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	late = sockets_begin(&listener.address, NULL);
	ck_assert_int_eq(sockets_outcome(late, 50), ETIMEDOUT);
	ck_assert_int_eq(listener_quench(&listener, 0, false), 0);
	ck_assert_int_eq(sockets_outcome(late, SOCKETS_PATIENCE), 0);
	close(late);
}
END_TEST

START_TEST(listener_retreats_after_the_handshakes_that_had_begun)
{
	struct listener_retreat retreat;
	int early, late;

	open_listener(any_port[4 * _i], 2);
	steer_to(1);
	early = begin_deaf();
	steer_to(0);
	listener_retreat_begin(&listener, 2, &retreat);
	ck_assert_uint_eq(retreat.handshakes, 1);
	late = begin_deaf();
	for (int look = 0; look < 3; look++)
		ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);

	hear_again(early);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_uint_eq(retreat.handshakes, 0); /* it waits in the queue now */
	ck_assert_uint_eq(sockets_accept(listener.fd, 2), 1);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 1);
	listener_retreat_end(&retreat);
	close(early);
	close(late);
}
END_TEST

START_TEST(listener_retreats_when_the_queue_was_empty_twice_in_a_row)
{
	struct listener_retreat retreat;
	int client;

	open_listener("127.0.0.1:0", 2);
	steer_to(1);
	listener_retreat_begin(&listener, 2, &retreat);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	client = sockets_connect(&listener.address, NULL);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_uint_eq(sockets_accept(listener.fd, 2), 1);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 1);
	listener_retreat_end(&retreat);
	close(client);

	listener_retreat_begin(&listener, 1, &retreat);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 1);
	listener_retreat_end(&retreat);
}
END_TEST

/* ---- mend ---- */

START_TEST(listener_finds_nothing_in_a_slot_it_does_not_have)
{
	struct listener_retreat retreat;
	unsigned depth = 77;

	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(listener_depth(&listener, 2, &depth), 0);
	ck_assert_uint_eq(depth, 0);
	ck_assert_int_eq(listener_heal(&listener, 2), 0);
	ck_assert_int_eq(listener_quench(&listener, 2, true), 0);
	listener_retreat_begin(&listener, 1, &retreat);
	ck_assert_int_eq(listener_retreat_look(&listener, 2, &retreat), 1);
	listener_retreat_end(&retreat);
}
END_TEST

START_TEST(listener_heals_a_slot_that_was_shut_down)
{
	open_listener("127.0.0.1:0", 4);
	check_mirror();
	for (unsigned slot = 0; slot < 4; slot++) {
		ck_assert_int_eq(listener_heal(&listener, slot), 0);
		ck_assert_int_eq(shutdown(listener.fd[slot], SHUT_RDWR), 0);
		ck_assert_int_eq(listener_heal(&listener, slot), 1);
		ck_assert_int_eq(listener_heal(&listener, slot), 0);
		check_mirror();
	}
}
END_TEST

START_TEST(listener_heals_two_slots_and_keeps_the_table_between)
{
	open_listener("127.0.0.1:0", 4);
	steer_to(3);
	ck_assert_int_eq(shutdown(listener.fd[0], SHUT_RDWR), 0);
	ck_assert_int_eq(shutdown(listener.fd[2], SHUT_RDWR), 0);
	steer_to(3);
	ck_assert_int_eq(listener_heal(&listener, 2), 1);
	for (int round = 0; round < 20; round++)
		ck_assert_uint_eq(
			sockets_visit(&listener.address, NULL, listener.fd + 2, 2), 1);
	ck_assert_int_eq(listener_heal(&listener, 0), 1);
	check_mirror();
}
END_TEST

/* ---- a second socket of a slot ---- */

/* Who got a connection of this listener: the number of the socket. */
static unsigned visit_number(void)
{
	int fd[2 * 4];
	unsigned number[2 * 4] = {0}, count = 0;

	for (unsigned i = 0; i < LISTENER_SOCKETS; i++)
		if (listener_has(&listener, i)) {
			fd[count] = listener_fd(&listener, i);
			number[count++] = i;
		}
	return number[sockets_visit(&listener.address, NULL, fd, count)];
}

START_TEST(listener_sends_nobody_to_a_second_socket_before_it_is_routed)
{
	const struct buckets_slot slot[] = {{true, 1, 0}, {true, 1, 0}};
	const unsigned slots = _i % 2 ? 1 : 2;

	open_listener("127.0.0.1:0", slots);
	balance((enum balance)(_i / 2), slot);
	ck_assert_int_eq(listener_open_second(&listener, 0, &fault), 0);
	ck_assert_int_eq(listener_open_second(&listener, 0, &fault), 0);
	for (int round = 0; round < 50; round++)
		ck_assert_uint_lt(visit_number(), slots);
}
END_TEST

START_TEST(listener_routes_a_slot_by_either_of_its_sockets)
{
	const struct buckets_slot slot[] = {{true, 1, 0}, {false, 1, 0}, {false, 1, 0}};

	open_listener("127.0.0.1:0", 3);
	balance((enum balance)_i, slot);
	ck_assert_int_eq(listener_open_second(&listener, 0, &fault), 0);
	for (unsigned turn = 0; turn < 4; turn++) {
		unsigned number = turn % 2 ? 0 : LISTENER_SLOTS;

		ck_assert(listener_route(&listener, 0, number));
		ck_assert(!listener_route(&listener, 0, number));
		balance((enum balance)_i, slot);
		for (int round = 0; round < 20; round++)
			ck_assert_uint_eq(visit_number(), number);
	}
}
END_TEST

START_TEST(listener_heals_a_second_socket_and_grows_beside_it)
{
	const struct buckets_slot slot[] = {{true, 1, 0}, {false, 1, 0}, {false, 1, 0}};

	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(listener_open_second(&listener, 0, &fault), 0);
	ck_assert_int_eq(listener_grow(&listener, 3, &fault), 0);
	ck_assert_int_eq(shutdown(listener_fd(&listener, LISTENER_SLOTS), SHUT_RDWR), 0);
	ck_assert_int_eq(listener_heal(&listener, LISTENER_SLOTS), 1);
	ck_assert_int_eq(listener_heal(&listener, LISTENER_SLOTS), 0);
	ck_assert(listener_route(&listener, 0, LISTENER_SLOTS));
	balance((enum balance)_i, slot);
	for (int round = 0; round < 20; round++)
		ck_assert_uint_eq(visit_number(), LISTENER_SLOTS);
}
END_TEST

static Suite *suite_of_routing(void)
{
	Suite *suite = suite_create("routing");
	TCase *tcase = tcase_create("routing");
	const int kinds = ARRAY_COUNT(any_port);

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, listener_steers_by_weight, 0, ARRAY_COUNT(target_of));
	tcase_add_loop_test(tcase, listener_sends_nobody_to_a_sick_slot, 0, BALANCES);
	tcase_add_test(tcase, listener_by_ip_hash_keeps_clients_with_their_slot);
	tcase_add_loop_test(tcase, listener_reaches_every_slot_by_its_own_address, 0,
			    3 * BALANCES);
	tcase_add_loop_test(tcase, listener_finds_slots_by_address_after_members_changed,
			    0, BALANCES);
	tcase_add_loop_test(tcase, listener_has_slots_without_an_address, 0, BALANCES);
	tcase_add_loop_test(tcase, listener_knows_how_many_wait, 0, kinds);
	tcase_add_loop_test(tcase, listener_quenched_keeps_who_waits_and_lets_nobody_in,
			    0, kinds);
	tcase_add_test(tcase, listener_closed_after_a_quench_refuses_who_tried);
	tcase_add_loop_test(tcase,
			    listener_quenched_by_an_ordinary_user_lets_nobody_in_either,
			    0, kinds);
	tcase_add_loop_test(tcase, listener_quenched_lets_handshakes_finish, 0, 2);
	tcase_add_test(tcase, listener_unquenched_lets_in_who_tried_meanwhile);
	tcase_add_loop_test(tcase, listener_retreats_after_the_handshakes_that_had_begun,
			    0, 2);
	tcase_add_test(tcase, listener_retreats_when_the_queue_was_empty_twice_in_a_row);
	tcase_add_test(tcase, listener_finds_nothing_in_a_slot_it_does_not_have);
	tcase_add_test(tcase, listener_heals_a_slot_that_was_shut_down);
	tcase_add_test(tcase, listener_heals_two_slots_and_keeps_the_table_between);
	tcase_add_loop_test(tcase,
			    listener_sends_nobody_to_a_second_socket_before_it_is_routed,
			    0, 2 * BALANCES);
	tcase_add_loop_test(tcase, listener_routes_a_slot_by_either_of_its_sockets, 0,
			    BALANCES);
	tcase_add_loop_test(tcase, listener_heals_a_second_socket_and_grows_beside_it, 0,
			    BALANCES);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_routing)
