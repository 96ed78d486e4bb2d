#include "supervisor/import/yaml.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *yaml;
	const char *json;
} texts[] = {
	{"a: 1", "{\"a\":1}"},
	{"- a\n- [b, c]", "[\"a\",[\"b\",\"c\"]]"},
	{"{\"a\": [1, null]}", "{\"a\":[1,null]}"},
	{"a: \"1\"\nb: '1'", "{\"a\":\"1\",\"b\":\"1\"}"},
	{"[true, True, yes, on, ~, null, '']",
	 "[true,true,\"yes\",\"on\",null,null,\"\"]"},
	{"[0x1F, 010, +5, -5, 1.5, 0x, 99999999999999999999]",
	 "[31,10,5,-5,\"1.5\",\"0x\",\"99999999999999999999\"]"},
	{"a:\n", "{\"a\":null}"},
	{"a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
	{"a: &x {b: 1}\nc: *x", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
	/* Of members with one name the last counts. */
	{"a: &x {b: 1}\nc: {b: 2, <<: *x}", "{\"a\":{\"b\":1},\"c\":{\"b\":1,\"b\":2}}"},
	{"{<<: [{a: 1}, {a: 2}]}", "{\"a\":2,\"a\":1}"},
	{"{\"<<\": 1}", "{\"<<\":1}"},
	{"a: 1\n---\nb: 2", "{\"a\":1}"},
};

START_TEST(yaml_says_what_json_says)
{
	struct fault fault = {""};
	struct buffer json;
	unsigned line;

	buffer_init(&json, 4096);
	ck_assert_int_eq(yaml_to_json(texts[_i].yaml, strlen(texts[_i].yaml), &json,
				      &line, &fault),
			 0);
	buffer_append(&json, "", 1);
	ck_assert_str_eq(json.bytes, texts[_i].json);
	buffer_free(&json);
}
END_TEST

static const struct {
	const char *yaml;
	unsigned line;
	const char *why; /* NULL: as libyaml has it */
} mistakes[] = {
	{"", 1, "there is nothing in it"},
	{"a: 1\nb: \"open", 2, NULL},
	{"a: b\n c: d", 2, NULL},
	{"a:\n\t- b", 2, NULL},
	{"a: *none", 1, NULL},
	{"a: 1\n? [b]\n: c", 2, "a key is no text"},
	{"a:\n  <<: 3", 2, "<< expects a mapping"},
	{"a:\n  <<: [3]", 2, "<< expects mappings"},
	{"a: \"\\0\"", 1, "a NUL in text"},
	{"&a [*a]", 1, "nested too deep"},
	{"&a\n<<: *a", 1, "nested too deep"},
};

START_TEST(what_cannot_be_read_has_a_line)
{
	struct fault fault = {""};
	struct buffer json;
	unsigned line = 0;

	buffer_init(&json, 4096);
	ck_assert_int_eq(yaml_to_json(mistakes[_i].yaml, strlen(mistakes[_i].yaml), &json,
				      &line, &fault),
			 -EINVAL);
	ck_assert_uint_eq(line, mistakes[_i].line);
	if (mistakes[_i].why != NULL)
		ck_assert_str_eq(fault.text, mistakes[_i].why);
	else
		ck_assert_str_ne(fault.text, "");
	buffer_free(&json);
}
END_TEST

/* Nine lists of nine of the list before: 400 million words of 200 bytes. */
START_TEST(a_few_lines_do_not_become_a_gigabyte)
{
	static const char laughs[] = "a: &a [x,x,x,x,x,x,x,x,x]\n"
				     "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
				     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
				     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
				     "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
				     "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
				     "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
				     "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
				     "i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h]\n";
	struct fault fault;
	struct buffer json;
	unsigned line;

	buffer_init(&json, 65536);
	ck_assert_int_eq(yaml_to_json(laughs, strlen(laughs), &json, &line, &fault),
			 -EINVAL);
	ck_assert_str_eq(fault.text, "there is too much of it");
	buffer_free(&json);
}
END_TEST

static Suite *suite_of_yaml(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, yaml_says_what_json_says, 0, ARRAY_COUNT(texts));
	tcase_add_loop_test(tcase, what_cannot_be_read_has_a_line, 0,
			    ARRAY_COUNT(mistakes));
	tcase_add_test(tcase, a_few_lines_do_not_become_a_gigabyte);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_yaml)
