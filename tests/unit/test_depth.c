/* Who is avoided because of its queue, sample by sample, and laws that always hold. */
#include "supervisor/core/depth.h"

#include <string.h>

#include "tests/unit/unit.h"

#define SLOTS 8

static struct depth_slot slot[SLOTS];
static struct depth_sample sample[SLOTS];
static msec now;

static void setup(void)
{
	memset(slot, 0, sizeof(slot));
	for (unsigned i = 0; i < SLOTS; i++)
		sample[i] = (struct depth_sample){true, 0, MSEC_NEVER};
	now = 1000;
}

/* One sample of four slots. */
static bool see(unsigned first, unsigned second, unsigned third, unsigned fourth)
{
	const unsigned depth[] = {first, second, third, fourth};

	for (unsigned i = 0; i < 4; i++)
		sample[i].depth = depth[i];
	now += 20;
	return depth_judge(slot, sample, 4, DEPTH_PATIENCE, now);
}

static unsigned count_crowded(unsigned slots)
{
	unsigned count = 0;

	for (unsigned i = 0; i < slots; i++)
		count += slot[i].crowded;
	return count;
}

START_TEST(depth_avoids_a_slot_that_stands_out_twice)
{
	ck_assert(!depth_doubts(slot, 4, DEPTH_PATIENCE));
	ck_assert(!see(0, 0, 9, 1));
	ck_assert(!slot[2].crowded);
	ck_assert(depth_doubts(slot, 4, DEPTH_PATIENCE));
	ck_assert(see(0, 0, 9, 1));
	ck_assert(!depth_doubts(slot, 4, DEPTH_PATIENCE));
	ck_assert(slot[2].crowded);
	ck_assert_uint_eq(count_crowded(4), 1);
}
END_TEST

START_TEST(depth_forgives_what_stands_out_once)
{
	for (int i = 0; i < 20; i++)
		ck_assert(!see(0, 0, i % 2 ? 90 : 0, 1));
}
END_TEST

START_TEST(depth_has_more_patience_for_clients_that_should_stay)
{
	sample[2].depth = 90;
	for (int i = 1; i < DEPTH_STICKY_PATIENCE; i++) {
		ck_assert(!depth_doubts(slot, 4, DEPTH_STICKY_PATIENCE));
		ck_assert(!depth_judge(slot, sample, 4, DEPTH_STICKY_PATIENCE, now));
	}
	ck_assert(depth_doubts(slot, 4, DEPTH_STICKY_PATIENCE));
	ck_assert(depth_judge(slot, sample, 4, DEPTH_STICKY_PATIENCE, now));
	ck_assert(slot[2].crowded);
	sample[2].depth = 0;
	ck_assert(!depth_judge(slot, sample, 4, DEPTH_STICKY_PATIENCE, now));
	ck_assert(depth_judge(slot, sample, 4, DEPTH_STICKY_PATIENCE, now));
}
END_TEST

static const struct {
	unsigned depth[4];
	bool avoided; /* the first of them */
} cases[] = {
	{{3, 0, 0, 0}, false},    {{4, 0, 0, 0}, true},  {{4, 1, 1, 0}, false},
	{{5, 1, 1, 0}, true},     {{8, 2, 2, 2}, false}, {{9, 2, 2, 2}, true},
	{{9, 2, 2, 40}, true},    {{9, 3, 3, 0}, false}, {{40, 40, 40, 40}, false},
	{{60, 30, 20, 9}, false},
};

START_TEST(depth_compares_with_the_median)
{
	const unsigned *depth = cases[_i].depth;

	see(depth[0], depth[1], depth[2], depth[3]);
	see(depth[0], depth[1], depth[2], depth[3]);
	ck_assert_int_eq(slot[0].crowded, cases[_i].avoided);
}
END_TEST

START_TEST(depth_lets_a_slot_return_that_is_empty_twice)
{
	see(0, 0, 9, 0);
	see(0, 0, 9, 0);
	ck_assert(!see(0, 0, 1, 0));
	ck_assert(!see(0, 0, 2, 0));
	ck_assert(!see(0, 0, 1, 0));
	ck_assert(slot[2].crowded);
	ck_assert(see(0, 0, 0, 0));
	ck_assert(!slot[2].crowded);
}
END_TEST

START_TEST(depth_waits_for_the_beat_of_a_worker_that_beats)
{
	sample[2].beat = now;
	see(0, 0, 9, 0);
	see(0, 0, 9, 0);
	for (int i = 0; i < 5; i++)
		ck_assert(!see(0, 0, 0, 0));
	sample[2].beat = now + 1;
	ck_assert(!see(0, 0, 0, 0));
	ck_assert(see(0, 0, 0, 0));
	ck_assert(!slot[2].crowded);
}
END_TEST

