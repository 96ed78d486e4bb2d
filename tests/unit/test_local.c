#include "supervisor/local.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "supervisor/listener.h"
#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

#define BACKLOG 16

static char folder[64];
static struct address at;
static struct local local;
static struct fault fault;

static const char *path(void)
{
	return at.at.path.sun_path;
}

static void setup(void)
{
	char text[ADDRESS_TEXT];

	memset(&fault, 0, sizeof(fault));
	local = (struct local){.fd = -1};
	strcpy(folder, "/tmp/clusterd-local-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(text, sizeof(text), "unix:%s/web.sock", folder);
	at = sockets_address(text);
	unit_remember_fds();
}

/* Every test leaves an empty folder, or says so by failing here. */
static void teardown(void)
{
	local_close(&local);
	unit_compare_fds();
	ck_assert_msg(rmdir(folder) == 0, "%s: %s", folder, strerror(errno));
}

static void open_local(void)
{
	ck_assert_msg(local_open(&local, &at, BACKLOG, &fault) == 0, "%s", fault.text);
}

/* Somebody else binds there: with a listener, or leaving the stale file of one. */
static int bind_other(bool alive)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, &at.at.any, at.bytes), 0);
	ck_assert_int_eq(listen(fd, BACKLOG), 0);
	if (alive)
		return fd;
	close(fd);
	return -1;
}

static void check_reached(int fd)
{
	int client = sockets_connect(&at, NULL);

	ck_assert_uint_eq(sockets_accept(&fd, 1), 0);
	close(client);
}

static unsigned count_files(void)
{
	DIR *all = opendir(folder);
	unsigned count = 0;

	while (readdir(all))
		count++;
	closedir(all);
	return count - 2; /* . and .. */
}

