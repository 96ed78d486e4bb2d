/*
 * test_adhoc.c - what is said by hand arrives as it was said, by way of a configuration.
 */
#include <string.h>

#include "supervisor/adhoc.h"
#include "supervisor/config.h"
#include "tests/unit/unit.h"

static struct arena arena;
static struct spec spec;
static struct faults faults;

static const char *const nothing[] = {NULL};
static const char *const path[] = {"PATH=/bin", NULL};

/* The smallest there is. */
static const char *const sleeper[] = {"/bin/sleep", "1d", NULL};
static const struct adhoc plain = {.name = "web",
				   .command = sleeper,
				   .directory = "/",
				   .given = nothing,
				   .passed = path,
				   .listen = nothing};

static void end(void)
{
	arena_free(&arena);
}

/* Its text; the test ends before it is freed. */
static const char *text_of(const struct adhoc *adhoc)
{
	static struct buffer buffer;

	buffer_free(&buffer);
	buffer_init(&buffer, (size_t)1 << 20);
	adhoc_format(adhoc, &buffer);
	buffer_append(&buffer, "", 1);
	ck_assert(!buffer.broken);
	return buffer.bytes;
}

static const struct app_spec *read_back(const struct adhoc *adhoc)
{
	int result = config_load_text("start", "/state", text_of(adhoc), &arena, &spec,
				      &faults);

	ck_assert_msg(result == 0, "%s", faults.list[0].text);
	ck_assert_uint_eq(spec.apps, 1);
	return &spec.app[0];
}

START_TEST(every_word_of_a_command_arrives)
{
	static const char *const word[] = {"/opt/two words/server",
					   "",
					   "-x",
					   "--",
					   "\"quoted\"",
					   "back\\slash",
					   "a\nb\tc\r",
					   "\x01\x1f\x7f",
					   "gr\xC3\xBC\xC3\x9F",
					   "# no // comment /* here",
					   "@include",
					   NULL};
	struct adhoc adhoc = plain;
	const struct app_spec *app;

	adhoc.command = word;
	app = read_back(&adhoc);
	for (unsigned i = 0; i < ARRAY_COUNT(word); i++)
		if (word[i] != NULL)
			ck_assert_str_eq(app->command[i], word[i]);
		else
			ck_assert_ptr_null(app->command[i]);
}
END_TEST

START_TEST(what_is_said_is_in_its_setting)
{
	static const char *const listen[] = {"8080", "127.0.0.1:9000", NULL};
	struct adhoc adhoc = plain;
	const struct app_spec *app;

	adhoc.listen = listen;
	adhoc.instances = "50%";
	adhoc.balance = "ip-hash";
	adhoc.ready = "notify";
	app = read_back(&adhoc);
	ck_assert_str_eq(app->name, "web");
	ck_assert_str_eq(app->directory, "/");
	ck_assert_str_eq(app->env_file, "/state/web.env");
	ck_assert_int_eq(app->instances.kind, SPEC_INSTANCES_PERCENT);
	ck_assert_uint_eq(app->listen_count, 2);
	ck_assert_str_eq(app->listen[1], "127.0.0.1:9000");
	ck_assert_int_eq(app->balance, BALANCE_IP_HASH);
	ck_assert_int_eq(app->policy.ready, CORE_READY_NOTIFY);
}
END_TEST

START_TEST(what_is_not_said_is_left_to_the_defaults)
{
	const struct app_spec *app = read_back(&plain);

	ck_assert_uint_eq(app->instances.number, 1);
	ck_assert_uint_eq(app->listen_count, 0);
	ck_assert_int_eq(app->policy.ready, CORE_READY_AUTO);
}
END_TEST

START_TEST(what_other_modules_judge_is_passed_on)
{
	struct adhoc adhoc = plain;

	adhoc.user = "www-data";
	adhoc.max_memory = "64M";
	ck_assert_ptr_nonnull(strstr(text_of(&adhoc), "  user = \"www-data\";\n"));
	ck_assert_ptr_nonnull(
		strstr(text_of(&adhoc), "  recycle = { memory = \"64M\"; };\n"));
}
END_TEST

START_TEST(values_of_variables_are_not_in_the_text)
{
	static const char *const given[] = {"SECRET=hush", "EMPTY=", NULL};
	static const char *const all[] = {"PATH=/hush", "HOME=/hush", NULL};
	struct adhoc adhoc = plain;
	char only_path[1024];

	adhoc.given = given;
	(void)snprintf(only_path, sizeof(only_path), "%s", text_of(&adhoc));
	ck_assert_ptr_null(strstr(only_path, "hush"));
	ck_assert_ptr_nonnull(strstr(only_path, "SECRET, EMPTY\n"));
	adhoc.passed = all;
	ck_assert_ptr_null(strstr(text_of(&adhoc), "hush"));
	ck_assert_str_ne(text_of(&adhoc), only_path);
}
END_TEST

START_TEST(variables_stand_one_after_the_other_the_given_ones_last)
{
	static const char *const given[] = {"A=1\n2", "PATH=/mine", NULL};
	static const char expected[] = "PATH=/bin\0A=1\n2\0PATH=/mine";
	struct adhoc adhoc = plain;
	struct buffer buffer;

	adhoc.given = given;
	buffer_init(&buffer, 4096);
	adhoc_format_variables(&adhoc, &buffer);
	ck_assert_uint_eq(buffer.count, sizeof(expected));
	ck_assert_mem_eq(buffer.bytes, expected, sizeof(expected));
	buffer_free(&buffer);
}
END_TEST

/* The variables that are given, and whether the file below has them. */
static const struct {
	const char *given[3];
	bool has;
} comparisons[] = {
	{{NULL}, true},
	{{"A=1", NULL}, true},
	{{"B=", "A=1", NULL}, true},
	{{"A=", NULL}, false},
	{{"A=11", NULL}, false},
	{{"=1", NULL}, false},
	{{"C=3", NULL}, false},
	{{"A=1", "LAST=yes", NULL}, false}, /* it has no end there */
};

START_TEST(given_variables_are_compared_with_their_values)
{
	static const char bytes[] = "PATH=/bin\0A=1\0B=\0LAST=yes";
	struct adhoc adhoc = plain;

	adhoc.given = comparisons[_i].given;
	ck_assert_int_eq(adhoc_has_given(&adhoc, bytes, sizeof(bytes) - 1),
			 comparisons[_i].has);
}
END_TEST

static Suite *suite_of_adhoc(void)
{
	Suite *suite = suite_create("adhoc");
	TCase *tcase = tcase_create("adhoc");

	tcase_add_checked_fixture(tcase, NULL, end);
	tcase_add_test(tcase, every_word_of_a_command_arrives);
	tcase_add_test(tcase, what_is_said_is_in_its_setting);
	tcase_add_test(tcase, what_is_not_said_is_left_to_the_defaults);
	tcase_add_test(tcase, what_other_modules_judge_is_passed_on);
	tcase_add_test(tcase, values_of_variables_are_not_in_the_text);
	tcase_add_test(tcase, variables_stand_one_after_the_other_the_given_ones_last);
	tcase_add_loop_test(tcase, given_variables_are_compared_with_their_values, 0,
			    ARRAY_COUNT(comparisons));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_adhoc)
