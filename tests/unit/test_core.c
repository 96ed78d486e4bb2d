#include "supervisor/core/core.h"

#include <string.h>

#include "tests/unit/unit.h"

/* Stories are in tests/trace, laws in tests/model; here are the policies, case by case.
 */

static struct core_app app;
static struct core_actions actions;
static msec now;

static void begin(unsigned count)
{
	memset(&app, 0, sizeof(app));
	now = 1000;
	app.want.count = count;
	app.policy = (struct core_policy){
		.ready = CORE_READY_NOTIFY,
		.ready_timeout = 1000,
		.ready_exec = 100,
		.beats = true,
		.beat_interval = 1000,
		.beat_timeout = 5000,
		.drain_timeout = 3000,
		.surge = 1,
		.settle = 200,
		.backoff = {.first = 100, .most = 1000, .steady = 2000},
		.unroute_timeout = 500,
		.abort_timeout = 100,
		.kill_retry = 1000,
	};
}

static void happen(struct core_event event)
{
	core_step(&app, &event, now, &actions);
}

static void news(enum core_event_kind kind, uint16_t slot, uint8_t seat, uint32_t arg)
{
	happen((struct core_event){
		.kind = kind, .at = {.slot = slot, .seat = seat}, .arg = arg});
}

static void command(enum core_event_kind kind, uint32_t arg, uint32_t operation)
{
	happen((struct core_event){.kind = kind, .arg = arg, .operation = operation});
}

/* Time goes on to `when`; ticks come as they are due. */
static void wait_until(msec when)
{
	while (core_deadline(&app) <= when) {
		now = core_deadline(&app);
		happen((struct core_event){.kind = CORE_TICK});
	}
	now = when;
}

static void start(unsigned count)
{
	command(CORE_START, 1, 1);
	for (unsigned i = 0; i < count; i++)
		news(CORE_READY, (uint16_t)i, 0, 0);
}

static bool said(enum core_action_kind kind, uint32_t arg)
{
	for (unsigned i = 0; i < actions.count; i++)
		if (actions.list[i].kind == kind && actions.list[i].arg == arg)
			return true;
	return false;
}

static const struct worker *worker(unsigned slot, unsigned seat)
{
	return &app.slot[slot].seat[seat];
}

/* ---- ends ---- */

static const struct {
	enum core_restart_rule rule;
	enum core_exit end;
	bool rests, fails;
} ends[] = {
	{CORE_RESTART_ALWAYS, CORE_EXIT_FAILURE, false, true},
	{CORE_RESTART_ALWAYS, CORE_EXIT_CLEAN, false, true},
	{CORE_RESTART_ALWAYS, CORE_EXIT_FINAL, true, false},
	{CORE_RESTART_ON_FAILURE, CORE_EXIT_FAILURE, false, true},
	{CORE_RESTART_ON_FAILURE, CORE_EXIT_CLEAN, true, false},
	{CORE_RESTART_ON_FAILURE, CORE_EXIT_FINAL, true, false},
	{CORE_RESTART_NEVER, CORE_EXIT_FAILURE, true, true},
	{CORE_RESTART_NEVER, CORE_EXIT_CLEAN, true, false},
	{CORE_RESTART_NEVER, CORE_EXIT_FINAL, true, false},
};

START_TEST(core_replaces_or_rests_as_the_exit_and_the_rule_say)
{
	begin(1);
	app.policy.restart = ends[_i].rule;
	start(1);
	news(CORE_EXIT, 0, 0, ends[_i].end);
	ck_assert(app.slot[0].resting == ends[_i].rests);
	ck_assert(said(CORE_NOTE, CORE_NOTE_FAILED) == ends[_i].fails);
	ck_assert(said(CORE_NOTE, CORE_NOTE_RESTING) == ends[_i].rests);
	ck_assert(said(CORE_SPAWN, 1) == !ends[_i].rests);
	ck_assert(core_settled(&app) == ends[_i].rests);
}
END_TEST

