/*
 * test_sample.c - what /proc says of real processes.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/sample.h"
#include "tests/unit/unit.h"

#define MEBIBYTE (UINT64_C(1) << 20)

static char text[128];

/* A child of that name that has so many descriptors and stands still. */
static pid_t start_still(const char *name, int fds)
{
	siginfo_t info;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, name);
		(void)close_range(1, ~0U, 0);
		for (int fd = 1; fd < fds; fd++)
			(void)dup2(0, fd);
		(void)raise(SIGSTOP);
		_exit(1);
	}
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(memory_that_is_used_is_seen)
{
	struct sample before;
	struct sample after;
	char *memory = mmap(NULL, 32 * MEBIBYTE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(sample_read(getpid(), &before), 0);
	memset(memory, 1, 32 * MEBIBYTE);
	ck_assert_int_eq(sample_read(getpid(), &after), 0);
	ck_assert_uint_ge(before.rss_bytes, MEBIBYTE / 4);
	ck_assert_uint_ge(after.rss_bytes, before.rss_bytes + 30 * MEBIBYTE);
	(void)munmap(memory, 32 * MEBIBYTE);
}
END_TEST

START_TEST(time_that_is_burnt_is_seen)
{
	struct sample before;
	struct sample after;
	struct timespec begun;
	struct timespec now;

	ck_assert_int_eq(sample_read(getpid(), &before), 0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
	do {
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while ((now.tv_sec - begun.tv_sec) * 1000 +
			 (now.tv_nsec - begun.tv_nsec) / 1000000 <
		 100);
	ck_assert_int_eq(sample_read(getpid(), &after), 0);
	ck_assert_uint_ge(after.cpu_usec - before.cpu_usec, 50000);
	ck_assert_uint_lt(after.cpu_usec - before.cpu_usec, 10000000);
}
END_TEST

START_TEST(a_name_cannot_pose_as_figures)
{
	pid_t pid = start_still(") R 1 (x) Z\n) 7", 1);
	struct sample sample;

	ck_assert_int_eq(sample_read(pid, &sample), 0);
	ck_assert_uint_lt(sample.cpu_usec, 1000000);
	sample_evidence(pid, text, sizeof(text));
	ck_assert_msg(strstr(text, "stopped") == text, "%s", text);
	end(pid);
}
END_TEST

START_TEST(who_is_gone_has_no_figures)
{
	struct sample sample = {.rss_bytes = 5};
	pid_t pid = start_still("short", 1);

	end(pid);
	ck_assert_int_eq(sample_read(pid, &sample), -ENOENT);
	ck_assert_uint_eq(sample.rss_bytes, 5);
	sample_evidence(pid, text, sizeof(text));
	ck_assert_str_eq(text, "gone");
}
END_TEST

START_TEST(evidence_tells_state_and_descriptors)
{
	pid_t pid = start_still("seven", 7);

	sample_evidence(pid, text, sizeof(text));
	ck_assert_msg(strstr(text, "stopped") == text, "%s", text);
	ck_assert_msg(strstr(text, ", 7 fds") != NULL, "%s", text);
	ck_assert_ptr_null(strstr(text, "threads"));
	end(pid);
}
END_TEST

START_TEST(evidence_is_cut_to_fit)
{
	char little[6] = "xxxxx";

	sample_evidence(getpid(), little, 4);
	ck_assert_str_eq(little, "run");
	ck_assert_int_eq(little[4], 'x');
}
END_TEST

static Suite *suite_of_sample(void)
{
	Suite *suite = suite_create("sample");
	TCase *tcase = tcase_create("proc");

	unit_watch_fds(tcase);
	tcase_add_test(tcase, memory_that_is_used_is_seen);
	tcase_add_test(tcase, time_that_is_burnt_is_seen);
	tcase_add_test(tcase, a_name_cannot_pose_as_figures);
	tcase_add_test(tcase, who_is_gone_has_no_figures);
	tcase_add_test(tcase, evidence_tells_state_and_descriptors);
	tcase_add_test(tcase, evidence_is_cut_to_fit);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_sample)
