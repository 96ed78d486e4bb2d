#include "supervisor/core/buckets.h"

#include <string.h>

#include "tests/unit/unit.h"

#define SLOTS BUCKETS

static struct buckets_slot slot[SLOTS];
static struct buckets table;

static void setup(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		slot[i] = (struct buckets_slot){.healthy = true, .weight = 1};
	memset(&table, 0, sizeof(table));
}

/* A small generator of its own, so that a failure can be repeated. */
static unsigned draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(*seed >> 33) % below;
}

static unsigned moved(const struct buckets *from, const struct buckets *to)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		count += from->owner[i] != to->owner[i];
	return count;
}

static void check_only_of(const struct buckets *from, const struct buckets *to,
			  unsigned who)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		if (from->owner[i] != to->owner[i])
			ck_assert_msg(from->owner[i] == who || to->owner[i] == who,
				      "bucket %u moved from %u to %u, not of slot %u", i,
				      from->owner[i], to->owner[i], who);
}

START_TEST(every_balance_has_a_name_by_which_it_is_found)
{
	const char *name = buckets_balance_name((enum balance)_i);
	enum balance found;

	ck_assert_ptr_nonnull(name);
	ck_assert(buckets_find_balance(name, &found));
	ck_assert_int_eq(found, _i);
	ck_assert(!buckets_find_balance("nonsense", &found));
}
END_TEST

START_TEST(buckets_are_shared_evenly_by_equals)
{
	for (unsigned slots = 1; slots <= SLOTS; slots++) {
		buckets_assign(&table, (enum balance)_i, slot, slots);
		for (unsigned i = 0; i < slots; i++) {
			unsigned share = buckets_share(&table, i);

			ck_assert_uint_ge(share, BUCKETS / slots);
			ck_assert_uint_le(share, (BUCKETS + slots - 1) / slots);
		}
	}
}
END_TEST

START_TEST(buckets_are_shared_by_weight_exact_to_one)
{
	uint64_t seed = 7;

	for (int round = 0; round < 500; round++) {
		unsigned slots = 1 + draw(&seed, 16);
		unsigned total = 0;

		for (unsigned i = 0; i < slots; i++)
			total += slot[i].weight = 10 + draw(&seed, 90);
		buckets_assign(&table, (enum balance)_i, slot, slots);
		for (unsigned i = 0; i < slots; i++) {
			long share = (long)buckets_share(&table, i) * total;
			long due = (long)BUCKETS * slot[i].weight;

			ck_assert_int_lt(labs(share - due), total);
		}
	}
}
END_TEST

