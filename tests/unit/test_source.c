#include "supervisor/source.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char base[] = "/tmp/clusterd-test-XXXXXX";
static struct arena names;
static struct source source = {.names = &names};
static struct fault fault;

static void make_base(void)
{
	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert_int_eq(chdir(base), 0);
}

static void remove_base(void)
{
	char command[128];

	source_free(&source);
	arena_free(&names);
	(void)snprintf(command, sizeof(command), "rm -rf %s", base);
	ck_assert_int_eq(system(command), 0);
}

static void write_bytes(const char *name, const char *bytes, size_t count)
{
	FILE *file = fopen(name, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
	ck_assert_int_eq(fclose(file), 0);
}

static void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static int read_text(const char *text)
{
	source_free(&source);
	source.names = &names;
	return source_read_text(&source, "t", ".", text, &fault);
}

static void check_place(unsigned line, const char *file, unsigned expected)
{
	struct source_place place = source_find_place(&source, line);

	ck_assert_str_eq(place.file, file);
	ck_assert_uint_eq(place.line, expected);
}

START_TEST(a_text_without_includes_is_taken_as_it_is)
{
	static const char text[] =
		"a = \"x # \\\" (\"; # ( { [\n// }\n/* ] \n */ b = [ 1, 2 ];\n";

	ck_assert_int_eq(read_text(text), 0);
	ck_assert_str_eq(source.text, text);
	ck_assert_uint_eq(source.length, strlen(text));
	check_place(1, "t", 1);
	check_place(4, "t", 4);
}
END_TEST

START_TEST(an_empty_text_is_a_text)
{
	ck_assert_int_eq(read_text(""), 0);
	ck_assert_str_eq(source.text, "");
	check_place(1, "t", 1);
}
END_TEST

START_TEST(lines_of_included_files_know_where_they_come_from)
{
	write_file("a", "one\n @include \"b\" two\nthree\n@include \"c\"\nfour\n");
	write_file("b", "b1\nb2");
	write_file("c", "");
	ck_assert_int_eq(source_read(&source, "a", &fault), 0);
	ck_assert_str_eq(source.text, "one\n b1\nb2\n two\nthree\n\n\nfour\n");
	check_place(1, "a", 1);
	check_place(2, "b", 1);
	check_place(3, "b", 2);
	check_place(4, "a", 2);
	check_place(5, "a", 3);
	check_place(8, "a", 5);
}
END_TEST

START_TEST(includes_are_seen_from_the_file_they_are_in)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/sub/two", base);
	ck_assert_int_eq(system("mkdir sub"), 0);
	write_file("one", "@include \"sub/two\"\n");
	write_file("sub/two", "@include \"thr\\\"ee\"\n");
	write_file("sub/thr\"ee", "3");
	ck_assert_int_eq(source_read(&source, "one", &fault), 0);
	ck_assert_ptr_eq(strchr(source.text, '3'), source.text);
	check_place(1, "sub/thr\"ee", 1);

	source_free(&source);
	source.names = &names;
	ck_assert_int_eq(source_read(&source, path, &fault), 0);
	ck_assert_ptr_nonnull(strchr(source.text, '3'));
}
END_TEST

START_TEST(what_looks_like_an_include_within_text_or_comment_is_none)
{
	static const char text[] =
		"a = \"\n@include \\\"nothing\\\"\n\"; /*\n@include \"nothing\" */\n";

	ck_assert_int_eq(read_text(text), 0);
	ck_assert_str_eq(source.text, text);
}
END_TEST

