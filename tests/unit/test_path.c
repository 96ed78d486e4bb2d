#include "worker/http/path.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

#define ROOM 128

static const struct {
	const char *target;
	const char *path; /* NULL: refused */
	bool hidden;
} targets[] = {
	{"/", "/", false},
	{"/a/b.html", "/a/b.html", false},
	{"/a/", "/a/", false},
	{"//a///b", "/a/b", false},
	{"/a%2fb", "/a/b", false},
	{"/a%2F%2fb", "/a/b", false},
	{"/%c3%B6l%20%25", "/\303\266l %", false},
	{"/a?b=/../c", "/a", false},
	{"/a#b", "/a", false},
	{"/a%3fb%23c", "/a?b#c", false},
	{"/a+b", "/a+b", false},
	{"/a%", NULL, false},
	{"/a%2", NULL, false},
	{"/a%g0", NULL, false},
	{"/a%0g", NULL, false},
	{"/index.html%00.png", NULL, false},
	{"", NULL, false},
	{"a", NULL, false},
	{"?a", NULL, false},
	{"example.org:80", NULL, false},
	{"*", "*", false},
	{"**", NULL, false},
	{"http://host/a", "/a", false},
	{"HTTPS://host:1//a", "/a", false},
	{"http://host", "/", false},
	{"http://host?a/b", "/", false},
	{"ftp://host/a", NULL, false},
	/* Ways up, once and again disguised. */
	{"/..", "/..", true},
	{"/../a", "/../a", true},
	{"/a/../b", "/a/../b", true},
	{"/a/..", "/a/..", true},
	{"/./a", "/./a", true},
	{"/%2e%2E/a", "/../a", true},
	{"/..%2fa", "/../a", true},
	{"//..//a", "/../a", true},
	{"/%252e%252e/a", "/%2e%2e/a", false},
	{"/%252e%252e%252fa", "/%2e%2e%2fa", false},
	{"/a/..\\..\\b", "/a/..\\..\\b", true},
	{"/a\\..\\b", "/a\\..\\b", false},
	{"/a/..;/b", "/a/..;/b", true},
	{"/%c0%ae%c0%ae/a", "/\300\256\300\256/a", false},
	/* Hidden names. */
	{"/.git/config", "/.git/config", true},
	{"/a/.env", "/a/.env", true},
	{"/a.b/c.d", "/a.b/c.d", false},
	{"/.well-known", "/.well-known", false},
	{"/.well-known/a", "/.well-known/a", false},
	{"/.well-known/.a", "/.well-known/.a", true},
	{"/.well-known.a", "/.well-known.a", true},
	{"/a/.well-known/b", "/a/.well-known/b", true},
	{"/.well-known/../a", "/.well-known/../a", true},
};

START_TEST(a_target_is_one_clean_path_or_refused)
{
	char path[ROOM];

	ck_assert_uint_le(PATH_ROOM(targets[_i].target), sizeof(path));
	if (targets[_i].path == NULL) {
		ck_assert_int_eq(path_clean(path, targets[_i].target), -EINVAL);
		return;
	}
	ck_assert_int_eq(path_clean(path, targets[_i].target), 0);
	ck_assert_str_eq(path, targets[_i].path);
}
END_TEST

START_TEST(what_begins_with_a_dot_is_hidden)
{
	if (targets[_i].path != NULL)
		ck_assert_int_eq(path_is_hidden(targets[_i].path), targets[_i].hidden);
}
END_TEST

START_TEST(a_path_stays_within_its_room)
{
	static const char *const longest[] = {"*", "http://", "/abc", "http://a"};
	char path[ROOM];

	for (size_t i = 0; i < ARRAY_COUNT(longest); i++) {
		memset(path, 'x', sizeof(path));
		ck_assert_int_eq(path_clean(path, longest[i]), 0);
		ck_assert_int_eq(path[PATH_ROOM(longest[i])], 'x');
	}
}
END_TEST

START_TEST(the_query_is_kept_as_it_was_sent)
{
	ck_assert_str_eq(path_query("/a?b%20c?d"), "?b%20c?d");
	ck_assert_str_eq(path_query("/a?"), "?");
	ck_assert_str_eq(path_query("/a"), "");
	ck_assert_str_eq(path_query("/a#b?c"), "");
}
END_TEST

START_TEST(files_are_told_from_pages_by_the_dot)
{
	ck_assert(path_has_extension("/a.js"));
	ck_assert(path_has_extension("/a/b.c.d"));
	ck_assert(!path_has_extension("/"));
	ck_assert(!path_has_extension("/a"));
	ck_assert(!path_has_extension("/v1.2/users"));
	ck_assert(!path_has_extension("/v1.2/"));
}
END_TEST

START_TEST(what_is_encoded_means_the_same_path)
{
	char text[3 * ROOM + 1];
	char path[sizeof(text) + 1];

	if (targets[_i].path == NULL || targets[_i].path[0] != '/')
		return;
	ck_assert(path_encode(text, sizeof(text), targets[_i].path));
	ck_assert_uint_eq(strcspn(text, " \\?#\""), strlen(text));
	ck_assert_int_eq(path_clean(path, text), 0);
	ck_assert_str_eq(path, targets[_i].path);
}
END_TEST

START_TEST(what_does_not_fit_is_not_encoded)
{
	char text[8];

	ck_assert(path_encode(text, sizeof(text), "/ab "));
	ck_assert_str_eq(text, "/ab%20");
	ck_assert(!path_encode(text, sizeof(text), "/ab  "));
}
END_TEST

static Suite *suite_of_path(void)
{
	Suite *suite = suite_create("path");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, a_target_is_one_clean_path_or_refused, 0,
			    ARRAY_COUNT(targets));
	tcase_add_loop_test(tcase, what_begins_with_a_dot_is_hidden, 0,
			    ARRAY_COUNT(targets));
	tcase_add_test(tcase, a_path_stays_within_its_room);
	tcase_add_test(tcase, the_query_is_kept_as_it_was_sent);
	tcase_add_test(tcase, files_are_told_from_pages_by_the_dot);
	tcase_add_loop_test(tcase, what_is_encoded_means_the_same_path, 0,
			    ARRAY_COUNT(targets));
	tcase_add_test(tcase, what_does_not_fit_is_not_encoded);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_path)
