/*
 * test_ledger.c - what is kept comes back as it was; what is damaged is set aside.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ledger.h"
#include "tests/unit/unit.h"

static char state[32];
static struct ledger ledger;
static struct fault fault;

static void begin(void)
{
	(void)snprintf(state, sizeof(state), "/tmp/test_ledger.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(state));
	fault.text[0] = '\0';
	ck_assert_int_eq(ledger_open(&ledger, state, &fault), 0);
}

static void end(void)
{
	char command[64];

	ledger_close(&ledger);
	(void)snprintf(command, sizeof(command), "rm -rf %s", state);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static const char *path_of(const char *below)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", state, below);
	return path;
}

static void put_file(const char *below, const char *text)
{
	FILE *file = fopen(path_of(below), "we");

	ck_assert_ptr_nonnull(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static bool is_there(const char *below)
{
	return access(path_of(below), F_OK) == 0;
}

/* As after a restart of the supervisor. */
static int open_again(void)
{
	ledger_close(&ledger);
	return ledger_open(&ledger, state, &fault);
}

static void note(const char *app, bool stopped, unsigned count, unsigned configured)
{
	struct note one = {.stopped = stopped, .count = count, .configured = configured};

	(void)snprintf(one.app, sizeof(one.app), "%s", app);
	notes_put(&ledger.notes, &one);
}

/* ---- notes ---- */

START_TEST(notes_come_back_as_they_were)
{
	note("web", false, 4, 2);
	note("api", true, 0, 0);
	notes_put_embedded(&ledger.notes, true);
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
	ck_assert_int_eq(open_again(), 0);
	ck_assert_uint_eq(ledger.notes.count, 2);
	ck_assert_uint_eq(notes_find(&ledger.notes, "web")->count, 4);
	ck_assert_uint_eq(notes_find(&ledger.notes, "web")->configured, 2);
	ck_assert(!notes_find(&ledger.notes, "web")->stopped);
	ck_assert(notes_find(&ledger.notes, "api")->stopped);
	ck_assert(ledger.notes.embedded);
	ck_assert_ptr_null(notes_find(&ledger.notes, "other"));
}
END_TEST

START_TEST(how_connections_are_dealt_comes_back_with_every_weight)
{
	struct note one = {.app = "web", .dealt = true};
	const struct note *back;

	for (unsigned i = 0; i < CORE_SLOTS; i++)
		one.dealing.weight[i] = one.dealing_configured.weight[i] = 1;
	one.dealing.balance = BALANCE_IP_HASH;
	one.dealing.weight[0] = 2;
	one.dealing.weight[CORE_SLOTS - 1] = 1000;
	one.dealing_configured.balance = BALANCE_RANDOM;
	notes_put(&ledger.notes, &one);
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
	ck_assert_int_eq(open_again(), 0);
	back = notes_find(&ledger.notes, "web");
	ck_assert_ptr_nonnull(back);
	ck_assert(back->dealt);
	ck_assert_mem_eq(&back->dealing, &one.dealing, sizeof(one.dealing));
	ck_assert_mem_eq(&back->dealing_configured, &one.dealing_configured,
			 sizeof(one.dealing_configured));
	one.dealing.weight[1] = 2;
	notes_put(&ledger.notes, &one);
	ck_assert(ledger.notes.changed);
}
END_TEST

START_TEST(a_note_that_says_nothing_is_forgotten)
{
	note("web", true, 0, 0);
	note("api", true, 0, 0);
	note("web", false, 0, 0);
	ck_assert_ptr_null(notes_find(&ledger.notes, "web"));
	ck_assert(notes_find(&ledger.notes, "api")->stopped);
}
END_TEST

START_TEST(only_what_has_changed_is_written)
{
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
	ck_assert(!is_there("ledger.json"));
	note("web", true, 0, 0);
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
	ck_assert(is_there("ledger.json"));
	ck_assert_int_eq(unlink(path_of("ledger.json")), 0);
	note("web", true, 0, 0);
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
	ck_assert(!is_there("ledger.json"));
}
END_TEST

