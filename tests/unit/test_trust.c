/*
 * test_trust.c - what root is to read must have been written by root.
 *
 * All files are made out to be root's, but for one owner that each test chooses; modes
 * are real.
 */
#include "supervisor/trust.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

/* wraps: geteuid stat fstat */

static uid_t euid;
static char top[] = "/tmp/test_trust.XXXXXX";
static char inner[64], file[128];
static const char *foreign; /* a path that belongs to user 4711 */

uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return euid;
}

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status)
{
	int code = __real_stat(path, status);

	status->st_uid = foreign && strcmp(path, foreign) == 0 ? 4711 : 0;
	return code;
}

int __real_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status)
{
	int code = __real_fstat(fd, status);

	status->st_uid = foreign && strcmp(file, foreign) == 0 ? 4711 : 0;
	return code;
}

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(inner, sizeof(inner), "%s/conf.d", top);
	(void)snprintf(file, sizeof(file), "%s/web.conf", inner);
	ck_assert_int_eq(mkdir(inner, 0755), 0);
	CLOSE_FD int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(chmod(top, 0755) + chmod(inner, 0755) + chmod(file, 0644), 0);
}

static void end(void)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(rmdir(inner), 0);
	ck_assert_int_eq(rmdir(top), 0);
}

static struct fault fault;

static int trust(const char *path)
{
	CLOSE_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return trust_file(fd, &fault);
}

START_TEST(a_file_of_root_below_directories_of_root_is_trusted)
{
	ck_assert_msg(trust(file) == 0, "%s", fault.text);
}
END_TEST

static const struct {
	const char *path; /* of three */
	mode_t mode;
	const char *text; /* NULL: trusted */
} modes[] = {
	{file, 0600, NULL},
	{file, 0664, "may be written by its group (mode 0664): chmod go-w "},
	{file, 0646, "may be written by everybody (mode 0646): chmod go-w "},
	{inner, 0775, "may be written by its group (mode 0775): chmod go-w "},
	{inner, 0757, "may be written by everybody (mode 0757): chmod go-w "},
	{inner, 01777, NULL},
	{top, 0777, "may be written by everybody (mode 0777): chmod go-w "},
	{top, 0700, NULL},
	{top, 01775, NULL},
};

START_TEST(whoever_may_write_it_or_put_another_in_its_place_is_told)
{
	const char *path = modes[_i].path;

	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	if (modes[_i].text == NULL) {
		ck_assert_msg(trust(file) == 0, "%s", fault.text);
		return;
	}
	ck_assert_int_eq(trust(file), -EPERM);
	ck_assert_ptr_nonnull(strstr(fault.text, modes[_i].text));
	ck_assert_str_eq(fault.text + strlen(fault.text) - strlen(path), path);
}
END_TEST

static const char *const owned[] = {file, inner, top, "/tmp", "/"};

START_TEST(what_is_another_users_is_told)
{
	char wanted[256];

	foreign = owned[_i];
	ck_assert_int_eq(trust(file), -EPERM);
	(void)snprintf(wanted, sizeof(wanted),
		       "not trusted: %s belongs to user 4711; what root is to run must "
		       "be root's",
		       foreign);
	ck_assert_str_eq(fault.text, wanted);
}
END_TEST

START_TEST(a_link_is_followed_to_what_is_read)
{
	char link[128];

	(void)snprintf(link, sizeof(link), "%s/link", top);
	ck_assert_int_eq(symlink(file, link), 0);
	ck_assert_int_eq(trust(link), 0);
	ck_assert_int_eq(chmod(inner, 0777), 0);
	ck_assert_int_eq(trust(link), -EPERM);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(who_is_not_root_trusts_all)
{
	euid = 4711;
	foreign = file;
	ck_assert_int_eq(chmod(file, 0666), 0);
	ck_assert_int_eq(trust(file), 0);
}
END_TEST

static Suite *suite_of_trust(void)
{
	Suite *suite = suite_create("trust");
	TCase *tcase = tcase_create("files");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_file_of_root_below_directories_of_root_is_trusted);
	tcase_add_loop_test(tcase,
			    whoever_may_write_it_or_put_another_in_its_place_is_told, 0,
			    ARRAY_COUNT(modes));
	tcase_add_loop_test(tcase, what_is_another_users_is_told, 0, ARRAY_COUNT(owned));
	tcase_add_test(tcase, a_link_is_followed_to_what_is_read);
	tcase_add_test(tcase, who_is_not_root_trusts_all);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_trust)
