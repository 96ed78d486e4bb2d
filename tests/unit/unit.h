/*
 * unit.h - what every unit test program shares: its main and its closing line.
 *
 * A program is one Check suite: UNIT_MAIN(suite_of_noun) runs it, each test in a process
 * of its own, and closes with "N passed, N failed, N skipped", which scripts/run-tests.sh
 * adds up.  Tests are named by true sentences.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/base.h"

/* Shared with the forked tests, which have no other way to say it. */
static struct unit_memory {
	int skipped;
} * unit_memory;

/* Leaves a test that this machine cannot run; use it in the test itself. */
#define UNIT_SKIP(reason)                                                       \
	do {                                                                    \
		printf("SKIP %s: %s\n", __func__, reason);                      \
		fflush(stdout);                                                 \
		__atomic_add_fetch(&unit_memory->skipped, 1, __ATOMIC_RELAXED); \
		return;                                                         \
	} while (0)

static inline int unit_count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static int unit_fds_before;

static inline void unit_remember_fds(void)
{
	unit_fds_before = unit_count_fds();
}

static inline void unit_compare_fds(void)
{
	ck_assert_msg(unit_count_fds() == unit_fds_before,
		      "%d open fds before the test, %d after it", unit_fds_before,
		      unit_count_fds());
}

/* Every test of this case must leave as many open fds as it found. */
static inline void unit_watch_fds(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, unit_remember_fds, unit_compare_fds);
}

static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int run;
	int failed;

	unit_memory = mmap(NULL, sizeof(*unit_memory), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (unit_memory == MAP_FAILED)
		abort();

	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);

	printf("%d passed, %d failed, %d skipped\n", run - failed - unit_memory->skipped,
	       failed, unit_memory->skipped);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT_MAIN(suite)                  \
	int main(void)                    \
	{                                 \
		return unit_run(suite()); \
	}

#endif