START_TEST(core_takes_a_clean_end_before_ready_for_a_failure)
{
	begin(1);
	app.policy.restart = CORE_RESTART_ON_FAILURE;
	command(CORE_START, 1, 7);
	news(CORE_EXIT, 0, 0, CORE_EXIT_CLEAN);
	ck_assert(said(CORE_NOTE, CORE_NOTE_FAILED));
	ck_assert(said(CORE_DONE, CORE_RESULT_FAILED));
}
END_TEST

START_TEST(core_counts_an_announced_leave_once)
{
	begin(1);
	start(1);
	news(CORE_LEAVE, 0, 0, 0);
	ck_assert_uint_eq(app.slot[0].backoff.failures, 1);
	ck_assert(!said(CORE_TERM, 1));
	news(CORE_LEAVE, 0, 0, 0);
	news(CORE_EXIT, 0, 0, CORE_EXIT_FAILURE);
	ck_assert_uint_eq(app.slot[0].backoff.failures, 1);
}
END_TEST

START_TEST(core_gives_up_a_slot_after_restart_max)
{
	begin(1);
	app.policy.restart_max = 2;
	start(1);
	news(CORE_EXIT, 0, 0, CORE_EXIT_FAILURE);
	ck_assert(!app.slot[0].resting);
	news(CORE_EXIT, 0, 0, CORE_EXIT_FAILURE);
	ck_assert(app.slot[0].resting);
	wait_until(now + 10000);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_VACANT);
}
END_TEST

START_TEST(core_forgets_failures_when_it_is_told_to)
{
	static const enum core_event_kind kinds[] = {CORE_RESET, CORE_START, CORE_RESTART,
						     CORE_RELOAD};

	begin(1);
	app.policy.restart_max = 1;
	start(1);
	news(CORE_EXIT, 0, 0, CORE_EXIT_FAILURE);
	ck_assert(app.slot[0].resting);
	command(kinds[_i], 1, 2);
	ck_assert(!app.slot[0].resting);
	ck_assert_uint_eq(app.slot[0].backoff.failures, 0);
	ck_assert(said(CORE_SPAWN, 1));
}
END_TEST

START_TEST(core_gives_each_slot_dice_of_its_own)
{
	begin(8);
	app.policy.backoff = (struct backoff_policy){1 << 20, 1 << 20, 1 << 20};
	start(8);
	for (uint16_t i = 0; i < 8; i++)
		app.slot[i].backoff.failures = 1;
	for (uint16_t i = 0; i < 8; i++)
		news(CORE_BEAT, i, 0, 0);
	now += 5000;
	happen((struct core_event){.kind = CORE_TICK, .dice = 5});
	for (unsigned i = 1; i < 8; i++)
		ck_assert_int_ne(app.slot[i].backoff.until, app.slot[0].backoff.until);
}
END_TEST

/* ---- readiness ---- */

START_TEST(core_ignores_ready_where_the_exec_time_counts)
{
	begin(1);
	app.policy.ready = CORE_READY_EXEC;
	start(1);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_STARTING);
	wait_until(1099);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_STARTING);
	wait_until(1100);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_SERVING);
	ck_assert(!app.notifies);
}
END_TEST

START_TEST(core_holds_all_to_ready_once_one_worker_said_it)
{
	begin(2);
	app.policy.ready = CORE_READY_AUTO;
	command(CORE_START, 1, 1);
	wait_until(1050);
	news(CORE_READY, 0, 0, 0);
	ck_assert_int_eq(worker(1, 0)->deadline, 2000);
	wait_until(1999);
	ck_assert_int_eq(worker(1, 0)->phase, WORKER_STARTING);
	wait_until(2000);
	ck_assert_int_eq(worker(1, 0)->phase, WORKER_STOPPING);
}
END_TEST

