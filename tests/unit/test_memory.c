/*
 * test_memory.c - two halves in a memfd: what one supervisor wrote, the next one reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "supervisor/memory.h"
#include "tests/unit/unit.h"

static struct memory memory;
static struct arena arena;
static struct state state;
static struct fault fault;

static void begin(void)
{
	arena = (struct arena){0};
	ck_assert_int_eq(memory_open(&memory, MEMORY_LEAST, &fault), 0);
}

static void end(void)
{
	arena_free(&arena);
	memory_close(&memory);
}

static const struct state_key key = {LAYOUT_ORIGIN, 0, 9};

static unsigned read_by_another(void)
{
	struct memory other;
	int fd = fcntl(memory.fd, F_DUPFD_CLOEXEC, 3);

	ck_assert_int_eq(memory_take(&other, fd, &fault), 0);
	ck_assert_int_eq(
		state_read(&state, other.image, other.half_bytes, &arena, &fault), 0);
	memory_close(&other);
	return state.entries;
}

START_TEST(another_one_reads_what_was_added)
{
	ck_assert_uint_eq(read_by_another(), 0);
	ck_assert_int_eq(memory_add(&memory, key, "", 0), 0);
	ck_assert_uint_eq(read_by_another(), 1);
	ck_assert_int_eq(memory_add(&memory, key, NULL, 0), 0);
	ck_assert_uint_eq(read_by_another(), 0);
}
END_TEST

START_TEST(a_half_that_is_written_anew_counts_once_it_is_whole)
{
	ck_assert_int_eq(memory_add(&memory, key, "", 0), 0);
	memory_begin(&memory);
	ck_assert_uint_eq(read_by_another(), 1);
	memory_commit(&memory);
	ck_assert_uint_eq(read_by_another(), 0);
	ck_assert_int_eq(memory_add(&memory, key, "", 0), 0);
	memory_begin(&memory);
	memory_commit(&memory);
	ck_assert_uint_eq(read_by_another(), 0);
}
END_TEST

START_TEST(nobody_can_cut_it_short)
{
	ck_assert_int_eq(ftruncate(memory.fd, 0), -1);
	ck_assert_int_eq(ftruncate(memory.fd, 1 << 24), -1);
}
END_TEST

START_TEST(what_is_no_memory_is_refused)
{
	struct memory other;
	int fd = memfd_create("other", MFD_CLOEXEC);

	ck_assert_int_eq(memory_take(&other, fd, &fault), -EBADMSG);
	memory.map[0] ^= 1;
	fd = fcntl(memory.fd, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_eq(memory_take(&other, fd, &fault), -EBADMSG);
}
END_TEST

static Suite *suite_of_memory(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, another_one_reads_what_was_added);
	tcase_add_test(tcase, a_half_that_is_written_anew_counts_once_it_is_whole);
	tcase_add_test(tcase, nobody_can_cut_it_short);
	tcase_add_test(tcase, what_is_no_memory_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_memory)
