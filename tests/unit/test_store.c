/*
 * test_store.c - descriptors by name, mirrored to whoever keeps them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/store.h"
#include "tests/unit/unit.h"

static struct store store;
static struct fault fault;

static int open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* A keeper that is a socket: what the store says can be read at the other end. */
static int open_kept(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	store_announce(getpid(), ends[1], -1);
	ck_assert(store_is_kept());
	ck_assert_int_eq(store_open(&store, KEEPER_OWN, &fault), 0);
	ck_assert(!store_is_kept());
	return ends[0];
}

static void expect(int keeper, enum deposit_kind kind, const char *name)
{
	struct deposit deposit;
	int attached = -1;

	ck_assert_int_eq(deposit_receive(keeper, &deposit, &attached), 1);
	ck_assert_int_eq(deposit.kind, kind);
	ck_assert_str_eq(deposit.name, name);
	ck_assert_int_eq(attached >= 0, kind == DEPOSIT_STORE);
	fd_close(&attached);
}

static void expect_nothing(int keeper)
{
	struct deposit deposit;
	int attached = -1;

	ck_assert_int_eq(deposit_receive(keeper, &deposit, &attached), 0);
}

START_TEST(what_is_put_is_sent_to_the_keeper_and_what_is_dropped_is_removed)
{
	CLOSE_FD int keeper = open_kept(), fd = open_null();

	ck_assert_int_eq(store_put(&store, "web.0.tcp", fd), 0);
	expect(keeper, DEPOSIT_STORE, "@web.0.tcp");
	store_drop(&store, "web.0.tcp");
	expect(keeper, DEPOSIT_REMOVE, "@web.0.tcp");
	store_drop(&store, "web.0.tcp");
	expect_nothing(keeper);
	ck_assert(is_open(fd));
	store_close(&store);
}
END_TEST

START_TEST(the_own_keeper_is_never_without_what_is_replaced)
{
	CLOSE_FD int keeper = open_kept(), fd = open_null(), other = open_null();

	(void)store_put(&store, "state", fd);
	(void)store_put(&store, "state", other);
	expect(keeper, DEPOSIT_STORE, "@state");
	expect(keeper, DEPOSIT_STORE, "@state");
	expect_nothing(keeper);
	store_close(&store);
	expect(keeper, DEPOSIT_REMOVE, "@state");
}
END_TEST

START_TEST(a_name_that_cannot_be_said_is_refused)
{
	CLOSE_FD int keeper = open_kept(), fd = open_null();
	char longest[STORE_NAME + 1];

	memset(longest, 'x', sizeof(longest));
	longest[STORE_NAME] = '\0';
	ck_assert_int_eq(store_put(&store, "a:b", fd), -EINVAL);
	ck_assert_int_eq(store_put(&store, "a\nb", fd), -EINVAL);
	ck_assert_int_eq(store_put(&store, longest, fd), -EINVAL);
	longest[STORE_NAME - 1] = '\0';
	expect_nothing(keeper);
	ck_assert_int_eq(store_put(&store, longest, fd), 0);
	store_close(&store);
}
END_TEST

START_TEST(a_keeper_that_does_not_read_is_told_later)
{
	CLOSE_FD int keeper = open_kept(), fd = open_null();
	char name[32];
	unsigned count = 0;

	while (!store_is_behind(&store)) {
		(void)snprintf(name, sizeof(name), "web.%u.tcp", count++);
		ck_assert_int_eq(store_put(&store, name, fd), 0);
		ck_assert_uint_lt(count, 100000);
	}
	store_drop(&store, "web.0.tcp"); /* cannot be said now, either */
	for (unsigned i = 0; i < count - 1; i++) {
		(void)snprintf(name, sizeof(name), "@web.%u.tcp", i);
		expect(keeper, DEPOSIT_STORE, name);
	}
	expect_nothing(keeper);
	store_catch_up(&store);
	ck_assert(!store_is_behind(&store));
	for (unsigned i = 0; i < 2; i++) {
		struct deposit deposit;
		int attached = -1;

		ck_assert_int_eq(deposit_receive(keeper, &deposit, &attached), 1);
		fd_close(&attached);
	}
	expect_nothing(keeper);
	store_close(&store);
}
END_TEST

START_TEST(a_keeper_that_is_gone_is_noticed_once)
{
	int keeper = open_kept();
	CLOSE_FD int fd = open_null();
	struct deposit deposit;

	ck_assert_int_eq(store_parent(&store), getpid());
	(void)close(keeper);
	ck_assert_int_eq(store_hear(&store, &deposit), -EPIPE);
	ck_assert_int_eq(store_hear(&store, &deposit), 0);
	ck_assert_int_eq(store_put(&store, "state", fd), 0);
	ck_assert(!store_is_behind(&store));
	ck_assert_int_eq(store_parent(&store), 0);
	store_close(&store);
}
END_TEST

