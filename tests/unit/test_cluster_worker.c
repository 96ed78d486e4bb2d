#include "worker/libclusterworker/cluster_worker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/beat.h"
#include "tests/unit/unit.h"

/* wraps: clock_gettime */

#define PATH_BYTES 64

static time_t seconds_later; /* than it is */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int result = __real_clock_gettime(clock, ret_now);

	ret_now->tv_sec += seconds_later;
	return result;
}

/* Stands for the supervisor: a bound datagram socket, named in NOTIFY_SOCKET. */
static int open_notify_socket(const char *text)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ne(fd, -1);
	memcpy(at.sun_path, text, strlen(text));
	if (text[0] == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_eq(
		bind(fd, (const struct sockaddr *)&at,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text))),
		0);
	setenv("NOTIFY_SOCKET", text, 1);
	return fd;
}

static int open_supervisor(void)
{
	char name[PATH_BYTES];

	snprintf(name, sizeof(name), "@test-cluster-worker-%d", getpid());
	return open_notify_socket(name);
}

static void expect_message(int supervisor, const char *expected)
{
	char text[CLUSTER_NOTIFY_MAX + 1];
	ssize_t bytes = recv(supervisor, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(bytes, 0);
	text[bytes] = '\0';
	ck_assert_str_eq(text, expected);
}

static void expect_silence(int supervisor)
{
	char byte;

	ck_assert_int_eq(recv(supervisor, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
}

static void set_number(const char *variable, long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", number);
	setenv(variable, text, 1);
}

START_TEST(outside_clusterd_every_call_is_harmless)
{
	const struct cluster_figures figures = {.requests = 1};

	ck_assert_int_eq(cluster_listen(), 0);
	ck_assert_ptr_null(cluster_listen_name(CLUSTER_LISTEN_FIRST));
	ck_assert_uint_eq(cluster_beat_interval(), 0);
	ck_assert_int_eq(cluster_ready(), 0);
	ck_assert_int_eq(cluster_beat(&figures), 0);
	ck_assert_int_eq(cluster_beat(NULL), 0);
	ck_assert_int_eq(cluster_status("fine"), 0);
	ck_assert_int_eq(cluster_draining(), 0);
	ck_assert_int_eq(cluster_done(NULL), 0);
}
END_TEST

START_TEST(children_inherit_nothing_meant_for_us)
{
	static const char *const variables[] = {"LISTEN_FDS",     "LISTEN_PID",
						"LISTEN_FDNAMES", "NOTIFY_SOCKET",
						"WATCHDOG_USEC",  "WATCHDOG_PID"};

	for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
		setenv(variables[i], "0", 1);
	(void)cluster_listen();
	for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
		ck_assert_ptr_null(getenv(variables[i]));
}
END_TEST

START_TEST(words_reach_an_abstract_socket)
{
	int supervisor = open_supervisor();

	ck_assert_int_eq(cluster_ready(), 1);
	expect_message(supervisor, "READY=1\n");
	ck_assert_int_eq(cluster_status("warming up"), 1);
	expect_message(supervisor, "STATUS=warming up");
	ck_assert_int_eq(cluster_draining(), 1);
	expect_message(supervisor, "STOPPING=1\n");
	ck_assert_int_eq(cluster_notify("WATCHDOG=trigger"), 1);
	expect_message(supervisor, "WATCHDOG=trigger");
}
END_TEST

START_TEST(words_reach_a_socket_with_a_path)
{
	char path[PATH_BYTES];
	int supervisor;

	snprintf(path, sizeof(path), "/tmp/test-cluster-worker-%d", getpid());
	supervisor = open_notify_socket(path);
	ck_assert_int_eq(cluster_ready(), 1);
	expect_message(supervisor, "READY=1\n");
	unlink(path);
	ck_assert_int_eq(cluster_ready(), -ENOENT);
}
END_TEST

START_TEST(a_beat_carries_its_figures)
{
	const struct cluster_figures figures = {.lag_usec = 0,
						.connections = 12,
						.requests = UINT64_MAX - 1,
						.errors = 3,
						.latency_usec = 450};
	int supervisor = open_supervisor();

	ck_assert_int_eq(cluster_beat(&figures), 1);
	expect_message(supervisor, "WATCHDOG=1\n"
				   "X_CLUSTER_LAG_USEC=0\n"
				   "X_CLUSTER_CONNECTIONS=12\n"
				   "X_CLUSTER_REQUESTS=18446744073709551614\n"
				   "X_CLUSTER_ERRORS=3\n"
				   "X_CLUSTER_LATENCY_USEC=450\n");
}
END_TEST

START_TEST(the_supervisor_understands_all_that_is_said)
{
	const struct cluster_figures figures = {.lag_usec = 1,
						.connections = 2,
						.requests = UINT64_MAX - 1,
						.errors = 4,
						.latency_usec = 5};
	int supervisor = open_supervisor();
	char text[BEAT_BYTES];
	struct beat beat;
	ssize_t bytes;

	ck_assert_int_eq(cluster_beat(&figures), 1);
	bytes = recv(supervisor, text, sizeof(text), 0);
	ck_assert_int_eq(beat_decode(&beat, text, (size_t)bytes), 0);
	ck_assert(beat.watchdog && !beat.ready && !beat.stopping);
	ck_assert_uint_eq(beat.lag_usec, 1);
	ck_assert_uint_eq(beat.connections, 2);
	ck_assert_uint_eq(beat.requests, UINT64_MAX - 1);
	ck_assert_uint_eq(beat.errors, 4);
	ck_assert_uint_eq(beat.latency_usec, 5);

	ck_assert_int_eq(cluster_done(NULL), 1);
	bytes = recv(supervisor, text, sizeof(text), 0);
	ck_assert_int_eq(beat_decode(&beat, text, (size_t)bytes), 0);
	ck_assert(beat.stopping && !beat.watchdog);
	ck_assert_str_eq(beat.status, "drained");
	ck_assert_uint_eq(beat.requests, BEAT_UNKNOWN);
}
END_TEST

START_TEST(figures_nobody_measured_are_left_out)
{
	struct cluster_figures figures = CLUSTER_FIGURES_UNKNOWN;
	int supervisor = open_supervisor();

	figures.requests = 0;
	ck_assert_int_eq(cluster_beat(&figures), 1);
	expect_message(supervisor, "WATCHDOG=1\nX_CLUSTER_REQUESTS=0\n");
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor, "WATCHDOG=1\n");
}
END_TEST

START_TEST(the_lateness_of_a_beat_is_the_lag)
{
	int supervisor = open_supervisor();
	char text[128] = "";
	unsigned long lag;

	setenv("WATCHDOG_USEC", "2000", 1);
	ck_assert_uint_eq(cluster_beat_interval(), 1000);
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor, "WATCHDOG=1\n"); /* there was none to be late after */
	seconds_later = 5;
	ck_assert_int_eq(cluster_beat(NULL), 1);
	ck_assert_int_gt(recv(supervisor, text, sizeof(text) - 1, 0), 0);
	ck_assert_int_eq(sscanf(text, "WATCHDOG=1\nX_CLUSTER_LAG_USEC=%lu\n", &lag), 1);
	ck_assert_uint_ge(lag, 4999000);
}
END_TEST

START_TEST(a_beat_before_its_time_has_no_lag)
{
	int supervisor = open_supervisor();

	setenv("WATCHDOG_USEC", "3600000000", 1);
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor, "WATCHDOG=1\n");
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor, "WATCHDOG=1\nX_CLUSTER_LAG_USEC=0\n");
}
END_TEST

