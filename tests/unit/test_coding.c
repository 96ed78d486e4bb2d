#include "worker/http/coding.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *header;
	const char *order; /* b, g, i: those accepted, best first */
} wishes[] = {
	{NULL, "i"},
	{"", "i"},
	{"br", "bi"},
	{"gzip", "gi"},
	{"GZIP", "gi"},
	{"x-gzip", "gi"},
	{"gzip, br", "bgi"},
	{"gzip, deflate, br, zstd", "bgi"},
	{" , gzip ,\t br ,", "bgi"},
	{"br;q=0.5, gzip;q=0.8", "gbi"},
	{"br;q=0.5,gzip; q=0.501", "gbi"},
	{"br ; Q=0.5 , gzip", "gbi"},
	{"gzip;q=0.001", "gi"},
	{"identity, gzip;q=0.5", "ig"},
	{"identity;q=0.5, gzip;q=0.4, br;q=0.6", "big"},
	{"gzip, identity", "gi"},
	{"*", "bgi"},
	{"*;q=0", ""},
	{"*;q=0.000", ""},
	{"identity;q=0", ""},
	{"identity;q=0, gzip", "g"},
	{"identity;q=1, *;q=0", "i"},
	{"gzip, *;q=0", "g"},
	{"br;q=0, *", "gi"},
	{"*, br;q=0", "gi"},
	{"gzip;q=0", "i"},
	{"gzip;q=1.000, br;q=0.999", "gbi"},
	/* What is malformed is not said. */
	{"gzip;q=1.001", "i"},
	{"gzip;q=2", "i"},
	{"gzip;q=-1", "i"},
	{"gzip;q=0.5555", "i"},
	{"gzip;q=", "i"},
	{"gzip;q", "i"},
	{"gzip;", "i"},
	{"gzip;level=9", "i"},
	{"gzip br", "i"},
	{"gzipped, brotli", "i"},
	{"deflate", "i"},
	{"gzip;q=2, br", "bi"},
};

START_TEST(the_client_says_which_codings_and_how_gladly)
{
	enum coding order[CODINGS];
	unsigned count = coding_order(wishes[_i].header, order);
	char letters[CODINGS + 1] = "";

	for (unsigned i = 0; i < count; i++)
		letters[i] = coding_name(order[i])[0];
	ck_assert_str_eq(letters, wishes[_i].order);
}
END_TEST

static Suite *suite_of_coding(void)
{
	Suite *suite = suite_create("coding");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, the_client_says_which_codings_and_how_gladly, 0,
			    ARRAY_COUNT(wishes));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_coding)
