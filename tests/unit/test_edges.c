#include "supervisor/core/edges.h"
#include "tests/unit/unit.h"

/* Each test is a law of the table, tried on every cell: _i counts the phases. */

static bool is_on_its_way_out(enum worker_phase phase)
{
	return phase == WORKER_STOPPING || phase == WORKER_ABORTING ||
	       phase == WORKER_KILLING;
}

START_TEST(edge_of_an_exit_vacates_every_seat)
{
	const struct edge *edge = edge_find((enum worker_phase)_i, STIMULUS_EXIT);

	ck_assert(edge->moves == (_i != WORKER_VACANT));
	ck_assert_int_eq(edge->to, WORKER_VACANT);
	ck_assert(!edge->orders);
}
END_TEST

START_TEST(edge_to_a_vacant_seat_is_an_exit)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++) {
		const struct edge *edge =
			edge_find((enum worker_phase)_i, (enum stimulus)stimulus);

		if (edge->moves && edge->to == WORKER_VACANT)
			ck_assert_int_eq(stimulus, STIMULUS_EXIT);
	}
}
END_TEST

START_TEST(edge_of_a_deadline_leads_out_of_every_live_phase)
{
	const struct edge *edge = edge_find((enum worker_phase)_i, STIMULUS_DEADLINE);

	ck_assert(edge->moves == (_i != WORKER_VACANT));
}
END_TEST

START_TEST(edge_orders_term_only_on_the_way_into_stopping)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++) {
		const struct edge *edge =
			edge_find((enum worker_phase)_i, (enum stimulus)stimulus);

		if (!edge->orders || edge->order != CORE_TERM)
			continue;
		ck_assert_int_eq(edge->to, WORKER_STOPPING);
		ck_assert(!is_on_its_way_out((enum worker_phase)_i));
	}
}
END_TEST

START_TEST(edge_never_leads_back_from_the_way_out)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++) {
		const struct edge *edge =
			edge_find((enum worker_phase)_i, (enum stimulus)stimulus);

		if (!is_on_its_way_out((enum worker_phase)_i) || !edge->moves)
			continue;
		ck_assert(edge->to == WORKER_VACANT || is_on_its_way_out(edge->to));
		ck_assert(!edge->judged);
	}
}
END_TEST

START_TEST(edge_that_judges_ends_a_life)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++) {
		const struct edge *edge =
			edge_find((enum worker_phase)_i, (enum stimulus)stimulus);

		if (edge->judged)
			ck_assert(edge->to == WORKER_VACANT ||
				  is_on_its_way_out(edge->to));
	}
}
END_TEST

START_TEST(edge_to_a_signal_orders_it)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++) {
		const struct edge *edge =
			edge_find((enum worker_phase)_i, (enum stimulus)stimulus);

		if (edge->moves && edge->to == WORKER_KILLING)
			ck_assert(edge->orders && edge->order == CORE_KILL);
		if (edge->moves && edge->to == WORKER_ABORTING)
			ck_assert(edge->orders && edge->order == CORE_ABORT);
		if (edge->moves && edge->to == WORKER_UNROUTING)
			ck_assert(edge->orders && edge->order == CORE_UNROUTE);
		if (edge->moves && edge->to == WORKER_STOPPING &&
		    stimulus != STIMULUS_LEAVE)
			ck_assert(edge->orders && edge->order == CORE_TERM);
	}
}
END_TEST

/* An exit is told by the shell, which alone knows how it was. */
START_TEST(edge_to_another_phase_is_told)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++) {
		const struct edge *edge =
			edge_find((enum worker_phase)_i, (enum stimulus)stimulus);

		if (edge->moves && stimulus != STIMULUS_EXIT &&
		    edge->to != (enum worker_phase)_i)
			ck_assert(edge->orders || edge->notes);
	}
}
END_TEST

START_TEST(edge_does_not_exist_for_a_vacant_seat)
{
	for (unsigned stimulus = 0; stimulus < STIMULI; stimulus++)
		ck_assert(!edge_find(WORKER_VACANT, (enum stimulus)stimulus)->moves);
}
END_TEST

static Suite *suite_of_edges(void)
{
	Suite *suite = suite_create("edges");
	TCase *tcase = tcase_create("edges");

	tcase_add_loop_test(tcase, edge_of_an_exit_vacates_every_seat, 0, WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_to_a_vacant_seat_is_an_exit, 0, WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_of_a_deadline_leads_out_of_every_live_phase, 0,
			    WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_orders_term_only_on_the_way_into_stopping, 0,
			    WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_never_leads_back_from_the_way_out, 0,
			    WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_that_judges_ends_a_life, 0, WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_to_a_signal_orders_it, 0, WORKER_PHASES);
	tcase_add_loop_test(tcase, edge_to_another_phase_is_told, 0, WORKER_PHASES);
	tcase_add_test(tcase, edge_does_not_exist_for_a_vacant_seat);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_edges)
