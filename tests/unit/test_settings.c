#include "supervisor/settings.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "supervisor/config.h"
#include "supervisor/core/plan.h"

#define REFERENCE "conf/cluster.conf"
#define MANUAL    "man/cluster.conf.5"
#define TEXT_SIZE (256 * 1024)

/* wraps: geteuid */

/* The reference names a user, as only root can. */
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return 0;
}

static char *read_text(const char *path)
{
	char *text = calloc(1, TEXT_SIZE);
	FILE *file = fopen(path, "re");

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_lt(fread(text, 1, TEXT_SIZE - 1, file), TEXT_SIZE - 1);
	(void)fclose(file);
	return text;
}

static const enum setting_scope scopes[] = {SETTING_OF_SUPERVISOR, SETTING_OF_APP};

START_TEST(every_setting_has_a_name_of_its_own)
{
	const struct setting *list = settings_list(scopes[_i]);

	for (const struct setting *setting = list; setting->name; setting++) {
		ck_assert_ptr_eq(settings_find(scopes[_i], setting->name), setting);
		if (settings_is_group(scopes[_i], setting->name))
			ck_assert_int_eq(setting->kind, SETTING_HEARTBEAT);
	}
}
END_TEST

START_TEST(a_choice_knows_its_default_and_supports_it)
{
	for (const struct setting *setting = settings_list(scopes[_i]); setting->name;
	     setting++) {
		const struct setting_choice *choice = setting->choice;

		ck_assert_int_eq(choice != NULL, setting->kind == SETTING_CHOICE);
		while (choice && choice->name &&
		       strcmp(choice->name, setting->otherwise) != 0)
			choice++;
		ck_assert(!choice || (choice->name && !choice->later));
	}
}
END_TEST

START_TEST(the_names_of_log_levels_are_in_the_order_of_the_levels)
{
	const struct setting_choice *level =
		settings_find(SETTING_OF_SUPERVISOR, "log_level")->choice;

	ck_assert_str_eq(level[LOG_LEVEL_DEBUG].name, "debug");
	ck_assert_str_eq(level[LOG_LEVEL_INFO].name, "info");
	ck_assert_str_eq(level[LOG_LEVEL_WARN].name, "warn");
	ck_assert_str_eq(level[LOG_LEVEL_ERROR].name, "error");
	for (unsigned i = 0; i < LOG_LEVELS; i++)
		ck_assert_uint_eq(level[i].value, i);
}
END_TEST

START_TEST(groups_are_what_has_settings_inside)
{
	ck_assert(settings_is_group(SETTING_OF_APP, "ready"));
	ck_assert(settings_is_group(SETTING_OF_APP, "heartbeat"));
	ck_assert(!settings_is_group(SETTING_OF_APP, "read"));
	ck_assert(!settings_is_group(SETTING_OF_APP, "listen"));
	ck_assert(!settings_is_group(SETTING_OF_SUPERVISOR, "ready"));
	ck_assert_ptr_null(settings_find(SETTING_OF_APP, "ready"));
	ck_assert_ptr_null(settings_find(SETTING_OF_APP, "ready."));
}
END_TEST

static const struct {
	enum setting_scope scope;
	const char *name;
	const char *meant;
} suggestions[] = {
	{SETTING_OF_APP, "instance", "instances"},
	{SETTING_OF_APP, "redy", "ready"},
	{SETTING_OF_APP, "ready.timout", "ready.timeout"},
	{SETTING_OF_APP, "script", "command"},
	{SETTING_OF_APP, "max_memory_restart", "recycle.memory"},
	{SETTING_OF_APP, "kill_timeout", "drain.timeout"},
	{SETTING_OF_APP, "delay_max", "restart.delay_max"},
	{SETTING_OF_APP, "timeout", NULL},
	{SETTING_OF_APP, "colour_of_the_moon", NULL},
	{SETTING_OF_SUPERVISOR, "loglevel", "log_level"},
	{SETTING_OF_SUPERVISOR, "script", NULL},
};

