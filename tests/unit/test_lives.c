/*
 * test_lives.c - how often a supervisor died of itself.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "supervisor/lives.h"
#include "tests/unit/unit.h"

static struct lives lives;

START_TEST(three_short_lives_after_taking_over_are_enough)
{
	msec now = 1000;

	ck_assert(!lives_begin(&lives, now, false)); /* the first of all */
	lives_note_death(&lives, now += 10);
	for (int i = 0; i < LIVES_MOST; i++) {
		ck_assert(!lives_begin(&lives, now, true));
		lives_note_death(&lives, now += LIVES_SHORT - 1);
	}
	ck_assert(lives_begin(&lives, now, true));
	lives_note_death(&lives, now + 1); /* of one that took nothing over */
	ck_assert(!lives_begin(&lives, now + 2, true));
}
END_TEST

START_TEST(a_long_life_makes_good_for_short_ones)
{
	msec now = 1000;

	for (int i = 0; i < LIVES_MOST - 1; i++) {
		ck_assert(!lives_begin(&lives, now, true));
		lives_note_death(&lives, now);
	}
	ck_assert(!lives_begin(&lives, now, true));
	lives_note_death(&lives, now += LIVES_SHORT);
	ck_assert(!lives_begin(&lives, now, true));
	lives_note_death(&lives, now);
	ck_assert(!lives_begin(&lives, now, true));
}
END_TEST

static uint32_t deaths_after(int number, bool of_itself)
{
	struct lives *shared;
	int status, fd = lives_open(&shared, -1);
	pid_t pid;

	ck_assert_int_ge(fd, 0);
	pid = fork();
	if (pid == 0) {
		(void)lives_begin(shared, clock_now(), true);
		lives_watch(shared);
		if (of_itself)
			abort();
		(void)kill(getpid(), number);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), number);
	ck_assert_int_eq(close(fd), 0);
	return shared->deaths;
}

START_TEST(a_crash_is_noted_and_a_kill_is_not)
{
	ck_assert_uint_eq(deaths_after(SIGABRT, true), 1);
	ck_assert_uint_eq(deaths_after(SIGSEGV, false), 1);
	ck_assert_uint_eq(deaths_after(SIGKILL, false), 0);
}
END_TEST

START_TEST(who_comes_next_sees_what_was_noted)
{
	struct lives *one, *same;
	int fd = lives_open(&one, -1), again;

	ck_assert_int_ge(fd, 0);
	one->deaths = 2;
	again = lives_open(&same, dup(fd));
	ck_assert_int_ge(again, 0);
	ck_assert_uint_eq(same->deaths, 2);
	(void)close(fd);
	(void)close(again);
}
END_TEST

static Suite *suite_of_lives(void)
{
	Suite *suite = suite_create("lives");
	TCase *tcase = tcase_create("lives");

	unit_watch_fds(tcase);
	tcase_add_test(tcase, three_short_lives_after_taking_over_are_enough);
	tcase_add_test(tcase, a_long_life_makes_good_for_short_ones);
	tcase_add_test(tcase, a_crash_is_noted_and_a_kill_is_not);
	tcase_add_test(tcase, who_comes_next_sees_what_was_noted);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_lives)