START_TEST(notes_have_a_ceiling_and_the_oldest_goes)
{
	char name[16];

	for (unsigned i = 0; i <= NOTES_MOST; i++) {
		(void)snprintf(name, sizeof(name), "app-%u", i);
		note(name, true, 0, 0);
	}
	ck_assert_uint_eq(ledger.notes.count, NOTES_MOST);
	ck_assert_ptr_null(notes_find(&ledger.notes, "app-0"));
	ck_assert_ptr_nonnull(notes_find(&ledger.notes, "app-1"));
	ck_assert_ptr_nonnull(notes_find(&ledger.notes, name));
}
END_TEST

static const char *const broken[] = {
	"",
	"{",
	"[]",
	"{\"version\":1}",
	"{\"version\":2,\"apps\":[]}",
	"{\"version\":1,\"apps\":[{}]}",
	"{\"version\":1,\"apps\":[{\"app\":\"a\",\"stopped\":true},{\"app\":7}]}",
	"{\"version\":1,\"apps\":[{\"app\":\"a\",\"count\":257}]}",
	"{\"version\":1,\"apps\":[{\"app\":\"a\",\"count\":-1}]}",
	"{\"version\":1,\"apps\":[{\"app\":\"a\",\"dealing\":{\"policy\":\"hash\"}}]}",
	"{\"version\":1,\"apps\":[{\"app\":\"a\",\"dealing\":{\"policy\":\"hash\","
	"\"weights\":"
	"[0],\"configured\":{\"policy\":\"hash\",\"weights\":[]}}}]}",
	"{\"version\":1,\"apps\":[{\"app\":\"a\",\"dealing\":{\"policy\":\"luck\","
	"\"weights\":"
	"[],\"configured\":{\"policy\":\"hash\",\"weights\":[]}}}]}",
	("{\"version\":1,\"apps\":[{\"app\":\"0123456789012345678901234567890123456789"
	 "01234567890123456789012345\"}]}"),
};

START_TEST(broken_notes_are_set_aside_and_told)
{
	put_file("ledger.json", broken[_i]);
	ck_assert_int_lt(open_again(), 0);
	ck_assert_ptr_nonnull(strstr(fault.text, "set aside as ledger.json.broken: "));
	ck_assert(!is_there("ledger.json"));
	ck_assert(is_there("ledger.json.broken"));
	ck_assert_uint_eq(ledger.notes.count, 0);
	note("web", true, 0, 0);
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
	ck_assert_int_eq(open_again(), 0);
	ck_assert_uint_eq(ledger.notes.count, 1);
}
END_TEST

START_TEST(nothing_that_was_set_aside_is_overwritten)
{
	for (unsigned i = 0; i < 3; i++) {
		put_file("ledger.json", "{");
		ck_assert_int_lt(open_again(), 0);
	}
	ck_assert(is_there("ledger.json.broken"));
	ck_assert(is_there("ledger.json.broken.1"));
	ck_assert(is_there("ledger.json.broken.2"));
}
END_TEST

START_TEST(notes_that_cannot_be_written_are_told_once)
{
	FILE *file;

	ck_assert_int_eq(rmdir(state), 0);
	file = fopen(state, "we");
	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	note("web", true, 0, 0);
	ck_assert_int_lt(ledger_write(&ledger, &fault), 0);
	ck_assert_ptr_nonnull(strstr(fault.text, "ledger.json: "));
	ck_assert_int_eq(ledger_write(&ledger, &fault), 0);
}
END_TEST

/* ---- ad-hoc apps ---- */

static int keep(const char *name, const char *conf, const char *env)
{
	struct buffer text, variables;
	int result;

	buffer_init(&text, 4096);
	buffer_init(&variables, 4096);
	buffer_append_text(&text, conf);
	buffer_append_text(&variables, env);
	result = ledger_keep(&ledger, name, &text, &variables, &fault);
	buffer_free(&text);
	buffer_free(&variables);
	return result;
}

START_TEST(an_app_that_is_kept_can_be_read_and_listed)
{
	struct buffer text, variables;
	struct arena arena = {0};
	const char *const *name;

	ck_assert_int_eq(keep("web", "conf", "env"), 0);
	ck_assert_int_eq(keep("api", "other", ""), 0);
	put_file("apps/README", "no app");
	ck_assert_int_eq(ledger_read(&ledger, "web", &text, &variables), 0);
	ck_assert(text.count == 4 && memcmp(text.bytes, "conf", 4) == 0);
	ck_assert(variables.count == 3 && memcmp(variables.bytes, "env", 3) == 0);
	buffer_free(&text);
	buffer_free(&variables);
	name = ledger_list(&ledger, &arena);
	ck_assert_str_eq(name[0], "api");
	ck_assert_str_eq(name[1], "web");
	ck_assert_ptr_null(name[2]);
	arena_free(&arena);
	ck_assert(ledger_has(&ledger, "web"));
	ck_assert(!ledger_has(&ledger, "we"));
	ck_assert(!ledger_has(&ledger, "../ledger"));
}
END_TEST

