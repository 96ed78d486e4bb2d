/*
 * test_control.c - connections: who may speak, in what order, how much, and how long.
 */
/* wraps: getsockopt accept4 */
#include <errno.h>
#include <ev.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/varlink.h"
#include "supervisor/control.h"
#include "tests/unit/fake_supervisor.h"
#include "tests/unit/unit.h"

#define LENT     16 /* connections at a time */
#define LIST     "{\"method\":\"" VARLINK_INTERFACE ".List\"}"
#define SHUTDOWN "{\"method\":\"" VARLINK_INTERFACE ".Shutdown\"}"
#define PING     "{\"method\":\"" VARLINK_INTERFACE ".Ping\"}"
#define STOP                               \
	"{\"method\":\"" VARLINK_INTERFACE \
	".Stop\",\"parameters\":{\"targets\":[\"web\"]}}"
#define WAIT                               \
	"{\"method\":\"" VARLINK_INTERFACE \
	".Wait\",\"parameters\":{\"targets\":[\"api-2\"]}}"
#define RESET                              \
	"{\"method\":\"" VARLINK_INTERFACE \
	".Reset\",\"parameters\":{\"targets\":[\"all\"]}}"

static struct ev_loop *loop;
static struct control *control;
static char folder[] = "/tmp/test_control.XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static bool is_stranger; /* the peers are of another user */
static int accept_error; /* of the next accept; 0: none */
static gid_t group;      /* of strangers, beside 4711; 0: their own */

int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __real_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags);

static int tell_groups(gid_t *list, socklen_t *size)
{
	bool fits = *size >= 2 * sizeof(*list);

	*size = 2 * sizeof(*list);
	errno = ERANGE;
	if (!fits)
		return -1;
	list[0] = 4711;
	list[1] = group;
	return 0;
}

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
	int code;

	if (is_stranger && option == SO_PEERGROUPS)
		return tell_groups(value, size);
	code = __real_getsockopt(fd, level, option, value, size);
	if (is_stranger && option == SO_PEERCRED)
		*(struct ucred *)value =
			(struct ucred){.uid = geteuid() + 1, .gid = 4711};
	return code;
}

int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags)
{
	if (accept_error != 0) {
		errno = accept_error;
		return -1;
	}
	return __real_accept4(fd, peer, size, flags);
}

static void begin(void)
{
	struct fault fault;

	fake_begin();
	is_stranger = false;
	accept_error = 0;
	(void)text_copy(folder, sizeof(folder), "/tmp/test_control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
		       folder);
	loop = ev_loop_new(EVFLAG_AUTO);
	control = control_new(&fake, loop, address.sun_path, -1, &fault);
	ck_assert_msg(control != NULL, "%s", fault.text);
}

static void end(void)
{
	control_free(control);
	ev_loop_destroy(loop);
	chronicle_free(&fake.chronicle);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing was left in it */
}

static void turn(void)
{
	for (int i = 0; i < 100; i++)
		(void)ev_run(loop, EVRUN_NOWAIT);
}

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* With the NUL that ends the literal: a whole message. */
#define SAY(fd, text) ck_assert_int_eq(write(fd, text, sizeof(text)), sizeof(text))