START_TEST(core_learns_of_ready_from_a_worker_that_serves_already)
{
	begin(1);
	app.policy.ready = CORE_READY_AUTO;
	command(CORE_START, 1, 1);
	wait_until(1100);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_SERVING);
	news(CORE_READY, 0, 1, 0);
	ck_assert(!app.notifies); /* nobody sits there */
	news(CORE_READY, 0, 0, 0);
	ck_assert(app.notifies);
}
END_TEST

START_TEST(core_holds_all_to_listening_once_one_worker_asked_for_its_socket)
{
	begin(2);
	app.policy.ready = CORE_READY_AUTO;
	command(CORE_START, 1, 1);
	wait_until(1050);
	news(CORE_LISTENING, 0, 0, 0);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_SERVING);
	ck_assert_int_eq(worker(1, 0)->deadline, 2000);
	ck_assert(app.listens && !app.notifies);
}
END_TEST

START_TEST(core_takes_listening_for_nothing_from_who_says_ready)
{
	begin(1);
	app.policy.ready = CORE_READY_NOTIFY;
	command(CORE_START, 1, 1);
	news(CORE_LISTENING, 0, 0, 0);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_STARTING);
	ck_assert(!app.listens);
}
END_TEST

/* ---- beats ---- */

START_TEST(core_judges_beats_from_the_first_one_on)
{
	begin(1);
	start(1);
	ck_assert_int_eq(worker(0, 0)->deadline, MSEC_NEVER);
	news(CORE_BEAT, 0, 0, 0);
	ck_assert_int_eq(worker(0, 0)->deadline, now + 1000);
}
END_TEST

START_TEST(core_judges_a_worker_that_beat_while_it_started)
{
	begin(1);
	command(CORE_START, 1, 1);
	news(CORE_BEAT, 0, 0, 0);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_STARTING);
	ck_assert_int_eq(worker(0, 0)->deadline, 2000);
	wait_until(1500);
	news(CORE_READY, 0, 0, 0);
	ck_assert_int_eq(worker(0, 0)->deadline, 2500);
}
END_TEST

START_TEST(core_ignores_beats_where_they_are_switched_off)
{
	begin(1);
	app.policy.beats = false;
	start(1);
	news(CORE_BEAT, 0, 0, 0);
	ck_assert_int_eq(worker(0, 0)->deadline, MSEC_NEVER);
}
END_TEST

START_TEST(core_steers_away_from_late_workers)
{
	begin(1);
	start(1);
	news(CORE_BEAT, 0, 0, 0);
	ck_assert(core_routes(&app, 0));
	ck_assert(!core_awaits_beat(&app, 0, 1999));
	ck_assert(core_awaits_beat(&app, 0, 2000));
	wait_until(2000);
	ck_assert(!core_routes(&app, 0));
	ck_assert_uint_eq(core_serving(&app), 1);
	news(CORE_BEAT, 0, 0, 0);
	ck_assert(core_routes(&app, 0));
}
END_TEST

START_TEST(core_expires_late_and_hung_in_one_tick_if_it_must)
{
	begin(1);
	start(1);
	news(CORE_BEAT, 0, 0, 0);
	now += 6000;
	happen((struct core_event){.kind = CORE_TICK});
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_ABORTING);
	ck_assert(said(CORE_ABORT, 1));
	ck_assert_int_gt(core_deadline(&app), now);
}
END_TEST

START_TEST(core_moves_beat_deadlines_by_its_own_lateness)
{
	begin(2);
	start(2);
	news(CORE_BEAT, 0, 0, 0);
	now += 8000;
	news(CORE_AWAKE, 0, 0, 7000);
	ck_assert_int_eq(worker(0, 0)->deadline, 1000 + 7000 + 1000);
	ck_assert_int_eq(worker(1, 0)->deadline, MSEC_NEVER);
	news(CORE_AWAKE, 0, 0, 7000);
	ck_assert_int_eq(worker(0, 0)->beat, now); /* none is younger than now */
}
END_TEST

/* ---- deadlines ---- */

