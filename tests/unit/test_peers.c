#include "worker/http/peers.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define ROWS 64

struct pair {
	int ours;
	int theirs;
};

static struct pair open_pair(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_int_lt(ends[0], ROWS);
	return (struct pair){.ours = ends[0], .theirs = ends[1]};
}

static void close_pair(struct pair pair)
{
	close(pair.ours);
	close(pair.theirs);
}

START_TEST(connections_are_counted)
{
	struct peers peers;

	ck_assert_int_eq(peers_init(&peers, ROWS), 0);
	ck_assert_ptr_nonnull(peers_open(&peers, 7, 0));
	ck_assert_ptr_nonnull(peers_open(&peers, 9, 0));
	ck_assert_uint_eq(peers.open, 2);
	peers_close(&peers, 9);
	peers_close(&peers, 9);
	ck_assert_uint_eq(peers.open, 1);
	ck_assert_int_eq(peers.used, 8);
	peers_close(&peers, 7);
	ck_assert_uint_eq(peers.open, 0);
	ck_assert_int_eq(peers.used, 0);
	peers_fini(&peers);
}
END_TEST

START_TEST(a_descriptor_beyond_the_last_row_is_no_peer)
{
	struct peers peers;

	ck_assert_int_eq(peers_init(&peers, ROWS), 0);
	ck_assert_ptr_nonnull(peers_open(&peers, ROWS - 1, 0));
	ck_assert_ptr_null(peers_open(&peers, ROWS, 0));
	ck_assert_uint_eq(peers.open, 1);
	peers_fini(&peers);
}
END_TEST

START_TEST(a_reopened_descriptor_is_a_new_peer)
{
	struct peers peers;
	struct peer *peer;

	ck_assert_int_eq(peers_init(&peers, ROWS), 0);
	peer = peers_open(&peers, 5, 100);
	peer->busy = peer->leaves = peer->dismissed = true;
	peers_close(&peers, 5);
	peer = peers_open(&peers, 5, 200);
	ck_assert(!peer->busy && !peer->leaves && !peer->dismissed);
	ck_assert_int_eq(peer->idle_since, 200);
	peers_fini(&peers);
}
END_TEST

static const struct {
	bool busy;
	msec idle_since;
	msec from;
	msec now;
	bool goes;
} patience[] = {
	{false, 1000, 0, 2999, false},   {false, 1000, 0, 3000, true},
	{true, 1000, 0, 90000, false},   {false, 1000, 5000, 6999, false},
	{false, 1000, 5000, 7000, true}, {false, 6000, 5000, 7999, false},
};

START_TEST(only_who_was_idle_for_long_is_dismissed)
{
	struct pair pair = open_pair();
	struct peers peers;
	struct peer *peer;
	char byte;

	ck_assert_int_eq(peers_init(&peers, ROWS), 0);
	peer = peers_open(&peers, pair.ours, patience[_i].idle_since);
	peer->busy = patience[_i].busy;
	peers_dismiss_idle(&peers, patience[_i].from, 2000, patience[_i].now);
	ck_assert_int_eq(peer->dismissed, patience[_i].goes);
	ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), patience[_i].goes ? 0 : -1);
	peers_fini(&peers);
	close_pair(pair);
}
END_TEST

START_TEST(what_a_dismissed_peer_has_sent_is_still_read)
{
	struct pair pair = open_pair();
	struct peers peers;
	char byte;

	ck_assert_int_eq(peers_init(&peers, ROWS), 0);
	(void)peers_open(&peers, pair.ours, 0);
	ck_assert_int_eq(send(pair.theirs, "x", 1, 0), 1);
	peers_dismiss_idle(&peers, 0, 2000, 2000);
	ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), 1);
	ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), 0);
	ck_assert_int_eq(send(pair.ours, "y", 1, 0), 1);
	peers_fini(&peers);
	close_pair(pair);
}
END_TEST

static Suite *suite_of_peers(void)
{
	Suite *suite = suite_create("peers");
	TCase *tcase = tcase_create("all");

	unit_watch_fds(tcase);
	tcase_add_test(tcase, connections_are_counted);
	tcase_add_test(tcase, a_descriptor_beyond_the_last_row_is_no_peer);
	tcase_add_test(tcase, a_reopened_descriptor_is_a_new_peer);
	tcase_add_loop_test(tcase, only_who_was_idle_for_long_is_dismissed, 0,
			    ARRAY_COUNT(patience));
	tcase_add_test(tcase, what_a_dismissed_peer_has_sent_is_still_read);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_peers)
