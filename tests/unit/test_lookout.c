#include "worker/http/lookout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ask.h"
#include "common/clock.h"
#include "supervisor/bridge/desk.h"
#include "tests/unit/unit.h"

/* The desk is the supervisor's own; who sits behind it is this test. */
static char path[64];
static int desk, control; /* the supervisor's end of what was lent last; -1: none */
static struct ev_loop *loop;
static struct lookout lookout;

struct guest {
	struct lookout_guest guest;
	int told; /* how often */
	bool answered;
	size_t apps;
};

static void on_told(struct lookout_guest *guest, const struct snapshot *snapshot)
{
	struct guest *own = (struct guest *)(void *)guest;

	own->told++;
	own->answered = snapshot != NULL;
	while (snapshot != NULL && snapshot_app(snapshot, own->apps) != NULL)
		own->apps++;
}

static void open_desk(void)
{
	struct fault fault;

	desk = desk_open(path, &fault);
	ck_assert_int_ge(desk, 0);
}

static void begin(void)
{
	(void)snprintf(path, sizeof(path), "/tmp/test_lookout.%d", (int)getpid());
	open_desk();
	control = -1;
	loop = ev_loop_new(EVFLAG_AUTO);
	lookout_init(&lookout, loop, path);
}

static void end(void)
{
	lookout_fini(&lookout);
	ev_loop_destroy(loop);
	(void)close(desk);
	(void)unlink(path);
	if (control >= 0)
		(void)close(control);
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		(void)ev_run(loop, EVRUN_NOWAIT);
}

/* Somebody asks; whoever was told is told. */
static struct guest *ask(void)
{
	static struct guest guests[8];
	static unsigned next;
	struct guest *guest = &guests[next++ % ARRAY_COUNT(guests)];

	*guest = (struct guest){.guest.told = on_told};
	lookout_ask(&lookout, &guest->guest);
	turn();
	return guest;
}

static void lend(int error)
{
	struct desk_question question;
	int pair[2] = {-1, -1};
	pid_t pid;
	uid_t uid;
	int caller = desk_accept(desk, &pid, &uid);

	ck_assert_int_ge(caller, 0);
	ck_assert_int_eq(desk_read(caller, &question), 1);
	ck_assert_int_eq(question.verb, ASK_CONTROL);
	if (error == 0) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
				 0);
		control = pair[0];
	}
	desk_answer(caller, error, pair[1]);
	if (pair[1] >= 0)
		(void)close(pair[1]);
	(void)close(caller);
	turn();
}

static void hear_question(void)
{
	char text[512];
	ssize_t got = recv(control, text, sizeof(text) - 1, MSG_DONTWAIT);

	ck_assert_int_gt(got, 1);
	ck_assert_int_eq(text[got - 1], '\0');
	ck_assert_ptr_nonnull(strstr(text, ".List"));
}

static void say(const char *text, size_t count)
{
	ck_assert_int_eq(send(control, text, count, MSG_NOSIGNAL), (ssize_t)count);
	turn();
}

/* With the NUL that ends the literal. */
#define SAY(text) say(text, sizeof(text))
#define FIRST     "{\"parameters\":{\"supervisor\":{},\"apps\":[{}]},\"continues\":true}"
#define LAST      "{\"parameters\":{\"apps\":[{}]}}"

static void hang_up(void)
{
	(void)close(control);
	control = -1;
	turn();
}

START_TEST(an_answer_in_pieces_is_told_to_all_who_wait)
{
	struct guest *one = ask(), *other = ask();

	lend(0);
	hear_question();
	say(FIRST, 10);
	say(&FIRST[10], sizeof(FIRST) - 10);
	ck_assert_int_eq(one->told, 0);
	SAY(LAST);
	ck_assert_int_eq(one->told, 1);
	ck_assert_int_eq(other->told, 1);
	ck_assert(one->answered && other->answered);
	ck_assert_uint_eq(one->apps, 2);
}
END_TEST

