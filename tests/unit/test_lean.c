#include "supervisor/core/lean.h"

#include <string.h>

#include "supervisor/core/buckets.h"
#include "tests/unit/unit.h"

#define BEAT 500 /* ms between two beats of a worker */

static struct lean lean;
static msec now;

static void setup(void)
{
	memset(&lean, 0, sizeof(lean));
	now = 100000;
}

static unsigned draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(*seed >> 33) % below;
}

/* All beat with these loads for so long; returns how often the factors changed. */
static unsigned say(const uint64_t *load, unsigned slots, msec span)
{
	unsigned changes = 0;

	for (msec end = now + span; now < end; now += BEAT)
		for (unsigned i = 0; i < slots; i++) {
			lean_hear(&lean, i, i + 1, load[i], now);
			changes += lean_look(&lean, slots, now);
		}
	return changes;
}

/* ---- what a load means ---- */

START_TEST(at_first_all_are_even)
{
	for (unsigned i = 0; i < LEAN_SLOTS; i++)
		ck_assert_uint_eq(lean_factor(&lean, i), LEAN_EVEN);
	ck_assert(!lean_look(&lean, LEAN_SLOTS, now));
}
END_TEST

START_TEST(equal_loads_change_nothing)
{
	static const uint64_t load[] = {700, 700, 700, 700};

	ck_assert_uint_eq(say(load, 4, 60000), 0);
}
END_TEST

START_TEST(half_the_load_of_the_middle_is_twice_the_share)
{
	static const uint64_t load[] = {1000, 500, 2000};

	(void)say(load, 3, 20000);
	ck_assert_uint_eq(lean_factor(&lean, 0), LEAN_EVEN);
	ck_assert_uint_eq(lean_factor(&lean, 1), 2 * LEAN_EVEN);
	ck_assert_uint_eq(lean_factor(&lean, 2), LEAN_EVEN / 2);
}
END_TEST

START_TEST(nobody_gets_less_than_a_quarter_or_more_than_fourfold)
{
	static const uint64_t load[] = {1000, 1, UINT64_MAX, 1000};

	(void)say(load, 4, 20000);
	ck_assert_uint_eq(lean_factor(&lean, 1), LEAN_MOST);
	ck_assert_uint_eq(lean_factor(&lean, 2), LEAN_LEAST);
	ck_assert_uint_le(lean.slot[2].load, (uint64_t)1 << 40);
}
END_TEST

START_TEST(who_says_nothing_is_the_one_in_the_middle)
{
	static const uint64_t load[] = {1000, 4000};

	for (int i = 0; i < 20; i++, now += BEAT) {
		lean_hear(&lean, 0, 1, load[0], now);
		lean_hear(&lean, 2, 3, load[1], now);
		(void)lean_look(&lean, 3, now);
	}
	ck_assert_uint_eq(lean_factor(&lean, 0), LEAN_EVEN); /* the lower middle of two */
	ck_assert_uint_eq(lean_factor(&lean, 1), LEAN_EVEN);
	ck_assert_uint_lt(lean_factor(&lean, 2), LEAN_EVEN / 2);
}
END_TEST

START_TEST(a_new_worker_begins_in_the_middle)
{
	static const uint64_t load[] = {1000, 1000, 100000};

	(void)say(load, 3, 20000);
	ck_assert_uint_eq(lean_factor(&lean, 2), LEAN_LEAST);
	lean_hear(&lean, 2, 99, 1, now);
	now += LEAN_LOOK;
	ck_assert(lean_look(&lean, 3, now));
	ck_assert_uint_eq(lean_factor(&lean, 2), LEAN_EVEN);
}
END_TEST

START_TEST(who_recovers_gets_its_share_back)
{
	static const uint64_t sick[] = {1000, 1000, 100000}, well[] = {1000, 1000, 1000};

	(void)say(sick, 3, 20000);
	(void)say(well, 3, 30000);
	ck_assert_uint_ge(lean_factor(&lean, 2), LEAN_EVEN * 7 / 8);
}
END_TEST

/* ---- when it changes ---- */

START_TEST(small_differences_change_nothing)
{
	static const uint64_t load[] = {1000, 1080, 920, 1000};

	ck_assert_uint_eq(say(load, 4, 60000), 0);
}
END_TEST

START_TEST(one_figure_out_of_line_changes_nothing)
{
	static const uint64_t load[] = {1000, 1000, 1000};

	(void)say(load, 3, 10000);
	lean_hear(&lean, 1, 2, 1400, now);
	ck_assert(!lean_look(&lean, 3, now + LEAN_LOOK));
}
END_TEST

START_TEST(a_stable_load_comes_to_rest)
{
	uint64_t seed = 5, load[16];

	for (int round = 0; round < 200; round++) {
		unsigned slots = 1 + draw(&seed, 16);

		setup();
		for (unsigned i = 0; i < slots; i++)
			load[i] = 1 + draw(&seed, 1000000);
		(void)say(load, slots, 60000);
		ck_assert_uint_eq(say(load, slots, 60000), 0);
	}
}
END_TEST

START_TEST(the_clock_may_stand_still_or_leap)
{
	lean_hear(&lean, 0, 1, 100, now);
	lean_hear(&lean, 0, 1, 1000000, now);
	ck_assert_uint_eq(lean.slot[0].load, 100);
	lean_hear(&lean, 0, 1, 1000000, now + MSEC_NEVER / 4);
	ck_assert_uint_eq(lean.slot[0].load, 1000000);
}
END_TEST