START_TEST(depth_takes_back_who_is_no_worse_than_the_rest)
{
	see(0, 0, 9, 0);
	see(0, 0, 9, 0);
	ck_assert(!see(5, 5, 40, 3)); /* one of them is well */
	ck_assert(!see(5, 5, 40, 4)); /* it still stands out */
	ck_assert(!see(9, 8, 30, 9));
	ck_assert(see(9, 8, 30, 9));
	ck_assert_uint_eq(count_crowded(4), 0);
}
END_TEST

START_TEST(depth_avoids_at_most_half)
{
	see(9, 9, 0, 0);
	see(9, 9, 0, 0);
	ck_assert_uint_eq(count_crowded(4), 2);
	for (int i = 0; i < 5; i++)
		see(9, 9, 90, 0);
	ck_assert_uint_eq(count_crowded(4), 2);
	ck_assert(!slot[3].crowded);
}
END_TEST

START_TEST(depth_never_avoids_the_only_one)
{
	for (unsigned i = 1; i < 4; i++)
		sample[i].takes_part = false;
	for (int i = 0; i < 5; i++)
		ck_assert(!see(99, 0, 0, 0));
}
END_TEST

START_TEST(depth_asks_only_those_that_take_part)
{
	sample[1].takes_part = sample[3].takes_part = false;
	for (int i = 0; i < 3; i++)
		see(9, 0, 9, 99);
	ck_assert_uint_eq(count_crowded(4), 0);
	for (int i = 0; i < 3; i++)
		see(9, 50, 0, 99);
	ck_assert_uint_eq(count_crowded(4), 1);
	ck_assert(slot[0].crowded);
}
END_TEST

START_TEST(depth_gives_up_a_verdict_when_the_others_are_gone)
{
	see(9, 9, 0, 0);
	see(9, 9, 0, 0);
	sample[2].takes_part = sample[3].takes_part = false;
	ck_assert(see(90, 30, 0, 0));
	ck_assert(!slot[1].crowded);
	ck_assert_uint_eq(count_crowded(4), 1);
}
END_TEST

/* Whatever the queues do: half of those that take part stay in, a verdict needs two
 * samples, a return without a better reason an empty queue, and the answer is true. */
START_TEST(depth_keeps_its_laws_on_random_walks)
{
	srandom((unsigned)_i);
	for (int round = 0; round < 3000; round++) {
		struct depth_slot before[SLOTS];
		unsigned parts = 0, crowded = 0, changes = 0, least = UINT32_MAX;
		bool changed;

		memcpy(before, slot, sizeof(slot));
		for (unsigned i = 0; i < SLOTS; i++) {
			if (random() % 20 == 0)
				sample[i].takes_part = !sample[i].takes_part;
			if (random() % 3 == 0)
				sample[i].depth = (unsigned)random() % (i < 4 ? 60 : 5);
			parts += sample[i].takes_part;
			if (sample[i].takes_part && sample[i].depth < least)
				least = sample[i].depth;
		}
		changed = depth_judge(slot, sample, SLOTS, DEPTH_PATIENCE, now += 20);
		for (unsigned i = 0; i < SLOTS; i++) {
			crowded += sample[i].takes_part && slot[i].crowded;
			changes += slot[i].crowded != before[i].crowded;
			if (slot[i].crowded && !before[i].crowded) {
				ck_assert_uint_ge(before[i].streak, 1);
				ck_assert_uint_ge(sample[i].depth, 4);
				ck_assert_uint_gt(sample[i].depth, 4 * least);
			}
		}
		ck_assert_uint_le(crowded, parts / 2);
		ck_assert(changed || changes == 0);
	}
}
END_TEST

static Suite *suite_of_depth(void)
{
	Suite *suite = suite_create("depth");
	TCase *tcase = tcase_create("depth");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, depth_avoids_a_slot_that_stands_out_twice);
	tcase_add_test(tcase, depth_forgives_what_stands_out_once);
	tcase_add_test(tcase, depth_has_more_patience_for_clients_that_should_stay);
	tcase_add_loop_test(tcase, depth_compares_with_the_median, 0, ARRAY_COUNT(cases));
	tcase_add_test(tcase, depth_lets_a_slot_return_that_is_empty_twice);
	tcase_add_test(tcase, depth_waits_for_the_beat_of_a_worker_that_beats);
	tcase_add_test(tcase, depth_takes_back_who_is_no_worse_than_the_rest);
	tcase_add_test(tcase, depth_avoids_at_most_half);
	tcase_add_test(tcase, depth_never_avoids_the_only_one);
	tcase_add_test(tcase, depth_asks_only_those_that_take_part);
	tcase_add_test(tcase, depth_gives_up_a_verdict_when_the_others_are_gone);
	tcase_add_loop_test(tcase, depth_keeps_its_laws_on_random_walks, 0, 8);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_depth)
