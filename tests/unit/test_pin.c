/*
 * test_pin.c - a file is remembered as it was, and held where that is of use.
 */
#include "supervisor/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/test_pin.XXXXXX";
static char path[64], other[64], name_of_link[64];
static struct arena arena;
static struct fault fault;
static struct pin pin;

static void write_file(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	(void)snprintf(name_of_link, sizeof(name_of_link), "%s/link", folder);
	pin = PIN_NONE;
}

static void tear_down(void)
{
	pin_drop(&pin);
	arena_free(&arena);
	(void)unlink(path);
	(void)unlink(other);
	(void)unlink(name_of_link);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void pin_text(const char *text)
{
	write_file(path, text);
	ck_assert_int_eq(pin_file(&pin, &arena, path, &fault), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_SAME);
}

#define ELF    "\177ELF and so on"
#define SCRIPT "#!/bin/sh\n"

START_TEST(a_path_is_resolved_through_links)
{
	char real[64];

	write_file(path, SCRIPT);
	ck_assert_int_eq(symlink("file", name_of_link), 0);
	ck_assert_int_eq(pin_file(&pin, &arena, name_of_link, &fault), 0);
	(void)snprintf(real, sizeof(real), "%s/file", folder);
	ck_assert_str_eq(pin.path, real);
	ck_assert_int_eq(unlink(name_of_link), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_SAME);
}
END_TEST

START_TEST(only_an_elf_program_is_held_open)
{
	pin_text(SCRIPT);
	ck_assert_int_eq(pin.fd, -1);
	pin_text("\177EL");
	ck_assert_int_eq(pin.fd, -1);
	pin_text(ELF);
	ck_assert_int_ne(pin.fd, -1);
	ck_assert_int_eq(fcntl(pin.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(pin_descriptor(&pin), -1);
}
END_TEST

START_TEST(what_may_not_be_read_is_no_script)
{
	if (geteuid() == 0)
		UNIT_SKIP("root reads everything");
	write_file(path, SCRIPT);
	ck_assert_int_eq(chmod(path, 0111), 0);
	ck_assert_int_eq(pin_file(&pin, &arena, path, &fault), 0);
	ck_assert_int_ne(pin.fd, -1);
}
END_TEST

START_TEST(a_program_that_was_replaced_is_executed_by_descriptor)
{
	pin_text(ELF);
	write_file(other, ELF);
	ck_assert_int_eq(rename(other, path), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_REPLACED);
	ck_assert_int_eq(pin_descriptor(&pin), pin.fd);
}
END_TEST

START_TEST(so_is_one_that_is_gone)
{
	pin_text(ELF);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_GONE);
	ck_assert_int_eq(pin_descriptor(&pin), pin.fd);
}
END_TEST

START_TEST(one_that_is_back_is_executed_by_its_path)
{
	pin_text(ELF);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_GONE);
	ck_assert_int_eq(rename(other, path), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_SAME);
	ck_assert_int_eq(pin_descriptor(&pin), -1);
}
END_TEST

START_TEST(what_was_written_to_has_changed)
{
	pin_text(_i == 0 ? ELF : SCRIPT);
	write_file(path, "\177ELF and so forth");
	ck_assert_int_eq(pin_look(&pin), PIN_CHANGED);
	ck_assert_int_eq(pin_descriptor(&pin), -1);
}
END_TEST

START_TEST(a_change_of_the_time_alone_is_one)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	pin_text(SCRIPT);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_CHANGED);
}
END_TEST

START_TEST(what_was_written_to_and_then_replaced_has_changed)
{
	pin_text(ELF);
	write_file(path, "\177ELF and so forth");
	write_file(other, ELF);
	ck_assert_int_eq(rename(other, path), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_CHANGED);
	ck_assert_int_eq(pin_descriptor(&pin), pin.fd);
}
END_TEST

START_TEST(a_script_that_was_replaced_has_no_descriptor)
{
	pin_text(SCRIPT);
	write_file(other, SCRIPT);
	ck_assert_int_eq(rename(other, path), 0);
	ck_assert_int_eq(pin_look(&pin), PIN_REPLACED);
	ck_assert_int_eq(pin_descriptor(&pin), -1);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(pin_file(&pin, &arena, folder, &fault), -EACCES);
	ck_assert_int_eq(pin_file(&pin, &arena, path, &fault), -ENOENT);
	ck_assert_msg(strstr(fault.text, path), "%s", fault.text);
	ck_assert_int_eq(mkfifo(path, 0700), 0); /* to open it would be to wait */
	ck_assert_int_eq(pin_file(&pin, &arena, path, &fault), -EACCES);
	ck_assert_ptr_null(pin.path);
}
END_TEST

static Suite *suite_of_pin(void)
{
	Suite *suite = suite_create("pin");
	TCase *all = tcase_create("pin");

	tcase_add_checked_fixture(all, set_up, NULL);
	unit_watch_fds(all);
	tcase_add_checked_fixture(all, NULL, tear_down);
	tcase_add_test(all, a_path_is_resolved_through_links);
	tcase_add_test(all, only_an_elf_program_is_held_open);
	tcase_add_test(all, what_may_not_be_read_is_no_script);
	tcase_add_test(all, a_program_that_was_replaced_is_executed_by_descriptor);
	tcase_add_test(all, so_is_one_that_is_gone);
	tcase_add_test(all, one_that_is_back_is_executed_by_its_path);
	tcase_add_loop_test(all, what_was_written_to_has_changed, 0, 2);
	tcase_add_test(all, a_change_of_the_time_alone_is_one);
	tcase_add_test(all, what_was_written_to_and_then_replaced_has_changed);
	tcase_add_test(all, a_script_that_was_replaced_has_no_descriptor);
	tcase_add_test(all, what_is_no_file_is_refused);
	suite_add_tcase(suite, all);
	return suite;
}

UNIT_MAIN(suite_of_pin)