/* ---- the loop: the share makes the load, and the load the share ---- */

struct cluster {
	unsigned slots;
	unsigned cost[16]; /* what one connection costs this slot */
	unsigned weight[16];
	struct buckets buckets;
};

static void check_table(const struct cluster *cluster, const struct buckets_slot *slot)
{
	unsigned sum = 0, weights = 0;

	for (unsigned i = 0; i < cluster->slots; i++)
		weights += cluster->weight[i];
	for (unsigned i = 0; i < cluster->slots; i++) {
		unsigned share = buckets_share(&cluster->buckets, i);
		unsigned due = BUCKETS * cluster->weight[i] / weights;

		ck_assert(!slot[i].healthy || share >= 1);
		ck_assert_uint_ge(share, due * LEAN_LEAST / LEAN_MOST);
		sum += share;
	}
	ck_assert_uint_eq(sum, BUCKETS);
}

static void deal(struct cluster *cluster)
{
	struct buckets_slot slot[16] = {0};

	for (unsigned i = 0; i < cluster->slots; i++)
		slot[i] = (struct buckets_slot){
			true, cluster->weight[i] * lean_factor(&lean, i), 0};
	(void)buckets_assign(&cluster->buckets, BALANCE_LEAST_CONN, slot, cluster->slots);
	check_table(cluster, slot);
}

/* Loads follow the shares, give or take `noise` percent.  Returns how many changes. */
static unsigned live(struct cluster *cluster, msec span, unsigned noise, uint64_t *seed)
{
	unsigned changes = 0;
	msec last = 0;

	for (msec end = now + span; now < end; now += BEAT)
		for (unsigned i = 0; i < cluster->slots; i++) {
			uint64_t share = buckets_share(&cluster->buckets, i);
			uint64_t load =
				share * cluster->cost[i] * 100 / cluster->weight[i];

			load = load * (100 - noise + draw(seed, 2 * noise + 1)) / 100;
			lean_hear(&lean, i, i + 1, load + 1, now);
			if (!lean_look(&lean, cluster->slots, now))
				continue;
			ck_assert_int_ge(now - last, LEAN_LOOK);
			last = now;
			changes++;
			deal(cluster);
		}
	return changes;
}

static void make_cluster(struct cluster *cluster, uint64_t *seed)
{
	setup();
	*cluster = (struct cluster){.slots = 2 + draw(seed, 15)};
	for (unsigned i = 0; i < cluster->slots; i++) {
		cluster->cost[i] = 1 + draw(seed, 32);
		cluster->weight[i] = 1 + draw(seed, 4);
	}
	deal(cluster);
}

/* Who is clearly cheaper gets no less than the other. */
static void check_order(const struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slots; i++)
		for (unsigned j = 0; j < cluster->slots; j++)
			if (cluster->cost[i] >= 2 * cluster->cost[j])
				ck_assert_uint_le(lean_factor(&lean, i),
						  lean_factor(&lean, j));
}

/* A bucket more or less can be a third of a small share, and the loop may waver by that
 * one; who has many comes to rest. */
START_TEST(shares_and_loads_find_each_other)
{
	uint64_t seed = 11;

	for (int round = 0; round < 300; round++) {
		struct cluster cluster;
		struct buckets before;
		unsigned changes, fewest = BUCKETS;

		make_cluster(&cluster, &seed);
		(void)live(&cluster, 60000, 0, &seed);
		before = cluster.buckets;
		changes = live(&cluster, 60000, 0, &seed);
		for (unsigned i = 0; i < cluster.slots; i++) {
			unsigned share = buckets_share(&cluster.buckets, i);

			if (share < fewest)
				fewest = share;
			ck_assert_uint_le(share, buckets_share(&before, i) + 2);
		}
		ck_assert(changes == 0 || fewest < 8);
		check_order(&cluster);
	}
}
END_TEST

START_TEST(noise_makes_nobody_starve_and_no_haste)
{
	uint64_t seed = 13;

	for (int round = 0; round < 100; round++) {
		struct cluster cluster;

		make_cluster(&cluster, &seed);
		(void)live(&cluster, 60000, 90, &seed); /* the checks are inside */
	}
}
END_TEST

static Suite *suite_of_lean(void)
{
	Suite *suite = suite_create("lean");
	TCase *tcase = tcase_create("lean");

	tcase_set_timeout(tcase, 60); /* for valgrind */
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, at_first_all_are_even);
	tcase_add_test(tcase, equal_loads_change_nothing);
	tcase_add_test(tcase, half_the_load_of_the_middle_is_twice_the_share);
	tcase_add_test(tcase, nobody_gets_less_than_a_quarter_or_more_than_fourfold);
	tcase_add_test(tcase, who_says_nothing_is_the_one_in_the_middle);
	tcase_add_test(tcase, a_new_worker_begins_in_the_middle);
	tcase_add_test(tcase, who_recovers_gets_its_share_back);
	tcase_add_test(tcase, small_differences_change_nothing);
	tcase_add_test(tcase, one_figure_out_of_line_changes_nothing);
	tcase_add_test(tcase, a_stable_load_comes_to_rest);
	tcase_add_test(tcase, the_clock_may_stand_still_or_leap);
	tcase_add_test(tcase, shares_and_loads_find_each_other);
	tcase_add_test(tcase, noise_makes_nobody_starve_and_no_haste);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_lean)
