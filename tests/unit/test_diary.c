#include "worker/logger/diary.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/unit/unit.h"

static char path[64];
static struct sink *sinks;
static struct sink_news news;
static const struct wording wording = {.app = "web", .slot = 3, .stream = LOGGING_ERR};

static struct sink *open_sink(void)
{
	const struct logging_rules rules = {0};
	struct sink *sink;

	(void)snprintf(path, sizeof(path), "/tmp/journal.%d", (int)getpid());
	sink = sink_need(&sinks, path, &rules, false);
	sink->is_journal = true;
	return sink;
}

static int open_journal(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static const char *entry(int fd)
{
	static char text[512];
	ssize_t got = recv(fd, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void put(struct sink *sink, const char *text, msec now)
{
	news = (struct sink_news){0};
	diary_write(sink, &wording, text, strlen(text), now, &news);
}

START_TEST(each_line_is_an_entry_with_its_fields)
{
	struct sink *sink = open_sink();
	CLOSE_FD int journal = open_journal();

	put(sink, "one\ntwo", 0);
	ck_assert_str_eq(
		entry(journal),
		"MESSAGE=one\nPRIORITY=3\nSYSLOG_IDENTIFIER=web\nCLUSTER_APP=web\n"
		"CLUSTER_SLOT=3\nCLUSTER_STREAM=stderr\n");
	ck_assert_int_eq(strncmp(entry(journal), "MESSAGE=two\n", 12), 0);
	ck_assert_str_eq(entry(journal), "");
	sink_leave(&sinks, sink);
	(void)unlink(path);
}
END_TEST

START_TEST(without_a_journal_lines_are_counted_until_it_is_back)
{
	struct sink *sink = open_sink();
	int journal;

	put(sink, "one\ntwo\n", 0);
	ck_assert(news.failed);
	journal = open_journal();
	put(sink, "three\n", 10); /* too early to try again */
	put(sink, "four\n", 5000);
	ck_assert(news.recovered);
	ck_assert_uint_eq(news.lines, 3);
	ck_assert_int_eq(strncmp(entry(journal), "MESSAGE=four\n", 13), 0);
	(void)close(journal);
	(void)unlink(path);
	journal = open_journal(); /* started anew: nothing is lost for that */
	put(sink, "five\n", 6000);
	ck_assert(!news.failed);
	ck_assert_int_eq(strncmp(entry(journal), "MESSAGE=five\n", 13), 0);
	(void)close(journal);
	(void)unlink(path);
	sink_leave(&sinks, sink);
}
END_TEST

START_TEST(a_journal_that_does_not_read_holds_nobody_up)
{
	struct sink *sink = open_sink();
	CLOSE_FD int journal = open_journal();

	ck_assert_int_ge(journal, 0);
	for (unsigned i = 0; i < 10000 && !news.failed; i++)
		put(sink, "a line\n", 0);
	ck_assert(news.failed);
	put(sink, "lost\n", 1);
	ck_assert_uint_eq(sink->lost.lines, 2);
	sink_leave(&sinks, sink);
	(void)unlink(path);
}
END_TEST

static Suite *suite_of_diary(void)
{
	Suite *suite = suite_create("diary");
	TCase *tcase = tcase_create("diary");

	unit_watch_fds(tcase);
	tcase_add_test(tcase, each_line_is_an_entry_with_its_fields);
	tcase_add_test(tcase, without_a_journal_lines_are_counted_until_it_is_back);
	tcase_add_test(tcase, a_journal_that_does_not_read_holds_nobody_up);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_diary)
