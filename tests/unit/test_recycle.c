/* What exceeds a bound; who is recycled when is in tests/trace and tests/model. */
#include "supervisor/core/recycle.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct core_app app;
static const struct seat_ref at = {.slot = 0, .seat = 0};

static struct worker *worker(void)
{
	return &app.slot[0].seat[0];
}

static void setup(void)
{
	memset(&app, 0, sizeof(app));
	app.want.running = true;
	app.want.count = app.slots = 1;
	app.policy.recycle = (struct core_recycle){
		.memory = 1 << 20, .age = 1000, .requests = 100, .jitter = 50};
	*worker() = (struct worker){.phase = WORKER_SERVING, .served = 5000};
}

START_TEST(memory_may_be_as_much_as_its_bound_whatever_the_lot)
{
	worker()->lot = 255;
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_MEMORY, 1 << 20));
	ck_assert(core_exceeds(&app, at, CORE_BOUND_MEMORY, (1 << 20) + 1));
}
END_TEST

static const struct {
	uint8_t lot;
	unsigned requests;
	msec age;
} lots[] = {{0, 100, 1000}, {64, 88, 875}, {128, 75, 750}, {255, 51, 502}};

START_TEST(requests_and_age_end_earlier_by_lot)
{
	unsigned requests = lots[_i].requests;

	worker()->lot = lots[_i].lot;
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_REQUESTS, requests - 1));
	ck_assert(core_exceeds(&app, at, CORE_BOUND_REQUESTS, requests));
	ck_assert_int_eq(recycle_ripe(&app, 0, worker()), 5000 + lots[_i].age);
}
END_TEST

START_TEST(without_jitter_all_lots_are_alike)
{
	app.policy.recycle.jitter = 0;
	worker()->lot = 255;
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_REQUESTS, 99));
	ck_assert_int_eq(recycle_ripe(&app, 0, worker()), 6000);
}
END_TEST

START_TEST(what_has_no_bound_is_never_exceeded)
{
	app.policy.recycle = (struct core_recycle){.jitter = 10};
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_MEMORY, UINT64_MAX));
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_REQUESTS, UINT64_MAX));
	ck_assert_int_eq(recycle_ripe(&app, 0, worker()), MSEC_NEVER);
}
END_TEST

START_TEST(a_bound_of_any_size_has_its_jitter)
{
	app.policy.recycle.memory = UINT64_MAX;
	app.policy.recycle.age = INT64_MAX / 4;
	worker()->lot = 128;
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_MEMORY, UINT64_MAX));
	ck_assert_int_ge(recycle_ripe(&app, 0, worker()), INT64_MAX / 16 * 3);
	ck_assert_int_le(recycle_ripe(&app, 0, worker()), INT64_MAX / 16 * 3 + 6000);
}
END_TEST

START_TEST(cron_is_for_whoever_is_here_and_age_is_no_measure)
{
	ck_assert(core_exceeds(&app, at, CORE_BOUND_CRON, 0));
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_AGE, UINT64_MAX));
}
END_TEST

START_TEST(only_who_serves_a_wanted_slot_is_held_to_bounds)
{
	static const enum worker_phase others[] = {WORKER_VACANT,    WORKER_STARTING,
						   WORKER_UNROUTING, WORKER_STOPPING,
						   WORKER_ABORTING,  WORKER_KILLING};

	for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
		worker()->phase = others[i];
		ck_assert(!core_exceeds(&app, at, CORE_BOUND_REQUESTS, 1000));
		ck_assert_int_eq(recycle_ripe(&app, 0, worker()), MSEC_NEVER);
	}
	worker()->phase = WORKER_LATE;
	ck_assert(core_exceeds(&app, at, CORE_BOUND_REQUESTS, 1000));
	worker()->due = CORE_BOUND_CRON;
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_REQUESTS, 1000));
	worker()->due = CORE_BOUND_NONE;
	app.want.running = false;
	ck_assert(!core_exceeds(&app, at, CORE_BOUND_REQUESTS, 1000));
}
END_TEST

static Suite *suite_of_recycle(void)
{
	Suite *suite = suite_create("recycle");
	TCase *tcase = tcase_create("recycle");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, memory_may_be_as_much_as_its_bound_whatever_the_lot);
	tcase_add_loop_test(tcase, requests_and_age_end_earlier_by_lot, 0,
			    (int)ARRAY_COUNT(lots));
	tcase_add_test(tcase, without_jitter_all_lots_are_alike);
	tcase_add_test(tcase, what_has_no_bound_is_never_exceeded);
	tcase_add_test(tcase, a_bound_of_any_size_has_its_jitter);
	tcase_add_test(tcase, cron_is_for_whoever_is_here_and_age_is_no_measure);
	tcase_add_test(tcase, only_who_serves_a_wanted_slot_is_held_to_bounds);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_recycle)
