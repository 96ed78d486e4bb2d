/*
 * test_beat.c - datagrams of workers, well-meant and not.
 */
#include <errno.h>
#include <string.h>

#include "common/beat.h"
#include "tests/unit/unit.h"

static struct beat beat;

/* The text with the NUL that ends the literal left out. */
#define DECODE(text) beat_decode(&beat, text, sizeof(text) - 1)

START_TEST(a_beat_is_one_line)
{
	ck_assert_int_eq(DECODE("WATCHDOG=1"), 0);
	ck_assert(beat.watchdog);
	ck_assert(!beat.ready && !beat.trigger && !beat.stopping && !beat.barrier);
	ck_assert(!beat.has_status);
	ck_assert_uint_eq(beat.extend_usec, 0);
	ck_assert_uint_eq(beat.lag_usec, BEAT_UNKNOWN);
	ck_assert_uint_eq(beat.latency_usec, BEAT_UNKNOWN);
}
END_TEST

START_TEST(one_datagram_can_say_everything)
{
	ck_assert_int_eq(
		DECODE("READY=1\nWATCHDOG=1\nSTOPPING=1\nBARRIER=1\nSTATUS=well\n"
		       "EXTEND_TIMEOUT_USEC=5000000\nX_CLUSTER_LAG_USEC=120\n"
		       "X_CLUSTER_CONNECTIONS=3\nX_CLUSTER_REQUESTS=400\n"
		       "X_CLUSTER_ERRORS=0\nX_CLUSTER_LATENCY_USEC=777\n"),
		0);
	ck_assert(beat.ready && beat.watchdog && beat.stopping && beat.barrier);
	ck_assert(beat.has_status);
	ck_assert_str_eq(beat.status, "well");
	ck_assert_uint_eq(beat.extend_usec, 5000000);
	ck_assert_uint_eq(beat.lag_usec, 120);
	ck_assert_uint_eq(beat.connections, 3);
	ck_assert_uint_eq(beat.requests, 400);
	ck_assert_uint_eq(beat.errors, 0);
	ck_assert_uint_eq(beat.latency_usec, 777);
}
END_TEST

START_TEST(a_trigger_is_no_beat)
{
	ck_assert_int_eq(DECODE("WATCHDOG=trigger"), 0);
	ck_assert(beat.trigger);
	ck_assert(!beat.watchdog);
}
END_TEST

/* What is not for us, or is not what it looks like, changes nothing. */
static const char *const ignored[] = {
	"READY=0",     "READY=11",      "READY",           "ready=1", " READY=1",
	"XREADY=1",    "MAINPID=1",     "WATCHDOG=",       "=1",      "=",
	"\n\n\n",      "STATUSES=no",   "X_CLUSTER_NEW=x", "ERRNO=2", "WATCHDOG_USEC=5",
	"FDSTORE=1\n", "STOPPING=true",
};

START_TEST(what_is_unknown_is_ignored)
{
	struct beat nothing;

	ck_assert_int_eq(DECODE("UNKNOWN=1"), 0);
	nothing = beat;
	ck_assert_int_eq(beat_decode(&beat, ignored[_i], strlen(ignored[_i])), 0);
	ck_assert_mem_eq(&beat, &nothing, sizeof(beat));
}
END_TEST

static const char *const garbage[] = {
	"",
	"X_CLUSTER_LAG_USEC=",
	"X_CLUSTER_LAG_USEC=-1",
	"X_CLUSTER_LAG_USEC=1.5",
	"X_CLUSTER_LAG_USEC= 1",
	"X_CLUSTER_LAG_USEC=1:",
	"X_CLUSTER_LAG_USEC=1/",
	"X_CLUSTER_ERRORS=18446744073709551615",
	"X_CLUSTER_ERRORS=18446744073709551616",
	"X_CLUSTER_ERRORS=99999999999999999999",
	"READY=1\nEXTEND_TIMEOUT_USEC=soon",
};

START_TEST(garbage_is_refused_as_a_whole)
{
	struct beat before;

	memset(&beat, 7, sizeof(beat));
	before = beat;
	ck_assert_int_eq(beat_decode(&beat, garbage[_i], strlen(garbage[_i])), -EBADMSG);
	ck_assert_mem_eq(&beat, &before, sizeof(beat));
}
END_TEST

START_TEST(the_largest_figure_is_one_below_unknown)
{
	ck_assert_int_eq(DECODE("X_CLUSTER_REQUESTS=18446744073709551614"), 0);
	ck_assert_uint_eq(beat.requests, UINT64_MAX - 1);
}
END_TEST

