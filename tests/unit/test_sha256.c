/*
 * test_sha256.c - digests are those of the standard, in whatever pieces the text came.
 */
#include "common/sha256.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *text;
	unsigned times;
	const char *digest;
} known[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000,
	 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

START_TEST(digests_are_those_of_the_standard)
{
	char text[SHA256_TEXT];
	struct sha256 sum;

	sha256_init(&sum);
	for (unsigned i = 0; i < known[_i].times; i++)
		sha256_add(&sum, known[_i].text, strlen(known[_i].text));
	sha256_format(&sum, text);
	ck_assert_str_eq(text, known[_i].digest);
}
END_TEST

/* Every length around the ends of blocks, whole and in two pieces. */
START_TEST(pieces_make_no_difference)
{
	char whole[SHA256_TEXT], pieces[SHA256_TEXT];
	char data[200];
	struct sha256 sum;

	memset(data, 'x', sizeof(data));
	for (size_t bytes = 0; bytes <= sizeof(data); bytes++) {
		sha256_init(&sum);
		sha256_add(&sum, data, bytes);
		sha256_format(&sum, whole);
		sha256_init(&sum);
		sha256_add(&sum, data, bytes / 3);
		sha256_add(&sum, data + bytes / 3, bytes - bytes / 3);
		sha256_format(&sum, pieces);
		ck_assert_str_eq(whole, pieces);
	}
}
END_TEST

START_TEST(any_change_is_another_digest)
{
	char one[SHA256_TEXT], other[SHA256_TEXT];
	struct sha256 sum;

	sha256_init(&sum);
	sha256_add(&sum, "abc", 3);
	sha256_format(&sum, one);
	sha256_init(&sum);
	sha256_add(&sum, "abd", 3);
	sha256_format(&sum, other);
	ck_assert_str_ne(one, other);
}
END_TEST

static Suite *suite_of_sha256(void)
{
	Suite *suite = suite_create("sha256");
	TCase *all = tcase_create("sha256");

	tcase_add_loop_test(all, digests_are_those_of_the_standard, 0,
			    ARRAY_COUNT(known));
	tcase_add_test(all, pieces_make_no_difference);
	tcase_add_test(all, any_change_is_another_digest);
	suite_add_tcase(suite, all);
	return suite;
}

UNIT_MAIN(suite_of_sha256)