START_TEST(buckets_follow_the_weights_of_the_manual)
{
	static const unsigned weight[] = {50, 25, 15, 10};
	static const unsigned share[] = {128, 64, 38, 26};

	for (unsigned i = 0; i < 4; i++)
		slot[i].weight = weight[i];
	buckets_assign(&table, (enum balance)_i, slot, 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(buckets_share(&table, i), share[i]);
}
END_TEST

START_TEST(buckets_leave_no_healthy_slot_empty)
{
	slot[0].weight = 1000;
	for (unsigned slots = 1; slots <= SLOTS; slots++) {
		buckets_assign(&table, (enum balance)_i, slot, slots);
		for (unsigned i = 0; i < slots; i++)
			ck_assert_uint_ge(buckets_share(&table, i), 1);
	}
}
END_TEST

START_TEST(buckets_are_never_owned_by_the_sick_or_weightless)
{
	uint64_t seed = 11;

	for (int round = 0; round < 100; round++) {
		unsigned slots = 2 + draw(&seed, SLOTS - 1);
		unsigned well = draw(&seed, slots);

		for (unsigned i = 0; i < slots; i++) {
			slot[i].healthy = i == well || draw(&seed, 2);
			slot[i].weight = i == well ? 3 : draw(&seed, 4);
		}
		buckets_assign(&table, (enum balance)_i, slot, slots);
		for (unsigned i = 0; i < BUCKETS; i++) {
			ck_assert_uint_lt(table.owner[i], slots);
			ck_assert(slot[table.owner[i]].healthy);
			ck_assert_uint_gt(slot[table.owner[i]].weight, 0);
		}
	}
}
END_TEST

START_TEST(buckets_stay_when_nobody_is_healthy)
{
	struct buckets before;

	buckets_assign(&table, (enum balance)_i, slot, 5);
	before = table;
	for (unsigned i = 0; i < 5; i++)
		slot[i].healthy = false;
	ck_assert(!buckets_assign(&table, (enum balance)_i, slot, 5));
	ck_assert_uint_eq(moved(&before, &table), 0);
}
END_TEST

START_TEST(buckets_say_whether_the_table_changed)
{
	ck_assert(!buckets_assign(&table, (enum balance)_i, slot, 1));
	ck_assert(buckets_assign(&table, (enum balance)_i, slot, 3));
	ck_assert(!buckets_assign(&table, (enum balance)_i, slot, 3));
	slot[1].healthy = false;
	ck_assert(buckets_assign(&table, (enum balance)_i, slot, 3));
}
END_TEST

START_TEST(buckets_of_ip_hash_move_only_with_the_sick_slot)
{
	uint64_t seed = 13;

	for (int round = 0; round < 1000; round++) {
		unsigned slots = 2 + draw(&seed, 40);
		unsigned who = draw(&seed, slots);
		struct buckets well = {0}, sick = {0};

		for (unsigned i = 0; i < slots; i++) {
			slot[i].weight = 1 + draw(&seed, 4);
			slot[i].healthy = draw(&seed, 4) > 0;
		}
		slot[(who + 1) % slots].healthy = true;

		slot[who].healthy = true;
		buckets_assign(&well, BALANCE_IP_HASH, slot, slots);
		slot[who].healthy = false;
		buckets_assign(&sick, BALANCE_IP_HASH, slot, slots);
		check_only_of(&well, &sick, who);
		ck_assert_uint_eq(moved(&well, &sick), buckets_share(&well, who));

		slot[who].healthy = true;
		buckets_assign(&sick, BALANCE_IP_HASH, slot, slots);
		ck_assert_uint_eq(moved(&well, &sick), 0);
	}
}
END_TEST

START_TEST(buckets_of_ip_hash_move_only_to_the_newcomer)
{
	struct buckets before;

	for (unsigned i = 0; i < SLOTS; i++)
		slot[i].weight = 1 + i % 3;
	buckets_assign(&table, BALANCE_IP_HASH, slot, 1);
	for (unsigned slots = 2; slots <= SLOTS; slots++) {
		before = table;
		buckets_assign(&table, BALANCE_IP_HASH, slot, slots);
		check_only_of(&before, &table, slots - 1);
		ck_assert_uint_eq(moved(&before, &table),
				  buckets_share(&table, slots - 1));
	}
}
END_TEST

START_TEST(buckets_of_a_sick_slot_are_spread_over_the_others)
{
	for (unsigned who = 0; who < 4; who++) {
		slot[who].healthy = false;
		buckets_assign(&table, BALANCE_IP_HASH, slot, 4);
		for (unsigned i = 0; i < 4; i++)
			if (i != who)
				ck_assert_uint_ge(buckets_share(&table, i), 64 + 12);
		slot[who].healthy = true;
	}
}
END_TEST

/* ---- cores ---- */

static void check_group(unsigned group, unsigned width, unsigned owner)
{
	for (unsigned i = group * width; i < (group + 1) * width; i++)
		ck_assert_uint_eq(table.owner[i], owner);
}

START_TEST(groups_of_buckets_are_a_power_of_two_above_all_cores)
{
	static const unsigned least[][2] = {
		{0, 1},     {1, 2},     {2, 4},     {3, 4},     {4, 8},
		{127, 128}, {128, 256}, {255, 256}, {256, 256}, {5000, 256}};

	for (size_t i = 0; i < ARRAY_COUNT(least); i++)
		ck_assert_uint_eq(buckets_groups_for(least[i][0]), least[i][1]);
}
END_TEST

START_TEST(buckets_by_cpu_belong_to_who_is_at_home)
{
	table.groups = 4;
	for (unsigned i = 0; i < 4; i++)
		slot[i].cpu = 3 - i;
	buckets_assign(&table, BALANCE_CPU, slot, 4);
	for (unsigned i = 0; i < 4; i++)
		check_group(3 - i, 64, i);
}
END_TEST

START_TEST(buckets_by_cpu_are_shared_by_weight_among_those_of_a_core)
{
	table.groups = 2;
	for (unsigned i = 0; i < 4; i++)
		slot[i].cpu = i % 2;
	slot[0].weight = 3;
	buckets_assign(&table, BALANCE_CPU, slot, 4);
	ck_assert_uint_eq(buckets_share(&table, 0), 96);
	ck_assert_uint_eq(buckets_share(&table, 1), 64);
	ck_assert_uint_eq(buckets_share(&table, 2), 32);
	ck_assert_uint_eq(buckets_share(&table, 3), 64);
	for (unsigned i = 0; i < BUCKETS; i++)
		ck_assert_uint_eq(table.owner[i] % 2, i / 128);
}
END_TEST

START_TEST(buckets_of_a_core_where_nobody_is_well_go_to_all)
{
	struct buckets well;

	table.groups = 4;
	for (unsigned i = 0; i < 3; i++)
		slot[i].cpu = i;
	buckets_assign(&table, BALANCE_CPU, slot, 3);
	ck_assert_uint_eq(buckets_share(&table, 1), 64 + 22); /* of the fourth core */
	well = table;

	slot[1].healthy = false;
	buckets_assign(&table, BALANCE_CPU, slot, 3);
	ck_assert_uint_eq(buckets_share(&table, 0), 64 + 32 + 32);
	ck_assert_uint_eq(buckets_share(&table, 2), 64 + 32 + 32);
	check_group(0, 64, 0);
	check_group(2, 64, 2);

	slot[1].healthy = true;
	buckets_assign(&table, BALANCE_CPU, slot, 3);
	ck_assert_uint_eq(moved(&well, &table), 0);
}
END_TEST

START_TEST(buckets_rotate_deals_to_equals_in_strict_turn)
{
	uint16_t turn[BUCKETS];

	for (unsigned slots = 1; slots <= SLOTS; slots *= 2) {
		buckets_assign(&table, BALANCE_ROUND_ROBIN, slot, slots);
		buckets_rotate(&table, turn);
		for (unsigned i = 0; i < BUCKETS; i++)
			ck_assert_uint_eq(turn[i], i % slots);
	}
}
END_TEST

/* As often as it owns buckets, and never far from its share at any time. */
START_TEST(buckets_rotate_deals_evenly_at_any_time)
{
	uint16_t turn[BUCKETS];

	for (unsigned slots = 1; slots <= SLOTS; slots++) {
		unsigned dealt[SLOTS] = {0};

		for (unsigned i = 0; i < slots; i++)
			slot[i].weight = 1 + i * i % 7;
		buckets_assign(&table, BALANCE_ROUND_ROBIN, slot, slots);
		buckets_rotate(&table, turn);
		for (unsigned i = 0; i < BUCKETS; i++) {
			dealt[turn[i]]++;
			for (unsigned who = 0; who < slots; who++)
				ck_assert_double_eq_tol(dealt[who],
							buckets_share(&table, who) *
								(i + 1.) / BUCKETS,
							SLOTS / 4.);
		}
		for (unsigned who = 0; who < slots; who++)
			ck_assert_uint_eq(dealt[who], buckets_share(&table, who));
	}
}
END_TEST

static Suite *suite_of_buckets(void)
{
	Suite *suite = suite_create("buckets");
	TCase *tcase = tcase_create("buckets");

	tcase_set_timeout(tcase, 60); /* for valgrind */
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, every_balance_has_a_name_by_which_it_is_found, 0,
			    BALANCES);
	tcase_add_loop_test(tcase, buckets_are_shared_evenly_by_equals, 0, BALANCES);
	tcase_add_loop_test(tcase, buckets_are_shared_by_weight_exact_to_one, 0,
			    BALANCES);
	tcase_add_loop_test(tcase, buckets_follow_the_weights_of_the_manual, 0, BALANCES);
	tcase_add_loop_test(tcase, buckets_leave_no_healthy_slot_empty, 0, BALANCES);
	tcase_add_loop_test(tcase, buckets_are_never_owned_by_the_sick_or_weightless, 0,
			    BALANCES);
	tcase_add_loop_test(tcase, buckets_stay_when_nobody_is_healthy, 0, BALANCES);
	tcase_add_loop_test(tcase, buckets_say_whether_the_table_changed, 0, BALANCES);
	tcase_add_test(tcase, buckets_of_ip_hash_move_only_with_the_sick_slot);
	tcase_add_test(tcase, buckets_of_ip_hash_move_only_to_the_newcomer);
	tcase_add_test(tcase, buckets_of_a_sick_slot_are_spread_over_the_others);
	tcase_add_test(tcase, groups_of_buckets_are_a_power_of_two_above_all_cores);
	tcase_add_test(tcase, buckets_by_cpu_belong_to_who_is_at_home);
	tcase_add_test(tcase, buckets_by_cpu_are_shared_by_weight_among_those_of_a_core);
	tcase_add_test(tcase, buckets_of_a_core_where_nobody_is_well_go_to_all);
	tcase_add_test(tcase, buckets_rotate_deals_to_equals_in_strict_turn);
	tcase_add_test(tcase, buckets_rotate_deals_evenly_at_any_time);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_buckets)
