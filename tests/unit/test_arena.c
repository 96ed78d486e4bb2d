#include "common/arena.h"
#include "tests/unit/unit.h"

#include <stdint.h>
#include <string.h>

START_TEST(what_is_taken_is_zeroed_and_aligned)
{
	struct arena arena = {0};

	for (size_t size = 1; size < 3000; size += 7) {
		unsigned char *memory = arena_take(&arena, size);

		ck_assert_ptr_nonnull(memory);
		ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(memory[i], 0);
		memset(memory, 0xa5, size);
	}
	arena_free(&arena);
}
END_TEST

START_TEST(texts_keep_their_content_while_the_arena_grows)
{
	struct arena arena = {0};
	char *first = arena_text(&arena, "first");
	char *large = arena_take(&arena, 100000);
	char *printed = arena_print(&arena, "%s-%d", "second", 2);

	memset(large, 'x', 100000);
	ck_assert_str_eq(first, "first");
	ck_assert_str_eq(printed, "second-2");
	arena_free(&arena);
}
END_TEST

START_TEST(an_arena_hands_out_no_more_than_its_ceiling)
{
	struct arena arena = {0};

	ck_assert_ptr_null(arena_take(&arena, ARENA_MOST + 1));
	ck_assert_ptr_null(arena_take(&arena, SIZE_MAX));
	ck_assert_ptr_nonnull(arena_take(&arena, ARENA_MOST / 2));
	ck_assert_ptr_null(arena_take(&arena, ARENA_MOST / 2 + 1));
	ck_assert_ptr_nonnull(arena_take(&arena, ARENA_MOST / 2));
	ck_assert_ptr_null(arena_take(&arena, 1));
	arena_free(&arena);
}
END_TEST

START_TEST(a_freed_arena_can_be_used_and_freed_again)
{
	struct arena arena = {0};

	arena_free(&arena);
	ck_assert_ptr_nonnull(arena_take(&arena, 10));
	arena_free(&arena);
	ck_assert_uint_eq(arena.bytes, 0);
	ck_assert_str_eq(arena_text(&arena, "again"), "again");
	arena_free(&arena);
}
END_TEST

START_TEST(nothing_can_be_taken_too)
{
	struct arena arena = {0};

	ck_assert_ptr_nonnull(arena_take(&arena, 0));
	ck_assert_str_eq(arena_text(&arena, ""), "");
	arena_free(&arena);
}
END_TEST

static Suite *suite_of_arena(void)
{
	Suite *suite = suite_create("arena");
	TCase *tcase = tcase_create("arena");

	tcase_add_test(tcase, what_is_taken_is_zeroed_and_aligned);
	tcase_add_test(tcase, texts_keep_their_content_while_the_arena_grows);
	tcase_add_test(tcase, an_arena_hands_out_no_more_than_its_ceiling);
	tcase_add_test(tcase, a_freed_arena_can_be_used_and_freed_again);
	tcase_add_test(tcase, nothing_can_be_taken_too);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_arena)
