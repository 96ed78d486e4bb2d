/*
 * test_heartbeat.c - notify sockets: who sent it, what is refused, what never gets in.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/heartbeat.h"
#include "tests/unit/unit.h"

#define NOBODY   65534
#define MOST_FDS 253 /* that one datagram can carry */

static char folder[] = "/tmp/clusterd-heartbeat-XXXXXX";
static char path[64];
static struct heartbeat heartbeat;
static struct beat beat;
static struct fault fault;
static pid_t sender;

static void open_socket(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)chmod(folder, 0711);
	(void)snprintf(path, sizeof(path), "%s/0", folder);
	ck_assert_msg(heartbeat_open(&heartbeat, path, &fault) == 0, "%s", fault.text);
}

static void close_socket(void)
{
	heartbeat_close(&heartbeat);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int read_beat(void)
{
	return heartbeat_read(&heartbeat, &beat, &sender);
}

/* As sd_notify(3) does it, with descriptors when there are some. */
static bool send_with(const void *bytes, size_t size, const int *fd, size_t fds)
{
	CLOSE_FD int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = NULL, .iov_len = size};
	struct msghdr message = {.msg_name = &to,
				 .msg_namelen = sizeof(to),
				 .msg_iov = &part,
				 .msg_iovlen = 1};

	memcpy(&part.iov_base, &bytes, sizeof(bytes));
	(void)strcpy(to.sun_path, path);
	if (fds > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fd, fds * sizeof(int));
	}
	return sendmsg(from, &message, 0) == (ssize_t)size;
}

static void send_text(const char *text)
{
	ck_assert(send_with(text, strlen(text), NULL, 0));
}

START_TEST(a_beat_comes_with_its_sender)
{
	send_text("WATCHDOG=1");
	ck_assert_int_eq(read_beat(), 1);
	ck_assert(beat.watchdog);
	ck_assert_int_eq(sender, getpid());
	ck_assert_int_eq(read_beat(), 0);
}
END_TEST

/* Even one that has already gone is named. */
START_TEST(a_child_of_another_user_is_named)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && setuid(NOBODY) == -1)
			_exit(2);
		_exit(send_with("READY=1", 7, NULL, 0) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read_beat(), 1);
	ck_assert(beat.ready);
	ck_assert_int_eq(sender, pid);
}
END_TEST

START_TEST(garbage_is_counted_and_read_past)
{
	send_text("X_CLUSTER_LAG_USEC=soon");
	send_text("");
	send_text("WATCHDOG=1");
	ck_assert_int_eq(read_beat(), -EBADMSG);
	ck_assert_int_eq(read_beat(), -EBADMSG);
	ck_assert_int_eq(read_beat(), 1);
	ck_assert_uint_eq(heartbeat.received, 3);
	ck_assert_uint_eq(heartbeat.garbage, 2);
}
END_TEST

START_TEST(a_datagram_too_long_is_garbage)
{
	char bytes[BEAT_BYTES + 1];

	memset(bytes, '\n', sizeof(bytes));
	ck_assert(send_with(bytes, BEAT_BYTES, NULL, 0));
	ck_assert(send_with(bytes, BEAT_BYTES + 1, NULL, 0));
	ck_assert_int_eq(read_beat(), 1);
	ck_assert_int_eq(read_beat(), -EBADMSG);
}
END_TEST

START_TEST(a_barrier_lets_its_sender_go_on)
{
	struct pollfd hung = {.events = 0};
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(send_with("BARRIER=1", 9, &ends[1], 1));
	(void)close(ends[1]);
	hung.fd = ends[0];
	ck_assert_int_eq(poll(&hung, 1, 0), 0);
	ck_assert_int_eq(read_beat(), 1);
	ck_assert(beat.barrier);
	ck_assert_int_eq(poll(&hung, 1, 0), 1);
	ck_assert_int_eq(hung.revents, POLLHUP);
	(void)close(ends[0]);
}
END_TEST

