#include "supervisor/config.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/core/plan.h"

/* wraps: calloc malloc realloc */
void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

static unsigned calls_to_fail; /* the last of so many fails; 0: none */

static bool fails(void)
{
	return calls_to_fail > 0 && --calls_to_fail == 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

static struct arena arena;
static struct spec spec;
static struct faults faults;
static char base[] = "/tmp/clusterd-test-XXXXXX";

static int load(const char *text)
{
	arena_free(&arena);
	faults.count = 0;
	return config_load_text("t.conf", "/base", text, &arena, &spec, &faults);
}

static int load_file(const char *path, bool with_directory)
{
	arena_free(&arena);
	faults.count = 0;
	return config_load(path, with_directory, &arena, &spec, &faults);
}

/* The only app of a configuration that says this about it. */
static const struct app_spec *load_app(const char *settings)
{
	char text[4096];

	(void)snprintf(text, sizeof(text),
		       "apps = ({ name = \"a\"; command = \"b\"; %s });", settings);
	ck_assert_msg(load(text) == 0, "%s", faults.list[0].text);
	ck_assert_uint_eq(spec.apps, 1);
	return &spec.app[0];
}

static void make_base(void)
{
	ck_assert_ptr_nonnull(mkdtemp(base));
}

static void remove_base(void)
{
	char command[128];

	arena_free(&arena);
	(void)snprintf(command, sizeof(command), "rm -rf %s", base);
	ck_assert_int_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(the_embedded_default_is_one_worker_per_core_on_8080)
{
	ck_assert_int_eq(config_load_embedded(&arena, &spec, &faults), 0);
	ck_assert_uint_eq(spec.apps, 1);
	ck_assert_str_eq(spec.app[0].name, "web");
	ck_assert_str_eq(spec.app[0].command[0], "cluster-worker");
	ck_assert_str_eq(spec.app[0].listen[0], "127.0.0.1:8080");
	ck_assert_uint_eq(spec_instances_count(&spec.app[0].instances, 7), 7);
	ck_assert_ptr_null(spec.app[0].file);
	ck_assert_ptr_null(spec.app[0].directory);
}
END_TEST

START_TEST(relative_paths_are_seen_from_the_file)
{
	write_file("a.conf",
		   "\napps = ({ name = \"a\"; command = \"b\"; env_file = \"./e\"; },\n"
		   "{ name = \"b\"; command = \"b\"; cwd = \"x\"; });");
	ck_assert_int_eq(load_file(path_of("a.conf"), false), 0);
	ck_assert_str_eq(spec.app[0].file, path_of("a.conf"));
	ck_assert_uint_eq(spec.app[0].line, 2);
	ck_assert_str_eq(spec.app[0].directory, base);
	ck_assert_str_eq(spec.app[0].env_file, path_of("e"));
	ck_assert_str_eq(spec.app[1].directory, path_of("x"));
}
END_TEST

/* An app so large that each of its lists needs memory of its own. */
static void write_large_app(void)
{
	static char text[64 * 1024];
	char *end = text;

	end += sprintf(end, "apps = ({ name = \"a\"; cwd = \"x\"; command = [ \"b\"");
	for (unsigned i = 0; i < 300; i++)
		end += sprintf(end, ", \"an argument %u\"", i);
	end += sprintf(end, " ]; listen = [ \"unix:/%090u\" ", 0U);
	for (unsigned i = 1; i < SPEC_LISTEN; i++)
		end += sprintf(end, ", \"unix:/%090u\"", i);
	end += sprintf(end, " ]; weights = [ 1");
	for (unsigned i = 1; i < CORE_SLOTS; i++)
		end += sprintf(end, ", 2");
	end += sprintf(end, " ]; pass_env = [ \"A\"");
	for (unsigned i = 1; i < 300; i++)
		end += sprintf(end, ", \"VARIABLE_%u\"", i);
	end += sprintf(end, " ]; env = {");
	for (unsigned i = 0; i < 300; i++)
		end += sprintf(end, "VARIABLE_%u = \"value\";\n", i);
	(void)strcpy(end, "}; });");
	write_file("large.conf", text);
}

START_TEST(running_out_of_memory_anywhere_is_told_and_leaves_nothing)
{
	unsigned calls = 0;
	int error;

	write_large_app();
	do {
		calls_to_fail = ++calls;
		error = load_file(path_of("large.conf"), false);
		calls_to_fail = 0;
		ck_assert(error == 0 || error == -ENOMEM);
		ck_assert_uint_eq(faults.count, error ? 1 : 0);
		ck_assert_uint_eq(arena.bytes > 0, !error);
	} while (error);
	ck_assert_uint_gt(calls, 20);
}
END_TEST

START_TEST(running_out_of_memory_in_a_copy_is_told)
{
	struct arena other = {0};
	const struct app_spec *copy = NULL;
	unsigned calls = 0;
	int error;

	write_large_app();
	ck_assert_int_eq(load_file(path_of("large.conf"), false), 0);
	do {
		calls_to_fail = ++calls;
		error = config_copy_app(&spec.app[0], &other, &copy);
		calls_to_fail = 0;
		ck_assert(error == 0 || error == -ENOMEM);
		ck_assert_uint_eq(copy != NULL, !error);
		if (error)
			arena_free(&other);
	} while (error);
	ck_assert_uint_gt(calls, 5);
	ck_assert_uint_eq(plan_compare(&spec.app[0], copy).keys, 0);
	arena_free(&other);
}
END_TEST

START_TEST(a_file_named_relative_is_known_by_its_absolute_path)
{
	write_file("a.conf", "apps = ({ name = \"a\"; command = \"b\"; colour = 1; });");
	ck_assert_int_eq(chdir(base), 0);
	ck_assert_int_eq(load_file("a.conf", false), -EINVAL);
	ck_assert_str_eq(faults.list[0].text, "a.conf:1: a.colour: unknown key");
	write_file("a.conf", "apps = ({ name = \"a\"; command = \"b\"; });");
	ck_assert_int_eq(load_file("a.conf", false), 0);
	ck_assert_str_eq(spec.app[0].file, path_of("a.conf"));
}
END_TEST

START_TEST(a_current_directory_that_is_gone_is_told)
{
	ck_assert_int_eq(mkdir(path_of("gone"), 0700), 0);
	ck_assert_int_eq(chdir(path_of("gone")), 0);
	ck_assert_int_eq(rmdir(path_of("gone")), 0);
	ck_assert_int_eq(load_file("a.conf", false), -ENOENT);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_str_eq(faults.list[0].text,
			 "a.conf: current directory: No such file or directory");
	ck_assert_uint_eq(faults.count, 1);
}
END_TEST

START_TEST(what_is_no_file_is_told_by_name)
{
	char expected[FAULT_SIZE];

	ck_assert_int_eq(load_file(path_of("no.conf"), false), -ENOENT);
	(void)snprintf(expected, sizeof(expected), "%s: No such file or directory",
		       path_of("no.conf"));
	ck_assert_str_eq(faults.list[0].text, expected);
	ck_assert_int_eq(load_file(base, false), -EISDIR);
	ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
	ck_assert_int_eq(load_file(path_of("fifo"), false), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(faults.list[0].text, "not a regular file"));
}
END_TEST

static void write_directory(void)
{
	ck_assert_int_eq(mkdir(path_of("conf.d"), 0700), 0);
	write_file("conf.d/20-b.conf", "apps = ({ name = \"b\"; command = \"b\"; });");
	write_file("conf.d/10-c.conf",
		   "apps = ({ name = \"c\"; command = \"b\"; cwd = \"x\"; });");
	write_file("conf.d/.hidden.conf", "hidden = 1;");
	write_file("conf.d/15-x.conf.bak", "backup = 1;");
}

START_TEST(files_of_conf_d_join_in_lexical_order)
{
	write_directory();
	write_file("cluster.conf", "apps = ({ name = \"a\"; command = \"b\"; });");
	ck_assert_int_eq(load_file(path_of("cluster.conf"), true), 0);
	ck_assert_uint_eq(spec.apps, 3);
	ck_assert_str_eq(spec.app[0].name, "a");
	ck_assert_str_eq(spec.app[1].name, "c");
	ck_assert_str_eq(spec.app[1].directory, path_of("conf.d/x"));
	ck_assert_str_eq(spec.app[2].file, path_of("conf.d/20-b.conf"));
	ck_assert_int_eq(load_file(path_of("cluster.conf"), false), 0);
	ck_assert_uint_eq(spec.apps, 1);
}
END_TEST

START_TEST(conf_d_alone_will_do_but_nothing_at_all_will_not)
{
	ck_assert_int_eq(load_file(path_of("cluster.conf"), true), -ENOENT);
	ck_assert_uint_eq(faults.count, 1);
	write_directory();
	ck_assert_int_eq(load_file(path_of("cluster.conf"), true), 0);
	ck_assert_uint_eq(spec.apps, 2);
}
END_TEST

START_TEST(mistakes_of_all_files_are_told_together)
{
	write_directory();
	write_file("cluster.conf",
		   "supervisor: { };\napps = ({ name = \"b\"; command = \"b\"; "
		   "colour = 1; });");
	write_file("conf.d/30-x.conf", "apps = ( {\n");
	write_file("conf.d/40-y.conf", "supervisor: { };\n");
	ck_assert_int_eq(load_file(path_of("cluster.conf"), true), -EINVAL);
	ck_assert_uint_eq(faults.count, 4);
	ck_assert_ptr_nonnull(
		strstr(faults.list[0].text, "cluster.conf:2: b.colour: unknown"));
	ck_assert_ptr_nonnull(strstr(faults.list[1].text,
				     "30-x.conf:1: syntax: this \"{\" is never closed"));
	ck_assert_ptr_nonnull(strstr(faults.list[2].text,
				     "40-y.conf:1: supervisor: given twice, first at"));
	ck_assert_ptr_nonnull(
		strstr(faults.list[3].text, "20-b.conf:1: b.name: given twice"));
	ck_assert_uint_eq(arena.bytes, 0);
}
END_TEST

START_TEST(a_copy_of_an_app_outlives_its_configuration)
{
	const struct app_spec *app =
		load_app("env = { A = \"1\"; }; env_file = \"e\"; pass_env = [ \"TZ\" ];"
			 "listen = [ \"80\", \"81\" ]; weights = [ 2 ]; cwd = \"x\";");
	struct arena other = {0};
	const struct app_spec *copy;

	ck_assert_int_eq(config_copy_app(app, &other, &copy), 0);
	ck_assert_int_eq(plan_compare(app, copy).kind, PLAN_KEEP);
	ck_assert_ptr_ne(copy->listen[1], app->listen[1]);
	arena_free(&arena);
	ck_assert_str_eq(copy->name, "a");
	ck_assert_str_eq(copy->command[0], "b");
	ck_assert_ptr_null(copy->command[1]);
	ck_assert_str_eq(copy->env[0].name, "A");
	ck_assert_str_eq(copy->env[0].value, "1");
	ck_assert_str_eq(copy->env_file, "/base/e");
	ck_assert_str_eq(copy->pass_env[0], "TZ");
	ck_assert_str_eq(copy->listen[1], "*:81");
	ck_assert_str_eq(copy->directory, "/base/x");
	ck_assert_uint_eq(spec_weight(copy, 0), 2);
	arena_free(&other);
}
END_TEST

START_TEST(every_example_can_be_read)
{
	glob_t found;

	ck_assert_int_eq(glob("conf/examples/*.conf", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int error = load_file(found.gl_pathv[i], false);

		ck_assert_msg(error == 0, "%s", faults.list[0].text);
		ck_assert_uint_gt(spec.apps, 0);
		arena_free(&arena);
	}
	ck_assert_uint_gt(found.gl_pathc, 4);
	globfree(&found);
}
END_TEST

static void forget(void)
{
	arena_free(&arena);
}

static Suite *suite_of_config(void)
{
	Suite *suite = suite_create("config");
	TCase *text = tcase_create("text");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(text, NULL, forget);
	tcase_add_test(text, the_embedded_default_is_one_worker_per_core_on_8080);
	tcase_add_test(text, a_copy_of_an_app_outlives_its_configuration);
	tcase_add_test(text, every_example_can_be_read);
	suite_add_tcase(suite, text);

	unit_watch_fds(files);
	tcase_add_checked_fixture(files, make_base, remove_base);
	tcase_add_test(files, relative_paths_are_seen_from_the_file);
	tcase_add_test(files, running_out_of_memory_anywhere_is_told_and_leaves_nothing);
	tcase_add_test(files, running_out_of_memory_in_a_copy_is_told);
	tcase_add_test(files, a_file_named_relative_is_known_by_its_absolute_path);
	tcase_add_test(files, a_current_directory_that_is_gone_is_told);
	tcase_add_test(files, what_is_no_file_is_told_by_name);
	tcase_add_test(files, files_of_conf_d_join_in_lexical_order);
	tcase_add_test(files, conf_d_alone_will_do_but_nothing_at_all_will_not);
	tcase_add_test(files, mistakes_of_all_files_are_told_together);
	suite_add_tcase(suite, files);
	return suite;
}

UNIT_MAIN(suite_of_config)
