/*
 * laws.h - what must hold at every step of the core, whatever happens.
 *
 * A law is a sentence and a predicate over one step: the app before, the event, the app
 * after, the actions.  model.c tries them on every reachable step of a small app, walk.c
 * on long random walks of a large one; the two see apps of different sizes, hence
 * headers.
 */
#ifndef TESTS_MODEL_LAWS_H
#define TESTS_MODEL_LAWS_H

#include "tests/model/adoptions.h"
#include "tests/model/answers.h"
#include "tests/model/deadlines.h"
#include "tests/model/memory.h"
#include "tests/model/orders.h"
#include "tests/model/probes.h"
#include "tests/model/recycles.h"
#include "tests/model/service.h"

static const struct {
	const char *sentence;
	bool (*holds)(const struct moment *moment);
} laws[] = {
	{"a spawn needs a free seat, a want and the leave of its backoff",
	 spawns_are_allowed},
	{"a spawn is of the wanted generation, or where the roll has not been of the one "
	 "before",
	 spawns_are_of_the_right_generation},
	{"an order suits the phase of its worker, TERM comes once",
	 orders_suit_their_workers},
	{"nobody gets two orders in one step", nobody_gets_two_orders},
	{"nothing changes unsaid", nothing_changes_unsaid},
	{"who serves a wanted slot goes only beside a good heir", service_goes_on},
	{"nobody drains before it is unrouted", nobody_drains_before_it_is_unrouted},
	{"nobody leaves a queue behind that has no heir", nobody_leaves_a_queue_behind},
	{"who is to be left alone shares no socket, and nobody waits where none comes",
	 sockets_suit_who_comes},
	{"connections find who serves", connections_find_who_serves},
	{"connections go to the heir once it serves", the_heir_is_routed},
	{"exactly the wanted slots where one serves are routed",
	 only_wanted_slots_are_routed},
	{"what the roll has not reached is not touched",
	 what_is_not_reached_is_not_touched},
	{"at most `surge` successors at a time, the first alone", surge_is_kept},
	{"at most one slot is being recycled at a time", recycles_go_one_by_one},
	{"nothing is recycled while a command, a roll or a scale is under way",
	 recycles_wait_for_commands},
	{"only who exceeded a bound is recycled", recycles_have_a_cause},
	{"a successor is sent for what waits in the other socket, in peace",
	 debts_are_paid_in_peace},
	{"a recycle that was of no use makes the next one wait",
	 fruitless_recycles_are_waited_for},
	{"sick is who failed so many probes in a row, and it is said",
	 sick_is_who_failed_in_a_row},
	{"a failed probe ends nobody who serves", a_failed_probe_ends_nobody},
	{"a roll waits until what is new has passed a probe", a_roll_waits_for_proof},
	{"a roll forward ends when all have passed a probe", a_roll_ends_with_proof},
	{"the next recycle waits until the heir of the last has passed or failed",
	 recycles_wait_for_proof},
	{"every life has a deadline, but that of one who serves without beats",
	 every_life_has_a_deadline},
	{"a tick leaves nothing due", a_tick_leaves_nothing_due},
	{"only ticks expire, and only what is due", only_ticks_expire},
	{"who goes quietly has drain.timeout in all, and a grace", quiet_has_its_time},
	{"good is who was ready for `settle`, by a tick", settles_in_time},
	{"a beat buys its time", a_beat_buys_its_time},
	{"only silence hangs", only_silence_hangs},
	{"every command is answered once", operations_are_conserved},
	{"the way back of a roll stays", the_way_back_stays},
	{"a roll ends at rest", a_roll_ends_at_rest},
	{"failures are limited", failures_are_limited},
	{"a revert undoes the count", a_revert_undoes_the_count},
	{"reverting is said once", reverting_is_said_once},
	{"answers are true", answers_are_true},
	{"after stop nothing is started", after_stop_nothing_is_started},
	{"settled means at rest", settled_means_at_rest},
	{"what serves is remembered, and what served before it",
	 what_serves_is_remembered},
	{"the one before the wanted one is kept", the_one_before_is_kept},
	{"a stopped app has no plans, a wanted slot no debts", plans_are_sound},
};

static const struct {
	const char *sentence;
	bool (*holds)(const struct moment *moment);
} laws_of_adoption[] = {
	{"an adoption asks for what was not done, and for nothing else",
	 what_was_not_done_is_asked_again},
	{"an adoption decides nothing", an_adoption_decides_nothing},
	{"an adoption gives everybody their time anew", everybody_has_time_anew},
};

/* The sentence of the first law that this step breaks; NULL: none.  An order that is
 * asked for again was judged when it was first: only what it leaves behind is judged by
 * all. */
static inline const char *laws_broken(const struct moment *moment)
{
	static const struct core_actions none;
	struct moment without = *moment;

	if (moment->event->kind == CORE_ADOPT) {
		for (unsigned i = 0; i < ARRAY_COUNT(laws_of_adoption); i++)
			if (!laws_of_adoption[i].holds(moment))
				return laws_of_adoption[i].sentence;
		without.actions = &none;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(laws); i++)
		if (!laws[i].holds(&without))
			return laws[i].sentence;
	return NULL;
}

#endif
