/* What cluster_listen() makes of the environment and the descriptors it finds. */
#include "worker/libclusterworker/cluster_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define SOCKETS 3 /* that are there when some are lent */

static void set_number(const char *variable, long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", number);
	setenv(variable, text, 1);
}

static void lend_sockets(int count)
{
	set_number("LISTEN_FDS", count);
	set_number("LISTEN_PID", getpid());
}

/* cluster_listen() with sockets at fds 3.., which Check needs back for itself. */
static int listen_lent(int ret_flags[SOCKETS])
{
	int kept[SOCKETS];
	int count;

	for (int i = 0; i < SOCKETS; i++) {
		int made = socket(AF_UNIX, SOCK_STREAM, 0);

		kept[i] = fcntl(CLUSTER_LISTEN_FIRST + i, F_DUPFD, 64);
		if (made == -1 || dup2(made, CLUSTER_LISTEN_FIRST + i) == -1)
			abort();
		if (made >= CLUSTER_LISTEN_FIRST + SOCKETS)
			close(made);
	}
	count = cluster_listen();
	for (int i = 0; i < SOCKETS; i++) {
		ret_flags[i] = fcntl(CLUSTER_LISTEN_FIRST + i, F_GETFD);
		close(CLUSTER_LISTEN_FIRST + i);
		if (kept[i] == -1)
			continue;
		(void)dup2(kept[i], CLUSTER_LISTEN_FIRST + i);
		close(kept[i]);
	}
	return count;
}

START_TEST(lent_sockets_are_counted_and_not_passed_on)
{
	int flags[SOCKETS];

	lend_sockets(2);
	ck_assert_int_eq(listen_lent(flags), 2);
	ck_assert_int_eq(flags[0], FD_CLOEXEC);
	ck_assert_int_eq(flags[1], FD_CLOEXEC);
	ck_assert_int_eq(flags[2], 0);
	ck_assert_int_eq(cluster_listen(), 2);
}
END_TEST

START_TEST(sockets_lent_to_another_process_are_not_ours)
{
	int flags[SOCKETS];

	lend_sockets(1);
	set_number("LISTEN_PID", getpid() + 1);
	ck_assert_int_eq(listen_lent(flags), 0);
	ck_assert_int_eq(flags[0], 0);
}
END_TEST

static const struct {
	const char *pid; /* NULL: ours */
	const char *count;
	int error;
} nonsense[] = {
	{NULL, "", -EINVAL},           {NULL, "-1", -EINVAL},
	{NULL, "2x", -EINVAL},         {NULL, " 2", -EINVAL},
	{NULL, "2147483647", -EINVAL}, {NULL, "99999999999999999999", -EINVAL},
	{"seven", "1", -EINVAL},       {NULL, "1000", -EBADF},
};

START_TEST(an_environment_without_sense_is_an_error)
{
	int flags[SOCKETS];

	lend_sockets(1);
	if (nonsense[_i].pid != NULL)
		setenv("LISTEN_PID", nonsense[_i].pid, 1);
	setenv("LISTEN_FDS", nonsense[_i].count, 1);
	ck_assert_int_eq(listen_lent(flags), nonsense[_i].error);
	ck_assert_ptr_null(cluster_listen_name(CLUSTER_LISTEN_FIRST));
}
END_TEST

START_TEST(sockets_have_the_names_they_were_given)
{
	int flags[SOCKETS];

	lend_sockets(3);
	setenv("LISTEN_FDNAMES", "web:admin", 1);
	ck_assert_int_eq(listen_lent(flags), 3);
	ck_assert_str_eq(cluster_listen_name(3), "web");
	ck_assert_str_eq(cluster_listen_name(4), "admin");
	ck_assert_ptr_null(cluster_listen_name(5));
	ck_assert_ptr_null(cluster_listen_name(6));
}
END_TEST

static Suite *suite_of_cluster_listen(void)
{
	Suite *suite = suite_create("cluster_listen");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, lent_sockets_are_counted_and_not_passed_on);
	tcase_add_test(tcase, sockets_lent_to_another_process_are_not_ours);
	tcase_add_test(tcase, sockets_have_the_names_they_were_given);
	tcase_add_loop_test(tcase, an_environment_without_sense_is_an_error, 0,
			    ARRAY_COUNT(nonsense));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_cluster_listen)
