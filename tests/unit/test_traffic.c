#include "supervisor/core/traffic.h"

#include "tests/unit/unit.h"

static const struct {
	struct traffic traffic;
	bool rests;
} cases[] = {
	{{.received = 1000, .sent = 1000}, true},  /* nobody said anything yet */
	{{.received = 5000, .sent = 1000}, true},  /* answered, a second ago */
	{{.received = 5000, .sent = 999}, false},  /* the answer may go on */
	{{.received = 999, .sent = 5000}, false},  /* asked, not answered */
	{{.received = 9000, .sent = 9001}, false}, /* however long ago */
	{{.received = 5000, .sent = 2000, .unread = 1}, false},
	{{.received = 5000, .sent = 2000, .unsent = 1}, false},
};

START_TEST(traffic_rests_when_the_last_word_went_out)
{
	ck_assert_int_eq(traffic_rests(&cases[_i].traffic), cases[_i].rests);
}
END_TEST

static Suite *suite_of_traffic(void)
{
	Suite *suite = suite_create("traffic");
	TCase *tcase = tcase_create("traffic");

	tcase_add_loop_test(tcase, traffic_rests_when_the_last_word_went_out, 0,
			    ARRAY_COUNT(cases));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_traffic)