START_TEST(core_extends_a_deadline_up_to_ten_times_the_timeout)
{
	begin(1);
	command(CORE_START, 1, 1);
	news(CORE_EXTEND, 0, 0, 500);
	ck_assert_int_eq(worker(0, 0)->deadline, 2000); /* never sooner */
	news(CORE_EXTEND, 0, 0, 4000);
	ck_assert_int_eq(worker(0, 0)->deadline, 5000);
	news(CORE_EXTEND, 0, 0, UINT32_MAX);
	ck_assert_int_eq(worker(0, 0)->deadline, 1000 + 10 * 1000);
	news(CORE_READY, 0, 0, 0);
	news(CORE_EXTEND, 0, 0, 100);
	ck_assert_int_eq(worker(0, 0)->deadline, MSEC_NEVER);
}
END_TEST

START_TEST(core_extends_a_drain)
{
	begin(1);
	start(1);
	command(CORE_STOP, 0, 2);
	news(CORE_UNROUTED, 0, 0, 0);
	news(CORE_EXTEND, 0, 0, UINT32_MAX);
	ck_assert_int_eq(worker(0, 0)->deadline, 1000 + 10 * 3000);
}
END_TEST

START_TEST(core_kills_again_and_again)
{
	begin(1);
	start(1);
	command(CORE_STOP, 0, 2);
	wait_until(1500);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_STOPPING);
	wait_until(4500);
	ck_assert(said(CORE_KILL, 1));
	now = 5499;
	happen((struct core_event){.kind = CORE_TICK});
	ck_assert(!said(CORE_KILL, 1));
	now = 5500;
	happen((struct core_event){.kind = CORE_TICK});
	ck_assert(said(CORE_KILL, 1));
}
END_TEST

START_TEST(core_wants_no_tick_at_rest)
{
	begin(2);
	ck_assert_int_eq(core_deadline(&app), MSEC_NEVER);
	start(2);
	ck_assert_int_eq(core_deadline(&app), 1200);
	wait_until(1200);
	ck_assert_int_eq(core_deadline(&app), MSEC_NEVER);
}
END_TEST

/* ---- commands ---- */

START_TEST(core_answers_with_the_number_of_the_operation)
{
	begin(1);
	command(CORE_START, 1, 41);
	command(CORE_RELOAD, 2, 42);
	ck_assert_int_eq(actions.list[0].kind, CORE_DONE);
	ck_assert_uint_eq(actions.list[0].operation, 41);
	ck_assert_uint_eq(actions.list[0].arg, CORE_RESULT_SUPERSEDED);
	ck_assert_uint_eq(app.operation.id, 42);
}
END_TEST

START_TEST(core_changes_only_wants_of_a_stopped_app)
{
	begin(1);
	command(CORE_SCALE, 3, 1);
	ck_assert(said(CORE_DONE, CORE_RESULT_OK));
	command(CORE_RELOAD, 2, 2);
	ck_assert(said(CORE_DONE, CORE_RESULT_OK));
	ck_assert(!app.reload.active && !app.scale.active);
	happen((struct core_event){.kind = CORE_RELOAD, .arg = 3, .count = 2});
	ck_assert_uint_eq(app.want.count, 2);
	ck_assert_uint_eq(app.want.generation, 3);
	ck_assert_uint_eq(app.reload.count, 0);
	ck_assert(!app.want.running);
	ck_assert_uint_eq(core_count(&app), 0);
}
END_TEST

START_TEST(core_starts_a_stopped_app_by_restart)
{
	begin(1);
	command(CORE_RESTART, 5, 1);
	ck_assert(said(CORE_SPAWN, 5));
	news(CORE_READY, 0, 0, 0);
	ck_assert(said(CORE_DONE, CORE_RESULT_OK));
}
END_TEST

START_TEST(core_refuses_one_slot_of_a_stopped_app)
{
	static const enum core_event_kind kinds[] = {CORE_RENEW, CORE_RESTART_SLOT};

	begin(1);
	command(kinds[_i], 0, 1);
	ck_assert(said(CORE_DONE, CORE_RESULT_FAILED));
	ck_assert_int_eq(app.operation.kind, CORE_OPERATION_NONE);
}
END_TEST

