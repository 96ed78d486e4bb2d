/*
 * test_verbs.c - what clusterctl asks, prints and ends with, against a peer that says
 * what the test wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/ctl/verbs.h"
#include "tests/unit/unit.h"

#define WORKER                                                                       \
	"{\"slot\":0,\"pid\":42,\"state\":\"ready\",\"generation\":1,\"uptime_ms\":" \
	"90000,"                                                                     \
	"\"restarts\":0,\"rss_bytes\":1048576,\"cpu_percent\":1.5,\"requests\":0,"   \
	"\"share_percent\":100.0,\"last_exit\":null,\"status\":null}"
#define APP(name, workers)                                                              \
	"{\"name\":\"" name "\",\"state\":\"online\",\"instances\":{\"configured\":1,"  \
	"\"desired\":1,\"ready\":1,\"running\":1},\"generation\":1,\"listen\":"         \
	"[\"127.0.0.1:80\"],\"restarts\":0,\"operation\":null,\"last_operation\":null," \
	"\"trouble\":null,\"log_out\":null,\"log_err\":null,\"workers\":[" workers "]}"
#define VERDICT(app, result, reason)                                               \
	"{\"parameters\":{\"verdicts\":[{\"app\":\"" app "\",\"kind\":\"reload\"," \
	"\"result\":\"" result "\",\"reason\":" reason ",\"duration_ms\":1200}],"  \
	"\"progress\":[]}"

#define PROGRESS                                                                  \
	"{\"parameters\":{\"verdicts\":[],\"progress\":[{\"app\":\"c\",\"kind\":" \
	"\"reload\",\"phase\":\"rolling\",\"done\":1,\"total\":2}]}"
#define MORE ",\"continues\":true}\0"

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct options options;
static char folder[32];
static pid_t peer = -1;
static int heard = -1; /* a pipe from the peer: what it was asked */
static int out = -1, err = -1;

static void begin(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/test_verbs.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	options = (struct options){.socket = address.sun_path};
	(void)signal(SIGPIPE, SIG_DFL);
}

static void end(void)
{
	if (peer > 0) {
		(void)kill(peer, SIGKILL);
		(void)waitpid(peer, NULL, 0);
	}
	(void)unlink(address.sun_path);
	(void)rmdir(folder);
}

/* The peer: takes one call, says `answer` (NUL bytes and all), and hangs up, or waits. */
static void serve(int listener, int tell, const char *answer, size_t size, bool stays)
{
	int fd = accept(listener, NULL, NULL);
	char byte;

	while (read(fd, &byte, 1) == 1) {
		(void)!write(tell, &byte, 1);
		if (byte == '\0')
			break;
	}
	(void)!write(fd, answer, size);
	if (stays)
		(void)pause();
	_exit(0);
}

static void expect_call(const char *answer, size_t size, bool stays)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ends[2];

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	peer = fork();
	if (peer == 0)
		serve(listener, ends[1], answer, size, stays);
	heard = ends[0];
	(void)close(ends[1]);
	(void)close(listener);
}

/* A literal whose messages end with "\0"; its own NUL ends the last. */
#define EXPECT(answer) expect_call(answer, sizeof(answer), false)