/* What has come, messages parted by newlines; "" nothing, "END" the end. */
static const char *hear(int fd)
{
	static char text[65536];
	ssize_t got;

	turn();
	got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	if (got == 0 || (got == -1 && errno == ECONNRESET))
		return "END";
	if (got < 0)
		got = 0;
	text[got] = '\0';
	for (ssize_t i = 0; i < got; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	return text;
}

static unsigned count_answers(const char *heard)
{
	unsigned count = 0;

	for (; *heard != '\0'; heard++)
		count += *heard == '\n';
	return count;
}

static void finish(uint32_t operation)
{
	const struct outcome outcome = {.app = "web", .result = CORE_RESULT_OK};

	control_done(control, operation, &outcome);
	control_changed(control);
}

START_TEST(the_socket_is_for_its_owner_only)
{
	struct stat status;

	ck_assert_int_eq(stat(address.sun_path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_socket_that_was_left_over_is_replaced)
{
	struct fault fault;

	control_free(control);
	ck_assert_int_eq(mknod(address.sun_path, S_IFREG | 0600, 0), 0);
	control = control_new(&fake, loop, address.sun_path, -1, &fault);
	ck_assert_ptr_nonnull(control);
	ck_assert_int_eq(close(dial()), 0);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_a_fault)
{
	struct fault fault;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_ptr_null(control_new(&fake, loop, path, -1, &fault));
	ck_assert_ptr_nonnull(strstr(fault.text, "too long"));
}
END_TEST

START_TEST(a_call_is_answered)
{
	int fd = dial();

	ck_assert_str_eq(hear(fd), "");
	SAY(fd, PING);
	ck_assert_ptr_nonnull(strstr(hear(fd), "\"pid\":7"));
	ck_assert(!control_is_busy(control));
	(void)close(fd);
}
END_TEST

START_TEST(a_call_may_come_in_pieces)
{
	int fd = dial();

	for (size_t i = 0; i < sizeof(PING) - 1; i++) {
		ck_assert_int_eq(write(fd, &PING[i], 1), 1);
		ck_assert_str_eq(hear(fd), "");
	}
	ck_assert_int_eq(write(fd, "", 1), 1);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	(void)close(fd);
}
END_TEST

START_TEST(calls_are_answered_one_by_one_in_their_order)
{
	int fd = dial();
	const char *heard;

	SAY(fd, PING "\0" STOP "\0" PING);
	heard = hear(fd);
	ck_assert_uint_eq(count_answers(heard), 1);
	ck_assert_ptr_nonnull(strstr(heard, "\"pid\":7"));
	finish(1);
	heard = hear(fd);
	ck_assert_uint_eq(count_answers(heard), 2);
	ck_assert_ptr_nonnull(strstr(heard, "\"done\""));
	ck_assert(strstr(heard, "\"done\"") < strstr(heard, "\"pid\":7"));
	(void)close(fd);
}
END_TEST

START_TEST(no_call_is_begun_in_the_middle_of_a_step)
{
	const struct outcome outcome = {.app = "web", .result = CORE_RESULT_OK};
	int fd = dial();

	SAY(fd, STOP "\0" STOP);
	turn();
	control_done(control, 1, &outcome);
	ck_assert(control_is_busy(control));
	ck_assert_str_eq(fake.asked, "stop web\n");
	control_changed(control);
	ck_assert_str_eq(fake.asked, "stop web\nstop web\n");
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	(void)close(fd);
}
END_TEST

START_TEST(all_who_wait_for_an_operation_are_told)
{
	int one = dial(), other = dial();

	fake.app[2].begins = 0;
	SAY(one, STOP);
	turn();
	fake.operations = 0; /* the other is told of the operation that is under way */
	SAY(other, STOP);
	turn();
	finish(1);
	ck_assert_uint_eq(count_answers(hear(one)), 1);
	ck_assert_uint_eq(count_answers(hear(other)), 1);
	(void)close(one);
	(void)close(other);
}
END_TEST

START_TEST(a_peer_that_leaves_is_forgotten_and_its_operation_is_not_hurt)
{
	int before = unit_count_fds();
	int fd = dial();

	SAY(fd, STOP);
	turn();
	(void)close(fd);
	turn();
	ck_assert_int_eq(unit_count_fds(), before);
	finish(1);
	ck_assert_str_eq(fake.asked, "stop web\n");
	ck_assert(!control_is_busy(control));
}
END_TEST

START_TEST(a_peer_that_only_ends_its_own_speech_hears_the_answer)
{
	int fd = dial();

	SAY(fd, STOP);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_str_eq(hear(fd), "");
	finish(1);
	ck_assert_ptr_nonnull(strstr(hear(fd), "\"done\""));
	ck_assert_str_eq(hear(fd), "END");
	(void)close(fd);
}
END_TEST

START_TEST(who_waits_for_what_may_never_come_must_stay)
{
	int fd = dial();

	SAY(fd, WAIT);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert_str_eq(hear(fd), "END");
	(void)close(fd);
}
END_TEST

START_TEST(who_waits_for_a_state_hears_when_it_comes)
{
	int fd = dial();

	SAY(fd, WAIT);
	ck_assert_str_eq(hear(fd), "");
	fake.app[1].state = APP_ONLINE;
	control_changed(control);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	(void)close(fd);
}
END_TEST

START_TEST(other_users_are_refused)
{
	int fd = dial();

	is_stranger = true;
	SAY(fd, STOP);
	ck_assert_ptr_nonnull(strstr(hear(fd), "PermissionDenied"));
	ck_assert_str_eq(hear(fd), "END");
	ck_assert_str_eq(fake.asked, "");
	(void)close(fd);
}
END_TEST

START_TEST(a_group_is_let_in_and_shut_out_live)
{
	struct fault fault;
	struct stat status;
	int fd = dial();

	group = getegid();
	is_stranger = true;
	ck_assert_int_eq(control_admit(control, 0660, group, &fault), 0);
	ck_assert_int_eq(stat(address.sun_path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0660);
	ck_assert_uint_eq(status.st_gid, group);
	SAY(fd, PING);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);

	group = getegid() + 1; /* and now the peer is in another */
	SAY(fd, STOP);
	ck_assert_ptr_nonnull(strstr(hear(fd), "PermissionDenied"));
	(void)close(fd);

	group = getegid();
	fd = dial();
	turn();
	ck_assert_int_eq(control_admit(control, 0600, group, &fault), 0);
	ck_assert_int_eq(stat(address.sun_path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	SAY(fd, STOP);
	ck_assert_ptr_nonnull(strstr(hear(fd), "PermissionDenied"));
	ck_assert_str_eq(fake.asked, "");
	(void)close(fd);
}
END_TEST

START_TEST(what_lets_the_group_read_does_not_let_it_speak)
{
	struct fault fault;
	int fd = dial();

	is_stranger = true;
	group = getegid();
	ck_assert_int_eq(control_admit(control, 0640, group, &fault), 0);
	SAY(fd, STOP);
	ck_assert_ptr_nonnull(strstr(hear(fd), "PermissionDenied"));
	(void)close(fd);
}
END_TEST

/* Its peer is ours by the kernel's word: what it may do is decided by how it was made. */
START_TEST(who_was_lent_a_connection_may_only_read)
{
	int fd;

	is_stranger = true;
	ck_assert_int_eq(control_lend(control, &fd), 0);
	SAY(fd, PING);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	SAY(fd, LIST);
	ck_assert_ptr_nonnull(strstr(hear(fd), "\"apps\""));
	SAY(fd, STOP);
	ck_assert_ptr_nonnull(strstr(hear(fd), "PermissionDenied"));
	SAY(fd, SHUTDOWN);
	ck_assert_ptr_nonnull(strstr(hear(fd), "PermissionDenied"));
	SAY(fd, PING);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	ck_assert_str_eq(fake.asked, "");
	ck_assert(!fake.stopping);
	(void)close(fd);
}
END_TEST

START_TEST(lent_connections_leave_room_for_others)
{
	int fd[LENT], one;

	for (int i = 0; i < LENT; i++)
		ck_assert_int_eq(control_lend(control, &fd[i]), 0);
	ck_assert_int_eq(control_lend(control, &one), -EAGAIN);
	one = dial();
	SAY(one, PING);
	ck_assert_uint_eq(count_answers(hear(one)), 1);
	(void)close(one);
	(void)close(fd[0]);
	turn();
	ck_assert_int_eq(control_lend(control, &fd[0]), 0);
	for (int i = 0; i < LENT; i++)
		(void)close(fd[i]);
}
END_TEST

START_TEST(garbage_is_told_and_cut_off)
{
	int fd = dial();

	SAY(fd, "nonsense\0" STOP);
	ck_assert_ptr_nonnull(strstr(hear(fd), "InvalidParameter"));
	ck_assert_str_eq(hear(fd), "END");
	ck_assert_str_eq(fake.asked, "");
	(void)close(fd);
}
END_TEST

START_TEST(a_request_without_end_is_cut_off)
{
	char much[4096];
	int fd = dial();

	memset(much, 'x', sizeof(much));
	for (size_t i = 0; i < VARLINK_REQUEST_BYTES / sizeof(much); i++)
		ck_assert_int_eq(write(fd, much, sizeof(much)), sizeof(much));
	ck_assert_ptr_nonnull(strstr(hear(fd), "too long"));
	ck_assert_str_eq(hear(fd), "END");
	(void)close(fd);
}
END_TEST

START_TEST(a_peer_that_never_reads_does_not_make_us_grow)
{
	int fd = dial();
	unsigned asked = 0;

	while (send(fd, PING, sizeof(PING), MSG_DONTWAIT) == sizeof(PING) &&
	       asked < 100000) {
		asked++;
		turn();
	}
	ck_assert_uint_lt(asked, 100000);
	ck_assert(control_is_busy(control));
	(void)close(fd);
	turn();
	ck_assert(!control_is_busy(control));
}
END_TEST

START_TEST(who_comes_when_all_places_are_taken_is_told_so)
{
	int fd[64], late;

	for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
		fd[i] = dial();
	turn();
	late = dial();
	ck_assert_ptr_nonnull(strstr(hear(late), "Busy"));
	ck_assert_str_eq(hear(late), "END");
	(void)close(late);
	(void)close(fd[5]);
	turn();
	late = dial();
	SAY(late, PING);
	ck_assert_uint_eq(count_answers(hear(late)), 1);
	(void)close(late);
	for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
		if (i != 5)
			(void)close(fd[i]);
}
END_TEST

START_TEST(without_descriptors_accepting_pauses_and_goes_on)
{
	int fd = dial();

	accept_error = EMFILE;
	turn();
	accept_error = 0;
	SAY(fd, PING);
	ck_assert_str_eq(hear(fd), "");
	ev_sleep(1.05);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	(void)close(fd);
}
END_TEST

/* From now on nothing can be opened but in the place of what is closed. */
static void use_up_descriptors(void)
{
	struct rlimit limit;
	int next = dup(STDERR_FILENO);

	(void)close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(without_descriptors_one_is_heard_and_others_are_told)
{
	int one = dial(), other = dial(), third = dial();

	use_up_descriptors();
	SAY(one, WAIT);
	ck_assert_str_eq(hear(one), "");
	ck_assert_ptr_nonnull(strstr(hear(other), "out of descriptors"));
	ck_assert_str_eq(hear(other), "END");
	ck_assert_ptr_nonnull(strstr(hear(third), "Busy"));

	(void)close(one);
	turn();
	(void)close(third);
	third = dial();
	SAY(third, PING);
	ck_assert_uint_eq(count_answers(hear(third)), 1);
	(void)close(other);
	(void)close(third);
	turn();
}
END_TEST

START_TEST(whoever_waits_hears_when_the_supervisor_ends)
{
	int one = dial(), other = dial();

	SAY(one, STOP);
	SAY(other, WAIT);
	turn();
	control_free(control);
	control = NULL;
	ck_assert_ptr_nonnull(strstr(hear(one), "Busy"));
	ck_assert_ptr_nonnull(strstr(hear(other), "Busy"));
	ck_assert_str_eq(hear(one), "END");
	(void)close(one);
	(void)close(other);
}
END_TEST

#define EVENTS "{\"method\":\"" VARLINK_INTERFACE ".Events\",\"more\":true}"

static void happen(void)
{
	chronicle_add(&fake.chronicle, &(struct happening){.kind = HAPPENING_SHUTDOWN});
	control_changed(control);
}

START_TEST(followers_hear_what_happens_and_the_end)
{
	int fd = dial();

	SAY(fd, EVENTS);
	ck_assert_uint_eq(count_answers(hear(fd)), 1);
	happen();
	ck_assert_ptr_nonnull(strstr(hear(fd), "stopping all"));
	control_free(control);
	control = NULL;
	ck_assert_ptr_null(strstr(hear(fd), "error"));
	ck_assert_str_eq(hear(fd), "END");
	(void)close(fd);
}
END_TEST

START_TEST(a_follower_that_leaves_gives_its_place_to_others)
{
	int before = unit_count_fds();
	int fd = dial();

	SAY(fd, EVENTS);
	turn();
	(void)close(fd);
	turn();
	ck_assert_int_eq(unit_count_fds(), before);
	happen();
}
END_TEST

START_TEST(nobody_waits_for_a_follower_that_pauses)
{
	int fd = dial();

	SAY(fd, EVENTS);
	turn();
	for (int i = 0; i < 3000; i++) /* more than a socket takes */
		happen();
	ck_assert(!control_is_busy(control));
	(void)close(fd);
	turn();
}
END_TEST

START_TEST(a_follower_that_lags_too_far_is_cut_off)
{
	int fd = dial();

	SAY(fd, EVENTS);
	turn();
	for (int i = 0; i < 20000; i++)
		happen();
	ck_assert(control_is_busy(control)); /* it follows no more */
	for (int i = 0; i < 1000 && strstr(hear(fd), "Lagged") == NULL; i++)
		continue;
	SAY(fd, PING);
	ck_assert_ptr_nonnull(strstr(hear(fd), "\"pid\":7"));
	(void)close(fd);
}
END_TEST

START_TEST(many_calls_of_many_peers_are_all_answered)
{
	int fd[16];

	for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
		fd[i] = dial();
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
			SAY(fd[i], RESET "\0" PING);
		for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
			ck_assert_uint_eq(count_answers(hear(fd[i])), 2);
		fake.asked[0] = '\0';
	}
	for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
		(void)close(fd[i]);
}
END_TEST

static Suite *suite_of_control(void)
{
	Suite *suite = suite_create("control");
	TCase *tcase = tcase_create("control");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, the_socket_is_for_its_owner_only);
	tcase_add_test(tcase, a_socket_that_was_left_over_is_replaced);
	tcase_add_test(tcase, a_path_that_is_too_long_is_a_fault);
	tcase_add_test(tcase, a_call_is_answered);
	tcase_add_test(tcase, a_call_may_come_in_pieces);
	tcase_add_test(tcase, calls_are_answered_one_by_one_in_their_order);
	tcase_add_test(tcase, no_call_is_begun_in_the_middle_of_a_step);
	tcase_add_test(tcase, all_who_wait_for_an_operation_are_told);
	tcase_add_test(tcase,
		       a_peer_that_leaves_is_forgotten_and_its_operation_is_not_hurt);
	tcase_add_test(tcase, a_peer_that_only_ends_its_own_speech_hears_the_answer);
	tcase_add_test(tcase, who_waits_for_what_may_never_come_must_stay);
	tcase_add_test(tcase, who_waits_for_a_state_hears_when_it_comes);
	tcase_add_test(tcase, other_users_are_refused);
	tcase_add_test(tcase, who_was_lent_a_connection_may_only_read);
	tcase_add_test(tcase, lent_connections_leave_room_for_others);
	tcase_add_test(tcase, garbage_is_told_and_cut_off);
	tcase_add_test(tcase, a_request_without_end_is_cut_off);
	tcase_add_test(tcase, a_peer_that_never_reads_does_not_make_us_grow);
	tcase_add_test(tcase, who_comes_when_all_places_are_taken_is_told_so);
	tcase_add_test(tcase, without_descriptors_accepting_pauses_and_goes_on);
	tcase_add_test(tcase, without_descriptors_one_is_heard_and_others_are_told);
	tcase_add_test(tcase, what_lets_the_group_read_does_not_let_it_speak);
	tcase_add_test(tcase, a_group_is_let_in_and_shut_out_live);
	tcase_add_test(tcase, whoever_waits_hears_when_the_supervisor_ends);
	tcase_add_test(tcase, followers_hear_what_happens_and_the_end);
	tcase_add_test(tcase, a_follower_that_leaves_gives_its_place_to_others);
	tcase_add_test(tcase, nobody_waits_for_a_follower_that_pauses);
	tcase_add_test(tcase, a_follower_that_lags_too_far_is_cut_off);
	tcase_add_test(tcase, many_calls_of_many_peers_are_all_answered);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_control)
