/*
 * test_buffer.c - a bounded queue of bytes: nothing half-written stays, nothing is lost.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buffer.h"
#include "tests/unit/unit.h"

static struct buffer buffer;

static void begin(void)
{
	buffer_init(&buffer, 10000);
}

static void end(void)
{
	buffer_free(&buffer);
}

START_TEST(what_is_appended_comes_out_in_order)
{
	buffer_append_text(&buffer, "one");
	buffer_append(&buffer, "two", 4);
	ck_assert_uint_eq(buffer.count, 7);
	ck_assert_mem_eq(buffer.bytes, "onetwo", 7);
	buffer_drop(&buffer, 3);
	ck_assert_uint_eq(buffer.count, 4);
	ck_assert_str_eq(buffer.bytes, "two");
	buffer_drop(&buffer, 4);
	ck_assert_uint_eq(buffer.count, 0);
}
END_TEST

START_TEST(what_does_not_fit_is_not_appended_and_breaks_it)
{
	char much[6000] = {0};

	buffer_append(&buffer, much, sizeof(much));
	ck_assert(!buffer.broken);
	buffer_append(&buffer, much, sizeof(much));
	ck_assert(buffer.broken);
	ck_assert_uint_eq(buffer.count, sizeof(much));
	buffer_append_text(&buffer, "x");
	ck_assert_uint_eq(buffer.count, sizeof(much));
}
END_TEST

START_TEST(a_cut_buffer_is_whole_again)
{
	char much[20000] = {0};

	buffer_append_text(&buffer, "keep");
	buffer_append(&buffer, much, sizeof(much));
	buffer_cut(&buffer, 2);
	ck_assert(!buffer.broken);
	buffer_append_text(&buffer, "y");
	ck_assert_uint_eq(buffer.count, 3);
	ck_assert_mem_eq(buffer.bytes, "key", 3);
}
END_TEST

START_TEST(exactly_the_limit_fits)
{
	char much[10000] = {0};

	buffer_append(&buffer, much, sizeof(much));
	ck_assert(!buffer.broken);
	ck_assert_int_eq(buffer_read(&buffer, -1), -ENOBUFS);
}
END_TEST

START_TEST(it_carries_a_stream_between_two_sockets)
{
	struct buffer other;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	buffer_init(&other, 100);
	buffer_append_text(&buffer, "a message");
	ck_assert_int_eq(buffer_read(&other, pair[1]), -EAGAIN);
	ck_assert_int_eq(buffer_write(&buffer, pair[0]), 0);
	ck_assert_uint_eq(buffer.count, 0);
	ck_assert_int_eq(buffer_read(&other, pair[1]), 9);
	ck_assert_mem_eq(other.bytes, "a message", 9);
	ck_assert_int_eq(close(pair[0]), 0);
	ck_assert_int_eq(buffer_read(&other, pair[1]), 0);
	buffer_append_text(&buffer, "late");
	ck_assert_int_eq(buffer_write(&buffer, pair[1]), -EPIPE);
	ck_assert_int_eq(close(pair[1]), 0);
	buffer_free(&other);
}
END_TEST

START_TEST(what_the_peer_does_not_take_stays)
{
	struct buffer large;
	char much[4096] = {0};
	int pair[2];
	size_t before;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	buffer_init(&large, (size_t)4 << 20);
	for (int i = 0; i < 1000; i++)
		buffer_append(&large, much, sizeof(much));
	before = large.count;
	ck_assert_int_eq(buffer_write(&large, pair[0]), 0);
	ck_assert_uint_lt(large.count, before);
	ck_assert_uint_gt(large.count, 0);
	buffer_free(&large);
	(void)close(pair[0]);
	(void)close(pair[1]);
}
END_TEST

static Suite *suite_of_buffer(void)
{
	Suite *suite = suite_create("buffer");
	TCase *tcase = tcase_create("buffer");

	tcase_add_checked_fixture(tcase, begin, end);
	unit_watch_fds(tcase);
	tcase_add_test(tcase, what_is_appended_comes_out_in_order);
	tcase_add_test(tcase, what_does_not_fit_is_not_appended_and_breaks_it);
	tcase_add_test(tcase, a_cut_buffer_is_whole_again);
	tcase_add_test(tcase, exactly_the_limit_fits);
	tcase_add_test(tcase, it_carries_a_stream_between_two_sockets);
	tcase_add_test(tcase, what_the_peer_does_not_take_stays);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_buffer)