static const char *asked(void)
{
	static char text[4096];
	ssize_t got = read(heard, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static const char *read_back(int fd)
{
	static char text[2][8192];
	static unsigned turn;
	char *to = text[turn++ % 2];
	ssize_t got;

	(void)fflush(NULL);
	got = pread(fd, to, sizeof(text[0]) - 1, 0);
	to[got > 0 ? got : 0] = '\0';
	return to;
}

static const char *said(void)
{
	return read_back(out);
}

static const char *complained(void)
{
	return read_back(err);
}

/* From here on stdout and stderr are files that can be looked at. */
static enum exit_code run(enum exit_code (*verb)(const struct options *options),
			  enum command command)
{
	options.command = command;
	out = memfd_create("out", 0);
	err = memfd_create("err", 0);
	(void)fflush(NULL);
	ck_assert_int_eq(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(dup2(err, STDERR_FILENO), STDERR_FILENO);
	return verb(&options);
}

#define SAID(words)       ck_assert_ptr_nonnull(strstr(said(), words))
#define COMPLAINED(words) ck_assert_ptr_nonnull(strstr(complained(), words))

static void target(const char *word)
{
	options.argument[options.arguments++] = word;
}

START_TEST(no_supervisor_is_exit_code_3)
{
	ck_assert_int_eq(run(verb_ping, COMMAND_PING), EXIT_NOT_RUNNING);
	ck_assert_str_eq(complained(), "clusterctl: ping: no supervisor is running\n");
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(an_error_is_an_object_too)
{
	options.json = true;
	ck_assert_int_eq(run(verb_list, COMMAND_LIST), EXIT_NOT_RUNNING);
	ck_assert_str_eq(said(), "{\"error\":{\"code\":3,\"message\":"
				 "\"list: no supervisor is running\",\"app\":null}}\n");
}
END_TEST

START_TEST(a_socket_that_may_not_be_opened_is_exit_code_6)
{
	EXPECT("{}");
	ck_assert_int_eq(chmod(address.sun_path, 0), 0);
	if (geteuid() == 0) /* who may open everything */
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(run(verb_ping, COMMAND_PING), EXIT_DENIED);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* What the supervisor refuses, and how that ends. */
static const struct {
	const char *answer;
	enum exit_code code;
	const char *words;
} refusals[] = {
	{"{\"error\":\"" VARLINK_INTERFACE
	 ".NoSuchTarget\",\"parameters\":{\"target\":\"w\"}}",
	 EXIT_NO_TARGET, "clusterctl: stop w: no such app or worker\n"},
	{"{\"error\":\"" VARLINK_INTERFACE
	 ".Busy\",\"parameters\":{\"message\":\"is shutting down\"}}",
	 EXIT_BUSY, "is shutting down: try again"},
	{"{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}",
	 EXIT_DENIED, "clusterctl: stop: permission denied: the supervisor is"},
	{"{\"error\":\"org.varlink.service.PermissionDenied\"}", EXIT_DENIED,
	 "permission denied"},
	{"{\"error\":\"" VARLINK_INTERFACE ".InvalidConfig\",\"parameters\":{\"faults\":"
	 "[\"f:1: a: b\",\"f:2: c: d\"],\"count\":2}}",
	 EXIT_USAGE, "f:1: a: b\nf:2: c: d\n"},
	{"{\"error\":\"" VARLINK_INTERFACE
	 ".Failed\",\"parameters\":{\"message\":\"x\"}}",
	 EXIT_FAILED, "clusterctl: stop: x: failed"},
	{"{\"error\":\"org.example.New\"}", EXIT_FAILED, "org.example.New"},
	{"nonsense", EXIT_FAILED, "clusterctl: stop:"},
};

START_TEST(each_refusal_has_its_exit_code)
{
	expect_call(refusals[_i].answer, strlen(refusals[_i].answer) + 1, false);
	target("w");
	ck_assert_int_eq(run(verb_change, COMMAND_STOP), refusals[_i].code);
	COMPLAINED(refusals[_i].words);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(a_supervisor_that_hangs_up_is_a_failure)
{
	expect_call("", 0, false);
	target("w");
	ck_assert_int_eq(run(verb_change, COMMAND_STOP), EXIT_FAILED);
	COMPLAINED("hung up");
}
END_TEST

START_TEST(a_wait_that_is_too_long_is_exit_code_4)
{
	expect_call("", 0, true);
	target("w");
	options.flags = FLAG_BIT(TIMEOUT);
	options.value[FLAG_TIMEOUT] = "20ms";
	ck_assert_int_eq(run(verb_change, COMMAND_STOP), EXIT_TIMED_OUT);
}
END_TEST

START_TEST(a_timeout_without_a_unit_is_refused)
{
	expect_call("", 0, false);
	target("w");
	options.flags = FLAG_BIT(TIMEOUT);
	options.value[FLAG_TIMEOUT] = "20";
	ck_assert_int_eq(run(verb_change, COMMAND_STOP), EXIT_USAGE);
	COMPLAINED("500ms");
}
END_TEST

START_TEST(each_app_has_its_verdict_and_one_failure_is_enough)
{
	EXPECT(VERDICT("a", "done", "null") MORE VERDICT("b", "reverted", "\"it exited\"")
		       MORE PROGRESS MORE VERDICT("c", "unchanged",
						  "\"is so already\"") "}");
	ck_assert_int_eq(run(verb_change, COMMAND_RELOAD), EXIT_FAILED);
	ck_assert_str_eq(said(), "a: reloaded in 1.2s\nc: is so already\n");
	ck_assert_str_eq(complained(), "clusterctl: reload b: it exited\n");
	ck_assert_ptr_nonnull(strstr(asked(), "\"more\":true"));
}
END_TEST

START_TEST(verdicts_are_one_object_with_json)
{
	options.json = true;
	EXPECT(VERDICT("a", "done", "null") MORE VERDICT("b", "failed", "\"why\"") "}");
	ck_assert_int_eq(run(verb_change, COMMAND_RELOAD), EXIT_FAILED);
	ck_assert_str_eq(
		said(),
		"{\"results\":[{\"app\":\"a\",\"kind\":\"reload\",\"result\":\"done\","
		"\"reason\":null,\"duration_ms\":1200},{\"app\":\"b\",\"kind\":"
		"\"reload\","
		"\"result\":\"failed\",\"reason\":\"why\",\"duration_ms\":1200}],"
		"\"error\":{\"code\":1,\"message\":\"reload b: why\",\"app\":\"b\"}}\n");
}
END_TEST

START_TEST(what_makes_no_sense_is_exit_code_2)
{
	EXPECT(VERDICT("a", "refused", "\"0 workers are none\"") "}");
	target("a");
	target("0");
	ck_assert_int_eq(run(verb_change, COMMAND_SCALE), EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(asked(), "\"target\":\"a\",\"count\":\"0\""));
}
END_TEST

START_TEST(the_first_failure_decides)
{
	EXPECT(VERDICT("a", "superseded", "null")
		       MORE VERDICT("b", "refused", "null") "}");
	ck_assert_int_eq(run(verb_change, COMMAND_RELOAD), EXIT_FAILED);
}
END_TEST

START_TEST(quiet_says_only_errors)
{
	options.quiet = true;
	options.flags = FLAG_BIT(NO_WAIT);
	EXPECT(VERDICT("a", "queued", "null") "}");
	ck_assert_int_eq(run(verb_change, COMMAND_RELOAD), EXIT_DONE);
	ck_assert_str_eq(said(), "");
	ck_assert_ptr_nonnull(strstr(asked(), "\"wait\":false"));
}
END_TEST

START_TEST(a_list_joins_what_comes_in_pieces)
{
	options.json = true;
	EXPECT("{\"continues\":true,\"parameters\":{\"supervisor\":{\"pid\":1},\"apps\":"
	       "[" APP("a", WORKER) "]}}\0{\"parameters\":{\"apps\":[" APP("b",
									   "") "]}}");
	ck_assert_int_eq(run(verb_list, COMMAND_LIST), EXIT_DONE);
	ck_assert_str_eq(said(), "{\"supervisor\":{\"pid\":1},\"apps\":[" APP(
					 "a", WORKER) "," APP("b", "") "]}\n");
}
END_TEST

START_TEST(a_table_has_a_row_for_each_app_and_worker)
{
	EXPECT("{\"parameters\":{\"supervisor\":{},\"apps\":[" APP("shop", WORKER) "]}}");
	ck_assert_int_eq(run(verb_list, COMMAND_LIST), EXIT_DONE);
	SAID("online 1/1");
	SAID("127.0.0.1:80");
	SAID("1m30s");
	ck_assert_ptr_null(strchr(said(), '\033'));
}
END_TEST

START_TEST(an_empty_list_says_so)
{
	EXPECT("{\"parameters\":{\"supervisor\":{},\"apps\":[]}}");
	ck_assert_int_eq(run(verb_list, COMMAND_LIST), EXIT_DONE);
	ck_assert_str_eq(said(), "no apps\n");
}
END_TEST

START_TEST(what_troubles_the_supervisor_stands_below_its_apps)
{
	EXPECT("{\"parameters\":{\"supervisor\":{\"trouble\":\"a.conf is set aside\"},"
	       "\"apps\":[]}}");
	ck_assert_int_eq(run(verb_list, COMMAND_LIST), EXIT_DONE);
	ck_assert_str_eq(said(), "no apps\ntrouble: a.conf is set aside\n");
}
END_TEST

START_TEST(show_bears_what_is_missing)
{
	EXPECT("{\"parameters\":{\"apps\":[" APP("shop", WORKER) "]}}");
	target("shop");
	ck_assert_int_eq(run(verb_show, COMMAND_SHOW), EXIT_DONE);
	SAID("shop: online, 1 of 1 workers ready\n");
	ck_assert_ptr_null(strstr(said(), "(null)"));
}
END_TEST

START_TEST(show_tells_of_generations)
{
	EXPECT("{\"parameters\":{\"apps\":[{\"name\":\"a\",\"state\":\"online\","
	       "\"rolled_back_from\":2,\"generations\":["
	       "{\"number\":2,\"role\":\"before\",\"age_ms\":1000,\"workers\":0,"
	       "\"program\":\"/bin/node\",\"sha256\":\"12ab\",\"script\":\"/srv/app.js\","
	       "\"sha256_note\":\"may not be read\",\"directory\":\"/srv\","
	       "\"changed\":\"/srv/app.js\"},"
	       "{\"number\":1,\"role\":\"wanted\",\"age_ms\":3000,\"workers\":1,"
	       "\"program\":\"/bin/node\",\"replaced_on_disk\":true}]}]}}");
	ck_assert_int_eq(run(verb_show, COMMAND_SHOW), EXIT_DONE);
	SAID("  generation   2: before, 0 workers, made 1s ago\n"
	     "    program    /bin/node\n"
	     "    sha256     12ab\n"
	     "    script     /srv/app.js\n"
	     "    sha256     may not be read\n"
	     "    directory  /srv\n"
	     "    changed    /srv/app.js changed on disk: workers start from what it is "
	     "now\n");
	SAID("  generation   1: wanted, 1 worker, made 3s ago\n"
	     "    program    /bin/node (replaced on disk: workers start from what it "
	     "was)\n"
	     "    sha256     not known\n");
	SAID("  rolled back  from generation 2; ");
	ck_assert_ptr_null(strstr(said(), "(null)"));
}
END_TEST

START_TEST(a_plan_tells_what_would_change)
{
	EXPECT("{\"parameters\":{\"changes\":[{\"app\":\"a\",\"kind\":\"roll\",\"keys\":"
	       "[\"command\",\"env\"]},{\"app\":\"b\",\"kind\":\"keep\",\"keys\":[],"
	       "\"rolled_back_from\":2}]}}");
	ck_assert_int_eq(run(verb_plan, COMMAND_PLAN), EXIT_DONE);
	ck_assert_str_eq(said(),
			 "a: every worker will be replaced, one by one (command, env)\n"
			 "b: unchanged; it was rolled back, and a reload is to what the "
			 "file says\n");
}
END_TEST

START_TEST(a_signal_says_how_many_it_reached)
{
	EXPECT("{\"parameters\":{\"reached\":3}}");
	target("HUP");
	target("web");
	ck_assert_int_eq(run(verb_signal, COMMAND_SIGNAL), EXIT_DONE);
	ck_assert_str_eq(said(), "HUP sent to 3 processes\n");
	ck_assert_ptr_nonnull(
		strstr(asked(), "{\"targets\":[\"web\"],\"signal\":\"HUP\"}"));
}
END_TEST

START_TEST(a_signal_that_reached_one_says_so)
{
	EXPECT("{\"parameters\":{\"reached\":1}}");
	target("HUP");
	target("web.0");
	ck_assert_int_eq(run(verb_signal, COMMAND_SIGNAL), EXIT_DONE);
	ck_assert_str_eq(said(), "HUP sent to 1 process\n");
}
END_TEST

START_TEST(mistakes_are_found_before_anything_is_asked)
{
	target("NOSUCH");
	target("web");
	ck_assert_int_eq(run(verb_signal, COMMAND_SIGNAL), EXIT_USAGE);
	options.value[FLAG_FOR] = "lunch";
	ck_assert_int_eq(run(verb_wait, COMMAND_WAIT), EXIT_USAGE);
	options.value[FLAG_LINES] = "many";
	options.flags = FLAG_BIT(LINES);
	ck_assert_int_eq(run(verb_logs, COMMAND_LOGS), EXIT_USAGE);
	ck_assert_int_eq(run(verb_events, COMMAND_EVENTS), EXIT_USAGE);
}
END_TEST

START_TEST(version_needs_no_supervisor)
{
	ck_assert_int_eq(run(verb_version, COMMAND_VERSION), EXIT_DONE);
	SAID("is not running");
}
END_TEST

/* ---- events ---- */

#define EVENT(kind, app, slot)                                               \
	"{\"number\":1,\"at\":\"2026-11-24T01:02:03.456Z\",\"kind\":\"" kind \
	"\",\"level\":\"info\",\"app\":" app ",\"slot\":" slot               \
	",\"pid\":7,\"message\":\"it did\"}"

START_TEST(events_are_a_line_each_until_there_are_no_more)
{
	(void)setenv("TZ", "UTC", 1);
	EXPECT("{\"parameters\":{\"events\":[" EVENT("ready", "\"web\"", "3") "," EVENT(
		"alert", "\"web\"", "null") "]}" MORE
					    "{\"parameters\":{\"events\":[" EVENT(
						    "shutdown", "null", "null") "]}}");
	target("web");
	ck_assert_int_eq(run(verb_events, COMMAND_EVENTS), EXIT_DONE);
	ck_assert_str_eq(
		said(),
		"2026-11-24 01:02:03.456  ready               web.3         it did\n"
		"2026-11-24 01:02:03.456  alert               web           it did\n"
		"2026-11-24 01:02:03.456  shutdown            clusterd      it did\n");
	ck_assert_ptr_nonnull(
		strstr(asked(), "{\"targets\":[\"web\"],\"lines\":15,\"follow\":true}"));
}
END_TEST

START_TEST(events_are_objects_with_json)
{
	EXPECT("{\"parameters\":{\"events\":[{\"number\":1},{\"number\":2}]}}");
	options.json = true;
	options.flags = FLAG_BIT(NO_FOLLOW);
	ck_assert_int_eq(run(verb_events, COMMAND_EVENTS), EXIT_DONE);
	ck_assert_str_eq(said(), "{\"number\":1}\n{\"number\":2}\n");
	ck_assert_ptr_nonnull(strstr(asked(), "{\"follow\":false}"));
}
END_TEST

START_TEST(events_that_were_cut_off_are_a_failure)
{
	EXPECT("{\"parameters\":{\"events\":[]}" MORE "{\"error\":\"" VARLINK_INTERFACE
	       ".Lagged\",\"parameters\":{\"message\":\"too slow\"}}");
	ck_assert_int_eq(run(verb_events, COMMAND_EVENTS), EXIT_FAILED);
	COMPLAINED("too slow: cut off");
}
END_TEST

/* ---- logs ---- */

static char log_path[64];

static void write_log(const char *text, int flags)
{
	int fd = open(log_path, O_WRONLY | O_CREAT | flags, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void expect_logs(void)
{
	static char answer[512];
	int size;

	(void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
	size = snprintf(answer, sizeof(answer),
			"{\"parameters\":{\"apps\":[{\"name\":\"a\",\"log_out\":\"%s\","
			"\"log_err\":null}]}}",
			log_path);
	expect_call(answer, (size_t)size + 1, false);
}

START_TEST(logs_begin_with_the_last_lines)
{
	expect_logs();
	write_log("one\ntwo\nthree\nfour\n", 0);
	options.flags = FLAG_BIT(LINES) | FLAG_BIT(NO_FOLLOW);
	options.value[FLAG_LINES] = "2";
	ck_assert_int_eq(run(verb_logs, COMMAND_LOGS), EXIT_DONE);
	ck_assert_str_eq(said(), "three\nfour\n");
	(void)unlink(log_path);
}
END_TEST

START_TEST(logs_are_objects_with_json)
{
	expect_logs();
	write_log("one\ntwo \"half\"", 0);
	options.flags = FLAG_BIT(NO_FOLLOW);
	options.json = true;
	ck_assert_int_eq(run(verb_logs, COMMAND_LOGS), EXIT_DONE);
	ck_assert_str_eq(
		said(),
		"{\"app\":\"a\",\"stream\":\"out\",\"line\":\"one\"}\n"
		"{\"app\":\"a\",\"stream\":\"out\",\"line\":\"two \\\"half\\\"\"}\n");
	(void)unlink(log_path);
}
END_TEST

/* Waits until clusterctl, a child, has printed it. */
static void await_said(const char *words)
{
	for (int i = 0; i < 500 && strstr(said(), words) == NULL; i++)
		(void)usleep(10000);
	ck_assert_str_eq(said(), words);
}

START_TEST(logs_follow_what_is_appended_truncated_and_made_anew)
{
	char other[80];
	pid_t reader;

	expect_logs();
	write_log("old\n", 0);
	out = memfd_create("out", 0);
	reader = fork();
	if (reader == 0) {
		int mine = out;

		ck_assert_int_eq(dup2(mine, STDOUT_FILENO), STDOUT_FILENO);
		options.command = COMMAND_LOGS;
		_exit((int)verb_logs(&options));
	}
	await_said("old\n");
	write_log("more\nhalf a ", O_APPEND);
	await_said("old\nmore\n");
	write_log("line\n", O_APPEND);
	await_said("old\nmore\nhalf a line\n");
	write_log("cut\n", O_TRUNC);
	await_said("old\nmore\nhalf a line\ncut\n");
	(void)snprintf(other, sizeof(other), "%s.1", log_path);
	ck_assert_int_eq(rename(log_path, other), 0);
	write_log("anew\n", 0);
	await_said("old\nmore\nhalf a line\ncut\nanew\n");
	(void)kill(reader, SIGKILL);
	(void)waitpid(reader, NULL, 0);
	(void)unlink(log_path);
	(void)unlink(other);
}
END_TEST

static void add_answers(TCase *tcase)
{
	tcase_add_test(tcase, each_app_has_its_verdict_and_one_failure_is_enough);
	tcase_add_test(tcase, verdicts_are_one_object_with_json);
	tcase_add_test(tcase, what_makes_no_sense_is_exit_code_2);
	tcase_add_test(tcase, the_first_failure_decides);
	tcase_add_test(tcase, quiet_says_only_errors);
	tcase_add_test(tcase, a_list_joins_what_comes_in_pieces);
	tcase_add_test(tcase, a_table_has_a_row_for_each_app_and_worker);
	tcase_add_test(tcase, an_empty_list_says_so);
	tcase_add_test(tcase, what_troubles_the_supervisor_stands_below_its_apps);
	tcase_add_test(tcase, show_bears_what_is_missing);
	tcase_add_test(tcase, show_tells_of_generations);
	tcase_add_test(tcase, a_plan_tells_what_would_change);
	tcase_add_test(tcase, a_signal_says_how_many_it_reached);
	tcase_add_test(tcase, a_signal_that_reached_one_says_so);
	tcase_add_test(tcase, events_are_a_line_each_until_there_are_no_more);
	tcase_add_test(tcase, events_are_objects_with_json);
	tcase_add_test(tcase, events_that_were_cut_off_are_a_failure);
	tcase_add_test(tcase, logs_begin_with_the_last_lines);
	tcase_add_test(tcase, logs_are_objects_with_json);
	tcase_add_test(tcase, logs_follow_what_is_appended_truncated_and_made_anew);
}

static Suite *suite_of_verbs(void)
{
	Suite *suite = suite_create("verbs");
	TCase *tcase = tcase_create("verbs");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, no_supervisor_is_exit_code_3);
	tcase_add_test(tcase, an_error_is_an_object_too);
	tcase_add_test(tcase, a_socket_that_may_not_be_opened_is_exit_code_6);
	tcase_add_loop_test(tcase, each_refusal_has_its_exit_code, 0,
			    ARRAY_COUNT(refusals));
	tcase_add_test(tcase, a_supervisor_that_hangs_up_is_a_failure);
	tcase_add_test(tcase, a_wait_that_is_too_long_is_exit_code_4);
	tcase_add_test(tcase, a_timeout_without_a_unit_is_refused);
	add_answers(tcase);
	tcase_add_test(tcase, mistakes_are_found_before_anything_is_asked);
	tcase_add_test(tcase, version_needs_no_supervisor);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_verbs)
