/*
 * upgrade.c - another program in our place: same process, same workers, same descriptors.
 *
 * It is tried in a child first, on a copy of the state and on duplicated descriptors,
 * while we go on.  Only then, between two turns, do we become it.  A program that dies
 * within its probation is replaced by the one before, whose descriptor the own keeper
 * holds until we say that another has proved good.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "supervisor/estate.h"
#include "supervisor/keeper.h"

#define TRIAL_PATIENCE 5.0        /* seconds for a trial */
#define PROBATION      10.0       /* seconds until another program has proved good */
#define NAME           "clusterd" /* as of an app, in the answer */

/* ---- what came of it ---- */

static void conclude(struct supervisor *supervisor, enum core_result result,
		     const char *reason)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	const struct outcome outcome = {.app = NAME,
					.kind = "upgrade",
					.result = result,
					.reason = reason,
					.duration_ms = clock_now() - upgrade->began};
	uint32_t operation = upgrade->operation;

	upgrade->operation = 0;
	if (supervisor->control != NULL && operation != 0)
		control_done(supervisor->control, operation, &outcome);
}

static void fail(struct supervisor *supervisor, const char *reason)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	ev_timer_stop(supervisor->loop, &upgrade->patience);
	fd_close(&upgrade->words);
	fd_close(&upgrade->candidate);
	upgrade->stage = UPGRADE_NONE;
	(void)text_copy(upgrade->fault, sizeof(upgrade->fault), reason);
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_UPGRADE_FAILED,
						       .reason = upgrade->fault});
	conclude(supervisor, CORE_RESULT_FAILED, upgrade->fault);
}

/* ---- the trial ---- */

/* The last line that it wrote. */
static void read_words(const struct upgrade *upgrade, char *text, size_t size)
{
	ssize_t count = read(upgrade->words, text, size - 1);
	char *line;

	text[count > 0 ? count : 0] = '\0';
	while (text[0] != '\0' && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	line = strrchr(text, '\n');
	if (line != NULL)
		memmove(text, line + 1, strlen(line));
	if (strncmp(text, "clusterd: ", strlen("clusterd: ")) == 0)
		memmove(text, text + strlen("clusterd: "),
			strlen(text + strlen("clusterd: ")) + 1);
}

bool upgrade_reaped(struct supervisor *supervisor, pid_t pid, int status)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	char words[1024], reason[FAULT_SIZE];

	if (upgrade->trial != pid || pid == 0)
		return false;
	upgrade->trial = 0;
	if (upgrade->stage != UPGRADE_TRIED)
		return true;
	read_words(upgrade, words, sizeof(words));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    strcmp(words, TRIAL_PASSED) == 0) {
		ev_timer_stop(supervisor->loop, &upgrade->patience);
		fd_close(&upgrade->words);
		upgrade->stage = UPGRADE_DUE;
		supervisor_tell(supervisor,
				(struct happening){.kind = HAPPENING_UPGRADING,
						   .reason = upgrade->program});
		conclude(supervisor, CORE_RESULT_OK, NULL);
		return true;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		(void)text_copy(words, sizeof(words), "it is no clusterd");
	else if (words[0] == '\0' && WIFEXITED(status))
		(void)snprintf(words, sizeof(words), "it exited with code %d",
			       WEXITSTATUS(status));
	else if (words[0] == '\0')
		(void)snprintf(words, sizeof(words), "it was killed by SIG%s",
			       sigabbrev_np(WTERMSIG(status)));
	(void)snprintf(reason, sizeof(reason), "%.200s failed its trial: %.280s",
		       upgrade->program, words);
	fail(supervisor, reason);
	return true;
}

static void on_trial_overdue(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;
	char reason[FAULT_SIZE];

	(void)loop;
	(void)events;
	(void)kill(supervisor->upgrade.trial, SIGKILL);
	(void)snprintf(reason, sizeof(reason),
		       "%.200s failed its trial: it did not end within %.0f s",
		       supervisor->upgrade.program, TRIAL_PATIENCE);
	fail(supervisor, reason);
}

/* In the child: what the new program finds is a copy of our descriptors. */
static _Noreturn void become_trial(struct supervisor *supervisor, char **arguments,
				   int state, int words)
{
	struct shelf_item *item = shelf_find(&supervisor->store.shelf, STORE_STATE);
	sigset_t none;
	int list;

	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (item != NULL)
		item->fd = state;
	supervisor->store.socket = -1; /* the keeper hears nothing of a trial */
	if (dup2(words, STDERR_FILENO) == -1 || dup2(words, STDOUT_FILENO) == -1 ||
	    store_hand_over(&supervisor->store, &list) < 0)
		_exit(EXIT_FAILURE);
	(void)execv(supervisor->upgrade.program, arguments);
	(void)!write(STDERR_FILENO, strerror(errno), strlen(strerror(errno)));
	_exit(EXIT_FAILURE);
}

