/*
 * test_permit.c - users, masks, levels and limits as they are written, and as they are
 * refused.
 */
#include "supervisor/permit.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/config.h"

/* wraps: geteuid getegid getpwnam */

static uid_t euid;
static int lookup_errno;

uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return euid;
}

gid_t __wrap_getegid(void);
gid_t __wrap_getegid(void)
{
	return euid;
}

struct passwd *__real_getpwnam(const char *name);
struct passwd *__wrap_getpwnam(const char *name);
struct passwd *__wrap_getpwnam(const char *name)
{
	if (lookup_errno == 0)
		return __real_getpwnam(name);
	errno = lookup_errno;
	return NULL;
}

static struct arena arena;
static struct spec spec;
static struct faults faults;

static int load(const char *settings)
{
	char text[1024];

	arena_free(&arena);
	faults = (struct faults){0};
	(void)snprintf(text, sizeof(text),
		       "apps = ({ name = \"a\"; command = \"b\";\n%s });", settings);
	return config_load_text("t.conf", "/base", text, &arena, &spec, &faults);
}

static const struct app_spec *load_app(const char *settings)
{
	ck_assert_msg(load(settings) == 0, "%s", faults.list[0].text);
	return &spec.app[0];
}

START_TEST(what_is_left_out_is_as_the_supervisor_has_it)
{
	const struct app_spec *app = load_app("");

	ck_assert_ptr_null(app->user);
	ck_assert_ptr_null(app->group);
	ck_assert(!app->umask.given);
	ck_assert(!app->nice.given);
	ck_assert(!app->oom_score_adj.given);
	ck_assert(!app->no_new_privileges.given);
	for (unsigned i = 0; i < SPEC_LIMITS; i++)
		ck_assert(!app->limit[i].given);
}
END_TEST

START_TEST(users_and_groups_are_names_or_numbers)
{
	const struct app_spec *app = load_app("user = \"root\"; group = 4711;");

	ck_assert_str_eq(app->user, "root");
	ck_assert_str_eq(app->group, "4711");
	ck_assert_str_eq(load_app("user = 0;")->user, "0");
	ck_assert_str_eq(load_app("group = \"root\";")->group, "root");
}
END_TEST

START_TEST(who_is_not_root_can_name_himself)
{
	euid = 4711;
	ck_assert_str_eq(load_app("user = 4711;")->user, "4711");
	ck_assert_str_eq(load_app("group = 4711;")->group, "4711");
}
END_TEST

START_TEST(no_new_privileges_follow_from_a_user_unless_given)
{
	ck_assert(!spec_denies_new_privileges(load_app("")));
	ck_assert(spec_denies_new_privileges(load_app("user = 0;")));
	ck_assert(spec_denies_new_privileges(load_app("no_new_privileges = true;")));
	ck_assert(!spec_denies_new_privileges(
		load_app("user = 0; no_new_privileges = false;")));
}
END_TEST

START_TEST(a_umask_is_octal)
{
	ck_assert_int_eq(load_app("umask = \"0027\";")->umask.value, 027);
	ck_assert_int_eq(load_app("umask = \"7\";")->umask.value, 7);
	ck_assert_int_eq(load_app("umask = \"0777\";")->umask.value, 0777);
	ck_assert(load_app("umask = \"0\";")->umask.given);
}
END_TEST

START_TEST(levels_may_be_negative)
{
	ck_assert_int_eq(load_app("nice = -20;")->nice.value, -20);
	ck_assert_int_eq(load_app("nice = 19;")->nice.value, 19);
	ck_assert_int_eq(load_app("oom_score_adj = -1000;")->oom_score_adj.value, -1000);
	ck_assert(load_app("oom_score_adj = 0;")->oom_score_adj.given);
}
END_TEST

#define NONE SPEC_INFINITY

