#include "supervisor/happening.h"

#include <string.h>

#include "tests/unit/unit.h"

static char text[HAPPENING_TEXT];

/* One that has all there is. */
static struct happening whole(enum happening_kind kind)
{
	return (struct happening){.kind = kind,
				  .app = "web",
				  .slot = 3,
				  .pid = 4711,
				  .generation = 2,
				  .operation = "reload",
				  .result = "reverted",
				  .has_duration = true,
				  .duration = 1500,
				  .failures = 7,
				  .signal = 15,
				  .reason = "because"};
}

static const char *said(struct happening happening)
{
	happening_format(&happening, text, sizeof(text));
	return text;
}

START_TEST(every_kind_has_a_name_of_its_own_and_a_sentence)
{
	enum happening_kind kind = (enum happening_kind)_i;

	ck_assert_str_ne(said(whole(kind)), "");
	ck_assert_ptr_null(strchr(text, '%'));
	ck_assert_str_ne(happening_level_name(kind), "");
	for (int other = 0; other < _i; other++)
		ck_assert_str_ne(happening_kind_name((enum happening_kind)other),
				 happening_kind_name(kind));
}
END_TEST

static const struct {
	enum happening_kind kind;
	const char *words;
} sentences[] = {
	{HAPPENING_STARTING, "worker 4711 started, generation 2"},
	{HAPPENING_DRAINING, "worker 4711 was told to end: SIGTERM"},
	{HAPPENING_BACKOFF, "failed 7 times in a row, next start in 1.5s"},
	{HAPPENING_OPERATION_FAILED, "reload reverted: because"},
	{HAPPENING_ALERT, "because"},
};

START_TEST(a_sentence_is_made_of_the_fields)
{
	ck_assert_str_eq(said(whole(sentences[_i].kind)), sentences[_i].words);
}
END_TEST

START_TEST(a_sentence_is_cut_to_fit)
{
	const struct happening happening = whole(HAPPENING_STARTING);
	char small[12];

	happening_format(&happening, small, sizeof(small));
	ck_assert_str_eq(small, "worker 4711");
}
END_TEST

START_TEST(a_reason_that_nobody_knows_is_said_so)
{
	ck_assert_str_eq(said((struct happening){.kind = HAPPENING_REVERTING}),
			 "going back: ?");
}
END_TEST

START_TEST(a_target_is_a_worker_an_app_or_the_supervisor)
{
	struct happening happening = whole(HAPPENING_READY);

	happening_target(&happening, text, sizeof(text));
	ck_assert_str_eq(text, "web.3");
	happening.slot = -1;
	happening_target(&happening, text, sizeof(text));
	ck_assert_str_eq(text, "web");
	happening.app = NULL;
	happening_target(&happening, text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

static Suite *suite_of_happening(void)
{
	Suite *suite = suite_create("happening");
	TCase *tcase = tcase_create("happening");

	tcase_add_loop_test(tcase, every_kind_has_a_name_of_its_own_and_a_sentence, 0,
			    HAPPENINGS_COUNT);
	tcase_add_loop_test(tcase, a_sentence_is_made_of_the_fields, 0,
			    ARRAY_COUNT(sentences));
	tcase_add_test(tcase, a_sentence_is_cut_to_fit);
	tcase_add_test(tcase, a_reason_that_nobody_knows_is_said_so);
	tcase_add_test(tcase, a_target_is_a_worker_an_app_or_the_supervisor);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_happening)