START_TEST(its_files_are_for_nobody_else)
{
	struct stat status;

	ck_assert_int_eq(keep("web", "conf", "env"), 0);
	ck_assert_int_eq(stat(path_of("apps"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(path_of("apps/web.env"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(path_of("apps/web.conf"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(an_app_that_is_forgotten_leaves_no_file)
{
	ck_assert_int_eq(keep("web", "conf", "env"), 0);
	ck_assert_int_eq(ledger_forget(&ledger, "web", &fault), 0);
	ck_assert(!is_there("apps/web.conf") && !is_there("apps/web.env"));
	ck_assert_int_eq(ledger_forget(&ledger, "web", &fault), 0);
}
END_TEST

START_TEST(an_app_is_kept_whole_or_not_at_all)
{
	struct buffer text = {.broken = true}, variables;

	buffer_init(&variables, 16);
	ck_assert_int_eq(ledger_keep(&ledger, "web", &text, &variables, &fault), -ENOMEM);
	ck_assert(!is_there("apps/web.conf") && !is_there("apps/web.env"));
	ck_assert(!is_there("apps/.new"));
	put_file("apps/.new", "left over by one who was killed");
	ck_assert_int_eq(keep("web", "conf", "env"), 0);
}
END_TEST

START_TEST(a_file_of_an_app_that_makes_no_sense_is_set_aside)
{
	ck_assert_int_eq(keep("web", "nonsense", ""), 0);
	(void)fault_set(&fault, 0, "it is nonsense");
	ledger_set_aside(&ledger, "web", &fault);
	ck_assert_str_eq(fault.text,
			 "apps/web.conf is set aside as web.conf.broken: it is nonsense");
	ck_assert(!ledger_has(&ledger, "web"));
	ck_assert(is_there("apps/web.conf.broken"));
}
END_TEST

START_TEST(a_path_is_known_as_ours)
{
	char path[LEDGER_PATH];

	ledger_path(&ledger, "web", path);
	ck_assert_str_eq(path, path_of("apps/web.conf"));
	ck_assert(ledger_owns(&ledger, path));
	ck_assert(!ledger_owns(&ledger, path_of("web.conf")));
	ck_assert(!ledger_owns(&ledger, "/etc/clusterd/cluster.conf"));
}
END_TEST

static Suite *suite_of_ledger(void)
{
	Suite *suite = suite_create("ledger");
	TCase *notes = tcase_create("notes");
	TCase *apps = tcase_create("apps");

	tcase_add_checked_fixture(notes, begin, end);
	unit_watch_fds(notes);
	tcase_add_test(notes, notes_come_back_as_they_were);
	tcase_add_test(notes, how_connections_are_dealt_comes_back_with_every_weight);
	tcase_add_test(notes, a_note_that_says_nothing_is_forgotten);
	tcase_add_test(notes, only_what_has_changed_is_written);
	tcase_add_test(notes, notes_have_a_ceiling_and_the_oldest_goes);
	tcase_add_loop_test(notes, broken_notes_are_set_aside_and_told, 0,
			    ARRAY_COUNT(broken));
	tcase_add_test(notes, nothing_that_was_set_aside_is_overwritten);
	tcase_add_test(notes, notes_that_cannot_be_written_are_told_once);
	suite_add_tcase(suite, notes);

	tcase_add_checked_fixture(apps, begin, end);
	unit_watch_fds(apps);
	tcase_add_test(apps, an_app_that_is_kept_can_be_read_and_listed);
	tcase_add_test(apps, its_files_are_for_nobody_else);
	tcase_add_test(apps, an_app_that_is_forgotten_leaves_no_file);
	tcase_add_test(apps, an_app_is_kept_whole_or_not_at_all);
	tcase_add_test(apps, a_file_of_an_app_that_makes_no_sense_is_set_aside);
	tcase_add_test(apps, a_path_is_known_as_ours);
	suite_add_tcase(suite, apps);
	return suite;
}

UNIT_MAIN(suite_of_ledger)