static const struct {
	const char *text;
	enum spec_limit_kind kind;
	uint64_t soft, hard;
} limits[] = {
	{"nofile = 65536", SPEC_LIMIT_NOFILE, 65536, 65536},
	{"nofile = \"65536\"", SPEC_LIMIT_NOFILE, 65536, 65536},
	{"nofile = \"1024:4096\"", SPEC_LIMIT_NOFILE, 1024, 4096},
	{"nproc = \"infinity\"", SPEC_LIMIT_NPROC, NONE, NONE},
	{"nproc = \"10:infinity\"", SPEC_LIMIT_NPROC, 10, NONE},
	{"rtprio = 0", SPEC_LIMIT_RTPRIO, 0, 0},
	{"sigpending = 7", SPEC_LIMIT_SIGPENDING, 7, 7},
	{"as = \"1.5G\"", SPEC_LIMIT_AS, 3U << 29, 3U << 29},
	{"core = \"0:infinity\"", SPEC_LIMIT_CORE, 0, NONE},
	{"data = 4096", SPEC_LIMIT_DATA, 4096, 4096},
	{"fsize = \"1K:2K\"", SPEC_LIMIT_FSIZE, 1024, 2048},
	{"memlock = \"64K\"", SPEC_LIMIT_MEMLOCK, 65536, 65536},
	{"msgqueue = \"64K\"", SPEC_LIMIT_MSGQUEUE, 65536, 65536},
	{"stack = \"8M:16M\"", SPEC_LIMIT_STACK, 8 << 20, 16 << 20},
	{"cpu = 30", SPEC_LIMIT_CPU, 30, 30},
	{"cpu = \"30s:2m\"", SPEC_LIMIT_CPU, 30, 120},
	{"nofile = \"18446744073709551614\"", SPEC_LIMIT_NOFILE, NONE - 1, NONE - 1},
};

START_TEST(a_limit_is_one_bound_or_two)
{
	const struct spec_limit *limit;
	char text[256];

	(void)snprintf(text, sizeof(text), "limits = { %s; };", limits[_i].text);
	limit = load_app(text)->limit;
	for (unsigned i = 0; i < SPEC_LIMITS; i++)
		ck_assert(limit[i].given == (i == limits[_i].kind));
	ck_assert_uint_eq(limit[limits[_i].kind].soft, limits[_i].soft);
	ck_assert_uint_eq(limit[limits[_i].kind].hard, limits[_i].hard);
}
END_TEST

