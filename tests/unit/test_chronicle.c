/* wraps: malloc */
#include "supervisor/chronicle.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct chronicle chronicle;
static bool no_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

static void begin(void)
{
	chronicle = (struct chronicle){0};
	no_memory = false;
}

static void end(void)
{
	chronicle_free(&chronicle);
}

static void add(const char *app, pid_t pid)
{
	chronicle_add(&chronicle, &(struct happening){.app = app, .pid = pid});
}

START_TEST(a_new_chronicle_knows_nothing)
{
	ck_assert_ptr_null(chronicle_find(&chronicle, 0));
	ck_assert_uint_eq(chronicle.next, 0);
}
END_TEST

START_TEST(what_happened_is_found_by_its_number)
{
	add("a", 10);
	add("b", 11);
	ck_assert_int_eq(chronicle_find(&chronicle, 0)->pid, 10);
	ck_assert_int_eq(chronicle_find(&chronicle, 1)->pid, 11);
	ck_assert_uint_eq(chronicle_find(&chronicle, 1)->number, 1);
	ck_assert_ptr_null(chronicle_find(&chronicle, 2));
}
END_TEST

START_TEST(texts_are_copied)
{
	char app[] = "web", reason[] = "why";
	const struct happening *kept;

	chronicle_add(&chronicle, &(struct happening){.app = app, .reason = reason});
	memset(app, 'x', sizeof(app));
	memset(reason, 'x', sizeof(reason));
	kept = chronicle_find(&chronicle, 0);
	ck_assert_str_eq(kept->app, "web");
	ck_assert_str_eq(kept->reason, "why");
}
END_TEST

START_TEST(what_is_not_told_stays_untold)
{
	add(NULL, 1);
	ck_assert_ptr_null(chronicle_find(&chronicle, 0)->app);
	ck_assert_ptr_null(chronicle_find(&chronicle, 0)->reason);
}
END_TEST

START_TEST(the_oldest_give_way)
{
	for (int i = 0; i < CHRONICLE_KEPT + 10; i++)
		add("web", i);
	ck_assert_uint_eq(chronicle_find(&chronicle, 0)->number, 10);
	ck_assert_int_eq(chronicle_find(&chronicle, 0)->pid, 10);
	ck_assert_int_eq(chronicle_find(&chronicle, CHRONICLE_KEPT + 9)->pid,
			 CHRONICLE_KEPT + 9);
	ck_assert_ptr_null(chronicle_find(&chronicle, CHRONICLE_KEPT + 10));
}
END_TEST

START_TEST(without_memory_there_is_a_gap)
{
	add("a", 1);
	no_memory = true;
	add("b", 2);
	no_memory = false;
	add("c", 3);
	ck_assert_int_eq(chronicle_find(&chronicle, 1)->pid, 3);
	ck_assert_uint_eq(chronicle_find(&chronicle, 1)->number, 2);
}
END_TEST

static Suite *suite_of_chronicle(void)
{
	Suite *suite = suite_create("chronicle");
	TCase *tcase = tcase_create("chronicle");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_new_chronicle_knows_nothing);
	tcase_add_test(tcase, what_happened_is_found_by_its_number);
	tcase_add_test(tcase, texts_are_copied);
	tcase_add_test(tcase, what_is_not_told_stays_untold);
	tcase_add_test(tcase, the_oldest_give_way);
	tcase_add_test(tcase, without_memory_there_is_a_gap);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_chronicle)