START_TEST(an_unknown_name_suggests_what_may_have_been_meant)
{
	const char *meant = settings_suggest(suggestions[_i].scope, suggestions[_i].name);

	ck_assert_str_eq(meant ? meant : "nothing",
			 suggestions[_i].meant ? suggestions[_i].meant : "nothing");
}
END_TEST

/* What the manual must say of a setting's range: "0ms to 1h", "1 to 65535". */
static bool format_range(char *text, size_t size, const struct setting *setting)
{
	char least[32];
	char most[32];

	if (setting->kind == SETTING_SPAN) {
		text_format_duration(least, sizeof(least), setting->least);
		text_format_duration(most, sizeof(most), setting->most);
		(void)snprintf(text, size, "%s to %s", least, most);
		return true;
	}
	(void)snprintf(text, size, "%lld to %lld", (long long)setting->least,
		       (long long)setting->most);
	return setting->kind == SETTING_COUNT || setting->kind == SETTING_SURGE ||
	       setting->kind == SETTING_INSTANCES || setting->kind == SETTING_SIGNAL ||
	       setting->kind == SETTING_WEIGHTS || setting->kind == SETTING_EXIT_CODES;
}

/* Cuts the manual's item about this setting out of the page, on a single line. */
static void find_item(char *item, size_t size, const char *page, const char *name)
{
	char head[64];
	const char *start;
	const char *end;

	(void)snprintf(head, sizeof(head), "\n.It Cm %s\n", name);
	start = strstr(page, head);
	ck_assert_msg(start != NULL, "%s has no item %s", MANUAL, name);
	end = strstr(start + 1, "\n.It Cm ");
	if (!end)
		end = start + strlen(start);
	ck_assert_uint_lt((size_t)(end - start), size);
	memcpy(item, start, (size_t)(end - start));
	item[end - start] = '\0';
	for (char *letter = item; *letter; letter++)
		*letter = *letter == '\n' ? ' ' : *letter;
}

START_TEST(the_manual_tells_default_and_range_of_every_setting)
{
	char *page = read_text(MANUAL);
	char item[8192];
	char expected[128];

	for (const struct setting *setting = settings_list(scopes[_i]); setting->name;
	     setting++) {
		if (setting->kind == SETTING_LATER) {
			(void)snprintf(expected, sizeof(expected), "%s", setting->name);
			ck_assert_msg(strstr(page, expected) != NULL, "%s: no %s", MANUAL,
				      expected);
			continue;
		}
		find_item(item, sizeof(item), page, setting->name);
		(void)snprintf(expected, sizeof(expected), "Default: .Cm %s .",
			       setting->otherwise);
		ck_assert_msg(!setting->otherwise || strstr(item, expected) != NULL,
			      "%s: %s is not \"%s\"", MANUAL, setting->name, expected);
		ck_assert_msg(!format_range(expected, sizeof(expected), setting) ||
				      strstr(item, expected) != NULL,
			      "%s: %s is not from %s", MANUAL, setting->name, expected);
		for (const struct setting_choice *choice = setting->choice;
		     choice && choice->name; choice++)
			ck_assert_msg(strstr(page, choice->name) != NULL, "%s: no %s",
				      MANUAL, choice->name);
	}
	free(page);
}
END_TEST

/* Takes the # off what is commented out, which is what has no space behind it, and of the
 * lines that continue it. */
static void uncomment(char *text)
{
	bool inside = false;

	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		size_t length;

		line += *line == '\n';
		line += strspn(line, " ");
		if (*line != '#' || (!inside && strchr(" \n", line[1])))
			continue;
		*line = ' ';
		length = strcspn(line, "\n");
		inside = (inside || memchr(line, '{', length)) &&
			 !memchr(line, '}', length);
	}
}

static struct app_spec load_app(const char *text, struct arena *arena)
{
	static struct faults faults;
	struct spec spec;
	int error =
		config_load_text("t.conf", "/etc/clusterd", text, arena, &spec, &faults);

