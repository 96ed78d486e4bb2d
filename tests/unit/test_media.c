#include "worker/http/media.h"

#include "tests/unit/unit.h"

static const struct {
	const char *path;
	const char *type;
	bool packed;
} names[] = {
	{"index.html", "text/html; charset=utf-8", false},
	{"a/b.PNG", "image/png", true},
	{"a.b/c", "application/octet-stream", false},
	{"x.tar.gz", "application/gzip", true},
	{"app.js.br", "application/octet-stream", true},
	{"noext", "application/octet-stream", false},
	{"dot.", "application/octet-stream", false},
	{"", "application/octet-stream", false},
};

START_TEST(the_last_extension_tells_the_type)
{
	ck_assert_str_eq(media_type(names[_i].path), names[_i].type);
}
END_TEST

START_TEST(what_is_compressed_already_has_no_smaller_sibling)
{
	ck_assert_int_eq(media_is_packed(names[_i].path), names[_i].packed);
}
END_TEST

static Suite *suite_of_media(void)
{
	Suite *suite = suite_create("media");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, the_last_extension_tells_the_type, 0,
			    ARRAY_COUNT(names));
	tcase_add_loop_test(tcase, what_is_compressed_already_has_no_smaller_sibling, 0,
			    ARRAY_COUNT(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_media)