START_TEST(an_answer_is_good_for_a_moment)
{
	struct guest *later;

	(void)ask();
	lend(0);
	hear_question();
	SAY(LAST);
	later = ask();
	ck_assert_int_eq(later->told, 1);
	ck_assert_int_eq(recv(control, &(char){0}, 1, MSG_DONTWAIT), -1);
	lookout.heard -= 1000; /* a second passes */
	later = ask();
	ck_assert_int_eq(later->told, 0);
	hear_question(); /* on the same connection */
	SAY(LAST);
	ck_assert_int_eq(later->told, 1);
	ck_assert_uint_eq(later->apps, 1);
}
END_TEST

START_TEST(a_supervisor_that_is_replaced_is_asked_again)
{
	struct guest *guest = ask();

	lend(0);
	hear_question();
	SAY(FIRST);
	hang_up();
	ck_assert_int_eq(guest->told, 0);
	(void)close(desk);
	(void)ev_run(loop, EVRUN_ONCE); /* nobody is there */
	ck_assert_int_eq(guest->told, 0);
	open_desk();
	(void)ev_run(loop, EVRUN_ONCE);
	lend(0);
	hear_question();
	SAY(LAST);
	ck_assert(guest->answered);
	ck_assert_uint_eq(guest->apps, 1); /* what the dead one said does not count */
}
END_TEST

START_TEST(patience_ends)
{
	msec began = clock_now();
	struct guest *guest = ask();

	lend(0);
	hear_question();
	while (guest->told == 0)
		(void)ev_run(loop, EVRUN_ONCE);
	ck_assert(!guest->answered);
	ck_assert_ptr_nonnull(lookout.trouble);
	ck_assert_int_ge(clock_now() - began, 700);
	ck_assert_int_eq(ask()->told, 1); /* for a moment nobody needs to wait again */
}
END_TEST

START_TEST(a_refusal_is_told_at_once)
{
	struct guest *guest = ask();

	lend(EACCES);
	ck_assert_int_eq(guest->told, 1);
	ck_assert(!guest->answered);
	ck_assert_ptr_nonnull(strstr(lookout.trouble, "control"));
}
END_TEST

START_TEST(nonsense_is_no_answer)
{
	static const char *const nonsense[] = {"{}}", "{\"error\":\"org.x.Busy\"}", "[]"};
	struct guest *guest = ask();

	lend(0);
	hear_question();
	say(nonsense[_i], strlen(nonsense[_i]) + 1);
	ck_assert_int_eq(guest->told, 0);
	ck_assert_int_eq(lookout.stage, LOOKOUT_APART);
	(void)ev_run(loop, EVRUN_ONCE);
	hang_up();
	lend(0);
	SAY(LAST);
	ck_assert(guest->answered);
}
END_TEST

START_TEST(nobody_asks_and_nothing_happens)
{
	pid_t pid;
	uid_t uid;

	(void)ask();
	lend(0);
	SAY(LAST);
	hang_up(); /* as the supervisor does with who says nothing for long */
	turn();
	ck_assert_int_eq(lookout.stage, LOOKOUT_APART);
	ck_assert_int_eq(desk_accept(desk, &pid, &uid), -EAGAIN);
	ck_assert(!ev_is_active(&lookout.again) && !ev_is_active(&lookout.patience));
}
END_TEST

static Suite *suite_of_lookout(void)
{
	Suite *suite = suite_create("lookout");
	TCase *tcase = tcase_create("lookout");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, an_answer_in_pieces_is_told_to_all_who_wait);
	tcase_add_test(tcase, an_answer_is_good_for_a_moment);
	tcase_add_test(tcase, a_supervisor_that_is_replaced_is_asked_again);
	tcase_add_test(tcase, patience_ends);
	tcase_add_test(tcase, a_refusal_is_told_at_once);
	tcase_add_loop_test(tcase, nonsense_is_no_answer, 0, 3);
	tcase_add_test(tcase, nobody_asks_and_nothing_happens);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_lookout)