static const struct {
	uid_t euid;
	const char *settings;
	const char *fault;
} refusals[] = {
	{0, "user = \"no such\";", "t.conf:2: a.user: no such user: \"no such\""},
	{0, "user = \"\";", "t.conf:2: a.user: no such user: \"\""},
	{0, "user = -1;", "t.conf:2: a.user: no such user: \"-1\""},
	{0, "user = \"4294967295\";", "t.conf:2: a.user: no such user: \"4294967295\""},
	{0, "user = [ 0 ];", "t.conf:2: a.user: expects text, not a list"},
	{0, "group = \"no such\";", "t.conf:2: a.group: no such group: \"no such\""},
	{5, "user = \"root\";",
	 "t.conf:2: a.user: only root can start workers as another user"},
	{5, "group = 6;",
	 "t.conf:2: a.group: only root can start workers with another group"},
	{0, "umask = 27;",
	 "t.conf:2: a.umask: expects octal digits in quotes, such as \"0027\", not a "
	 "number"},
	{0, "umask = \"0028\";",
	 "t.conf:2: a.umask: \"0028\" is not octal, or has other bits than 0777"},
	{0, "umask = \"1777\";",
	 "t.conf:2: a.umask: \"1777\" is not octal, or has other bits than 0777"},
	{0, "umask = \"\";",
	 "t.conf:2: a.umask: \"\" is not octal, or has other bits than 0777"},
	{0, "umask = \"99999999999999999999999\";",
	 "t.conf:2: a.umask: \"99999999999999999999999\" is not octal, or has other "
	 "bits than 0777"},
	{0, "nice = 20;", "t.conf:2: a.nice: 20 is more than 19"},
	{0, "nice = -21;", "t.conf:2: a.nice: -21 is less than -20"},
	{0, "oom_score_adj = 1001;", "t.conf:2: a.oom_score_adj: 1001 is more than 1000"},
	{0, "no_new_privileges = 1;",
	 "t.conf:2: a.no_new_privileges: expects true or false, not a number"},
	{0, "limits = 5;", "t.conf:2: a.limits: expects a group, not a number"},
	{0, "limits = { files = 5; };", "t.conf:2: a.limits.files: unknown key"},
	{0, "limits = { nofiles = 5; };",
	 "t.conf:2: a.limits.nofiles: unknown key; did you mean limits.nofile?"},
	{0, "limits = { nofile = -1; };", "t.conf:2: a.limits.nofile: -1 is less than 0"},
	{0, "limits = { nofile = 1.5; };",
	 "t.conf:2: a.limits.nofile: 1.5 is not a whole number"},
	{0, "limits = { nofile = \"1K\"; };",
	 "t.conf:2: a.limits.nofile: \"1K\" is not a limit such as 1024, \"1024:4096\" "
	 "or "
	 "\"infinity\""},
	{0, "limits = { nofile = \"18446744073709551615\"; };",
	 "t.conf:2: a.limits.nofile: \"18446744073709551615\" is not a limit such as "
	 "1024, "
	 "\"1024:4096\" or \"infinity\""},
	{0, "limits = { as = \"much\"; };",
	 "t.conf:2: a.limits.as: \"much\" is not a limit such as \"64M\", \"64M:1G\" or "
	 "\"infinity\""},
	{0, "limits = { cpu = \"500ms\"; };",
	 "t.conf:2: a.limits.cpu: \"500ms\" is not a limit such as \"30s\", \"30s:1m\" "
	 "or "
	 "\"infinity\""},
	{0, "limits = { nofile = \"1:2:3\"; };",
	 "t.conf:2: a.limits.nofile: \"1:2:3\" is not a limit such as 1024, "
	 "\"1024:4096\" "
	 "or \"infinity\""},
	{0, "limits = { nofile = \"1:\"; };",
	 "t.conf:2: a.limits.nofile: \"1:\" is not a limit such as 1024, \"1024:4096\" "
	 "or "
	 "\"infinity\""},
	{0, "limits = { nofile = \"4096:1024\"; };",
	 "t.conf:2: a.limits.nofile: \"4096:1024\": the soft limit is above the hard "
	 "one"},
};

START_TEST(what_makes_no_sense_is_refused)
{
	euid = refusals[_i].euid;
	ck_assert_int_eq(load(refusals[_i].settings), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, refusals[_i].fault);
	ck_assert_uint_eq(faults.count, 1);
	ck_assert(faults.of_machine == (strstr(faults.list[0].text, "no such") != NULL));
}
END_TEST

START_TEST(a_database_that_fails_is_not_a_user_that_is_missing)
{
	lookup_errno = EIO;
	ck_assert_int_eq(load("user = \"root\";"), -EINVAL);
	ck_assert_str_eq(faults.list[0].text,
			 "t.conf:2: a.user: user \"root\": Input/output error");
	ck_assert(faults.of_machine);
	lookup_errno = ESRCH;
	ck_assert_int_eq(load("user = \"root\";"), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, "t.conf:2: a.user: no such user: \"root\"");
}
END_TEST

static Suite *suite_of_permit(void)
{
	Suite *suite = suite_create("permit");
	TCase *tcase = tcase_create("settings");

	tcase_add_test(tcase, what_is_left_out_is_as_the_supervisor_has_it);
	tcase_add_test(tcase, users_and_groups_are_names_or_numbers);
	tcase_add_test(tcase, who_is_not_root_can_name_himself);
	tcase_add_test(tcase, no_new_privileges_follow_from_a_user_unless_given);
	tcase_add_test(tcase, a_umask_is_octal);
	tcase_add_test(tcase, levels_may_be_negative);
	tcase_add_loop_test(tcase, a_limit_is_one_bound_or_two, 0, ARRAY_COUNT(limits));
	tcase_add_loop_test(tcase, what_makes_no_sense_is_refused, 0,
			    ARRAY_COUNT(refusals));
	tcase_add_test(tcase, a_database_that_fails_is_not_a_user_that_is_missing);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_permit)
