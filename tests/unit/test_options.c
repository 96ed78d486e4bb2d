/*
 * test_options.c - what was typed and what it means, and the table it all grows from.
 */
#include <errno.h>
#include <string.h>

#include "supervisor/ctl/options.h"
#include "tests/unit/unit.h"

static struct options options;
static struct fault fault;

static int parse(const char *line)
{
	static char text[512];
	static char *words[64];
	int count = 1;

	(void)snprintf(text, sizeof(text), "%s", line);
	words[0] = text;
	fault.text[0] = '\0';
	for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
		words[count++] = word;
	return options_parse(&options, count, words, &fault);
}

START_TEST(a_command_is_found_by_name_and_by_alias)
{
	ck_assert_int_eq(parse("list"), 0);
	ck_assert_int_eq(options.command, COMMAND_LIST);
	ck_assert_int_eq(parse("ls"), 0);
	ck_assert_int_eq(options.command, COMMAND_LIST);
	ck_assert_int_eq(parse("l"), 0);
	ck_assert_int_eq(options.command, COMMAND_LIST);
	ck_assert_int_eq(parse("status"), 0);
	ck_assert_int_eq(options.command, COMMAND_LIST);
	ck_assert_int_eq(parse("describe web"), 0);
	ck_assert_int_eq(options.command, COMMAND_SHOW);
}
END_TEST

START_TEST(common_options_may_stand_anywhere)
{
	ck_assert_int_eq(parse("--json --socket /s stop -q web --no-color"), 0);
	ck_assert_int_eq(options.command, COMMAND_STOP);
	ck_assert(options.json && options.quiet && options.plain);
	ck_assert_str_eq(options.socket, "/s");
	ck_assert_uint_eq(options.arguments, 1);
	ck_assert_str_eq(options.argument[0], "web");
	ck_assert_int_eq(parse("list --socket=/t"), 0);
	ck_assert_str_eq(options.socket, "/t");
}
END_TEST

START_TEST(values_of_flags_come_in_every_usual_form)
{
	static const char *const lines[] = {"logs -n 5", "logs -n5", "logs --lines 5",
					    "logs --lines=5"};

	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		ck_assert_int_eq(parse(lines[i]), 0);
		ck_assert(options_has(&options, FLAG_LINES));
		ck_assert_str_eq(options.value[FLAG_LINES], "5");
		ck_assert_uint_eq(options.arguments, 0);
	}
	ck_assert_int_eq(parse("wait web --for stopped"), 0);
	ck_assert_str_eq(options.value[FLAG_FOR], "stopped");
}
END_TEST

START_TEST(numbers_with_a_sign_are_arguments)
{
	ck_assert_int_eq(parse("scale web -1"), 0);
	ck_assert_str_eq(options.argument[1], "-1");
	ck_assert_int_eq(parse("scale web +1 --no-wait"), 0);
	ck_assert(options_has(&options, FLAG_NO_WAIT));
}
END_TEST

START_TEST(help_is_given_whatever_else_is_missing)
{
	ck_assert_int_eq(parse("scale --help"), 0);
	ck_assert(options.help);
	ck_assert_int_eq(parse("top -h"), 0);
	ck_assert_int_eq(parse("--help"), 0);
	ck_assert_int_eq(options.command, COMMAND_COUNT);
}
END_TEST

START_TEST(what_follows_two_dashes_is_for_the_program)
{
	ck_assert_int_eq(parse("start app -- --json -x"), 0);
	ck_assert(!options.json);
	ck_assert_uint_eq(options.arguments, 1);
	ck_assert_uint_eq(options.passes, 2);
	ck_assert_str_eq(options.passed[0], "--json");
	ck_assert_str_eq(options.passed[1], "-x");
	ck_assert_int_eq(parse("start app --"), 0);
	ck_assert_uint_eq(options.passes, 0);
	ck_assert_int_eq(parse("logs -n 2 -- -odd --name"), 0);
	ck_assert_uint_eq(options.passes, 0);
	ck_assert_uint_eq(options.arguments, 2);
	ck_assert_str_eq(options.argument[0], "-odd");
}
END_TEST

START_TEST(a_flag_that_may_be_repeated_counts_every_time)
{
	ck_assert_int_eq(parse("start -e A=1 x -E -eB=2 --env=C"), 0);
	ck_assert_uint_eq(options.givens, 4);
	ck_assert_str_eq(options.given[0].value, "A=1");
	ck_assert_int_eq(options.given[1].flag, FLAG_ENV_ALL);
	ck_assert_ptr_null(options.given[1].value);
	ck_assert_str_eq(options.given[2].value, "B=2");
	ck_assert_str_eq(options.given[3].value, "C");
	ck_assert_str_eq(options.value[FLAG_ENV], "C");
}
END_TEST

