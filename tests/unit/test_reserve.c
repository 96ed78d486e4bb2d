/*
 * test_reserve.c - what is kept is given back and kept again.
 */
#include "supervisor/reserve.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>

/* wraps: open */

static bool open_fails;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	errno = EMFILE;
	return open_fails ? -1 : __real_open(path, flags);
}

START_TEST(each_is_spent_once_and_the_last_is_known)
{
	struct reserve reserve = {0};
	int before = unit_count_fds();

	reserve_fill(&reserve);
	ck_assert_int_eq(unit_count_fds(), before + RESERVES);
	reserve_fill(&reserve);
	ck_assert_int_eq(unit_count_fds(), before + RESERVES);
	for (int left = RESERVES - 1; left >= 0; left--) {
		ck_assert_int_eq(reserve_spend(&reserve), left);
		ck_assert_int_eq(unit_count_fds(), before + left);
	}
	ck_assert_int_eq(reserve_spend(&reserve), -1);
}
END_TEST

START_TEST(what_cannot_be_had_now_is_had_later)
{
	struct reserve reserve = {0};

	open_fails = true;
	reserve_fill(&reserve);
	ck_assert_int_eq(reserve_spend(&reserve), -1);
	open_fails = false;
	reserve_fill(&reserve);
	ck_assert_uint_eq(reserve.kept, RESERVES);
	reserve_close(&reserve);
	ck_assert_uint_eq(reserve.kept, 0);
	reserve_close(&reserve);
}
END_TEST

static Suite *suite_of_reserve(void)
{
	Suite *suite = suite_create("reserve");
	TCase *tcase = tcase_create("descriptors");

	unit_watch_fds(tcase);
	tcase_add_test(tcase, each_is_spent_once_and_the_last_is_known);
	tcase_add_test(tcase, what_cannot_be_had_now_is_had_later);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_reserve)
