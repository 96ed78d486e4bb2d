#include "supervisor/core/spec.h"
#include "tests/unit/unit.h"

static struct app_spec sound_app(void)
{
	static const char *const listen = "127.0.0.1:8080";

	return (struct app_spec){
		.name = "web",
		.listen = {listen},
		.listen_count = 1,
		.policy =
			{
				.ready = CORE_READY_AUTO,
				.ready_timeout = 30000,
				.ready_exec = 1000,
				.beats = true,
				.beat_interval = 1000,
				.beat_timeout = 5000,
				.backoff = {.first = 100, .most = 30000, .steady = 10000},
			},
	};
}

static const struct {
	struct spec_instances instances;
	unsigned most;
	unsigned count;
} counts[] = {
	{{SPEC_INSTANCES_COUNT, 3}, 8, 3},
	{{SPEC_INSTANCES_COUNT, 256}, 1, 256},
	{{SPEC_INSTANCES_MAX_MINUS, 0}, 8, 8},
	{{SPEC_INSTANCES_MAX_MINUS, 1}, 8, 7},
	{{SPEC_INSTANCES_MAX_MINUS, 1}, 1, 1},
	{{SPEC_INSTANCES_MAX_MINUS, 9}, 4, 1},
	{{SPEC_INSTANCES_MAX_MINUS, 0}, 1000, 256},
	{{SPEC_INSTANCES_MAX_MINUS, 0}, 0, 1},
	{{SPEC_INSTANCES_PERCENT, 50}, 8, 4},
	{{SPEC_INSTANCES_PERCENT, 50}, 3, 2},
	{{SPEC_INSTANCES_PERCENT, 1}, 2, 1},
	{{SPEC_INSTANCES_PERCENT, 100}, 256, 256},
	{{SPEC_INSTANCES_PERCENT, 1000}, 256, 256},
};

START_TEST(instances_count_to_at_least_one_and_at_most_all_slots)
{
	ck_assert_uint_eq(spec_instances_count(&counts[_i].instances, counts[_i].most),
			  counts[_i].count);
}
END_TEST

START_TEST(a_slot_without_a_weight_weighs_one)
{
	const unsigned weight[] = {2, 7};
	const struct app_spec app = {.weight = weight, .weight_count = 2};

	ck_assert_uint_eq(spec_weight(&app, 1), 7);
	ck_assert_uint_eq(spec_weight(&app, 2), 1);
}
END_TEST

START_TEST(an_app_is_found_by_its_whole_name)
{
	const struct app_spec app[] = {{.name = "api"}, {.name = "api-2"}};
	const struct spec spec = {.app = app, .apps = 2};

	ck_assert_ptr_eq(spec_find(&spec, "api-2"), &app[1]);
	ck_assert_ptr_null(spec_find(&spec, "api-"));
}
END_TEST

START_TEST(a_sound_app_has_no_conflict)
{
	const struct app_spec app = sound_app();

	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_FITS);
}
END_TEST

START_TEST(each_conflict_is_found_at_its_border)
{
	struct app_spec app = sound_app();

	app.policy.ready_exec = app.policy.ready_timeout;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_READY_EXEC_TOO_LONG);

	app.policy.ready = CORE_READY_EXEC;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_READY_EXEC_TOO_LONG);
	app.policy.ready = CORE_READY_NOTIFY; /* the default of what does not count */
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_FITS);

	app = sound_app();
	app.policy.beat_timeout = app.policy.beat_interval;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_BEAT_TIMEOUT_TOO_SHORT);
	app.policy.beats = false;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_FITS);

	app = sound_app();
	app.policy.backoff.first = app.policy.backoff.most;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_FITS);
	app.policy.backoff.first++;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_DELAY_TOO_LONG);

	app = sound_app();
	app.adopt = SPEC_ADOPT_NONE;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_LISTENS_FOR_NOBODY);
	app.listen_count = 0;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_FITS);
}
END_TEST

START_TEST(probes_need_an_address_of_each_slot)
{
	static const struct {
		const char *listen;
		bool fits;
	} rows[] = {{"127.0.0.1:80", true}, {"0.0.0.0:80", true}, {"*:80", true},
		    {"[::]:80", false},     {"unix:/x", false},   {NULL, false}};
	struct app_spec app = sound_app();

	app.probe.http = "/";
	app.slot_addresses = true;
	app.listen[0] = rows[_i].listen;
	app.listen_count = rows[_i].listen != NULL;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS),
			 rows[_i].fits ? SPEC_FITS : SPEC_PROBES_NO_SLOT);
	app.slot_addresses = false;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_PROBES_NO_SLOT);
	app.slot_addresses = true;
	app.balance = BALANCE_QUEUE;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_PROBES_NO_SLOT);
	app.probe.http = NULL;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_FITS);
}
END_TEST

START_TEST(all_conflicts_of_an_app_are_told_one_by_one)
{
	struct app_spec app = sound_app();

	app.policy.ready_exec = app.policy.ready_timeout;
	app.policy.backoff.first = app.policy.backoff.most + 1;
	ck_assert_int_eq(spec_check(&app, SPEC_FITS), SPEC_READY_EXEC_TOO_LONG);
	ck_assert_int_eq(spec_check(&app, SPEC_READY_EXEC_TOO_LONG), SPEC_DELAY_TOO_LONG);
	ck_assert_int_eq(spec_check(&app, SPEC_DELAY_TOO_LONG), SPEC_FITS);
}
END_TEST

static Suite *suite_of_spec(void)
{
	Suite *suite = suite_create("spec");
	TCase *tcase = tcase_create("spec");

	tcase_add_loop_test(tcase, instances_count_to_at_least_one_and_at_most_all_slots,
			    0, ARRAY_COUNT(counts));
	tcase_add_test(tcase, a_slot_without_a_weight_weighs_one);
	tcase_add_test(tcase, an_app_is_found_by_its_whole_name);
	tcase_add_test(tcase, a_sound_app_has_no_conflict);
	tcase_add_test(tcase, each_conflict_is_found_at_its_border);
	tcase_add_test(tcase, all_conflicts_of_an_app_are_told_one_by_one);
	tcase_add_loop_test(tcase, probes_need_an_address_of_each_slot, 0, 6);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_spec)
