#include "supervisor/group.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct group group;
static uint16_t index_of[GROUP_SOCKETS];

/* Slots 0..count-1 with inodes 100, 101, ... */
static void fill(unsigned count)
{
	memset(&group, 0, sizeof(group));
	for (unsigned slot = 0; slot < count; slot++)
		ck_assert_int_eq(group_join(&group, 100 + slot, (int)slot), 0);
}

static void check_indexes(const uint16_t *wanted, unsigned slots)
{
	group_index(&group, index_of);
	for (unsigned slot = 0; slot < slots; slot++)
		ck_assert_uint_eq(index_of[slot], wanted[slot]);
}

START_TEST(group_counts_in_the_order_of_joining)
{
	fill(3);
	check_indexes((uint16_t[]){0, 1, 2, GROUP_NOBODY}, 4);
}
END_TEST

START_TEST(group_moves_the_last_into_the_place_of_who_leaves)
{
	fill(4);
	group_leave(&group, 101);
	check_indexes((uint16_t[]){0, GROUP_NOBODY, 2, 1}, 4);
	group_leave(&group, 101);
	ck_assert_uint_eq(group.members, 3);
	ck_assert_int_eq(group_join(&group, 101, 1), 0);
	check_indexes((uint16_t[]){0, 3, 2, 1}, 4);
}
END_TEST

START_TEST(group_forgets_the_last_who_leaves)
{
	fill(2);
	group_leave(&group, 101);
	check_indexes((uint16_t[]){0, GROUP_NOBODY}, 2);
	group_leave(&group, 100);
	ck_assert_uint_eq(group.members, 0);
}
END_TEST

START_TEST(group_counts_others_and_does_not_find_them)
{
	uint32_t seen[] = {7, 100, 101, 9};
	uint32_t other = 0;

	fill(2);
	ck_assert_uint_eq(group_foreign(&group, &other), 0);
	ck_assert_int_eq(group_observe(&group, seen, 4), 0);
	ck_assert_uint_eq(group_foreign(&group, &other), 2);
	ck_assert(other == 7 || other == 9);
	ck_assert_int_eq(group_join(&group, 102, 2), 0);
	check_indexes((uint16_t[]){0, 1, 4}, 3);
}
END_TEST

START_TEST(group_follows_others_who_leave)
{
	uint32_t joined[] = {100, 101, 7};
	uint32_t left[] = {100, 101, 102};

	fill(2);
	ck_assert_int_eq(group_observe(&group, joined, 3), 0);
	ck_assert_int_eq(group_join(&group, 102, 2), 0);
	ck_assert_int_eq(group_observe(&group, left, 3), 0);
	check_indexes((uint16_t[]){0, 1, 2}, 3);
	ck_assert_uint_eq(group.members, 3);
}
END_TEST

START_TEST(group_notices_ours_that_no_longer_listen)
{
	uint32_t seen[] = {100, 102};

	fill(4);
	ck_assert_int_eq(group_observe(&group, seen, 2), 0);
	ck_assert_uint_eq(group.members, 2);
	check_indexes((uint16_t[]){0, GROUP_NOBODY, 1, GROUP_NOBODY}, 4);
}
END_TEST

START_TEST(group_that_is_full_says_so)
{
	fill(256);
	for (uint32_t inode = 1000; group.members < GROUP_MEMBERS; inode++)
		ck_assert_int_eq(group_join(&group, inode, GROUP_FOREIGN), 0);
	ck_assert_int_eq(group_join(&group, 5, GROUP_FOREIGN), -ENOBUFS);
	ck_assert_uint_eq(group.members, GROUP_MEMBERS);
}
END_TEST

static Suite *suite_of_group(void)
{
	Suite *suite = suite_create("group");
	TCase *tcase = tcase_create("group");

	tcase_add_test(tcase, group_counts_in_the_order_of_joining);
	tcase_add_test(tcase, group_moves_the_last_into_the_place_of_who_leaves);
	tcase_add_test(tcase, group_forgets_the_last_who_leaves);
	tcase_add_test(tcase, group_counts_others_and_does_not_find_them);
	tcase_add_test(tcase, group_follows_others_who_leave);
	tcase_add_test(tcase, group_notices_ours_that_no_longer_listen);
	tcase_add_test(tcase, group_that_is_full_says_so);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_group)