START_TEST(local_opens_for_everybody)
{
	struct stat there;
	mode_t before = umask(0077);

	open_local();
	ck_assert_int_eq(umask(before), 0077);
	ck_assert_int_eq(stat(path(), &there), 0);
	ck_assert_int_eq(there.st_mode, S_IFSOCK | 0666);
	ck_assert_int_eq(fcntl(local.fd, F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(local.fd, F_GETFL) & O_NONBLOCK);
	check_reached(local.fd);
}
END_TEST

START_TEST(local_takes_over_a_path_where_nobody_listens)
{
	bind_other(false);
	open_local();
	check_reached(local.fd);
}
END_TEST

START_TEST(local_refuses_a_path_where_somebody_listens)
{
	int other = bind_other(true);
	char name[64];

	ck_assert_int_eq(local_open(&local, &at, BACKLOG, &fault), -EADDRINUSE);
	sockets_name(name, getpid());
	ck_assert_ptr_nonnull(strstr(fault.text, "web.sock is in use by "));
	ck_assert_ptr_nonnull(strstr(fault.text, name));
	close(other);
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

START_TEST(local_refuses_a_path_whose_queue_is_full)
{
	int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client;

	ck_assert_int_eq(bind(other, &at.at.any, at.bytes), 0);
	ck_assert_int_eq(listen(other, 0), 0);
	client = sockets_connect(&at, NULL);
	ck_assert_int_eq(local_open(&local, &at, BACKLOG, &fault), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(fault.text, "in use"));
	close(client);
	close(other);
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

START_TEST(local_refuses_to_replace_what_is_no_socket)
{
	int file = open(path(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(file, "precious", 8), 8);
	close(file);
	ck_assert_int_eq(local_open(&local, &at, BACKLOG, &fault), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(fault.text, "is not a socket"));
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

START_TEST(local_says_why_it_cannot_bind)
{
	at = sockets_address("unix:/nonexistent/web.sock");
	ck_assert_int_eq(local_open(&local, &at, BACKLOG, &fault), -ENOENT);
	ck_assert_str_eq(fault.text,
			 "cannot listen on /nonexistent/web.sock: No such file or "
			 "directory");
}
END_TEST

START_TEST(local_closed_leaves_nothing_behind)
{
	open_local();
	local_close(&local);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(local_closed_leaves_the_path_of_a_successor)
{
	int other;

	open_local();
	ck_assert_int_eq(unlink(path()), 0);
	other = bind_other(true);
	local_close(&local);
	check_reached(other);
	close(other);
	ck_assert_uint_eq(count_files(), 1);
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

START_TEST(local_adopted_is_not_ours_to_remove)
{
	int other = bind_other(true);

	local_adopt(&local, &at, other);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 0);
	local_close(&local);
	ck_assert_uint_eq(count_files(), 1);
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

START_TEST(local_gives_a_removed_path_back_with_its_queue)
{
	int client, fd;

	open_local();
	fd = local.fd;
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 0);
	client = sockets_connect(&at, NULL); /* waits while the path is taken away */
	ck_assert_int_eq(unlink(path()), 0);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 1);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 0);
	ck_assert_int_eq(local.fd, fd);
	ck_assert_uint_eq(sockets_accept(&fd, 1), 0);
	close(client);
	check_reached(fd);
}
END_TEST

START_TEST(local_replaces_a_stale_socket_in_its_place)
{
	open_local();
	ck_assert_int_eq(unlink(path()), 0);
	bind_other(false);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 1);
	check_reached(local.fd);
}
END_TEST

START_TEST(local_leaves_a_living_socket_in_its_place)
{
	int other;

	open_local();
	ck_assert_int_eq(unlink(path()), 0);
	other = bind_other(true);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), -EADDRINUSE);
	check_reached(other);
	close(other);
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

START_TEST(local_binds_anew_when_the_spare_is_gone_too)
{
	char spare[96];
	int fd;

	open_local();
	fd = local.fd;
	snprintf(spare, sizeof(spare), "%s/.web.sock.spare", folder);
	ck_assert_int_eq(unlink(spare), 0);
	ck_assert_int_eq(unlink(path()), 0);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 1);
	ck_assert_int_eq(local.fd, fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	check_reached(fd);
}
END_TEST

START_TEST(local_binds_anew_when_the_socket_was_shut_down)
{
	static const int how[] = {SHUT_RD, SHUT_RDWR};

	open_local();
	ck_assert_int_eq(shutdown(local.fd, how[_i]), 0);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 1);
	check_reached(local.fd);
	ck_assert_int_eq(local_restore(&local, BACKLOG, &fault), 0);
}
END_TEST

START_TEST(local_is_shared_by_all_slots_of_a_listener)
{
	struct listener listener;
	struct buckets table = {0};
	unsigned depth;
	int client;

	ck_assert_int_eq(listener_open(&listener, &at, 4, BACKLOG, NULL, 0, &fault), 0);
	ck_assert(listener.shared);
	ck_assert_int_eq(listener_grow(&listener, 8, &fault), 0);
	ck_assert_uint_eq(listener.slots, 8);
	ck_assert_int_eq(listener_fd(&listener, 7), listener_fd(&listener, 0));
	ck_assert_int_eq(
		listener_steer(&listener, BALANCE_HASH, &table, listener.slots, &fault),
		0);
	ck_assert_int_eq(listener_quench(&listener, 3, true), 0);
	ck_assert_int_eq(listener_heal(&listener, 3), 0);

	client = sockets_connect(&at, NULL);
	ck_assert_int_eq(listener_depth(&listener, 5, &depth), 0);
	ck_assert_uint_eq(depth, 1);
	close(client);
	ck_assert_int_eq(unlink(path()), 0);
	ck_assert_int_eq(listener_restore_path(&listener, &fault), 1);
	listener_close(&listener);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(local_lent_to_a_listener_stays_where_it_is)
{
	struct listener listener;
	int taken = bind_other(true);

	ck_assert_int_eq(listener_open(&listener, &at, 2, BACKLOG, &taken, 1, &fault), 0);
	ck_assert_int_eq(listener_fd(&listener, 1), taken);
	ck_assert(fcntl(taken, F_GETFL) & O_NONBLOCK);
	check_reached(taken);
	listener_close(&listener);
	ck_assert_int_eq(unlink(path()), 0);
}
END_TEST

static Suite *suite_of_local(void)
{
	Suite *suite = suite_create("local");
	TCase *tcase = tcase_create("local");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, local_opens_for_everybody);
	tcase_add_test(tcase, local_takes_over_a_path_where_nobody_listens);
	tcase_add_test(tcase, local_refuses_a_path_where_somebody_listens);
	tcase_add_test(tcase, local_refuses_a_path_whose_queue_is_full);
	tcase_add_test(tcase, local_refuses_to_replace_what_is_no_socket);
	tcase_add_test(tcase, local_says_why_it_cannot_bind);
	tcase_add_test(tcase, local_closed_leaves_nothing_behind);
	tcase_add_test(tcase, local_closed_leaves_the_path_of_a_successor);
	tcase_add_test(tcase, local_adopted_is_not_ours_to_remove);
	tcase_add_test(tcase, local_gives_a_removed_path_back_with_its_queue);
	tcase_add_test(tcase, local_replaces_a_stale_socket_in_its_place);
	tcase_add_test(tcase, local_leaves_a_living_socket_in_its_place);
	tcase_add_test(tcase, local_binds_anew_when_the_spare_is_gone_too);
	tcase_add_loop_test(tcase, local_binds_anew_when_the_socket_was_shut_down, 0, 2);
	tcase_add_test(tcase, local_is_shared_by_all_slots_of_a_listener);
	tcase_add_test(tcase, local_lent_to_a_listener_stays_where_it_is);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_local)
