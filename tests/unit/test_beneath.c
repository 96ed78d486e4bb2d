#include "worker/http/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* wraps: syscall */

static int refused; /* with this errno openat2 fails; 0: it works */

long __real_syscall(long number, long root, const char *path, void *how, size_t size);
long __wrap_syscall(long number, long root, const char *path, void *how, size_t size);

long __wrap_syscall(long number, long root, const char *path, void *how, size_t size)
{
	if (number == SYS_openat2 && refused != 0) {
		errno = refused;
		return -1;
	}
	return __real_syscall(number, root, path, how, size);
}

/* A place with a secret, and in it a root whose links lead here and there. */
static char place[] = "/tmp/test-beneath-XXXXXX";
static struct beneath beneath;

static void write_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, name, strlen(name)), (ssize_t)strlen(name));
	close(fd);
}

static void make_place(void)
{
	ck_assert_ptr_nonnull(mkdtemp(place));
	ck_assert_int_eq(chdir(place), 0);
	write_file("secret");
	ck_assert_int_eq(mkdir("root", 0700), 0);
	ck_assert_int_eq(mkdir("root/docs", 0700), 0);
	write_file("root/a");
	write_file("root/docs/b");
	ck_assert_int_eq(symlink("docs/b", "root/within"), 0);
	ck_assert_int_eq(symlink("docs", "root/folder"), 0);
	ck_assert_int_eq(symlink("../secret", "root/out"), 0);
	ck_assert_int_eq(symlink("..", "root/up"), 0);
	ck_assert_int_eq(symlink("/", "root/top"), 0);
	ck_assert_int_eq(symlink("circle", "root/circle"), 0);
	ck_assert_int_eq(mkfifo("root/fifo", 0600), 0);
}

static void remove_place(void)
{
	static const char *const names[] = {
		"root/fifo",   "root/circle", "root/top",    "root/up", "root/out",
		"root/folder", "root/within", "root/docs/b", "root/a",  "secret"};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		ck_assert_int_eq(unlink(names[i]), 0);
	ck_assert_int_eq(rmdir("root/docs"), 0);
	ck_assert_int_eq(rmdir("root"), 0);
	ck_assert_int_eq(rmdir(place), 0);
}

/* 0, or why it cannot be opened. */
static int try(const char *path)
{
	int fd = beneath_open(&beneath, path);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static const int refusals[] = {0, ENOSYS, EPERM};

START_TEST(what_is_below_is_opened)
{
	refused = refusals[_i];
	make_place();
	ck_assert_int_eq(beneath_init(&beneath, "root"), 0);
	ck_assert_int_eq(beneath.walks, refused != 0);
	ck_assert_int_eq(try(""), 0);
	ck_assert_int_eq(try("a"), 0);
	ck_assert_int_eq(try("docs"), 0);
	ck_assert_int_eq(try("docs/"), 0);
	ck_assert_int_eq(try("docs//b"), 0);
	ck_assert_int_eq(try("none"), -ENOENT);
	ck_assert_int_eq(try("docs/none"), -ENOENT);
	ck_assert_int_eq(try("a/b"), -ENOTDIR);
	ck_assert_int_eq(try("a/"), -ENOTDIR);
	beneath_fini(&beneath);
	remove_place();
}
END_TEST

START_TEST(nothing_else_is)
{
	static const char *const outside[] = {
		"..",        "../secret", "docs/../../secret", "/etc/passwd", "out",
		"up/secret", "top",       "top/etc/passwd",    "circle",
	};

	refused = refusals[_i];
	make_place();
	ck_assert_int_eq(beneath_init(&beneath, "root"), 0);
	for (size_t i = 0; i < ARRAY_COUNT(outside); i++)
		ck_assert_msg(try(outside[i]) < 0, "%s leads out", outside[i]);
	beneath_fini(&beneath);
	remove_place();
}
END_TEST

START_TEST(links_within_are_followed_where_the_kernel_watches)
{
	refused = refusals[_i];
	make_place();
	ck_assert_int_eq(beneath_init(&beneath, "root"), 0);
	ck_assert_int_eq(try("within"), refused == 0 ? 0 : -ELOOP);
	ck_assert_int_eq(try("folder/b") == 0, refused == 0);
	beneath_fini(&beneath);
	remove_place();
}
END_TEST

START_TEST(a_name_too_long_is_called_so)
{
	char name[400];

	refused = refusals[_i];
	make_place();
	ck_assert_int_eq(beneath_init(&beneath, "root"), 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(try(name), -ENAMETOOLONG);
	beneath_fini(&beneath);
	remove_place();
}
END_TEST

START_TEST(a_fifo_does_not_wait_for_its_writer)
{
	alarm(5); /* the failure is to wait for ever */
	refused = refusals[_i];
	make_place();
	ck_assert_int_eq(beneath_init(&beneath, "root"), 0);
	ck_assert_int_eq(try("fifo"), 0);
	beneath_fini(&beneath);
	remove_place();
}
END_TEST

START_TEST(a_root_must_be_a_folder)
{
	make_place();
	ck_assert_int_eq(beneath_init(&beneath, "secret"), -ENOTDIR);
	ck_assert_int_eq(beneath_init(&beneath, "none"), -ENOENT);
	remove_place();
}
END_TEST

static Suite *suite_of_beneath(void)
{
	Suite *suite = suite_create("beneath");
	TCase *tcase = tcase_create("all");

	unit_watch_fds(tcase);
	tcase_add_loop_test(tcase, what_is_below_is_opened, 0, ARRAY_COUNT(refusals));
	tcase_add_loop_test(tcase, nothing_else_is, 0, ARRAY_COUNT(refusals));
	tcase_add_loop_test(tcase, links_within_are_followed_where_the_kernel_watches, 0,
			    ARRAY_COUNT(refusals));
	tcase_add_loop_test(tcase, a_name_too_long_is_called_so, 0,
			    ARRAY_COUNT(refusals));
	tcase_add_loop_test(tcase, a_fifo_does_not_wait_for_its_writer, 0,
			    ARRAY_COUNT(refusals));
	tcase_add_test(tcase, a_root_must_be_a_folder);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_beneath)