START_TEST(core_keeps_its_generation_when_started_twice)
{
	begin(1);
	start(1);
	command(CORE_START, 9, 2);
	ck_assert_uint_eq(app.want.generation, 1);
	ck_assert(said(CORE_DONE, CORE_RESULT_OK));
}
END_TEST

START_TEST(core_ignores_what_is_owed_where_nobody_may_serve)
{
	begin(2);
	happen((struct core_event){.kind = CORE_OWED, .at.slot = 0});
	ck_assert(!app.slot[0].owed); /* stopped */
	start(2);
	happen((struct core_event){.kind = CORE_OWED, .at.slot = 1});
	ck_assert(!app.slot[1].owed); /* wanted */
	happen((struct core_event){.kind = CORE_OWED, .at.slot = 2});
	ck_assert(!app.slot[2].owed); /* there never was such a slot */
	ck_assert_uint_eq(actions.count, 0);
}
END_TEST

START_TEST(core_forgets_a_debt_whose_worker_fails)
{
	begin(2);
	start(2);
	command(CORE_SCALE, 1, 2);
	news(CORE_UNROUTED, 1, 0, 0);
	news(CORE_EXIT, 1, 0, CORE_EXIT_CLEAN);
	news(CORE_OWED, 1, 0, 0);
	ck_assert(said(CORE_SPAWN, 1));
	news(CORE_EXIT, 1, 0, CORE_EXIT_FAILURE);
	ck_assert(!said(CORE_SPAWN, 1));
	ck_assert(core_settled(&app));
}
END_TEST

START_TEST(core_paces_debts_whose_worker_crashes_as_it_pays)
{
	begin(2);
	start(2);
	command(CORE_SCALE, 1, 2);
	news(CORE_UNROUTED, 1, 0, 0);
	news(CORE_EXIT, 1, 0, CORE_EXIT_CLEAN);
	for (unsigned i = 1; i <= 2; i++) {
		news(CORE_OWED, 1, 0, 0);
		ck_assert(said(CORE_SPAWN, 1));
		news(CORE_READY, 1, 0, 0);
		news(CORE_EXIT, 1, 0, CORE_EXIT_FAILURE);
		ck_assert_uint_eq(app.slot[1].backoff.failures, i);
	}
	news(CORE_OWED, 1, 0, 0);
	ck_assert(!said(CORE_SPAWN, 1));
	ck_assert_int_eq(core_deadline(&app), app.slot[1].backoff.until);
}
END_TEST

START_TEST(core_has_no_surge_slot_while_stopped)
{
	begin(1);
	command(CORE_SURGE_START, 2, 0);
	ck_assert_uint_eq(app.want.surge, 0);
	ck_assert(!core_wants(&app, CORE_SURGE));
}
END_TEST

START_TEST(core_knows_which_generations_are_in_use)
{
	begin(2);
	start(2);
	wait_until(2000);
	command(CORE_RELOAD, 2, 2);
	command(CORE_SURGE_START, 3, 0);
	ck_assert(core_uses(&app, 1));
	ck_assert(core_uses(&app, 2));
	ck_assert(core_uses(&app, 3));
	ck_assert(!core_uses(&app, 4));
	news(CORE_EXIT, 0, 1, CORE_EXIT_FAILURE);
	ck_assert(!core_uses(&app, 2)); /* undone, and nobody is left of it */
}
END_TEST

static const struct {
	unsigned count, percent, pairs;
} shares[] = {{1, 25, 1}, {4, 25, 1}, {5, 25, 2}, {8, 25, 2}, {3, 100, 3}, {3, 0, 1}};