static const struct {
	const char *text;
	const char *fault;
} refusals[] = {
	{"a\n= \"x\n", "t:2: syntax: this text is never closed"},
	{"a = \"x\\\"", "t:1: syntax: this text is never closed"},
	{"\n/* x\n", "t:2: syntax: this comment is never closed"},
	{"/*/", "t:1: syntax: this comment is never closed"},
	{"\n(\n{\n", "t:3: syntax: this \"{\" is never closed"},
	{"\n(\n}\n", "t:3: syntax: \"}\" cannot close the \"(\" of line 2"},
	{"a\n]", "t:2: syntax: \"]\" closes nothing"},
	{"a = 1234567890;",
	 "t:1: syntax: a number of more than 9 digits; text is in quotes"},
	{"a = -1234567890;",
	 "t:1: syntax: a number of more than 9 digits; text is in quotes"},
	{"a = 1234567890L;",
	 "t:1: syntax: a number of more than 9 digits; text is in quotes"},
	{"a = 0x12345678;", "t:1: syntax: a number of more than 7 digits"},
	{"a = 0640;", "t:1: syntax: a number that begins with 0; text is in quotes"},
	{"a = -00;", "t:1: syntax: a number that begins with 0; text is in quotes"},
	{"a = 1; @include \"x\"",
	 "t:1: syntax: \"@\" is for @include at the beginning of a line"},
	{"@import \"x\"",
	 "t:1: syntax: \"@\" is for @include at the beginning of a line"},
	{"@include x", "t:1: syntax: @include needs the name of a file in quotes"},
	{"@include \"\"", "t:1: syntax: @include needs the name of a file in quotes"},
	{"@include \"x", "t:1: syntax: @include needs the name of a file in quotes"},
	{"@include", "t:1: syntax: @include needs the name of a file in quotes"},
	{"@include \"x\ny\"", "t:1: syntax: @include needs the name of a file in quotes"},
	{"\n@include \"nothing\"",
	 "t:2: syntax: @include: nothing: No such file or directory"},
	{"@include \"/\"", "t:1: syntax: @include: /: Is a directory"},
	{"@include \"/dev/zero\"",
	 "t:1: syntax: @include: /dev/zero: not a regular file"},
	{"((((((((((((((((((((((((((((((((((((((((", "t:1: syntax: nested too deep"},
};

START_TEST(a_text_that_cannot_be_joined_is_refused_with_its_place)
{
	ck_assert_int_eq(read_text(refusals[_i].text), -EINVAL);
	ck_assert_str_eq(fault.text, refusals[_i].fault);
}
END_TEST

START_TEST(numbers_that_fit_and_names_that_look_like_numbers_are_fine)
{
	ck_assert_int_eq(
		read_text("a = 123456789; b = -123456789L; c = 0x1234567;"
			  "d = 0.12345678901; e = 12345678901.5; g = 0; h = -0;"
			  "f1234567890 = 1; _12345678901 = 2; x-12345678901 = 3;"),
		0);
}
END_TEST

START_TEST(a_bracket_may_close_in_another_file_than_it_was_opened)
{
	write_file("open", "( {");
	ck_assert_int_eq(read_text("\n@include \"open\"\n} )"), 0);
	ck_assert_int_eq(read_text("\n@include \"open\"\n} "), -EINVAL);
	ck_assert_str_eq(fault.text, "open:1: syntax: this \"(\" is never closed");
}
END_TEST

START_TEST(a_file_that_includes_itself_is_refused)
{
	write_file("self", "\n@include \"self\"\n");
	ck_assert_int_eq(source_read(&source, "self", &fault), -EINVAL);
	ck_assert_str_eq(
		fault.text,
		"self:2: syntax: includes nest too deep; does a file include itself?");
}
END_TEST

START_TEST(files_may_nest_as_deep_as_it_is_said)
{
	char name[16];
	char text[64];

	for (unsigned i = 1; i < SOURCE_DEPTH; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		(void)snprintf(text, sizeof(text), "@include \"f%u\"\n", i + 1);
		write_file(name, i == SOURCE_DEPTH - 1 ? "\n" : text);
	}
	ck_assert_int_eq(read_text("@include \"f1\"\n"), 0);
	write_file("f0", "@include \"f1\"\n");
	ck_assert_int_eq(read_text("@include \"f0\"\n"), -EINVAL);
}
END_TEST

