#include "worker/http/lifetime.h"

#include "tests/unit/unit.h"

static const struct {
	const char *path;
	bool hashed;
} names[] = {
	{"app.3f9a1c2b.js", true},
	{"app-3f9a1c2b.js", true},
	{"js/main_0123456789abcdef0123.chunk.js", true},
	{"3f9a1c2b.css", true},
	{"app.3f9a1c2b", true},
	{"app.js", false},
	{"app.3f9a1c2.js", false}, /* short */
	{"app.3f9a1c2g.js", false},
	{"app.3F9A1C2B.js", false},
	{"report-20240131.pdf", false}, /* a date */
	{"deadbeef-facade.js", false},  /* words */
	{"3f9a1c2b/app.js", false},
	{"jquery-3.6.0.min.js", false},
	{"", false},
};

START_TEST(a_hash_is_told_from_words_and_dates)
{
	ck_assert_int_eq(lifetime_is_hashed(names[_i].path), names[_i].hashed);
}
END_TEST

#define FOREVER "max-age=31536000, immutable"

static const struct {
	const char *path;
	bool is_page;
	msec rest;
	const char *text;
} files[] = {
	{"index.html", true, 0, "no-cache"},
	{"index.html", true, 60000, "no-cache"},
	{"assets/index.html", true, 0, "no-cache"},
	{"about.3f9a1c2b.html", true, 0, "no-cache"},
	{"style.css", false, 0, "no-cache"},
	{"style.css", false, 60000, "max-age=60"},
	{"style.3f9a1c2b.css", false, 0, FOREVER},
	{"style.3f9a1c2b.css", false, 60000, FOREVER},
	{"assets/style-DiwrgTda.css", false, 0, FOREVER},
	{"assets.css", false, 0, "no-cache"},
	{"static/js/a.js", false, 0, FOREVER},
	{"static/a.js", false, 0, "no-cache"},
	{"other/assets/a.js", false, 0, "no-cache"},
};

START_TEST(caches_ask_for_what_may_change)
{
	const struct lifetime lifetime = {.rest = files[_i].rest,
					  .forever = {"/assets/", "static/js"},
					  .forevers = 2};
	char text[LIFETIME_TEXT];

	lifetime_format(&lifetime, text, files[_i].path, files[_i].is_page);
	ck_assert_str_eq(text, files[_i].text);
}
END_TEST

START_TEST(the_root_has_all_files)
{
	const struct lifetime lifetime = {.forever = {"/"}, .forevers = 1};
	char text[LIFETIME_TEXT];

	lifetime_format(&lifetime, text, "a.js", false);
	ck_assert_str_eq(text, FOREVER);
}
END_TEST

START_TEST(the_longest_time_fits)
{
	const struct lifetime lifetime = {.rest = MSEC_NEVER};
	char text[LIFETIME_TEXT];

	lifetime_format(&lifetime, text, "a.js", false);
	ck_assert_str_eq(text, "max-age=9223372036854775");
}
END_TEST

static Suite *suite_of_lifetime(void)
{
	Suite *suite = suite_create("lifetime");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, a_hash_is_told_from_words_and_dates, 0,
			    ARRAY_COUNT(names));
	tcase_add_loop_test(tcase, caches_ask_for_what_may_change, 0, ARRAY_COUNT(files));
	tcase_add_test(tcase, the_root_has_all_files);
	tcase_add_test(tcase, the_longest_time_fits);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_lifetime)
