/*
 * test_deposit.c - datagrams to and from the keeper of descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/deposit.h"
#include "common/fd.h"
#include "tests/unit/unit.h"

static struct deposit deposit;

#define DECODE(text) deposit_decode(&deposit, text, sizeof(text) - 1)

static const struct deposit each[] = {
	{.kind = DEPOSIT_STORE, .name = "@web.0.tcp"},
	{.kind = DEPOSIT_REMOVE, .name = "@state"},
	{.kind = DEPOSIT_EXITED, .pid = 4194304, .status = 0xff00},
};

START_TEST(what_is_encoded_is_decoded_to_the_same)
{
	char bytes[DEPOSIT_BYTES];
	size_t count = deposit_encode(bytes, &each[_i]);

	ck_assert_int_eq(deposit_decode(&deposit, bytes, count), 0);
	ck_assert_int_eq(deposit.kind, each[_i].kind);
	ck_assert_str_eq(deposit.name, each[_i].name);
	ck_assert_int_eq(deposit.pid, each[_i].pid);
	ck_assert_int_eq(deposit.status, each[_i].status);
}
END_TEST

START_TEST(the_words_are_those_of_systemd)
{
	char bytes[DEPOSIT_BYTES];
	size_t count = deposit_encode(bytes, &each[0]);

	ck_assert_uint_eq(count, strlen("FDSTORE=1\nFDNAME=@web.0.tcp\nFDPOLL=0"));
	ck_assert_mem_eq(bytes, "FDSTORE=1\nFDNAME=@web.0.tcp\nFDPOLL=0", count);
	count = deposit_encode(bytes, &each[1]);
	ck_assert_uint_eq(count, strlen("FDSTOREREMOVE=1\nFDNAME=@state"));
}
END_TEST

START_TEST(what_is_unknown_is_passed_over)
{
	ck_assert_int_eq(DECODE("READY=1\nFDSTORE=1\nFDNAME=x\n\nSTATUS=well"), 0);
	ck_assert_int_eq(deposit.kind, DEPOSIT_STORE);
	ck_assert_str_eq(deposit.name, "x");
}
END_TEST

static const char *const senseless[] = {
	"",
	"READY=1",
	"FDSTORE=1",
	"FDSTORE=1\nFDNAME=",
	"FDSTORE=1\nFDNAME=a:b",
	"FDSTORE=1\nFDNAME=a\tb",
	"FDSTOREREMOVE=1",
	"EXITED=",
	"EXITED=1 0",
	"EXITED=-5 0",
	"EXITED=99999999999 0",
	"EXITED=17",
	"EXITED=17 ",
	"EXITED=17 -1",
	"EXITED=17 65536",
	"EXITED=17 0 ",
};

START_TEST(what_says_nothing_is_refused)
{
	ck_assert_int_eq(deposit_decode(&deposit, senseless[_i], strlen(senseless[_i])),
			 -EBADMSG);
}
END_TEST

START_TEST(no_byte_beyond_the_longest_is_read)
{
	static const char exited[] = {'E', 'X', 'I', 'T', 'E', 'D',
				      '=', '1', '7', ' ', '0'};
	char bytes[DEPOSIT_BYTES + 1];

	memset(bytes, '\n', sizeof(bytes));
	memcpy(bytes, exited, sizeof(exited));
	ck_assert_int_eq(deposit_decode(&deposit, bytes, DEPOSIT_BYTES), 0);
	ck_assert_int_eq(deposit_decode(&deposit, bytes, DEPOSIT_BYTES + 1), -EBADMSG);
	ck_assert_int_eq(DECODE("EXITED=17 0\0"), -EBADMSG);
}
END_TEST

START_TEST(of_many_descriptors_one_is_taken_and_no_other_stays_open)
{
	int ends[2], many[20], attached;
	char text[] = "FDSTORE=1\nFDNAME=x";
	struct iovec part = {.iov_base = text, .iov_len = strlen(text)};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(many))];
	} control = {.head = {.cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(many))}};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (size_t i = 0; i < ARRAY_COUNT(many); i++)
		many[i] = ends[0];
	memcpy(CMSG_DATA(&control.head), many, sizeof(many));
	ck_assert_int_gt(sendmsg(ends[0], &message, 0), 0);
	ck_assert_int_eq(deposit_receive(ends[1], &deposit, &attached), 1);
	ck_assert_int_ge(attached, 0);
	(void)close(attached);
	ck_assert_int_eq(deposit_receive(ends[1], &deposit, &attached), 0);
	(void)close(ends[0]);
	ck_assert_int_eq(deposit_receive(ends[1], &deposit, &attached), -EPIPE);
	(void)close(ends[1]);
}
END_TEST

START_TEST(rubbish_is_passed_over_for_what_follows)
{
	int ends[2], attached;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(send(ends[0], "rubbish", 7, 0), 7);
	ck_assert_int_eq(deposit_send(ends[0], &each[1], -1), 0);
	ck_assert_int_eq(deposit_receive(ends[1], &deposit, &attached), 1);
	ck_assert_int_eq(deposit.kind, DEPOSIT_REMOVE);
	ck_assert_int_eq(attached, -1);
	(void)close(ends[0]);
	(void)close(ends[1]);
}
END_TEST

static Suite *suite_of_deposit(void)
{
	Suite *suite = suite_create("deposit");
	TCase *tcase = tcase_create("deposit");

	unit_watch_fds(tcase);
	tcase_add_loop_test(tcase, what_is_encoded_is_decoded_to_the_same, 0,
			    (int)ARRAY_COUNT(each));
	tcase_add_test(tcase, the_words_are_those_of_systemd);
	tcase_add_test(tcase, what_is_unknown_is_passed_over);
	tcase_add_loop_test(tcase, what_says_nothing_is_refused, 0,
			    (int)ARRAY_COUNT(senseless));
	tcase_add_test(tcase, no_byte_beyond_the_longest_is_read);
	tcase_add_test(tcase, of_many_descriptors_one_is_taken_and_no_other_stays_open);
	tcase_add_test(tcase, rubbish_is_passed_over_for_what_follows);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_deposit)