START_TEST(a_watchdog_of_another_process_wants_no_beats)
{
	setenv("WATCHDOG_USEC", "5000000", 1);
	set_number("WATCHDOG_PID", getpid() + _i);
	ck_assert_uint_eq(cluster_beat_interval(), _i == 0 ? 2500000 : 0);
}
END_TEST

START_TEST(a_full_queue_drops_the_message_and_never_blocks)
{
	int supervisor = open_supervisor();
	int sent = 0;
	int result;

	alarm(5); /* the failure is to wait for ever */
	while ((result = cluster_beat(NULL)) == 1)
		sent++;
	ck_assert_int_eq(result, -EAGAIN);
	ck_assert_int_gt(sent, 0);
	expect_message(supervisor, "WATCHDOG=1\n");
	ck_assert_int_eq(cluster_beat(NULL), 1);
}
END_TEST

START_TEST(a_word_that_met_a_full_queue_comes_with_the_next_beat)
{
	int supervisor = open_supervisor();
	char text[CLUSTER_NOTIFY_MAX];

	while (cluster_beat(NULL) == 1)
		continue;
	ck_assert_int_eq(_i == 0 ? cluster_ready() : cluster_draining(), -EAGAIN);
	ck_assert_int_eq(cluster_beat(NULL), -EAGAIN);
	while (recv(supervisor, text, sizeof(text), 0) != -1)
		continue;
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor,
		       _i == 0 ? "READY=1\nWATCHDOG=1\n" : "STOPPING=1\nWATCHDOG=1\n");
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor, "WATCHDOG=1\n");
}
END_TEST

