/*
 * test_state.c - what the supervisor must not forget is what is read again, or nothing.
 */
#include <errno.h>
#include <string.h>

#include "supervisor/estate.h"
#include "supervisor/state.h"
#include "tests/unit/unit.h"

#define ROOM   65536
#define GOLDEN "tests/fuzz/corpus/state/version-%d"

static _Alignas(8) uint8_t image[ROOM];
static struct arena arena;
static struct state state;
static struct fault fault;

static void begin(void)
{
	memset(image, 0, sizeof(image));
	state_begin(image, STATE_VERSION);
	arena = (struct arena){0};
}

static void end(void)
{
	arena_free(&arena);
}

static void add(enum layout_kind kind, uint32_t app, uint32_t number, const void *from)
{
	struct buffer bytes;

	buffer_init(&bytes, ROOM);
	record_encode(&bytes, layout_find(kind)->row, from, STATE_VERSION);
	ck_assert_int_eq(state_add(image, sizeof(image),
				   (struct state_key){kind, app, number},
				   bytes.count > 0 ? bytes.bytes : "", bytes.count),
			 0);
	buffer_free(&bytes);
}

static struct slot slot_of(uint32_t generation)
{
	struct slot slot = {.seat[1] = {.phase = WORKER_SERVING,
					.generation = generation,
					.deadline = MSEC_NEVER,
					.beat = MSEC_NEVER,
					.served = 17}};

	return slot;
}

/* One of each kind, as small as it can be. */
static void add_some(void)
{
	static struct app app;
	struct slot slot = slot_of(3);
	static struct holding holding = {
		.number = 2, .text = "127.0.0.1:0", .listener = {.slots = 2}};
	static struct app_spec spec = {.name = "web"};
	static char here[] = "/";
	static struct generation generation = {
		.number = 3, .spec = &spec, .directory_path = here};
	static struct place place = {.spawns = 5, .seat[1].process.pid = 4711};

	holding.listener.group.members = 1;
	holding.listener.group.member[0] = (struct group_member){4242, -1};
	(void)strcpy(app.name, "web");
	app.core.want.count = app.core.slots = 2;
	add(LAYOUT_APP, 1, 0, &app);
	add(LAYOUT_HOLDING, 1, 2, &holding);
	add(LAYOUT_GENERATION, 1, 3, &generation);
	add(LAYOUT_SLOT, 1, 0, &slot);
	add(LAYOUT_PLACE, 1, 0, &place);
}

static int read_again(void)
{
	return state_read(&state, image, sizeof(image), &arena, &fault);
}

