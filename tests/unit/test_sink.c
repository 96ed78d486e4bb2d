/* wraps: write */
#include "worker/logger/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/unit/unit.h"
#include "worker/logger/archive.h"

static char folder[64], path[128];
static struct sink *sinks;
static struct sink_news news;
static struct logging_rules rules;
static int room = -1; /* bytes the device has left; -1: enough */

ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);

ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
	struct stat status;

	if (room < 0 || fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
		return __real_write(fd, bytes, count);
	if (room == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (count > (size_t)room)
		count = (size_t)room;
	room -= (int)count;
	return __real_write(fd, bytes, count);
}

static void set_up(void)
{
	(void)strcpy(folder, "/tmp/sink.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/deep/er/x.log", folder);
	rules = (struct logging_rules){.keep = 2};
}

static void tear_down(void)
{
	char command[128];

	while (sinks)
		sink_leave(&sinks, sinks);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct sink *open_sink(void)
{
	struct sink *sink = sink_need(&sinks, path, &rules, false);

	ck_assert_ptr_nonnull(sink);
	return sink;
}

static void put(struct sink *sink, const char *text, msec now)
{
	news = (struct sink_news){0};
	sink_write(sink, &rules, text, strlen(text), now, &news);
}

static const char *content(const char *file)
{
	static char text[256];

	ck_assert_int_ge(fd_read_text(file, text, sizeof(text)), 0);
	return text;
}

START_TEST(folders_that_are_missing_are_made)
{
	put(open_sink(), "one\n", 0);
	ck_assert_str_eq(content(path), "one\n");
	ck_assert(!news.failed && !news.recovered && news.trouble == 0);
}
END_TEST

START_TEST(a_full_file_is_put_aside_between_two_lines)
{
	char plain[ROTATION_NAME];

	rules.rotate = 8;
	put(open_sink(), "aaa\nbbb\nccc\n", 0);
	ck_assert_str_eq(content(path), "ccc\n");
	ck_assert(archive_find_plain(path, plain));
	ck_assert_str_eq(content(plain), "aaa\nbbb\n");
}
END_TEST

START_TEST(only_the_last_files_are_kept)
{
	char plain[ROTATION_NAME], last[ROTATION_STAMP + 1];

	rules.rotate = 4;
	put(open_sink(), "aaa\nbbb\nccc\nddd\neee\n", 0);
	ck_assert_str_eq(content(path), "eee\n");
	ck_assert(archive_find_plain(path, plain));
	ck_assert_str_eq(content(plain), "ccc\n"); /* of two, the older */
	archive_find_last(path, last);
	ck_assert_str_eq(last + ROTATION_STAMP - 4, "-003");
}
END_TEST

START_TEST(lines_that_have_no_room_are_lost_whole_and_counted)
{
	struct sink *sink = open_sink();

	put(sink, "aaa\n", 0);
	room = 6;
	put(sink, "bbb\nccc\nddd\n", 10);
	ck_assert(news.failed);
	ck_assert_str_eq(content(path), "aaa\nbbb\n");
	put(sink, "eee\n", 20);
	ck_assert(!news.failed);
	room = -1;
	put(sink, "fff\n", 30); /* too early to try again */
	put(sink, "ggg\n", 2000);
	ck_assert(news.recovered && !news.failed);
	ck_assert_uint_eq(news.lines, 4);
	ck_assert_uint_eq(news.bytes, 16);
	ck_assert_str_eq(content(path), "aaa\nbbb\nggg\n");
}
END_TEST

START_TEST(what_a_killed_writer_tore_is_cut_off)
{
	struct sink *sink;
	struct sink *before = open_sink();

	put(before, "whole\nto", 0);
	sink_leave(&sinks, before);
	sink = sink_need(&sinks, path, &rules, true);
	put(sink, "torn\n", 0);
	ck_assert_str_eq(content(path), "whole\ntorn\n");
}
END_TEST

START_TEST(another_writer_begins_a_line_of_his_own)
{
	struct sink *sink = open_sink();

	put(sink, "piece", 0);
	put(sink, " of a line\npi", 0);
	sink_write(sink, &news, "other\n", 6, 0, &news);
	ck_assert_str_eq(content(path), "piece of a line\npi\nother\n");
}
END_TEST

START_TEST(a_file_that_was_moved_is_made_anew)
{
	struct sink *sink = open_sink();
	char moved[160];

	put(sink, "one\n", 0);
	(void)snprintf(moved, sizeof(moved), "%s.1", path);
	ck_assert_int_eq(rename(path, moved), 0);
	put(sink, "two\n", 0);
	sink_reopen(sink, 0, &news);
	put(sink, "three\n", 0);
	ck_assert_str_eq(content(moved), "one\ntwo\n");
	ck_assert_str_eq(content(path), "three\n");
}
END_TEST

START_TEST(a_flush_empties_the_file)
{
	struct sink *sink = open_sink();

	rules.rotate = 8;
	put(sink, "aaa\n", 0);
	sink_flush(sink, &news);
	put(sink, "bbb\nccc\n", 0);
	ck_assert_str_eq(content(path), "bbb\nccc\n");
}
END_TEST

START_TEST(who_cut_a_file_did_not_fill_it)
{
	struct sink *sink;

	rules.rotate = 8;
	sink = open_sink();
	put(sink, "aaa\nbbb\n", 0);
	ck_assert_int_eq(truncate(path, 0), 0); /* as copytruncate does */
	put(sink, "ccc\n", 0);
	ck_assert_str_eq(content(path), "ccc\n");
	ck_assert_str_eq(sink->last, "");
}
END_TEST

static Suite *suite_of_sink(void)
{
	Suite *suite = suite_create("sink");
	TCase *tcase = tcase_create("sink");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, folders_that_are_missing_are_made);
	tcase_add_test(tcase, a_full_file_is_put_aside_between_two_lines);
	tcase_add_test(tcase, only_the_last_files_are_kept);
	tcase_add_test(tcase, lines_that_have_no_room_are_lost_whole_and_counted);
	tcase_add_test(tcase, what_a_killed_writer_tore_is_cut_off);
	tcase_add_test(tcase, another_writer_begins_a_line_of_his_own);
	tcase_add_test(tcase, a_file_that_was_moved_is_made_anew);
	tcase_add_test(tcase, a_flush_empties_the_file);
	tcase_add_test(tcase, who_cut_a_file_did_not_fill_it);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_sink)