START_TEST(one_nul_at_the_end_is_forgiven)
{
	ck_assert_int_eq(DECODE("READY=1\0"), 0);
	ck_assert(beat.ready);
	ck_assert_int_eq(DECODE("READY=1\0\0"), -EBADMSG);
	ck_assert_int_eq(DECODE("READY=1\0WATCHDOG=1"), -EBADMSG);
	ck_assert_int_eq(DECODE("\0"), -EBADMSG);
}
END_TEST

START_TEST(a_datagram_has_a_longest_size)
{
	static char bytes[BEAT_BYTES + 1];

	memset(bytes, '\n', sizeof(bytes));
	ck_assert_int_eq(beat_decode(&beat, bytes, BEAT_BYTES), 0);
	ck_assert_int_eq(beat_decode(&beat, bytes, BEAT_BYTES + 1), -EBADMSG);
}
END_TEST

/* What is said, and what may be shown of it. */
static const struct {
	const char *said, *shown;
} statuses[] = {
	{"", ""},
	{"a=b", "a=b"},
	{"tab\tbell\a\x1b[31m\x7f", "tab?bell??[31m?"},
	{"\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x98",
	 "\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x98"},
	{"\xc2\x9b;1m", "??;1m"}, /* a control character in two bytes */
	{"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\x80",
	 "?? ??? ????"},                          /* longer than needed */
	{"\xed\xa0\x80 \xed\xbf\xbf", "??? ???"}, /* halves of a pair */
	{"\xf4\x90\x80\x80", "????"},             /* beyond the last character */
	{"\xf9\x80\x80\x80\x80", "?????"},        /* no such length */
	{"cut \xe2\x82", "cut ??"},               /* ends too early */
	{"\xe2\x28\xa1 \x80", "?(? ?"},           /* wrong or lonely second bytes */
};

START_TEST(a_status_can_be_shown)
{
	char text[256] = "STATUS=";

	(void)strcat(text, statuses[_i].said);
	ck_assert_int_eq(beat_decode(&beat, text, strlen(text)), 0);
	ck_assert(beat.has_status);
	ck_assert_str_eq(beat.status, statuses[_i].shown);
}
END_TEST

START_TEST(a_long_status_is_cut_between_characters)
{
	char text[] =
		"STATUS=............................................................"
		".................................................................."
		"\xe2\x82\xac...";

	ck_assert_uint_eq(strlen(text), 7 + 126 + 6);
	ck_assert_int_eq(beat_decode(&beat, text, strlen(text)), 0);
	ck_assert_uint_eq(strlen(beat.status), 126);
	text[7 + 126] = 'x';
	ck_assert_int_eq(beat_decode(&beat, text, strlen(text)), 0);
	ck_assert_uint_eq(strlen(beat.status), BEAT_STATUS - 1);
}
END_TEST

START_TEST(nothing_is_read_beyond_the_end)
{
	ck_assert_int_eq(beat_decode(&beat, "STATUS=gr\xc3\xbc", 10), 0);
	ck_assert_str_eq(beat.status, "gr?");
	ck_assert_int_eq(beat_decode(&beat, "X_CLUSTER_ERRORS=123", 18), 0);
	ck_assert_uint_eq(beat.errors, 1);
	ck_assert_int_eq(beat_decode(&beat, "READY=1", 6), 0);
	ck_assert(!beat.ready);
}
END_TEST

static Suite *suite_of_beat(void)
{
	Suite *suite = suite_create("beat");
	TCase *tcase = tcase_create("decode");

	tcase_add_test(tcase, a_beat_is_one_line);
	tcase_add_test(tcase, one_datagram_can_say_everything);
	tcase_add_test(tcase, a_trigger_is_no_beat);
	tcase_add_loop_test(tcase, what_is_unknown_is_ignored, 0, ARRAY_COUNT(ignored));
	tcase_add_loop_test(tcase, garbage_is_refused_as_a_whole, 0,
			    ARRAY_COUNT(garbage));
	tcase_add_test(tcase, the_largest_figure_is_one_below_unknown);
	tcase_add_test(tcase, one_nul_at_the_end_is_forgiven);
	tcase_add_test(tcase, a_datagram_has_a_longest_size);
	tcase_add_loop_test(tcase, a_status_can_be_shown, 0, ARRAY_COUNT(statuses));
	tcase_add_test(tcase, nothing_is_read_beyond_the_end);
	tcase_add_test(tcase, a_long_status_is_cut_between_characters);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_beat)
