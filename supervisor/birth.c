#include "supervisor/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_EXEC_FAILED 127 /* as shells have it */
#define LISTEN_FDS_START 3

static void append_number(char *text, pid_t number)
{
	char digit[10];
	unsigned count = 0;

	for (; number > 0; number /= 10)
		digit[count++] = (char)('0' + number % 10);
	text += strlen(text);
	while (count > 0)
		*text++ = digit[--count];
	*text = '\0';
}

/* All sources are lifted above all targets first, so that no dup2 closes what a later one
 * needs.  The range at the end is a belt: whatever is open here is close-on-exec. */
static int give_descriptors(struct birth *birth)
{
	const struct process_order *order = birth->order;
	int count = LISTEN_FDS_START + (int)order->listen_count;
	int fd[LISTEN_FDS_START + PROCESS_LISTEN_FDS];
	int report = fcntl(birth->report, F_DUPFD_CLOEXEC, count);

	if (report == -1)
		return -1;
	birth->report = report;
	if (order->program > 0)
		birth->program = fcntl(order->program, F_DUPFD_CLOEXEC, count);
	if (birth->program == -1)
		return -1;

	fd[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fd[1] = order->out == -1 ? fd[0] : order->out;
	fd[2] = order->err == -1 ? fd[0] : order->err;
	for (int i = LISTEN_FDS_START; i < count; i++)
		fd[i] = order->listen_fd[i - LISTEN_FDS_START];
	for (int i = 0; i < count; i++) {
		fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, count);
		if (fd[i] == -1)
			return -1;
	}
	for (int i = 0; i < count; i++) {
		if (dup2(fd[i], i) == -1)
			return -1;
	}
	(void)close_range((unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}

static void reset_signals(void)
{
	/* As the kernel reads it: handler, flags, restorer, mask.  glibc refuses to touch
	 * the two signals it keeps for itself, which some parents leave ignored. */
	const unsigned long by_default[4] = {0};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)syscall(SYS_rt_sigaction, number, by_default, NULL, 8);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int enter_directory(const struct process_order *order)
{
	if (order->directory != -1)
		return fchdir(order->directory);
	return order->directory_path ? chdir(order->directory_path) : 0;
}

/* Returns only when it failed: at which step. */
static enum birth_step become(struct birth *birth)
{
	const struct process_order *order = birth->order;

	if (setsid() == -1)
		return BIRTH_SESSION;
	if (enter_directory(order) == -1)
		return BIRTH_DIRECTORY;
	if (give_descriptors(birth) == -1)
		return BIRTH_DESCRIPTORS;
	if (order->files && setrlimit(RLIMIT_NOFILE, order->files) == -1)
		return BIRTH_FILES;
	append_number(birth->listen_pid, getpid());
	append_number(birth->watchdog_pid, getpid());
	reset_signals();
	if (birth->program > 0)
		(void)execveat(birth->program, "", order->argv, birth->envp,
			       AT_EMPTY_PATH);
	else
		(void)execve(order->path, order->argv, birth->envp);
	return BIRTH_EXECUTE;
}

/* A file that is there and yet "not found" names an interpreter that is not. */
static bool lacks_interpreter(const struct process_order *order, int code)
{
	return code == ENOENT && (order->program > 0 || access(order->path, F_OK) == 0);
}

_Noreturn void birth_begin(struct birth *birth)
{
	const struct process_order *order = birth->order;
	struct birth_failure failure = {.step = become(birth)};
	const char *subject = order->path;

	failure.code = errno;
	if (failure.step == BIRTH_DIRECTORY)
		subject = order->directory_path ? order->directory_path : "its directory";
	else if (failure.step == BIRTH_EXECUTE && lacks_interpreter(order, failure.code))
		failure.step = BIRTH_INTERPRETER;
	(void)strncpy(failure.subject, subject, sizeof(failure.subject) - 1);
	(void)!write(birth->report, &failure, sizeof(failure));
	_exit(EXIT_EXEC_FAILED);
}

static const char *const birth_text[BIRTH_STEPS] = {
	[BIRTH_SESSION] = "cannot begin a session for",
	[BIRTH_DIRECTORY] = "cannot change directory to",
	[BIRTH_DESCRIPTORS] = "cannot set up the descriptors of",
	[BIRTH_FILES] = "cannot set the limit of open files of",
	[BIRTH_EXECUTE] = "cannot execute",
	[BIRTH_INTERPRETER] = "cannot find the interpreter of",
};

int birth_explain(const struct birth_failure *failure, struct fault *fault)
{
	return fault_set(fault, -failure->code, "%s %s: %s", birth_text[failure->step],
			 failure->subject, strerror(failure->code));
}
