/*
 * sweep.c - ends what a supervisor left behind that systemd does not start again.
 *
 * Called by the unit when its main process has gone (ExecStopPost), and by its companion
 * when the unit is stopped while it has none (ExecStop, with the unit's name).
 */
#include "supervisor/ctl/sweep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "supervisor/ctl/systemctl.h"
#include "supervisor/ctl/verbs.h"

#define MOST      4096  /* processes of one unit */
#define PATIENCE  30000 /* ms: the default of drain.timeout */
#define LOG_TIME  500   /* ms for what is still in pipes */
#define KILL_TIME 5000  /* ms until what was killed is gone */
#define ROUNDS    16    /* enough for what forks while it is killed, but for a bomb */

/* ---- what is to be done ---- */

static bool is(const char *word, const char *other)
{
	return word != NULL && strcmp(word, other) == 0;
}

static bool is_known(const char *word)
{
	return word != NULL && word[0] != '\0';
}

/* systemd.service(5), the table of Restart=. */
static bool is_restarted(const struct sweep_end *end)
{
	bool clean = is(end->result, "success");

	if (is(end->restart, "always"))
		return true;
	if (is(end->restart, "no"))
		return false;
	if (is(end->restart, "on-success"))
		return clean;
	if (is(end->restart, "on-abnormal"))
		return !clean && !is(end->result, "exit-code");
	if (is(end->restart, "on-abort"))
		return is(end->result, "signal") || is(end->result, "core-dump");
	if (is(end->restart, "on-watchdog"))
		return is(end->result, "watchdog");
	return !clean; /* on-failure */
}

bool sweep_is_due(const struct sweep_end *end)
{
	if (is(end->job, "stop"))
		return true;
	if (is(end->code, "exited") && is_known(end->status) &&
	    is_known(end->prevented) && text_has_word(end->prevented, end->status))
		return true;
	if (is(end->job, "restart") || is(end->job, "start"))
		return false;
	return !is_restarted(end);
}

/* ---- what systemd says ---- */

/* "  123 clusterd.service stop waiting" -> "stop"; empty: nothing waits. */
static void ask_job(bool user, const char *unit, char *text, size_t size)
{
	const char *const words[] = {"list-jobs", "--no-legend", "--plain", unit, NULL};
	char *word[8];
	struct buffer said;

	buffer_init(&said, 65536);
	text[0] = '\0';
	if (systemctl_run(user, words, &said) == 0 &&
	    text_split(said.bytes, word, ARRAY_COUNT(word)) >= 3)
		(void)text_copy(text, size, word[2]);
	buffer_free(&said);
}

/* ---- whom it is about ---- */

struct sweep {
	const struct options *options;
	char unit[128];
	char folder[CGROUP_PATH]; /* the unit's group */
	bool user;                /* of a user's systemd */
	msec deadline;
	pid_t pid[MOST];
	int pidfd[MOST];
	unsigned count;
};

/* Ours is the unit's, or one below it: with Delegate= what systemd runs at the end sits
 * in .control. */
static int find_own_unit(struct sweep *sweep)
{
	int result = cgroup_of(0, sweep->folder, sizeof(sweep->folder));
	char *slash;

	while (result == 0 && (slash = strrchr(sweep->folder, '/')) != NULL) {
		const char *dot = strrchr(slash, '.');

		if (dot != NULL && strcmp(dot, ".service") == 0)
			return text_copy(sweep->unit, sizeof(sweep->unit), slash + 1)
				       ? 0
				       : -ENAMETOOLONG;
		*slash = '\0';
	}
	return result < 0 ? result : -ENOENT;
}

static int find_named_unit(struct sweep *sweep, const char *unit)
{
	char group[CGROUP_PATH], mount[CGROUP_PATH];
	int result = cgroup_find_mount(mount, sizeof(mount));

	if (result < 0)
		return result;
	(void)text_copy(sweep->unit, sizeof(sweep->unit), unit);
	systemctl_ask(sweep->user, unit, "ControlGroup", group, sizeof(group));
	if (group[0] != '/')
		return -ENOENT;
	result = snprintf(sweep->folder, sizeof(sweep->folder), "%s%s", mount, group);
	return result < (int)sizeof(sweep->folder) ? 0 : -ENAMETOOLONG;
}

static void forget(struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->count; i++)
		fd_close(&sweep->pidfd[i]);
	sweep->count = 0;
}

/* All that live in the group, but us; how many. */
static unsigned look(struct sweep *sweep)
{
	static pid_t found[MOST];
	int count = cgroup_read_pids(sweep->folder, found, MOST);

	forget(sweep);
	for (int i = 0; i < count; i++) {
		int fd = found[i] > 1 && found[i] != getpid() ? pidfd_open(found[i], 0)
							      : -1;

		if (fd == -1)
			continue;
		sweep->pid[sweep->count] = found[i];
		sweep->pidfd[sweep->count++] = fd;
	}
	return sweep->count;
}

/* ---- how they end ---- */

/* Main processes of workers lead sessions of their own; what they started is told by
 * them.  Beside the supervisor sits who writes their logs, and must not go before. */
static bool is_main(pid_t pid)
{
	static const char leaf[] = "/supervisor";
	char path[CGROUP_PATH];
	size_t length;

	if (getsid(pid) != pid)
		return false;
	if (cgroup_of(pid, path, sizeof(path)) < 0)
		return true;
	length = strlen(path);
	return length < sizeof(leaf) - 1 ||
	       strcmp(path + length - (sizeof(leaf) - 1), leaf) != 0;
}

