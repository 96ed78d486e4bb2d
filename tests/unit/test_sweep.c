/*
 * test_sweep.c - who is to be ended when a supervisor has gone.
 */
#include "supervisor/ctl/sweep.h"

#include "tests/unit/unit.h"

/* What systemd says, and whether workers that are left have to go. */
static const struct {
	bool due;
	struct sweep_end end;
} cases[] = {
	/* It drained them, and is not wanted any more: stragglers go. */
	{true, {"success", "exited", "0", "always", "0 2", "stop"}},
	{true, {"success", "exited", "0", "always", "0 2", ""}},
	{true, {"success", "exited", "0", "on-failure", "2", ""}},
	/* A successor comes for them. */
	{false, {"signal", "killed", "KILL", "always", "0 2", ""}},
	{false, {"watchdog", "killed", "ABRT", "always", "0 2", ""}},
	{false, {"exit-code", "exited", "1", "always", "0 2", ""}},
	{false, {"timeout", "killed", "KILL", "always", "0 2", ""}},
	{false, {"signal", "killed", "KILL", "on-failure", "2", ""}},
	/* None comes, for the configuration is wrong. */
	{true, {"exit-code", "exited", "2", "always", "0 2", ""}},
	{false, {"exit-code", "exited", "2", "always", "0", ""}},
	{false, {"exit-code", "exited", "2", "always", "12 22", ""}},
	/* None comes, for the unit is stopped, however it ended. */
	{true, {"signal", "killed", "KILL", "always", "0 2", "stop"}},
	{true, {"timeout", "killed", "KILL", "always", "0 2", "stop"}},
	{false, {"signal", "killed", "KILL", "always", "0 2", "restart"}},
	{false, {"signal", "killed", "KILL", "no", "", "start"}},
	/* Other policies. */
	{true, {"signal", "killed", "KILL", "no", "", ""}},
	{true, {"timeout", "killed", "TERM", "no", "", ""}},
	{false, {"success", "killed", "TERM", "on-success", "", ""}},
	{true, {"exit-code", "exited", "1", "on-abnormal", "", ""}},
	{false, {"signal", "killed", "SEGV", "on-abnormal", "", ""}},
	{false, {"core-dump", "dumped", "SEGV", "on-abort", "", ""}},
	{true, {"watchdog", "killed", "ABRT", "on-abort", "", ""}},
	{false, {"watchdog", "killed", "ABRT", "on-watchdog", "", ""}},
	{true, {"signal", "killed", "KILL", "on-watchdog", "", ""}},
	/* Nobody can be asked: a crash is taken for one that a successor follows. */
	{false, {"signal", "killed", "KILL", "", "", ""}},
	{true, {"success", "exited", "0", "", "", ""}},
	{false, {NULL, NULL, NULL, NULL, NULL, NULL}},
};

START_TEST(workers_are_swept_when_no_successor_comes_for_them)
{
	ck_assert_int_eq(sweep_is_due(&cases[_i].end), cases[_i].due);
}
END_TEST

static Suite *suite_of_sweep(void)
{
	Suite *suite = suite_create("sweep");
	TCase *decision = tcase_create("decision");

	tcase_add_loop_test(decision, workers_are_swept_when_no_successor_comes_for_them,
			    0, ARRAY_COUNT(cases));
	suite_add_tcase(suite, decision);
	return suite;
}

UNIT_MAIN(suite_of_sweep)
