#include "common/fault.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

START_TEST(a_fault_says_and_fails_in_one)
{
	struct fault fault = {0};

	ck_assert_int_eq(fault_set(&fault, -ENOENT, "%s: gone", "web.env"), -ENOENT);
	ck_assert_str_eq(fault.text, "web.env: gone");
}
END_TEST

START_TEST(nobody_has_to_listen)
{
	ck_assert_int_eq(fault_set(NULL, -EINVAL, "unheard"), -EINVAL);
}
END_TEST

START_TEST(a_long_reason_is_cut_and_ended)
{
	struct fault fault;
	char reason[2 * FAULT_SIZE];

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	(void)fault_set(&fault, -1, "%s", reason);
	ck_assert_uint_eq(strlen(fault.text), FAULT_SIZE - 1);
}
END_TEST

START_TEST(faults_beyond_what_is_kept_are_counted)
{
	static struct faults faults;

	for (unsigned i = 0; i < FAULTS_KEPT + 3; i++)
		fault_add(&faults, "fault %u", i);
	ck_assert_uint_eq(faults.count, FAULTS_KEPT + 3);
	ck_assert_str_eq(faults.list[0].text, "fault 0");
	ck_assert_str_eq(faults.list[FAULTS_KEPT - 1].text, "fault 63");
}
END_TEST

static Suite *suite_of_fault(void)
{
	Suite *suite = suite_create("fault");
	TCase *tcase = tcase_create("fault");

	tcase_add_test(tcase, a_fault_says_and_fails_in_one);
	tcase_add_test(tcase, nobody_has_to_listen);
	tcase_add_test(tcase, a_long_reason_is_cut_and_ended);
	tcase_add_test(tcase, faults_beyond_what_is_kept_are_counted);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_fault)