START_TEST(the_number_of_files_has_a_ceiling)
{
	char text[SOURCE_FILES * 20] = "";

	write_file("x", "\n");
	for (unsigned i = 0; i < SOURCE_FILES - 1; i++)
		(void)strcat(text, "@include \"x\"\n");
	ck_assert_int_eq(read_text(text), 0);
	check_place(3 * (SOURCE_FILES - 1) + 1, "t", SOURCE_FILES);
	(void)strcat(text, "@include \"x\"\n");
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_str_eq(fault.text, "t:64: syntax: more than 64 files");
}
END_TEST

START_TEST(all_files_together_have_a_ceiling)
{
	size_t half = SOURCE_BYTES / 2;
	char *text = malloc(SOURCE_BYTES + 2);

	memset(text, ' ', SOURCE_BYTES + 1);
	text[SOURCE_BYTES] = '\0';
	ck_assert_int_eq(read_text(text), 0);
	text[SOURCE_BYTES] = ' ';
	text[SOURCE_BYTES + 1] = '\0';
	ck_assert_int_eq(read_text(text), -EINVAL);
	write_bytes("half", text, half);
	ck_assert_int_eq(read_text("@include \"half\"\n"), 0);
	ck_assert_int_eq(read_text("@include \"half\"\n@include \"half\"\n"), -EINVAL);
	ck_assert_str_eq(fault.text,
			 "half:1: syntax: the configuration is larger than 1024 KiB");
	free(text);
}
END_TEST

START_TEST(a_group_has_a_ceiling_of_settings)
{
	char text[SOURCE_MEMBERS * 8 + 64] = "g = {";
	char *end = text + strlen(text);

	for (unsigned i = 0; i < SOURCE_MEMBERS; i++)
		end += sprintf(end, "a%u=1;", i);
	(void)strcpy(end, "}; a = 1;");
	ck_assert_int_eq(read_text(text), 0);
	(void)strcpy(end, "b = 1; };");
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_str_eq(fault.text, "t:1: syntax: a group of more than 512 settings");
}
END_TEST

START_TEST(a_byte_of_value_0_is_refused)
{
	write_bytes("zero", "a = 1;\n\0b = 2;", 15);
	ck_assert_int_eq(source_read(&source, "zero", &fault), -EINVAL);
	ck_assert_str_eq(fault.text, "zero:2: syntax: a byte of value 0 is not text");
}
END_TEST

static Suite *suite_of_source(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = tcase_create("source");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, make_base, remove_base);
	tcase_add_test(tcase, a_text_without_includes_is_taken_as_it_is);
	tcase_add_test(tcase, an_empty_text_is_a_text);
	tcase_add_test(tcase, lines_of_included_files_know_where_they_come_from);
	tcase_add_test(tcase, includes_are_seen_from_the_file_they_are_in);
	tcase_add_test(tcase, what_looks_like_an_include_within_text_or_comment_is_none);
	tcase_add_loop_test(tcase, a_text_that_cannot_be_joined_is_refused_with_its_place,
			    0, ARRAY_COUNT(refusals));
	tcase_add_test(tcase, numbers_that_fit_and_names_that_look_like_numbers_are_fine);
	tcase_add_test(tcase, a_bracket_may_close_in_another_file_than_it_was_opened);
	tcase_add_test(tcase, a_file_that_includes_itself_is_refused);
	tcase_add_test(tcase, files_may_nest_as_deep_as_it_is_said);
	tcase_add_test(tcase, the_number_of_files_has_a_ceiling);
	tcase_add_test(tcase, all_files_together_have_a_ceiling);
	tcase_add_test(tcase, a_group_has_a_ceiling_of_settings);
	tcase_add_test(tcase, a_byte_of_value_0_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_source)
