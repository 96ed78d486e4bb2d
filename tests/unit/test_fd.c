/*
 * test_fd.c - descriptors end with their scope unless they are taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/unit/unit.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static int open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return fd;
}

START_TEST(a_scope_closes_its_descriptor)
{
	int seen;

	{
		CLOSE_FD int fd = open_null();

		seen = fd;
		ck_assert(is_open(seen));
	}
	ck_assert(!is_open(seen));
}
END_TEST

START_TEST(what_is_taken_outlives_the_scope)
{
	int taken;

	{
		CLOSE_FD int fd = open_null();

		taken = fd_take(&fd);
		ck_assert_int_eq(fd, -1);
	}
	ck_assert(is_open(taken));
	fd_close(&taken);
	ck_assert_int_eq(taken, -1);
}
END_TEST

START_TEST(closing_none_disturbs_nothing)
{
	int none = -1;

	errno = E2BIG;
	fd_close(&none);
	ck_assert_int_eq(errno, E2BIG);
	ck_assert(is_open(0));
}
END_TEST

START_TEST(a_file_is_read_whole_or_cut)
{
	char path[] = "/tmp/clusterd-fd-XXXXXX";
	char text[8] = "xxxxxxx";
	CLOSE_FD int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "0123456789", 10), 10);
	ck_assert_int_eq(fd_read_text(path, text, 5), 4);
	ck_assert_mem_eq(text, "0123\0xx", 8);
	ck_assert_int_eq(ftruncate(fd, 3), 0);
	ck_assert_int_eq(fd_read_text(path, text, sizeof(text)), 3);
	ck_assert_str_eq(text, "012");
	(void)unlink(path);
	ck_assert_int_eq(fd_read_text(path, text, sizeof(text)), -ENOENT);
	ck_assert_str_eq(text, "012");
}
END_TEST

static Suite *suite_of_fd(void)
{
	Suite *suite = suite_create("fd");
	TCase *tcase = tcase_create("owner");

	unit_watch_fds(tcase);
	tcase_add_test(tcase, a_scope_closes_its_descriptor);
	tcase_add_test(tcase, what_is_taken_outlives_the_scope);
	tcase_add_test(tcase, closing_none_disturbs_nothing);
	tcase_add_test(tcase, a_file_is_read_whole_or_cut);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_fd)
