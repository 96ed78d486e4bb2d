#include "supervisor/import/lenient.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *written;
	const char *json;
} texts[] = {
	{"", ""},
	{"{\"a\": 1}", "{\"a\": 1}"},
	{"{\"a\": 1, }", "{\"a\": 1  }"},
	{"[1,\n2,\n]", "[1,\n2 \n]"},
	{"[[1,],]", "[[1 ] ]"},
	{"[1,,]", "[1, ]"},
	{",", ","},
	{"[,]", "[ ]"},
	{"1 // x\n2", "1     \n2"},
	{"1 /* x\ny */ 2", "1     \n     2"},
	{"/**/1", "    1"},
	{"/*/1*/2", "      2"},
	{"[1, // x, \n]", "[1        \n]"},
	{"\"// /* ,]\"", "\"// /* ,]\""},
	{"\"\\\"//\", // x", "\"\\\"//\",     "},
	{"\"\\\\\" // x", "\"\\\\\"     "},
	{"\"open // x", "\"open // x"},
	{"\"open\\", "\"open\\"},
	{"1 /* open", "1        "},
	{"1 /", "1 /"},
	{"1 /*", "1   "},
	{"\xEF\xBB\xBF{}", "   {}"},
};

START_TEST(what_json_does_not_know_becomes_blanks)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", texts[_i].written);
	lenient_to_json(text, strlen(text));
	ck_assert_str_eq(text, texts[_i].json);
}
END_TEST

static Suite *suite_of_lenient(void)
{
	Suite *suite = suite_create("lenient");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, what_json_does_not_know_becomes_blanks, 0,
			    ARRAY_COUNT(texts));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_lenient)