static void tell_workers(const struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->count; i++)
		if (is_main(sweep->pid[i]))
			(void)pidfd_send_signal(sweep->pidfd[i], SIGTERM, NULL, 0);
}

static void kill_all(const struct sweep *sweep)
{
	for (unsigned i = 0; i < sweep->count; i++)
		(void)pidfd_send_signal(sweep->pidfd[i], SIGKILL, NULL, 0);
}

/* Until all of them (or all workers) have ended; false: the deadline came first. */
static bool await(const struct sweep *sweep, bool workers, msec deadline)
{
	for (unsigned i = 0; i < sweep->count; i++) {
		struct pollfd ended = {.fd = sweep->pidfd[i], .events = POLLIN};
		msec left = deadline - clock_now();

		if (workers && !is_main(sweep->pid[i]))
			continue;
		if (poll(&ended, 1, left > 0 ? (int)left : 0) <= 0)
			return false;
	}
	return true;
}

static enum exit_code end_all(struct sweep *sweep)
{
	unsigned all = look(sweep);

	if (all == 0)
		return EXIT_DONE;
	say(sweep->options, "%s: ends %u process%s that no supervisor will look after",
	    sweep->unit, all, all == 1 ? "" : "es");
	tell_workers(sweep);
	if (!await(sweep, true, sweep->deadline))
		say(sweep->options, "%s: the time is over, what is left is killed",
		    sweep->unit);
	/* Who writes logs does so at once, but knows of no end while systemd keeps pipes.
	 */
	(void)await(sweep, false, clock_now() + LOG_TIME);
	for (int i = 0; i < ROUNDS && look(sweep) > 0; i++) {
		kill_all(sweep);
		(void)await(sweep, false, clock_now() + KILL_TIME);
	}
	if (look(sweep) == 0)
		return EXIT_DONE;
	return say_error(sweep->options, EXIT_FAILED, NULL, "sweep: %s: process %d stays",
			 sweep->unit, (int)sweep->pid[0]);
}

/* A successor comes.  systemd puts it into the unit's own group, which takes no process
 * while controllers are given to those below it; the successor gives them again. */
static void make_way(const struct sweep *sweep)
{
	char given[256], order[272], *word[16];
	int words;

	if (cgroup_read(sweep->folder, "cgroup.subtree_control", given, sizeof(given)) <=
	    0)
		return;
	words = text_split(given, word, ARRAY_COUNT(word));
	for (int i = 0; i < words; i++) {
		(void)snprintf(order, sizeof(order), "-%s", word[i]);
		(void)cgroup_write(sweep->folder, "cgroup.subtree_control", order);
	}
}

/* ---- the verb ---- */

static bool read_timeout(struct sweep *sweep)
{
	const char *text = sweep->options->value[FLAG_TIMEOUT];
	msec span = PATIENCE;

	if (text != NULL && text_parse_duration(&span, text) < 0)
		return false;
	sweep->deadline = clock_now() + span;
	return true;
}

/* At the end of the unit's main process. */
static bool ended_for_good(const struct sweep *sweep)
{
	char restart[32], prevented[256], job[32];
	const struct sweep_end end = {.result = getenv("SERVICE_RESULT"),
				      .code = getenv("EXIT_CODE"),
				      .status = getenv("EXIT_STATUS"),
				      .restart = restart,
				      .prevented = prevented,
				      .job = job};

	systemctl_ask(sweep->user, sweep->unit, "Restart", restart, sizeof(restart));
	systemctl_ask(sweep->user, sweep->unit, "RestartPreventExitStatus", prevented,
		      sizeof(prevented));
	ask_job(sweep->user, sweep->unit, job, sizeof(job));
	return sweep_is_due(&end);
}

/* When the unit is stopped: only while nobody is there to do it in order. */
static bool is_forsaken(const struct sweep *sweep)
{
	char main[32], job[32];

	systemctl_ask(sweep->user, sweep->unit, "MainPID", main, sizeof(main));
	ask_job(sweep->user, sweep->unit, job, sizeof(job));
	return strcmp(main, "0") == 0 && strcmp(job, "stop") == 0;
}

enum exit_code verb_sweep(const struct options *options)
{
	static struct sweep sweep;
	const char *unit = options->arguments > 0 ? options->argument[0] : NULL;
	enum exit_code code = EXIT_DONE;
	int result;

	sweep.options = options;
	sweep.user = cgroup_of(0, sweep.folder, sizeof(sweep.folder)) == 0 &&
		     strstr(sweep.folder, "/user@") != NULL;
	if (!read_timeout(&sweep))
		return say_error(options, EXIT_USAGE, NULL,
				 "sweep: --timeout %s: is no "
				 "time",
				 options->value[FLAG_TIMEOUT]);
	if (unit == NULL && getenv("SERVICE_RESULT") == NULL)
		return say_error(options, EXIT_USAGE, NULL,
				 "sweep: only a unit of systemd's can tell what is to be "
				 "swept: see clusterd(8)");
	result = unit != NULL ? find_named_unit(&sweep, unit) : find_own_unit(&sweep);
	if (result == -ENOENT && unit != NULL)
		return EXIT_DONE; /* it has no group: nothing is left */
	if (result < 0)
		return say_error(options, EXIT_FAILED, NULL, "sweep: %s",
				 strerror(-result));
	if (unit != NULL ? is_forsaken(&sweep) : ended_for_good(&sweep))
		code = end_all(&sweep);
	else if (unit == NULL)
		make_way(&sweep);
	forget(&sweep);
	return code;
}
