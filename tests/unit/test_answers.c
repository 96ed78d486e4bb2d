/*
 * test_answers.c - what calls have come to, by their tickets.
 */
#include <stdio.h>
#include <string.h>

#include "supervisor/answers.h"
#include "tests/unit/unit.h"

static struct answers answers;

START_TEST(the_answers_of_a_ticket_come_in_the_order_they_were_made)
{
	const struct answer *at = NULL;

	answers.next = ANSWERS - 1; /* around the end */
	(void)answers_make(&answers, "T", "a", "stop");
	(void)answers_make(&answers, "U", "x", "stop");
	(void)answers_make(&answers, "T", "b", "stop");
	at = answers_next(&answers, "T", at);
	ck_assert_str_eq(at->app, "a");
	at = answers_next(&answers, "T", at);
	ck_assert_str_eq(at->app, "b");
	ck_assert_ptr_null(answers_next(&answers, "T", at));
	ck_assert_ptr_null(answers_next(&answers, "V", NULL));
}
END_TEST

START_TEST(an_operation_settles_the_answer_that_waits_for_it)
{
	struct answer *answer = answers_make(&answers, "T", "a", "");

	answer->operation = 7;
	ck_assert_ptr_null(answers_find(&answers, 8));
	ck_assert_ptr_eq(answers_find(&answers, 7), answer);
	answer_settle(answer, "failed", "why", 12);
	ck_assert_ptr_null(answers_find(&answers, 7));
	ck_assert_str_eq(answer->reason, "why");
	answer_settle(answer, "done", NULL, 12);
	ck_assert_str_eq(answer->reason, "");
}
END_TEST

START_TEST(the_oldest_gives_way)
{
	char ticket[16];

	for (unsigned i = 0; i <= ANSWERS; i++) {
		(void)snprintf(ticket, sizeof(ticket), "%u", i);
		(void)answers_make(&answers, ticket, "a", "stop");
	}
	ck_assert_ptr_null(answers_next(&answers, "0", NULL));
	ck_assert_ptr_nonnull(answers_next(&answers, "1", NULL));
	ck_assert_ptr_nonnull(answers_next(&answers, ticket, NULL));
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
	char text[ANSWER_REASON + 20];
	struct answer *answer = answers_make(&answers, "T", "a", "stop");

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	answer_settle(answer, "failed", text, -1);
	ck_assert_uint_eq(strlen(answer->reason), ANSWER_REASON - 1);
}
END_TEST

static Suite *suite_of_answers(void)
{
	Suite *suite = suite_create("answers");
	TCase *tcase = tcase_create("answers");

	tcase_add_test(tcase, the_answers_of_a_ticket_come_in_the_order_they_were_made);
	tcase_add_test(tcase, an_operation_settles_the_answer_that_waits_for_it);
	tcase_add_test(tcase, the_oldest_gives_way);
	tcase_add_test(tcase, what_is_too_long_is_cut);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_answers)