/* No signal may reach a handler of ours in the child, hence all wait meanwhile. */
static pid_t fork_trial(struct supervisor *supervisor, char **arguments, int state,
			int words)
{
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become_trial(supervisor, arguments, state, words);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid == -1 ? -errno : pid;
}

/* Ours and one more: what it would not understand of them fails the trial. */
static char **list_arguments(struct upgrade *upgrade)
{
	static char trial[] = "--trial";
	size_t count = 1;
	char **list;

	while (upgrade->arguments[count] != NULL)
		count++;
	list = calloc(count + 2, sizeof(*list));
	if (list == NULL)
		return NULL;
	memcpy(list, upgrade->arguments, count * sizeof(*list));
	list[0] = upgrade->program;
	list[count] = trial;
	return list;
}

static int begin_trial(struct supervisor *supervisor, struct fault *fault)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	char **arguments = list_arguments(upgrade);
	CLOSE_FD int state = memory_copy(&supervisor->remembering.memory);
	int ends[2] = {-1, -1};
	pid_t pid = -ENOMEM;

	if (arguments != NULL && state >= 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0)
		pid = fork_trial(supervisor, arguments, state, ends[1]);
	free(arguments);
	fd_close(&ends[1]);
	upgrade->words = ends[0];
	if (pid < 0) {
		fd_close(&upgrade->words);
		return fault_set(fault, pid, "cannot try it: %s", strerror(-pid));
	}
	upgrade->trial = pid;
	upgrade->stage = UPGRADE_TRIED;
	ev_timer_set(&upgrade->patience, TRIAL_PATIENCE, 0.);
	ev_timer_start(supervisor->loop, &upgrade->patience);
	return 0;
}

/* Held open, so that what is tried is what we become. */
static int open_candidate(struct upgrade *upgrade, struct fault *fault)
{
	struct stat file;
	CLOSE_FD int fd = open(upgrade->program, O_PATH | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &file) == -1)
		return fault_set(fault, -errno, "%s: %s", upgrade->program,
				 strerror(errno));
	if (!S_ISREG(file.st_mode) || access(upgrade->program, X_OK) == -1)
		return fault_set(fault, -EACCES, "%s: is not executable",
				 upgrade->program);
	upgrade->candidate = fd_take(&fd);
	return 0;
}

int supervisor_upgrade(struct supervisor *supervisor, struct fault *fault)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	int code;

	if (supervisor->stopping)
		return fault_set(fault, -EBUSY, "the supervisor is shutting down");
	if (upgrade->stage != UPGRADE_NONE || upgrade->trial != 0)
		return fault_set(fault, -EBUSY, "another upgrade is under way");
	if (upgrade->program[0] == '\0')
		return fault_set(fault, -ENOENT, "the path of clusterd is not known");
	code = open_candidate(upgrade, fault);
	if (code < 0)
		return code;
	if (remember_all(supervisor) < 0)
		code = fault_set(fault, -ENOMEM, "the state cannot be written");
	if (code == 0)
		code = begin_trial(supervisor, fault);
	if (code < 0) {
		fd_close(&upgrade->candidate);
		return code;
	}
	upgrade->began = clock_now();
	upgrade->operation = ++supervisor->last_operation;
	return (int)upgrade->operation;
}

/* ---- the exec ---- */

static bool is_candidate(const struct upgrade *upgrade)
{
	struct stat named, held;

	return stat(upgrade->program, &named) == 0 &&
	       fstat(upgrade->candidate, &held) == 0 && named.st_dev == held.st_dev &&
	       named.st_ino == held.st_ino && named.st_mtime == held.st_mtime &&
	       named.st_size == held.st_size;
}

/* Who reads it with another pid than ours knows that we died in our probation. */
static int open_probation(void)
{
	CLOSE_FD int fd = memfd_create("clusterd-probation", MFD_CLOEXEC);
	char text[64];
	int count =
		snprintf(text, sizeof(text), "%d %s\n", (int)getpid(), CLUSTERD_VERSION);

	if (fd == -1 || write(fd, text, (size_t)count) != count)
		return -errno;
	return fd_take(&fd);
}

static void give_sockets(struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->inherits; i++)
		(void)store_lend(&supervisor->store, i, supervisor->inherited[i].fd);
}