START_TEST(core_rounds_a_share_of_surge_up)
{
	unsigned pairs = 0;

	begin(shares[_i].count + 1);
	app.policy.surge = shares[_i].percent;
	app.policy.surge_percent = true;
	start(shares[_i].count + 1);
	wait_until(2000);
	command(CORE_SCALE, shares[_i].count, 2);
	for (uint16_t i = 0; i < shares[_i].count; i++)
		happen((struct core_event){.kind = CORE_RENEW, .at.slot = i});
	for (unsigned i = 0; i < shares[_i].count; i++)
		pairs += worker(i, 1)->phase == WORKER_STARTING;
	ck_assert_uint_eq(pairs, shares[_i].pairs);
}
END_TEST

START_TEST(core_counts_slots_that_a_roll_takes_away_until_it_is_over)
{
	begin(3);
	start(3);
	wait_until(2000);
	happen((struct core_event){.kind = CORE_RELOAD, .arg = 2, .count = 1});
	ck_assert_uint_eq(core_count(&app), 3);
	ck_assert(core_wants(&app, 2));
	news(CORE_READY, 0, 1, 0);
	wait_until(2200);
	news(CORE_EXIT, 0, 0, CORE_EXIT_CLEAN);
	ck_assert_uint_eq(core_count(&app), 1);
	ck_assert(!core_wants(&app, 2));
}
END_TEST

/* ---- probes ---- */

static bool may_probe(unsigned slot, unsigned wanted_seat)
{
	unsigned seat = CORE_SEATS;

	return core_may_probe(&app, slot, &seat) && seat == wanted_seat;
}

START_TEST(core_lets_a_probe_speak_for_who_alone_can_answer)
{
	begin(2);
	app.policy.probe_failures = 2;
	command(CORE_START, 1, 1);
	ck_assert(!may_probe(0, 0)); /* not ready yet */
	news(CORE_READY, 0, 0, 0);
	news(CORE_READY, 1, 0, 0);
	ck_assert(may_probe(0, 0) && may_probe(1, 0));
	ck_assert(!may_probe(2, 0));

	news(CORE_RENEW, 0, 0, 0);
	ck_assert(!may_probe(0, 0)); /* an heir is coming: either may answer */
	news(CORE_READY, 0, 1, 0);
	ck_assert(!may_probe(0, 0) && !may_probe(0, 1));
	wait_until(now + 200);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_STOPPING);
	ck_assert(may_probe(0, 1)); /* who is told to go takes no more connections */

	app.policy.probe_failures = 0;
	ck_assert(!may_probe(1, 0));
}
END_TEST

START_TEST(core_lets_a_probe_speak_for_the_heir_of_a_quiet_one)
{
	begin(1);
	app.policy.probe_failures = 2;
	app.policy.drain = CORE_DRAIN_QUIET;
	command(CORE_START, 1, 1);
	news(CORE_READY, 0, 0, 0);
	news(CORE_RENEW, 0, 0, 0);
	news(CORE_READY, 0, 1, 0);
	wait_until(now + 200);
	ck_assert_int_eq(worker(0, 0)->phase, WORKER_UNROUTING);
	ck_assert(may_probe(0, 1)); /* the other has a socket of its own */
}
END_TEST

START_TEST(core_avoids_a_worker_whose_probes_fail)
{
	begin(2);
	app.policy.probe_failures = 2;
	start(2);
	command(CORE_SCALE, 3, 2); /* no heir comes while this is under way */
	news(CORE_PROBED, 1, 0, CORE_PROBE_FAILED);
	ck_assert(core_routes(&app, 1) && !core_is_sick(&app, (struct seat_ref){1, 0}));
	news(CORE_PROBED, 1, 0, CORE_PROBE_FAILED);
	ck_assert(!core_routes(&app, 1) && core_is_sick(&app, (struct seat_ref){1, 0}));
	ck_assert(core_routes(&app, 0));
	ck_assert_uint_eq(core_serving(&app), 2);
	news(CORE_PROBED, 1, 0, CORE_PROBE_PASSED);
	ck_assert(core_routes(&app, 1) && !core_is_sick(&app, (struct seat_ref){1, 0}));
}
END_TEST