/* What cannot be meant, and a word that the refusal must have. */
static const struct {
	const char *line, *word;
} mistakes[] = {
	{"frobnicate", "--help"},
	{"relaod", "reload"},
	{"lst", "list"},
	{"save", "config file"},
	{"resurrect", "start"},
	{"startOrReload", "reload"},
	{"dump", "kept at once"},
	{"startup web", "usage"},
	{"startup --name", "needs"},
	{"sweep a b", "usage"},
	{"kill", "shutdown"},
	{"list --foo", "--foo"},
	{"--foo list", "follow it"},
	{"list -x", "-x"},
	{"list --dry-run", "--dry-run"},
	{"stop web --lines 4", "--lines"},
	{"logs -n", "needs"},
	{"logs --lines", "needs"},
	{"reload --no-wait=yes", "no value"},
	{"--socket", "path"},
	{"stop", "usage"},
	{"scale web", "usage"},
	{"scale web 1 2", "usage"},
	{"balance web", "usage"},
	{"balance web hash --weights", "needs"},
	{"list web", "usage"},
	{"check a b", "usage"},
	{"delete", "usage"},
	{"promote web", "not supported yet"},
	{"reload --canary 10", "not supported yet"},
	{"start --env-all=x app", "no value"},
	{"start app -i", "needs"},
};

START_TEST(what_cannot_be_meant_is_refused_with_a_hint)
{
	ck_assert_int_eq(parse(mistakes[_i].line), -EINVAL);
	ck_assert_msg(strstr(fault.text, mistakes[_i].word) != NULL, "%s: %s",
		      mistakes[_i].line, fault.text);
}
END_TEST

START_TEST(what_is_refused_is_told_in_json_to_who_wants_it)
{
	ck_assert_int_eq(parse("frobnicate --json"), -EINVAL);
	ck_assert(options.json);
	ck_assert_int_eq(parse("list --foo x --json"), -EINVAL);
	ck_assert(options.json);
	ck_assert_int_eq(parse("start --foo app -- --json"), -EINVAL);
	ck_assert(!options.json);
}
END_TEST

START_TEST(a_usage_ends_where_its_words_do)
{
	ck_assert_int_eq(parse("ping me"), -EINVAL);
	ck_assert_str_eq(fault.text, "ping: usage: clusterctl ping");
	ck_assert_int_eq(parse("check a b"), -EINVAL);
	ck_assert_str_eq(fault.text, "check: usage: clusterctl check [FILE]");
}
END_TEST

START_TEST(too_many_arguments_are_refused)
{
	char *words[COMMAND_MANY + 4];
	char stop[] = "stop", app[] = "web";

	words[0] = words[1] = stop;
	for (size_t i = 2; i < ARRAY_COUNT(words); i++)
		words[i] = app;
	ck_assert_int_eq(options_parse(&options, COMMAND_MANY + 2, words, &fault), 0);
	ck_assert_uint_eq(options.arguments, COMMAND_MANY);
	ck_assert_int_eq(options_parse(&options, COMMAND_MANY + 3, words, &fault),
			 -EINVAL);
}
END_TEST

/* ---- the table ---- */

START_TEST(a_command_has_a_method_if_and_only_if_it_is_served)
{
	const struct command_row *row = &command_rows[_i];

	ck_assert_int_eq(row->kind == COMMAND_SERVED, row->method != NULL);
	ck_assert_uint_le(row->least, row->most);
	ck_assert_str_ne(row->help, "");
	ck_assert_ptr_null(strpbrk(row->help, "'\\$`")); /* it goes into shells' files */
}
END_TEST

START_TEST(no_two_commands_share_a_word)
{
	ck_assert_int_eq(options_find(command_rows[_i].name), _i);
	for (const char *word = command_rows[_i].aliases; *word != '\0';) {
		char alias[32];
		size_t length = strcspn(word, " ");

		(void)snprintf(alias, sizeof(alias), "%.*s", (int)length, word);
		ck_assert_int_eq(options_find(alias), _i);
		word += length + (word[length] == ' ');
	}
}
END_TEST

START_TEST(no_command_has_two_flags_of_one_name)
{
	for (unsigned i = 0; i < FLAG_COUNT; i++)
		for (unsigned j = i + 1; j < FLAG_COUNT; j++) {
			uint32_t both = UINT32_C(1) << i | UINT32_C(1) << j;

			if ((command_rows[_i].flags & both) != both)
				continue;
			ck_assert_str_ne(flag_rows[i].name, flag_rows[j].name);
			ck_assert(flag_rows[i].letter == 0 ||
				  flag_rows[i].letter != flag_rows[j].letter);
		}
}
END_TEST

static Suite *suite_of_options(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_test(tcase, a_command_is_found_by_name_and_by_alias);
	tcase_add_test(tcase, common_options_may_stand_anywhere);
	tcase_add_test(tcase, values_of_flags_come_in_every_usual_form);
	tcase_add_test(tcase, numbers_with_a_sign_are_arguments);
	tcase_add_test(tcase, help_is_given_whatever_else_is_missing);
	tcase_add_test(tcase, what_follows_two_dashes_is_for_the_program);
	tcase_add_test(tcase, a_flag_that_may_be_repeated_counts_every_time);
	tcase_add_loop_test(tcase, what_cannot_be_meant_is_refused_with_a_hint, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_test(tcase, what_is_refused_is_told_in_json_to_who_wants_it);
	tcase_add_test(tcase, a_usage_ends_where_its_words_do);
	tcase_add_test(tcase, too_many_arguments_are_refused);
	tcase_add_loop_test(tcase, a_command_has_a_method_if_and_only_if_it_is_served, 0,
			    COMMAND_COUNT);
	tcase_add_loop_test(tcase, no_two_commands_share_a_word, 0, COMMAND_COUNT);
	tcase_add_loop_test(tcase, no_command_has_two_flags_of_one_name, 0,
			    COMMAND_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_options)