	ck_assert_msg(error == 0, "%s", faults.list[0].text);
	ck_assert_uint_eq(spec.apps, 1);
	return spec.app[0];
}

START_TEST(uncommenting_the_whole_reference_changes_nothing)
{
	struct arena arena = {0};
	struct arena other_arena = {0};
	char *text = read_text(REFERENCE);
	struct app_spec before = load_app(text, &arena);
	struct app_spec after;

	uncomment(text);
	after = load_app(text, &other_arena);
	/* The settings that are examples, having no default. */
	ck_assert_str_eq(after.env_file, "/etc/clusterd/web.env");
	after.env_file = NULL;
	ck_assert_uint_eq(after.policy.recycle.memory, 512 << 20);
	after.policy.recycle.memory = 0;
	ck_assert_int_eq(after.policy.recycle.age, 24 * 3600 * 1000);
	after.policy.recycle.age = 0;
	ck_assert_str_eq(after.user, "www-data");
	ck_assert_str_eq(after.group, "www-data");
	after.user = after.group = NULL;
	ck_assert_int_eq(after.umask.value, 027);
	after.umask = after.nice = after.oom_score_adj = before.nice;
	after.no_new_privileges = before.no_new_privileges;
	ck_assert_uint_eq(after.limit[SPEC_LIMIT_NOFILE].hard, 65536);
	memcpy(after.limit, before.limit, sizeof(after.limit));
	ck_assert_uint_eq(after.cgroup.memory_max, UINT64_C(1) << 30);
	ck_assert_uint_eq(after.cgroup.memory_high, UINT64_C(800) << 20);
	after.cgroup.memory_max = after.cgroup.memory_high = 0;
	ck_assert_str_eq(after.cron, "0 4 * * *");
	after.cron = NULL;
	ck_assert_int_eq(after.log.age, 24 * 3600 * 1000);
	ck_assert_str_eq(after.log.path[SPEC_OUT], "web-%i.log");
	after.log = before.log;
	ck_assert_str_eq(after.directory, "/etc/clusterd");
	after.directory = before.directory;
	ck_assert_uint_eq(plan_compare(&before, &after).keys, 0);
	free(text);
	arena_free(&arena);
	arena_free(&other_arena);
}
END_TEST

START_TEST(the_reference_has_every_setting)
{
	char *text = read_text(REFERENCE);

	uncomment(text);
	for (const struct setting *setting = settings_list(scopes[_i]); setting->name;
	     setting++) {
		const char *dot = strrchr(setting->name, '.');
		char assignment[64];

		(void)snprintf(assignment, sizeof(assignment),
			       " %s = ", dot ? dot + 1 : setting->name);
		if (setting->kind != SETTING_LATER)
			ck_assert_msg(strstr(text, assignment) != NULL, "%s: no%s",
				      REFERENCE, assignment);
	}
	free(text);
}
END_TEST

static Suite *suite_of_settings(void)
{
	Suite *suite = suite_create("settings");
	TCase *tcase = tcase_create("settings");

	tcase_add_loop_test(tcase, every_setting_has_a_name_of_its_own, 0,
			    SETTING_SCOPES);
	tcase_add_loop_test(tcase, a_choice_knows_its_default_and_supports_it, 0,
			    SETTING_SCOPES);
	tcase_add_test(tcase, the_names_of_log_levels_are_in_the_order_of_the_levels);
	tcase_add_test(tcase, groups_are_what_has_settings_inside);
	tcase_add_loop_test(tcase, an_unknown_name_suggests_what_may_have_been_meant, 0,
			    ARRAY_COUNT(suggestions));
	tcase_add_loop_test(tcase, the_manual_tells_default_and_range_of_every_setting, 0,
			    SETTING_SCOPES);
	tcase_add_test(tcase, uncommenting_the_whole_reference_changes_nothing);
	tcase_add_loop_test(tcase, the_reference_has_every_setting, 0, SETTING_SCOPES);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_settings)