START_TEST(core_takes_no_notice_of_probes_where_there_are_none)
{
	begin(1);
	start(1);
	for (unsigned i = 0; i < 3; i++) {
		news(CORE_PROBED, 0, 0, CORE_PROBE_FAILED);
		ck_assert_uint_eq(actions.count, 0);
	}
	ck_assert(core_routes(&app, 0));
}
END_TEST

static Suite *suite_of_core(void)
{
	Suite *suite = suite_create("core");
	TCase *tcase = tcase_create("core");

	tcase_add_loop_test(tcase, core_replaces_or_rests_as_the_exit_and_the_rule_say, 0,
			    ARRAY_COUNT(ends));
	tcase_add_test(tcase, core_takes_a_clean_end_before_ready_for_a_failure);
	tcase_add_test(tcase, core_counts_an_announced_leave_once);
	tcase_add_test(tcase, core_gives_up_a_slot_after_restart_max);
	tcase_add_loop_test(tcase, core_forgets_failures_when_it_is_told_to, 0, 4);
	tcase_add_test(tcase, core_gives_each_slot_dice_of_its_own);
	tcase_add_test(tcase, core_ignores_ready_where_the_exec_time_counts);
	tcase_add_test(tcase, core_holds_all_to_ready_once_one_worker_said_it);
	tcase_add_test(tcase, core_learns_of_ready_from_a_worker_that_serves_already);
	tcase_add_test(tcase,
		       core_holds_all_to_listening_once_one_worker_asked_for_its_socket);
	tcase_add_test(tcase, core_takes_listening_for_nothing_from_who_says_ready);
	tcase_add_test(tcase, core_judges_beats_from_the_first_one_on);
	tcase_add_test(tcase, core_judges_a_worker_that_beat_while_it_started);
	tcase_add_test(tcase, core_ignores_beats_where_they_are_switched_off);
	tcase_add_test(tcase, core_steers_away_from_late_workers);
	tcase_add_test(tcase, core_expires_late_and_hung_in_one_tick_if_it_must);
	tcase_add_test(tcase, core_moves_beat_deadlines_by_its_own_lateness);
	tcase_add_test(tcase, core_extends_a_deadline_up_to_ten_times_the_timeout);
	tcase_add_test(tcase, core_extends_a_drain);
	tcase_add_test(tcase, core_kills_again_and_again);
	tcase_add_test(tcase, core_wants_no_tick_at_rest);
	tcase_add_test(tcase, core_answers_with_the_number_of_the_operation);
	tcase_add_test(tcase, core_changes_only_wants_of_a_stopped_app);
	tcase_add_test(tcase, core_starts_a_stopped_app_by_restart);
	tcase_add_loop_test(tcase, core_refuses_one_slot_of_a_stopped_app, 0, 2);
	tcase_add_test(tcase, core_keeps_its_generation_when_started_twice);
	tcase_add_test(tcase, core_ignores_what_is_owed_where_nobody_may_serve);
	tcase_add_test(tcase, core_forgets_a_debt_whose_worker_fails);
	tcase_add_test(tcase, core_paces_debts_whose_worker_crashes_as_it_pays);
	tcase_add_test(tcase, core_has_no_surge_slot_while_stopped);
	tcase_add_test(tcase, core_knows_which_generations_are_in_use);
	tcase_add_loop_test(tcase, core_rounds_a_share_of_surge_up, 0,
			    ARRAY_COUNT(shares));
	tcase_add_test(tcase, core_counts_slots_that_a_roll_takes_away_until_it_is_over);
	tcase_add_test(tcase, core_lets_a_probe_speak_for_who_alone_can_answer);
	tcase_add_test(tcase, core_lets_a_probe_speak_for_the_heir_of_a_quiet_one);
	tcase_add_test(tcase, core_avoids_a_worker_whose_probes_fail);
	tcase_add_test(tcase, core_takes_no_notice_of_probes_where_there_are_none);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_core)