START_TEST(the_keeper_tells_how_a_process_ended)
{
	CLOSE_FD int keeper = open_kept();
	const struct deposit told = {.kind = DEPOSIT_EXITED, .pid = 77, .status = 9};
	struct deposit heard;

	ck_assert_int_eq(store_hear(&store, &heard), 0);
	ck_assert_int_eq(deposit_send(keeper, &told, -1), 0);
	ck_assert_int_eq(store_hear(&store, &heard), 1);
	ck_assert_int_eq(heard.kind, DEPOSIT_EXITED);
	ck_assert_int_eq(heard.pid, 77);
	ck_assert_int_eq(heard.status, 9);
	store_close(&store);
}
END_TEST

START_TEST(what_is_handed_over_is_taken_or_swept)
{
	struct store next;
	CLOSE_FD int fd = open_null(), other = open_null();
	int list, taken;

	ck_assert_int_eq(store_open(&store, KEEPER_NONE, &fault), 0);
	ck_assert(!store_inherits(&store));
	(void)store_put(&store, "state", fd);
	(void)store_put(&store, "web.0.tcp", other);
	ck_assert_int_eq(store_hand_over(&store, &list), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);

	ck_assert_int_eq(store_open(&next, KEEPER_NONE, &fault), 0);
	ck_assert(store_inherits(&next));
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	taken = store_take(&next, "state");
	ck_assert_int_eq(taken, fd);
	ck_assert_int_eq(store_take(&next, "state"), -ENOENT);
	ck_assert_str_eq(store_first_left(&next), "web.0.tcp");
	ck_assert(is_open(other));
	store_sweep(&next);
	ck_assert(!is_open(other));
	ck_assert_ptr_null(store_first_left(&next));
	other = -1;
	store_close(&next);
	shelf_clear(&store.shelf);
}
END_TEST

START_TEST(what_is_not_handed_over_after_all_stays_ours)
{
	CLOSE_FD int fd = open_null();
	int list;

	ck_assert_int_eq(store_open(&store, KEEPER_NONE, &fault), 0);
	(void)store_put(&store, "state", fd);
	ck_assert_int_eq(store_hand_over(&store, &list), 0);
	store_take_back(&store, &list);
	ck_assert_int_eq(list, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert(!store_is_kept());
	store_close(&store);
}
END_TEST

/* Descriptors 3 and up are Check's: so this test has a process with others. */
START_TEST(systemd_hands_over_what_it_kept_beside_the_sockets_of_its_units)
{
	char pid[16];
	int taken[4], listening = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un anywhere = {.sun_family = AF_UNIX};

	(void)bind(listening, (struct sockaddr *)&anywhere, sizeof(sa_family_t));
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(dup2(listening, 3), 3);
	ck_assert_int_eq(dup2(open_null(), 4), 4);
	ck_assert_int_eq(dup2(open_null(), 5), 5);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", "web.0.tcp.socket:@state:strange", 1);

	ck_assert_int_eq(store_open(&store, KEEPER_NONE, &fault), 0);
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
	ck_assert_int_eq(store_take_sockets(&store, taken, 4), 1);
	ck_assert_int_eq(taken[0], 3);
	ck_assert(store_inherits(&store));
	ck_assert_int_eq(store_take(&store, "state"), 4);
	ck_assert(!is_open(5));
}
END_TEST

START_TEST(without_a_keeper_the_table_is_still_there)
{
	CLOSE_FD int fd = open_null();

	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_lt(store_open(&store, KEEPER_SYSTEMD, &fault), 0);
	ck_assert_int_eq(store_put(&store, "state", fd), 0);
	ck_assert(!store_is_behind(&store));
	store_close(&store);
}
END_TEST

static Suite *suite_of_store(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");
	TCase *dirty = tcase_create("systemd");

	unit_watch_fds(tcase);
	tcase_add_test(tcase,
		       what_is_put_is_sent_to_the_keeper_and_what_is_dropped_is_removed);
	tcase_add_test(tcase, the_own_keeper_is_never_without_what_is_replaced);
	tcase_add_test(tcase, a_name_that_cannot_be_said_is_refused);
	tcase_add_test(tcase, a_keeper_that_does_not_read_is_told_later);
	tcase_add_test(tcase, a_keeper_that_is_gone_is_noticed_once);
	tcase_add_test(tcase, the_keeper_tells_how_a_process_ended);
	tcase_add_test(tcase, what_is_handed_over_is_taken_or_swept);
	tcase_add_test(tcase, what_is_not_handed_over_after_all_stays_ours);
	tcase_add_test(tcase, without_a_keeper_the_table_is_still_there);
	suite_add_tcase(suite, tcase);
	tcase_add_test(dirty,
		       systemd_hands_over_what_it_kept_beside_the_sockets_of_its_units);
	suite_add_tcase(suite, dirty);
	return suite;
}

UNIT_MAIN(suite_of_store)
