#include "supervisor/core/trace.h"

#include <string.h>

#include "tests/unit/unit.h"

static const char *const lines[] = {
	"      0  start    g1 #1",
	"      7  tick",
	"      8  tick ~12",
	"     10  awake    1500",
	"     11  ready    0a",
	"     12  beat     255b",
	"     13  leave    3a",
	"     14  trigger  3b ~4294967295",
	"     15  extend   0a 30000",
	"     16  exit     0b",
	"     17  exit     0b clean",
	"     18  exit     0b final ~9",
	"     19  unborn   +a",
	"     20  unrouted 2a",
	"     20  listening 2a unaware",
	"     20  owed     2 second",
	"     21  owed     2",
	"     22  reload   g4294967295 #2",
	"     22  reload   g2 n256 #2",
	"     23  scale    256 #3",
	"     24  restart  g5",
	"     25  again    7 #4",
	"     26  renew    7 #5",
	"     27  stop     #6",
	"     28  reset",
	"     29  surge    g9",
	"1234567890123  ebb",
};

START_TEST(trace_reads_back_what_it_writes)
{
	struct core_event event;
	msec now;
	char text[128];

	ck_assert(trace_parse_event(lines[_i], &event, &now));
	trace_format_event(text, sizeof(text), &event, now);
	ck_assert_str_eq(text, lines[_i]);
}
END_TEST

static const char *const nonsense[] = {
	"",
	"tick",
	"12",
	"12 tock",
	"12 ticks",
	"12 ready",
	"12 ready 0",
	"12 ready 0c",
	"12 ready 256a",
	"12 ready 0a 0b",
	"12 reload 2",
	"12 reload g",
	"12 reload g4294967296",
	"12 scale -1",
	"12 stop #",
	"12 exit 0a ~",
	"99999999999999999999 tick",
};

START_TEST(trace_refuses_what_it_does_not_understand)
{
	struct core_event event = {.kind = CORE_EVENTS};
	msec now = -1;

	ck_assert(!trace_parse_event(nonsense[_i], &event, &now));
	ck_assert_int_eq(event.kind, CORE_EVENTS);
	ck_assert_int_eq(now, -1);
}
END_TEST

START_TEST(trace_reads_up_to_the_arrow)
{
	struct core_event event;
	msec now;

	ck_assert(trace_parse_event("  5 exit 1b clean -> spawn 1b g2\n", &event, &now));
	ck_assert_int_eq(event.kind, CORE_EXIT);
	ck_assert_int_eq(event.at.slot, 1);
	ck_assert_int_eq(event.at.seat, 1);
	ck_assert_int_eq(event.arg, CORE_EXIT_CLEAN);
}
END_TEST

static const struct core_actions answers = {
	.count = 4,
	.list = {{.kind = CORE_SPAWN, .at = {.slot = 1, .seat = 1}, .arg = 2},
		 {.kind = CORE_NOTE, .at = {.slot = CORE_SURGE}, .arg = CORE_NOTE_FAILED},
		 {.kind = CORE_TERM, .at = {.slot = 0}, .arg = 1},
		 {.kind = CORE_DONE, .arg = CORE_RESULT_REVERTED, .operation = 7}},
};

#define ANSWERED                                                                         \
	"      5  stop     #3 -> spawn 1b g2; note +a failed; term 0a g1; done reverted" \
	" #7"

START_TEST(trace_says_event_and_actions_in_one_line)
{
	const struct core_event event = {.kind = CORE_STOP, .operation = 3};
	char text[256];

	trace_format(text, sizeof(text), &event, 5, &answers);
	ck_assert_str_eq(text, ANSWERED);
}
END_TEST

START_TEST(trace_is_cut_to_its_buffer)
{
	const struct core_event event = {.kind = CORE_STOP, .operation = 3};
	size_t size = (size_t)_i;
	char text[sizeof(ANSWERED) + 2];

	memset(text, '!', sizeof(text));
	trace_format(text, size, &event, 5, &answers);
	ck_assert(strncmp(text, ANSWERED, size - 1) == 0);
	ck_assert_uint_eq(strlen(text), size - 1);
	ck_assert_int_eq(text[size], '!');
}
END_TEST

START_TEST(trace_names_every_note_and_result)
{
	char text[64];

	for (uint32_t note = 0; note < CORE_NOTES; note++) {
		struct core_action action = {.kind = CORE_NOTE, .arg = note};

		trace_format_action(text, sizeof(text), &action);
		ck_assert_uint_gt(strlen(text), strlen("note 0a "));
	}
	for (uint32_t result = 0; result < CORE_RESULTS; result++) {
		struct core_action action = {.kind = CORE_DONE, .arg = result};

		trace_format_action(text, sizeof(text), &action);
		ck_assert_uint_gt(strlen(text), strlen("done  #0"));
	}
}
END_TEST

static Suite *suite_of_trace(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = tcase_create("trace");

	tcase_add_loop_test(tcase, trace_reads_back_what_it_writes, 0,
			    ARRAY_COUNT(lines));
	tcase_add_loop_test(tcase, trace_refuses_what_it_does_not_understand, 0,
			    ARRAY_COUNT(nonsense));
	tcase_add_test(tcase, trace_reads_up_to_the_arrow);
	tcase_add_test(tcase, trace_says_event_and_actions_in_one_line);
	tcase_add_loop_test(tcase, trace_is_cut_to_its_buffer, 1, sizeof(ANSWERED));
	tcase_add_test(tcase, trace_names_every_note_and_result);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_trace)
