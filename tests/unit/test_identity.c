/*
 * test_identity.c - who a name or a number is: against the databases of this machine, of
 * which only root is known to be in them.
 */
#include "supervisor/identity.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

/* wraps: getgrouplist geteuid */

#define UNKNOWN "3999999999" /* no machine has so many */

static int crowd = 1; /* how many groups root is said to have */
static uid_t euid;

int __wrap_getgrouplist(const char *name, gid_t own, gid_t *group, int *count);
int __wrap_getgrouplist(const char *name, gid_t own, gid_t *group, int *count)
{
	int room = *count;

	ck_assert_str_eq(name, "root");
	*count = crowd;
	if (room < crowd)
		return -1;
	for (int i = 0; i < crowd; i++)
		group[i] = own + (gid_t)i;
	return crowd;
}

uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return euid;
}

static struct arena arena;
static struct identity identity;
static struct fault fault;

static int resolve(const char *user, const char *group)
{
	arena_free(&arena);
	return identity_resolve(&identity, &arena, user, group, &fault);
}

static const char *const names_of_root[] = {"root", "0", NULL};

START_TEST(root_is_known_by_name_by_number_and_as_ourselves)
{
	ck_assert_int_eq(resolve(names_of_root[_i], NULL), 0);
	ck_assert_uint_eq(identity.uid, 0);
	ck_assert_uint_eq(identity.gid, 0);
	ck_assert_str_eq(identity.name, "root");
	ck_assert_int_eq(identity.home[0], '/');
	ck_assert_int_eq(identity.shell[0], '/');
	ck_assert_uint_eq(identity.groups, 1);
	ck_assert_uint_eq(identity.group[0], 0);
}
END_TEST

START_TEST(another_group_takes_the_place_of_its_own)
{
	crowd = 3;
	ck_assert_int_eq(resolve("root", "4711"), 0);
	ck_assert_uint_eq(identity.gid, 4711);
	ck_assert_uint_eq(identity.groups, 3);
	ck_assert_uint_eq(identity.group[2], 4713);
}
END_TEST

START_TEST(who_is_in_many_groups_is_in_all_of_them)
{
	crowd = 1000;
	ck_assert_int_eq(resolve("root", NULL), 0);
	ck_assert_uint_eq(identity.groups, 1000);
	ck_assert_uint_eq(identity.group[999], 999);
}
END_TEST

START_TEST(a_number_without_an_entry_needs_a_group)
{
	ck_assert_int_eq(resolve(UNKNOWN, NULL), -ENOENT);
	ck_assert_str_eq(fault.text, "user " UNKNOWN " has no entry in the user "
				     "database: set group, too");
	ck_assert_int_eq(resolve(UNKNOWN, "12"), 0);
	ck_assert_uint_eq(identity.uid, 3999999999);
	ck_assert_uint_eq(identity.gid, 12);
	ck_assert_uint_eq(identity.groups, 1);
	ck_assert_uint_eq(identity.group[0], 12);
	ck_assert_str_eq(identity.name, UNKNOWN);
	ck_assert_str_eq(identity.home, "/");
	ck_assert_str_eq(identity.shell, "/bin/sh");
}
END_TEST

START_TEST(we_may_have_no_entry_ourselves)
{
	euid = 3999999999;
	ck_assert_int_eq(resolve(NULL, NULL), -ENOENT);
	ck_assert_int_eq(resolve(NULL, "12"), 0);
	ck_assert_uint_eq(identity.uid, 3999999999);
}
END_TEST

START_TEST(nobody_is_found_who_is_not_there)
{
	uid_t uid = 7;
	gid_t gid = 7;

	ck_assert_int_eq(identity_find_user("no such user", &uid), -ENOENT);
	ck_assert_int_eq(identity_find_group("no such group", &gid), -ENOENT);
	ck_assert_int_eq(identity_find_user("4294967295", &uid), -ENOENT);
	ck_assert_int_eq(identity_find_group("4294967295", &gid), -ENOENT);
	ck_assert_uint_eq(uid + gid, 14);
	ck_assert_int_eq(resolve("root", "no such group"), -ENOENT);
	ck_assert_str_eq(fault.text, "group no such group: No such file or directory");
	ck_assert_int_eq(resolve("no such user", "0"), -ENOENT);
}
END_TEST

static Suite *suite_of_identity(void)
{
	Suite *suite = suite_create("identity");
	TCase *tcase = tcase_create("who");

	tcase_add_loop_test(tcase, root_is_known_by_name_by_number_and_as_ourselves, 0,
			    ARRAY_COUNT(names_of_root));
	tcase_add_test(tcase, another_group_takes_the_place_of_its_own);
	tcase_add_test(tcase, who_is_in_many_groups_is_in_all_of_them);
	tcase_add_test(tcase, a_number_without_an_entry_needs_a_group);
	tcase_add_test(tcase, we_may_have_no_entry_ourselves);
	tcase_add_test(tcase, nobody_is_found_who_is_not_there);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_identity)
