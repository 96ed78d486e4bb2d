/*
 * test_unit.c - unit files of systemd's: what they say, and whose they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ctl/unit.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/test-unit-XXXXXX";
static struct unit unit;
static struct buffer text;
static struct fault fault;

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	unit = (struct unit){.name = "clusterd.service",
			     .main = "clusterd.service",
			     .clusterd = "/opt/bin/clusterd",
			     .clusterctl = "/opt/bin/clusterctl"};
	(void)snprintf(unit.folder, sizeof(unit.folder), "%s/a/b", folder);
	(void)snprintf(unit.path, sizeof(unit.path), "%s/a/b/clusterd.service", folder);
	buffer_init(&text, 65536);
}

static void end(void)
{
	char command[128];

	buffer_free(&text);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const char *printed(void)
{
	buffer_drop(&text, text.count);
	unit_print(&unit, &text);
	buffer_append(&text, "", 1);
	ck_assert(!text.broken);
	buffer_cut(&text, text.count - 1);
	return text.bytes;
}

static bool says(const char *line)
{
	return strstr(printed(), line) != NULL;
}

START_TEST(a_unit_runs_the_programs_where_they_are)
{
	unit.user = _i == 1;
	ck_assert(says("\nExecStart=/opt/bin/clusterd"));
	ck_assert(says("\nExecReload=/opt/bin/clusterctl reload\n"));
	ck_assert(!says("/usr/sbin/clusterd"));
	ck_assert(!says("/usr/bin/clusterctl"));
}
END_TEST

START_TEST(a_path_is_quoted_where_systemd_would_misread_it)
{
	(void)strcpy(unit.clusterd, "/opt/my \"50%\"/clusterd");
	ck_assert(says("\nExecStart=\"/opt/my \\\"50%%\\\"/clusterd\""));
	(void)strcpy(unit.home, "/srv/my cluster");
	ck_assert(says("\nEnvironment=\"CLUSTERD_HOME=/srv/my cluster\"\n"));
}
END_TEST

START_TEST(a_cluster_with_a_home_needs_no_places_of_systemd)
{
	ck_assert(says("\nRuntimeDirectory=clusterd\n"));
	ck_assert(!says("CLUSTERD_HOME"));
	(void)strcpy(unit.home, "/srv/x");
	ck_assert(says("[Service]\nEnvironment=CLUSTERD_HOME=/srv/x\n"));
	ck_assert(!says("\nRuntimeDirectory"));
	ck_assert(!says("\nStateDirectory"));
	ck_assert(!says("\nLogsDirectory"));
}
END_TEST

START_TEST(a_unit_of_another_name_has_a_companion_of_its_own)
{
	struct unit main;

	(void)strcpy(unit.name, "shop.service");
	(void)strcpy(unit.main, "shop.service");
	ck_assert(says("\nWants=shop-sweep.service\n"));
	main = unit;
	unit_companion(&main, &unit);
	ck_assert_str_eq(unit.name, "shop-sweep.service");
	ck_assert_ptr_nonnull(strstr(unit.path, "/a/b/shop-sweep.service"));
	ck_assert(says("\nPartOf=shop.service\n"));
	ck_assert(says("\nAfter=shop.service\n"));
	ck_assert(says("\nExecStop=/opt/bin/clusterctl sweep shop.service\n"));
}
END_TEST

START_TEST(a_file_is_known_by_its_mark_and_its_words)
{
	(void)printed();
	ck_assert_int_eq(unit_look(&unit, &text), UNIT_ABSENT);
	ck_assert_int_eq(unit_write(&unit, &text, &fault), 0);
	ck_assert_int_eq(unit_look(&unit, &text), UNIT_OURS);
	(void)strcpy(unit.clusterd, "/elsewhere/clusterd");
	(void)printed();
	ck_assert_int_eq(unit_look(&unit, &text), UNIT_STALE);
	ck_assert_int_eq(unit_write(&unit, &text, &fault), 0);
	ck_assert_int_eq(unit_look(&unit, &text), UNIT_OURS);
	buffer_drop(&text, 10);
	ck_assert_int_eq(unit_write(&unit, &text, &fault), 0);
	(void)printed();
	ck_assert_int_eq(unit_look(&unit, &text), UNIT_FOREIGN);
}
END_TEST

START_TEST(what_cannot_be_written_is_said_and_leaves_nothing)
{
	struct stat there;

	if (geteuid() == 0)
		(void)strcpy(unit.folder, "/proc/none");
	else
		(void)strcpy(unit.folder, "/none");
	(void)snprintf(unit.path, sizeof(unit.path), "%s/x.service", unit.folder);
	(void)printed();
	ck_assert_int_lt(unit_write(&unit, &text, &fault), 0);
	ck_assert_ptr_nonnull(strstr(fault.text, unit.path));
	ck_assert_int_eq(stat(unit.path, &there), -1);
}
END_TEST

#define TEN       "0123456789"
#define LONG_NAME TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const char *const wrong_names[] = {"",   "a/b", "../x", "a b",
					  "-x", ".x",  "a@b",  LONG_NAME};

START_TEST(a_name_that_could_be_a_path_is_refused)
{
	ck_assert_int_eq(unit_find(&unit, wrong_names[_i], true, &fault), -EINVAL);
}
END_TEST

static Suite *suite_of_unit(void)
{
	Suite *suite = suite_create("unit");
	TCase *tcase = tcase_create("files");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, a_unit_runs_the_programs_where_they_are, 0, 2);
	tcase_add_test(tcase, a_path_is_quoted_where_systemd_would_misread_it);
	tcase_add_test(tcase, a_cluster_with_a_home_needs_no_places_of_systemd);
	tcase_add_test(tcase, a_unit_of_another_name_has_a_companion_of_its_own);
	tcase_add_test(tcase, a_file_is_known_by_its_mark_and_its_words);
	tcase_add_test(tcase, what_cannot_be_written_is_said_and_leaves_nothing);
	tcase_add_loop_test(tcase, a_name_that_could_be_a_path_is_refused, 0,
			    ARRAY_COUNT(wrong_names));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_unit)