START_TEST(a_supervisor_that_left_is_reported_and_may_return)
{
	int supervisor = open_supervisor();

	ck_assert_int_eq(cluster_ready(), 1);
	close(supervisor);
	ck_assert_int_eq(cluster_beat(NULL), -ECONNREFUSED);
	supervisor = open_supervisor();
	ck_assert_int_eq(cluster_beat(NULL), 1);
	expect_message(supervisor, "WATCHDOG=1\n");
}
END_TEST

START_TEST(a_status_is_one_line)
{
	char longest[CLUSTER_NOTIFY_MAX + 1];
	int supervisor = open_supervisor();

	ck_assert_int_eq(cluster_status("done\nREADY=1"), -EINVAL);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(cluster_status(longest), -EMSGSIZE);
	longest[CLUSTER_NOTIFY_MAX - strlen("STATUS=")] = '\0';
	ck_assert_int_eq(cluster_status(longest), 1);
	ck_assert_int_eq(recv(supervisor, longest, sizeof(longest), MSG_TRUNC),
			 CLUSTER_NOTIFY_MAX);
	expect_silence(supervisor);
}
END_TEST

START_TEST(a_message_too_long_is_refused)
{
	char message[CLUSTER_NOTIFY_MAX + 2];
	int supervisor = open_supervisor();

	memset(message, 'X', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	ck_assert_int_eq(cluster_notify(message), -EMSGSIZE);
	message[CLUSTER_NOTIFY_MAX] = '\0';
	ck_assert_int_eq(cluster_notify(message), 1);
	ck_assert_int_eq(recv(supervisor, message, sizeof(message), 0),
			 CLUSTER_NOTIFY_MAX);
}
END_TEST

START_TEST(an_address_of_another_kind_is_an_error)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", _i == 0 ? "vsock:2:1234" : path, 1);
	ck_assert_int_eq(cluster_ready(), _i == 0 ? -EAFNOSUPPORT : -E2BIG);
	ck_assert_int_eq(cluster_beat(NULL), _i == 0 ? -EAFNOSUPPORT : -E2BIG);
}
END_TEST

START_TEST(after_done_nothing_is_sent)
{
	struct cluster_figures figures = CLUSTER_FIGURES_UNKNOWN;
	int supervisor = open_supervisor();

	figures.requests = 7;
	ck_assert_int_eq(cluster_done(&figures), 1);
	expect_message(supervisor, "STOPPING=1\nSTATUS=drained\nX_CLUSTER_REQUESTS=7\n");
	ck_assert_int_eq(cluster_beat(NULL), 0);
	ck_assert_int_eq(cluster_done(NULL), 0);
	expect_silence(supervisor);
}
END_TEST

START_TEST(the_library_leaves_no_descriptor_behind)
{
	int supervisor = open_supervisor();
	int before = unit_count_fds();

	(void)cluster_ready();
	ck_assert_int_eq(unit_count_fds(), before + 1);
	(void)cluster_done(NULL);
	ck_assert_int_eq(unit_count_fds(), before);
	close(supervisor);
}
END_TEST

static Suite *suite_of_cluster_worker(void)
{
	Suite *suite = suite_create("cluster_worker");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, outside_clusterd_every_call_is_harmless);
	tcase_add_test(tcase, children_inherit_nothing_meant_for_us);
	tcase_add_test(tcase, words_reach_an_abstract_socket);
	tcase_add_test(tcase, words_reach_a_socket_with_a_path);
	tcase_add_test(tcase, a_beat_carries_its_figures);
	tcase_add_test(tcase, the_supervisor_understands_all_that_is_said);
	tcase_add_test(tcase, figures_nobody_measured_are_left_out);
	tcase_add_test(tcase, the_lateness_of_a_beat_is_the_lag);
	tcase_add_test(tcase, a_beat_before_its_time_has_no_lag);
	tcase_add_loop_test(tcase, a_watchdog_of_another_process_wants_no_beats, 0, 2);
	tcase_add_test(tcase, a_full_queue_drops_the_message_and_never_blocks);
	tcase_add_loop_test(tcase, a_word_that_met_a_full_queue_comes_with_the_next_beat,
			    0, 2);
	tcase_add_test(tcase, a_supervisor_that_left_is_reported_and_may_return);
	tcase_add_test(tcase, a_status_is_one_line);
	tcase_add_test(tcase, a_message_too_long_is_refused);
	tcase_add_loop_test(tcase, an_address_of_another_kind_is_an_error, 0, 2);
	tcase_add_test(tcase, after_done_nothing_is_sent);
	tcase_add_test(tcase, the_library_leaves_no_descriptor_behind);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_cluster_worker)
