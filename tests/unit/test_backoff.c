#include "supervisor/core/backoff.h"
#include "tests/unit/unit.h"

#define DICE_LOW  0u
#define DICE_HIGH 0xffffffffu

static const struct backoff_policy policy = {.first = 100, .most = 1000, .steady = 10000};

/* The longest wait each failure in a row can bring. */
static const msec longest[] = {0, 100, 200, 400, 800, 1000, 1000};

START_TEST(backoff_doubles_up_to_the_ceiling)
{
	struct backoff backoff = {0};

	for (int i = 0; i <= _i; i++)
		backoff_fail(&backoff, &policy, 0, 5000, DICE_LOW);
	ck_assert_int_eq(backoff.until, 5000 + longest[_i] / 2);
}
END_TEST

START_TEST(backoff_answers_the_first_failure_at_once)
{
	struct backoff backoff = {0};

	backoff_fail(&backoff, &policy, 0, 5000, DICE_HIGH);
	ck_assert_int_eq(backoff.until, 5000);
	ck_assert(backoff_allows(&backoff, 5000));
}
END_TEST

START_TEST(backoff_draws_the_second_half_by_lot)
{
	msec least = INT64_MAX;
	msec most = 0;

	for (uint32_t dice = 0; dice < 1000; dice++) {
		struct backoff backoff = {.failures = 1};

		backoff_fail(&backoff, &policy, 0, 0, dice);
		least = backoff.until < least ? backoff.until : least;
		most = backoff.until > most ? backoff.until : most;
	}
	ck_assert_int_eq(least, policy.first / 2);
	ck_assert_int_eq(most, policy.first);
}
END_TEST

START_TEST(backoff_takes_any_dice)
{
	struct backoff backoff = {.failures = 20};

	backoff_fail(&backoff, &policy, 0, 7, DICE_HIGH);
	ck_assert_int_ge(backoff.until, 7 + policy.most / 2);
	ck_assert_int_le(backoff.until, 7 + policy.most);
}
END_TEST

START_TEST(backoff_forgives_a_worker_that_served)
{
	struct backoff backoff = {.failures = 9};

	backoff_fail(&backoff, &policy, policy.steady, 0, DICE_LOW);
	ck_assert_uint_eq(backoff.failures, 1);
	ck_assert_int_eq(backoff.until, 0);
}
END_TEST

START_TEST(backoff_does_not_forgive_one_that_served_too_short)
{
	struct backoff backoff = {.failures = 9};

	backoff_fail(&backoff, &policy, policy.steady - 1, 0, DICE_LOW);
	ck_assert_int_eq(backoff.until, policy.most / 2);
}
END_TEST

START_TEST(backoff_waits_for_its_time)
{
	struct backoff backoff = {.until = 100};

	ck_assert(!backoff_allows(&backoff, 99));
	ck_assert(backoff_allows(&backoff, 100));
	ck_assert(backoff_allows(&backoff, 101));
}
END_TEST

START_TEST(backoff_cleared_allows_at_once)
{
	struct backoff backoff = {.failures = 9, .until = 1000};

	backoff_clear(&backoff);
	ck_assert(backoff_allows(&backoff, 0));
	ck_assert_uint_eq(backoff.failures, 0);
}
END_TEST

static Suite *suite_of_backoff(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tcase = tcase_create("backoff");

	tcase_add_loop_test(tcase, backoff_doubles_up_to_the_ceiling, 0,
			    ARRAY_COUNT(longest));
	tcase_add_test(tcase, backoff_answers_the_first_failure_at_once);
	tcase_add_test(tcase, backoff_draws_the_second_half_by_lot);
	tcase_add_test(tcase, backoff_takes_any_dice);
	tcase_add_test(tcase, backoff_forgives_a_worker_that_served);
	tcase_add_test(tcase, backoff_does_not_forgive_one_that_served_too_short);
	tcase_add_test(tcase, backoff_waits_for_its_time);
	tcase_add_test(tcase, backoff_cleared_allows_at_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_backoff)