START_TEST(an_image_is_read_as_it_was_written)
{
	const struct state_entry *entry;
	struct slot slot = {0}, was = slot_of(3);
	static struct holding holding;
	unsigned count;

	add_some();
	ck_assert_int_eq(read_again(), 0);
	ck_assert_uint_eq(state.entries, 5);
	entry = state_find(&state, LAYOUT_SLOT, 1, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(state_decode(entry, &slot, &arena), 0);
	ck_assert_mem_eq(&slot, &was, sizeof(slot));
	entry = state_find(&state, LAYOUT_HOLDING, 1, &count);
	ck_assert_int_eq(state_decode(entry, &holding, &arena), 0);
	ck_assert_int_eq(holding.listener.group.member[0].number, -1);
	ck_assert_int_eq(state_check(&state, &fault), 0);
}
END_TEST

START_TEST(a_later_entry_takes_the_place_of_an_earlier_one)
{
	struct slot one = slot_of(1), other = slot_of(2), read = {0};
	unsigned count;

	add_some();
	add(LAYOUT_SLOT, 1, 7, &one);
	add(LAYOUT_SLOT, 1, 7, &other);
	ck_assert_int_eq(read_again(), 0);
	const struct state_entry *entry = state_find(&state, LAYOUT_SLOT, 1, &count);

	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(state_decode(&entry[1], &read, &arena), 0);
	ck_assert_uint_eq(read.seat[1].generation, 2);
}
END_TEST

START_TEST(what_is_forgotten_is_not_there)
{
	unsigned count;

	add_some();
	(void)state_forget(image, sizeof(image),
			   (struct state_key){LAYOUT_HOLDING, 1, 2});
	ck_assert_int_eq(read_again(), 0);
	ck_assert_ptr_null(state_find(&state, LAYOUT_HOLDING, 1, &count));
	ck_assert_ptr_nonnull(state_find(&state, LAYOUT_PLACE, 1, &count));
}
END_TEST

START_TEST(an_app_is_forgotten_with_all_that_is_of_it)
{
	add_some();
	(void)state_forget(image, sizeof(image), (struct state_key){LAYOUT_APP, 1, 0});
	ck_assert_int_eq(read_again(), 0);
	ck_assert_uint_eq(state.entries, 0);
}
END_TEST

START_TEST(a_full_image_takes_nothing_more_and_stays_whole)
{
	struct state_key key = {LAYOUT_SLOT, 1, 0};
	static const uint8_t bytes[1000];
	unsigned count = 0;

	while (state_add(image, sizeof(image), key, bytes, sizeof(bytes)) == 0)
		count++;
	ck_assert_uint_gt(count, 60);
	ck_assert_uint_le(state_used(image), sizeof(image));
	ck_assert_int_eq(read_again(), 0);
}
END_TEST

START_TEST(every_flipped_byte_is_found)
{
	size_t used;

	add_some();
	used = state_used(image);
	for (size_t i = 0; i < used; i++) {
		image[i] ^= 0x41;
		ck_assert_msg(read_again() == -EBADMSG, "byte %zu of %zu", i, used);
		image[i] ^= 0x41;
	}
	ck_assert_int_eq(read_again(), 0);
}
END_TEST

START_TEST(every_truncation_is_found)
{
	add_some();
	for (size_t size = state_used(image); size-- > 0;)
		ck_assert_int_eq(state_read(&state, image, size, &arena, &fault),
				 -EBADMSG);
}
END_TEST

START_TEST(a_version_that_is_too_far_away_is_refused)
{
	state_begin(image, STATE_VERSION + 2);
	ck_assert_int_eq(read_again(), -EBADMSG);
	state_begin(image, STATE_VERSION + 1);
	ck_assert_int_eq(read_again(), 0);
}
END_TEST

/* Kept as each version wrote it; STATE_GOLDEN=1 writes that of today. */
START_TEST(images_of_all_versions_are_understood)
{
	char path[64];
	FILE *file;
	unsigned count;
	size_t got;

	(void)snprintf(path, sizeof(path), GOLDEN, _i);
	if (getenv("STATE_GOLDEN") != NULL && _i == STATE_VERSION) {
		add_some();
		file = fopen(path, "we");
		ck_assert_ptr_nonnull(file);
		ck_assert_uint_eq(fwrite(image, state_used(image), 1, file), 1);
		ck_assert_int_eq(fclose(file), 0);
	}
	memset(image, 0, sizeof(image));
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "%s is not there", path);
	got = fread(image, 1, sizeof(image), file);
	(void)fclose(file);
	ck_assert_int_eq(state_read(&state, image, got, &arena, &fault), 0);
	ck_assert_uint_eq(state.version, (unsigned)_i);
	ck_assert_int_eq(state_check(&state, &fault), 0);
	ck_assert_ptr_nonnull(state_find(&state, LAYOUT_APP, 1, &count));
}
END_TEST

static Suite *suite_of_state(void)
{
	Suite *suite = suite_create("state");
	TCase *tcase = tcase_create("state");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, an_image_is_read_as_it_was_written);
	tcase_add_test(tcase, a_later_entry_takes_the_place_of_an_earlier_one);
	tcase_add_test(tcase, what_is_forgotten_is_not_there);
	tcase_add_test(tcase, an_app_is_forgotten_with_all_that_is_of_it);
	tcase_add_test(tcase, a_full_image_takes_nothing_more_and_stays_whole);
	tcase_add_test(tcase, every_flipped_byte_is_found);
	tcase_add_test(tcase, every_truncation_is_found);
	tcase_add_test(tcase, a_version_that_is_too_far_away_is_refused);
	tcase_add_loop_test(tcase, images_of_all_versions_are_understood, 1,
			    STATE_VERSION + 1);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_state)
