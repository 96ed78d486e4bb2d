#include "worker/http/metrics.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *accept;
	enum metrics_format format;
} wishes[] = {
	{NULL, METRICS_TEXT},
	{"", METRICS_TEXT},
	{"*/*", METRICS_TEXT},
	{"text/plain", METRICS_TEXT},
	{"text/html, application/json", METRICS_TEXT},
	{"application/openmetrics-text", METRICS_OPEN},
	{"Application/OpenMetrics-Text; Version=1.0.0", METRICS_OPEN},
	{"application/openmetrics-text;version=0.0.1", METRICS_TEXT},
	{"application/openmetrics-text;version=2.0.0,text/plain", METRICS_TEXT},
	{"application/openmetrics-text;q=0", METRICS_TEXT},
	{"application/openmetrics-text;q=0.3,text/plain;q=0.5", METRICS_TEXT},
	{"application/openmetrics-text ; q=0.5 , text/plain ; q=0.3", METRICS_OPEN},
	{"text/plain;version=0.0.4;q=0.3,application/openmetrics-text;"
	 "version=1.0.0;charset=utf-8;q=0.5,*/*;q=0.1",
	 METRICS_OPEN},
	{"application/openmetrics-text;version=1.0.0;escaping=values;q=0.6,"
	 "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;q=0.4",
	 METRICS_OPEN},
	{"application/openmetrics-textual", METRICS_TEXT},
	{",,;,application/openmetrics-text;;", METRICS_OPEN},
	{"application/openmetrics-text;", METRICS_OPEN},
	{"application/openmetrics-text;version=", METRICS_TEXT},
};

START_TEST(the_format_is_what_the_client_likes_best)
{
	ck_assert_int_eq(metrics_choose(wishes[_i].accept), wishes[_i].format);
}
END_TEST

static struct snapshot snapshot;
static struct buffer text;

static void begin(void)
{
	static const char message[] =
		"{\"parameters\":{\"supervisor\":{\"keeper\":\"own\",\"keeper_pid\":null,"
		"\"version\":\"1\\\"\\\\\\n2\","
		"\"uptime_ms\":1500,\"rss_bytes\":4096,\"stopping\":false},"
		"\"apps\":[{\"name\":\"web\",\"state\":\"online\",\"restarts\":0,"
		"\"instances\":{\"ready\":1,\"desired\":1,\"configured\":2,"
		"\"running\":2},\"last_operation\":null,\"workers\":["
		"{\"slot\":0,\"state\":\"draining\",\"requests\":7},"
		"{\"slot\":0,\"state\":\"ready\",\"requests\":0,\"cpu_percent\":12.5,"
		"\"loop_lag_us\":1500,\"connections\":null},"
		"{\"slot\":0,\"state\":\"stopping\",\"requests\":9},"
		"{\"slot\":300,\"state\":\"ready\"}]}]}}";
	struct varlink_reply reply;
	struct fault fault;

	buffer_init(&text, 65536);
	ck_assert_int_eq(
		varlink_decode_reply(&reply, message, sizeof(message) - 1, &fault), 0);
	ck_assert_int_eq(snapshot_add(&snapshot, &reply), 0);
}

static void end(void)
{
	snapshot_free(&snapshot);
	buffer_free(&text);
}

static bool has(const char *line)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	return strstr(text.bytes, whole) != NULL;
}

static void write_page(const struct snapshot *of, enum metrics_format format)
{
	buffer_cut(&text, 0);
	metrics_write(&text, of, format);
	buffer_append(&text, "", 1);
	ck_assert(!text.broken);
}

START_TEST(a_page_has_what_is_known_and_zero_too)
{
	write_page(&snapshot, METRICS_TEXT);
	ck_assert(has("clusterd_up 1"));
	ck_assert(has("clusterd_build_info{version=\"1\\\"\\\\\\n2\"} 1"));
	ck_assert(has("clusterd_uptime_seconds 1.5"));
	ck_assert(has("clusterd_stopping 0"));
	ck_assert(has("clusterd_kept 0"));
	ck_assert(has("clusterd_app_state{app=\"web\",state=\"online\"} 1"));
	ck_assert(has("clusterd_app_state{app=\"web\",state=\"failed\"} 0"));
	ck_assert(has("# TYPE clusterd_app_restarts_total counter"));
	ck_assert(has("clusterd_app_restarts_total{app=\"web\"} 0"));
	ck_assert(has("clusterd_worker_loop_lag_seconds{app=\"web\",slot=\"0\"} 0.0015"));
	ck_assert(has("clusterd_worker_cpu_ratio{app=\"web\",slot=\"0\"} 0.125"));
	ck_assert_ptr_null(strstr(text.bytes, "clusterd_worker_connections{"));
	ck_assert_ptr_null(strstr(text.bytes, "last_operation_ok{"));
	ck_assert_ptr_null(strstr(text.bytes, "# UNIT"));
	ck_assert_ptr_null(strstr(text.bytes, "# EOF"));
}
END_TEST

START_TEST(a_slot_has_one_series_and_it_is_of_who_serves)
{
	write_page(&snapshot, METRICS_TEXT);
	ck_assert(has("clusterd_worker_requests_total{app=\"web\",slot=\"0\"} 0"));
	ck_assert_ptr_null(strstr(text.bytes, "slot=\"0\"} 7"));
	ck_assert_ptr_null(strstr(text.bytes, "slot=\"0\"} 9"));
	ck_assert_ptr_null(strstr(text.bytes, "slot=\"300\""));
}
END_TEST

START_TEST(open_metrics_names_units_and_its_end)
{
	write_page(&snapshot, METRICS_OPEN);
	ck_assert(has("# TYPE clusterd_app_restarts counter"));
	ck_assert(has("clusterd_app_restarts_total{app=\"web\"} 0"));
	ck_assert(has("# UNIT clusterd_uptime_seconds seconds"));
	ck_assert_str_eq(text.bytes + text.count - sizeof("# EOF\n"), "# EOF\n");
}
END_TEST

START_TEST(a_silent_supervisor_is_a_metric)
{
	write_page(NULL, METRICS_OPEN);
	ck_assert(has("clusterd_up 0"));
	ck_assert(has("# EOF"));
}
END_TEST

static Suite *suite_of_metrics(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tcase = tcase_create("metrics");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, the_format_is_what_the_client_likes_best, 0,
			    (int)ARRAY_COUNT(wishes));
	tcase_add_test(tcase, a_page_has_what_is_known_and_zero_too);
	tcase_add_test(tcase, a_slot_has_one_series_and_it_is_of_who_serves);
	tcase_add_test(tcase, open_metrics_names_units_and_its_end);
	tcase_add_test(tcase, a_silent_supervisor_is_a_metric);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_metrics)
