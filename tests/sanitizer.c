/*
 * sanitizer.c - what the sanitizers do when they find something.
 *
 * Linked into every program of a sanitized build, since workers get a clean environment
 * and ASAN_OPTIONS would not reach them.  Reports go to files, where scripts/run-tests.sh
 * finds them whatever became of the process's stderr.
 */
#define REPORTS "log_path=" CLUSTERD_BUILD "/reports/report:"

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__lsan_default_suppressions(void);

/* A worker that is told to crash must die of its signal, as it does elsewhere. */
const char *__asan_default_options(void)
{
	return REPORTS "abort_on_error=1:handle_segv=0:detect_stack_use_after_return=1";
}

const char *__ubsan_default_options(void)
{
	return REPORTS "print_stacktrace=1";
}

/* libconfig 1.5 forgets the text it was reading when it meets a syntax error. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}