START_TEST(descriptors_never_get_in)
{
	int fd[MOST_FDS];
	int before = unit_count_fds();

	for (int i = 0; i < MOST_FDS; i++)
		fd[i] = heartbeat.fd;
	ck_assert(send_with("WATCHDOG=1", 10, fd, MOST_FDS));
	ck_assert(send_with("rubbish\0!", 9, fd, 2));
	ck_assert(send_with("WATCHDOG=1", 10, fd, 1));
	ck_assert_int_eq(read_beat(), 1);
	ck_assert_int_eq(sender, getpid());
	ck_assert_int_eq(read_beat(), -EBADMSG);
	ck_assert_int_eq(read_beat(), 1);
	ck_assert_int_eq(unit_count_fds(), before);
}
END_TEST

START_TEST(the_socket_is_open_to_all_and_to_no_child)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0666);
	ck_assert_int_eq(fcntl(heartbeat.fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(what_was_left_at_the_path_is_replaced)
{
	struct heartbeat left = heartbeat;

	ck_assert_int_eq(heartbeat_open(&heartbeat, path, &fault), 0);
	send_text("WATCHDOG=1");
	ck_assert_int_eq(read_beat(), 1);
	ck_assert_int_eq(heartbeat_read(&left, &beat, &sender), 0);
	fd_close(&left.fd);
}
END_TEST

START_TEST(closing_leaves_nothing)
{
	struct heartbeat none = {0};

	heartbeat_close(&none);
	ck_assert_int_ne(fcntl(0, F_GETFD), -1);
	heartbeat_close(&heartbeat);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(heartbeat_open(&none, path, &fault), 0);
	heartbeat_close(&heartbeat);
	ck_assert_int_eq(access(path, F_OK), 0);
	heartbeat_close(&none);
}
END_TEST

START_TEST(a_path_too_long_is_a_fault)
{
	struct heartbeat none = {0};
	char longer[sizeof(none.path) + 1];

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(heartbeat_open(&none, longer, &fault), -ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(fault.text, "(107 bytes)"));
}
END_TEST

START_TEST(a_path_that_cannot_be_bound_is_a_fault)
{
	struct heartbeat none = {0};

	ck_assert_int_eq(heartbeat_open(&none, "/no/such/socket", &fault), -ENOENT);
	ck_assert_str_eq(fault.text,
			 "cannot bind /no/such/socket: No such file or directory");
}
END_TEST

START_TEST(a_flood_is_more_than_a_thousand_in_a_second)
{
	msec now = 5000;

	ck_assert(!heartbeat_floods(&heartbeat, HEARTBEAT_FLOOD, now));
	ck_assert(heartbeat_floods(&heartbeat, 1, now + 999));
	ck_assert(!heartbeat_floods(&heartbeat, HEARTBEAT_FLOOD, now + 1000));
	ck_assert(heartbeat_floods(&heartbeat, HEARTBEAT_TURN, now + 1100));
	ck_assert(!heartbeat_floods(&heartbeat, 1, now + 2000));
}
END_TEST

static Suite *suite_of_heartbeat(void)
{
	Suite *suite = suite_create("heartbeat");
	TCase *tcase = tcase_create("socket");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, open_socket, close_socket);
	tcase_add_test(tcase, a_beat_comes_with_its_sender);
	tcase_add_test(tcase, a_child_of_another_user_is_named);
	tcase_add_test(tcase, garbage_is_counted_and_read_past);
	tcase_add_test(tcase, a_datagram_too_long_is_garbage);
	tcase_add_test(tcase, a_barrier_lets_its_sender_go_on);
	tcase_add_test(tcase, descriptors_never_get_in);
	tcase_add_test(tcase, the_socket_is_open_to_all_and_to_no_child);
	tcase_add_test(tcase, what_was_left_at_the_path_is_replaced);
	tcase_add_test(tcase, closing_leaves_nothing);
	tcase_add_test(tcase, a_path_too_long_is_a_fault);
	tcase_add_test(tcase, a_path_that_cannot_be_bound_is_a_fault);
	tcase_add_test(tcase, a_flood_is_more_than_a_thousand_in_a_second);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_heartbeat)
