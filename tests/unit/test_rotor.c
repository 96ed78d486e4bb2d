/* Connections dealt in turn, on real sockets; skipped where the kernel does not let us.
 */
#include "supervisor/rotor.h"

#include "tests/unit/listening.h"

static const struct buckets_slot equal[] = {
	{true, 1, 0}, {true, 1, 0}, {true, 1, 0}, {true, 1, 0}};
static unsigned seen[BUCKETS];

static bool may_turn(void)
{
	struct rotor rotor = {0};
	int result = rotor_open(&rotor);

	rotor_close(&rotor);
	return result == 0;
}

#define NEEDS_TURNS()                                              \
	do {                                                       \
		if (!may_turn())                                   \
			UNIT_SKIP("needs CAP_BPF on this kernel"); \
	} while (0)

static void deal(const struct buckets_slot *slot, unsigned slots)
{
	buckets_assign(&table, BALANCE_ROUND_ROBIN, slot, slots);
	ck_assert_msg(listener_steer(&listener, BALANCE_ROUND_ROBIN, &table,
				     listener.slots, &fault) == 0,
		      "%s", fault.text);
}

static void visit_often(unsigned rounds)
{
	memset(seen, 0, sizeof(seen));
	while (rounds-- > 0)
		seen[visit(&listener.address, NULL)]++;
}

START_TEST(rotor_deals_exactly)
{
	NEEDS_TURNS();
	open_listener(any_port[_i], 4);
	deal(equal, 4);
	ck_assert_int_eq(listener.balance, BALANCE_ROUND_ROBIN);
	visit_often(4000);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen[i], 1000);
}
END_TEST

START_TEST(rotor_deals_by_weight)
{
	static const struct buckets_slot slot[] = {
		{true, 2, 0}, {true, 1, 0}, {true, 1, 0}};

	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 3);
	deal(slot, 3);
	visit_often(1024);
	ck_assert_uint_eq(seen[0], 512);
	ck_assert_uint_eq(seen[1], 256);
	ck_assert_uint_eq(seen[2], 256);
}
END_TEST

START_TEST(rotor_deals_on_among_the_healthy)
{
	struct buckets_slot slot[] = {
		{true, 1, 0}, {true, 1, 0}, {true, 1, 0}, {true, 1, 0}};

	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 4);
	for (unsigned sick = 0; sick < 4; sick++) {
		slot[sick].healthy = false;
		deal(slot, 4);
		visit_often(BUCKETS);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_uint_eq(seen[i], buckets_share(&table, i));
		ck_assert_uint_eq(seen[sick], 0);
		slot[sick].healthy = true;
	}
}
END_TEST

START_TEST(rotor_takes_in_slots_that_are_added)
{
	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 2);
	deal(equal, 2);
	grow(4);
	deal(equal, 4);
	visit_often(400);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen[i], 100);
}
END_TEST

START_TEST(rotor_takes_back_a_slot_that_was_shut_down)
{
	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 4);
	deal(equal, 4);
	ck_assert_int_eq(shutdown(listener.fd[1], SHUT_RDWR), 0);
	ck_assert_int_eq(listener_heal(&listener, 1), 1);
	visit_often(400);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen[i], 100);
}
END_TEST

/* The program of one that died stays with the group, and with it the map that has the
 * sockets. */
START_TEST(rotor_waits_for_the_sockets_of_one_that_died)
{
	int result = 1;

	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 4);
	deal(equal, 4);
	rotor_close(&listener.rotor);
	for (unsigned tries = 0; result == 1 && tries < 200; tries++) {
		result =
			listener_steer(&listener, BALANCE_ROUND_ROBIN, &table, 4, &fault);
		ck_assert_int_eq(listener.no_turns, 0);
		if (result == 1)
			poll(NULL, 0, 25);
	}
	ck_assert_int_eq(result, 0);
	visit_often(400);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen[i], 100);
}
END_TEST

START_TEST(rotor_gives_way_to_other_policies_and_comes_back)
{
	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 4);
	deal(equal, 4);
	check_mirror();
	deal(equal, 4);
	visit_often(400);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(seen[i], 100);
}
END_TEST

START_TEST(rotor_passes_by_sockets_of_others)
{
	int other;

	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 2);
	other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &(int){1}, 4), 0);
	ck_assert_int_eq(bind(other, &listener.address.at.any, listener.address.bytes),
			 0);
	ck_assert_int_eq(listen(other, 5), 0);
	deal(equal, 2);
	visit_often(200);
	ck_assert_uint_eq(seen[0], 100);
	ck_assert_uint_eq(seen[1], 100);
	close(other);
}
END_TEST

START_TEST(rotor_swapped_a_thousand_times_loses_nobody)
{
	struct buckets_slot slot[] = {
		{true, 1, 0}, {true, 1, 0}, {true, 1, 0}, {true, 1, 0}};

	NEEDS_TURNS();
	open_listener("127.0.0.1:0", 4);
	for (unsigned swap = 0; swap < 1000; swap++) {
		slot[swap % 4].healthy = !slot[swap % 4].healthy;
		slot[(swap + 1) % 4].healthy = true;
		slot[swap % 3].weight = 1 + swap % 5;
		deal(slot, 4);
		ck_assert(slot[visit(&listener.address, NULL)].healthy);
	}
}
END_TEST

START_TEST(without_privileges_it_goes_by_lot_and_says_why)
{
	be_ordinary();
	if (may_turn())
		UNIT_SKIP("everybody may load BPF programs here");
	open_listener("127.0.0.1:0", 4);
	deal(equal, 4);
	ck_assert_int_eq(listener.balance, BALANCE_RANDOM);
	ck_assert_int_eq(listener.no_turns, -EPERM);
	visit_often(4000);
	for (unsigned i = 0; i < 4; i++) /* the deviation is 27 */
		ck_assert_uint_gt(seen[i], 850);
	deal(equal, 4);
	ck_assert_int_eq(listener.balance, BALANCE_RANDOM);
}
END_TEST

static Suite *suite_of_rotor(void)
{
	Suite *suite = suite_create("rotor");
	TCase *tcase = tcase_create("rotor");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, rotor_deals_exactly, 0, ARRAY_COUNT(any_port));
	tcase_add_test(tcase, rotor_deals_by_weight);
	tcase_add_test(tcase, rotor_deals_on_among_the_healthy);
	tcase_add_test(tcase, rotor_takes_in_slots_that_are_added);
	tcase_add_test(tcase, rotor_takes_back_a_slot_that_was_shut_down);
	tcase_add_test(tcase, rotor_waits_for_the_sockets_of_one_that_died);
	tcase_add_test(tcase, rotor_gives_way_to_other_policies_and_comes_back);
	tcase_add_test(tcase, rotor_passes_by_sockets_of_others);
	tcase_add_test(tcase, rotor_swapped_a_thousand_times_loses_nobody);
	tcase_add_test(tcase, without_privileges_it_goes_by_lot_and_says_why);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_rotor)