/* What was cleaned away for the workers' sake; the pid is the same. */
static void restore_environment(const struct upgrade *upgrade)
{
	if (upgrade->watchdog_usec[0] != '\0')
		(void)setenv("WATCHDOG_USEC", upgrade->watchdog_usec, 1);
	if (upgrade->watchdog_pid[0] != '\0')
		(void)setenv("WATCHDOG_PID", upgrade->watchdog_pid, 1);
}

static void become(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	struct rlimit files;
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	(void)setrlimit(RLIMIT_NOFILE, &supervisor->files);
	restore_environment(upgrade);
	upgrade->arguments[0] = upgrade->program;
	(void)execv(upgrade->program, upgrade->arguments);
	upgrade->error = errno;
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static int hand_over(struct supervisor *supervisor)
{
	struct store *store = &supervisor->store;
	CLOSE_FD int probation = open_probation();
	int list, code = probation < 0 ? probation
				       : store_put(store, "probation", probation);

	if (code == 0)
		code = remember_all(supervisor);
	if (code == 0) {
		give_sockets(supervisor);
		code = store_hand_over(store, &list);
	}
	if (code == 0) {
		become(supervisor);
		code = -supervisor->upgrade.error;
		store_take_back(store, &list);
	}
	if (supervisor->upgrade.probation >= 0)
		(void)store_put(store, "probation", supervisor->upgrade.probation);
	else
		store_drop(store, "probation");
	return code;
}

/* Between two turns, when nothing waits to be stepped or written. */
void upgrade_go_on(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	int code = -ESTALE;

	if (upgrade->stage != UPGRADE_DUE || supervisor->queued > 0 ||
	    (supervisor->control != NULL && control_is_busy(supervisor->control)))
		return;
	if (is_candidate(upgrade))
		code = hand_over(supervisor);
	fail(supervisor,
	     code == -ESTALE ? "the program changed after its trial" : strerror(-code));
}

/* ---- the start ---- */

static void on_proved(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;
	struct store *store = &supervisor->store;
	CLOSE_FD int program = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	(void)loop;
	(void)events;
	if (program != -1 && store->keeper == KEEPER_OWN) {
		(void)store_put(store, "program", program);
		store_forget(store, "program"); /* the keeper's copy is the one */
	}
	store_drop(store, "probation");
	fd_close(&supervisor->upgrade.probation);
}

static void copy_variable(char *text, size_t size, const char *name)
{
	const char *value = getenv(name);

	(void)text_copy(text, size, value != NULL ? value : "");
}

void upgrade_init(struct supervisor *supervisor, char **arguments)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	*upgrade = (struct upgrade){
		.arguments = arguments, .candidate = -1, .words = -1, .probation = -1};
	keeper_find_program(upgrade->program, arguments[0]);
	copy_variable(upgrade->watchdog_usec, sizeof(upgrade->watchdog_usec),
		      "WATCHDOG_USEC");
	copy_variable(upgrade->watchdog_pid, sizeof(upgrade->watchdog_pid),
		      "WATCHDOG_PID");
	ev_init(&upgrade->patience, on_trial_overdue);
	ev_init(&upgrade->proving, on_proved);
	upgrade->patience.data = upgrade->proving.data = supervisor;
}

/* Before the state is taken over: as what were we started? */
void upgrade_meet(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	CLOSE_FD int probation = store_take(&supervisor->store, "probation");
	char text[64] = "";
	int pid = 0;

	if (probation < 0 || pread(probation, text, sizeof(text) - 1, 0) <= 0)
		return;
	(void)sscanf(text, "%d %47s", &pid, upgrade->before);
	upgrade->is_new = pid == (int)getpid();
	if (upgrade->is_new) {
		upgrade->probation = fd_take(&probation);
		return;
	}
	store_drop(&supervisor->store, "probation");
	(void)text_copy(upgrade->fault, sizeof(upgrade->fault),
			"the new program died after it had taken over");
}

/* After it: who is new is on probation. */
void upgrade_settle(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	struct happening what = {.kind = HAPPENING_UPGRADE_FAILED,
				 .reason = upgrade->fault};
	char reason[128];

	if (!upgrade->is_new && upgrade->fault[0] != '\0')
		supervisor_tell(supervisor, what);
	if (!upgrade->is_new)
		return;
	supervisor_reap(supervisor); /* who ended while nobody listened */
	upgrade->count++;
	(void)snprintf(reason, sizeof(reason), "%s, in place of %s", CLUSTERD_VERSION,
		       upgrade->before);
	what = (struct happening){.kind = HAPPENING_UPGRADED, .reason = reason};
	supervisor_tell(supervisor, what);
	ev_timer_set(&upgrade->proving, PROBATION, 0.);
	ev_timer_start(supervisor->loop, &upgrade->proving);
}
