/*
 * kin.c - workers that another supervisor started: not our children, ours all the same.
 *
 * Whoever kept our descriptors is their parent now.  Their end shows at their pidfd; what
 * it was the own keeper tells, or the kernel (PIDFD_GET_INFO, since 6.15), or nobody.
 *
 * A child that was born when its supervisor died, before its pid was written down, is in
 * no book: it is known by what it was given, and ended, since its slot is filled anew.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define KEEPER_PATIENCE  0.5  /* seconds for the own keeper to tell of an end */
#define KERNEL_PATIENCE  0.05 /* for its parent to collect it, so that the kernel can */
#define LEAVERS_PATIENCE 30.0 /* for those who are not taken over */
#define ENVIRONMENT      65536

/* ---- how one ended ---- */

/* As the kernel has it; the headers of Debian 12 are older. */
struct pidfd_info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code;
};
#define GET_INFO  _IOWR(0xFF, 11, struct pidfd_info)
#define INFO_EXIT (UINT64_C(1) << 3)

static int status_of(int pidfd)
{
	struct pidfd_info info = {.mask = INFO_EXIT};

	if (pidfd == -1 || ioctl(pidfd, GET_INFO, &info) == -1 ||
	    (info.mask & INFO_EXIT) == 0)
		return SEAT_STATUS_UNKNOWN;
	return info.exit_code;
}

static void part(struct seat *seat)
{
	struct ev_loop *loop = seat->place->app->supervisor->loop;

	ev_io_stop(loop, &seat->kin.watch);
	ev_timer_stop(loop, &seat->kin.patience);
	seat->kin.is_one = false;
}

static void end(struct seat *seat, int status)
{
	pid_t pid = seat->process.pid;

	part(seat);
	(void)process_sweep_left(pid, seat->process.birth);
	fd_close(&seat->process.pidfd);
	seat_exited(seat, pid, status);
}

static void on_patience(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct seat *seat = timer->data;

	(void)loop;
	(void)events;
	end(seat, status_of(seat->process.pidfd));
}

static void await_report(struct seat *seat)
{
	const struct supervisor *supervisor = seat->place->app->supervisor;
	bool is_told = store_parent(&supervisor->store) > 0;

	ev_io_stop(supervisor->loop, &seat->kin.watch);
	ev_timer_set(&seat->kin.patience, is_told ? KEEPER_PATIENCE : KERNEL_PATIENCE,
		     0.);
	ev_timer_start(supervisor->loop, &seat->kin.patience);
}

static void on_end(struct ev_loop *loop, struct ev_io *watch, int events)
{
	(void)loop;
	(void)events;
	await_report(watch->data);
}

void kin_exited(struct supervisor *supervisor, pid_t pid, int status)
{
	struct seat *seat = seat_find(supervisor, pid);

	if (seat != NULL && seat->kin.is_one)
		end(seat, status);
}

static pid_t parent_of(pid_t pid)
{
	char path[32], text[256];
	const char *at;
	int parent = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_text(path, text, sizeof(text)) <= 0)
		return 0;
	at = strrchr(text, ')');
	return at != NULL && sscanf(at + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Whose pid was in the book; if it lives no more, what became of it is told soon. */
void kin_meet(struct seat *seat)
{
	struct process *process = &seat->process;
	struct ev_loop *loop = seat->place->app->supervisor->loop;

	seat->kin.is_one = true;
	ev_init(&seat->kin.watch, on_end);
	ev_init(&seat->kin.patience, on_patience);
	seat->kin.watch.data = seat->kin.patience.data = seat;
	seat_register(seat);
	process->pidfd = pidfd_open(process->pid, 0);
	/* Asked of the process that the pidfd is of: it can be no other by now. */
	if (process->pidfd != -1 && process_read_birth(process->pid) != process->birth)
		fd_close(&process->pidfd);
	if (process->pidfd == -1) {
		await_report(seat);
		return;
	}
	if (parent_of(process->pid) == getpid()) { /* after an exec in place */
		seat->kin.is_one = false;
		return;
	}
	ev_io_set(&seat->kin.watch, process->pidfd, EV_READ);
	ev_io_start(loop, &seat->kin.watch);
}

/* ---- who is in no book ---- */

/* NULL: it has none of that name. */
static const char *find_variable(const char *text, size_t bytes, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; at < text + bytes; at += strlen(at) + 1)
		if (strncmp(at, name, length) == 0 && at[length] == '=')
			return at + length + 1;
	return NULL;
}

static bool find_number(const char *text, size_t bytes, const char *name,
			unsigned *ret_number)
{
	const char *value = find_variable(text, bytes, name);

	return value != NULL &&
	       text_parse_unsigned(ret_number, value, 0, UINT32_MAX) == 0;
}

/* In ticks since the boot, as the birth of a process is. */
static uint64_t ticks_of(msec moment)
{
	struct timespec boot = {0}, now = {0};
	msec offset;

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	offset = (msec)(boot.tv_sec - now.tv_sec) * 1000 +
		 (boot.tv_nsec - now.tv_nsec) / 1000000;
	return (uint64_t)(moment + offset) * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
}

/* A worker that was ordered, and of which nobody knows whether it came. */
static bool is_intended(const struct app *app, struct seat_ref at)
{
	const struct worker *worker = &app->core.slot[at.slot].seat[at.seat];
	const struct place *place = app->place[at.slot];

	return worker->phase == WORKER_STARTING && worker->undone &&
	       (place == NULL || place->seat[at.seat].process.pid == 0);
}

static bool is_for(const struct app *app, struct seat_ref at, pid_t pid,
		   unsigned generation)
{
	const struct worker *worker = &app->core.slot[at.slot].seat[at.seat];

	return is_intended(app, at) && worker->generation == generation &&
	       process_read_birth(pid) + 1 >= ticks_of(worker->since);
}

/* It was given the name of a worker that is to come. */
static bool has_become(const struct supervisor *supervisor, pid_t pid)
{
	static char text[ENVIRONMENT];
	char path[32];
	const char *name;
	const struct app *app;
	ssize_t bytes;
	unsigned slot, generation;

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	bytes = fd_read_text(path, text, sizeof(text));
	if (bytes <= 0 || getsid(pid) != pid ||
	    !find_number(text, (size_t)bytes, "CLUSTER_SLOT", &slot) ||
	    !find_number(text, (size_t)bytes, "CLUSTER_GENERATION", &generation))
		return false;
	name = find_variable(text, (size_t)bytes, "CLUSTER_APP");
	app = name != NULL ? supervisor_find(supervisor, name) : NULL;
	for (uint8_t seat = 0; app != NULL && slot <= CORE_SLOTS && seat < CORE_SEATS;
	     seat++)
		if (is_for(app, (struct seat_ref){(uint16_t)slot, seat}, pid, generation))
			return true;
	return false;
}

/* Not executed yet: a copy of the supervisor that died. */
static bool is_unborn(pid_t pid)
{
	char path[32];
	struct stat one, own;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, &one) == 0 && stat("/proc/self/exe", &own) == 0 &&
	       one.st_dev == own.st_dev && one.st_ino == own.st_ino;
}

static void end_stranger(struct supervisor *supervisor, pid_t pid)
{
	char reason[96];
	CLOSE_FD int pidfd = pidfd_open(pid, 0);

	if (pidfd == -1 || parent_of(pid) != getppid())
		return;
	(void)process_sweep_left(pid, process_read_birth(pid));
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	(void)snprintf(reason, sizeof(reason),
		       "process %d was just started when the supervisor died: ended",
		       (int)pid);
	supervisor_tell(supervisor,
			(struct happening){.kind = HAPPENING_ALERT, .reason = reason});
}

static void look_at(struct supervisor *supervisor, pid_t pid)
{
	/* A child of ours would not be one of whoever started us. */
	if (pid <= 1 || pid == getpid() || parent_of(pid) != getppid() ||
	    seat_find(supervisor, pid) != NULL)
		return;
	if (has_become(supervisor, pid) ||
	    (store_parent(&supervisor->store) > 0 && is_unborn(pid)))
		end_stranger(supervisor, pid);
}

static bool intends_any(const struct app *app)
{
	for (unsigned slot = 0; slot <= CORE_SLOTS; slot++)
		for (uint8_t seat = 0; seat < CORE_SEATS; seat++)
			if (is_intended(app, (struct seat_ref){(uint16_t)slot, seat}))
				return true;
	return false;
}

void kin_end_strangers(struct supervisor *supervisor)
{
	const struct dirent *entry;
	bool any = false;
	DIR *folder;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		any = any || intends_any(app);
	folder = any ? opendir("/proc") : NULL;
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		look_at(supervisor, (pid_t)strtol(entry->d_name, NULL, 10));
	if (folder != NULL)
		(void)closedir(folder);
}

/* ---- who is not taken over ---- */

static void on_overdue(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct leavers *leavers = timer->data;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < leavers->count; i++) {
		(void)pidfd_send_signal(leavers->pidfd[i], SIGKILL, NULL, 0);
		(void)close(leavers->pidfd[i]);
	}
	free(leavers->pidfd);
	*leavers = (struct leavers){0};
}

/* Told to end, and killed when it does not; the pidfd is ours from here on. */
static void dismiss(struct supervisor *supervisor, int pidfd, int number)
{
	struct leavers *leavers = &supervisor->leavers;
	int *more = realloc(leavers->pidfd, (leavers->count + 1) * sizeof(*more));

	(void)pidfd_send_signal(pidfd, number, NULL, 0);
	if (more == NULL) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		(void)close(pidfd);
		return;
	}
	leavers->pidfd = more;
	leavers->pidfd[leavers->count++] = pidfd;
	if (ev_is_active(&leavers->overdue))
		return;
	ev_timer_init(&leavers->overdue, on_overdue, LEAVERS_PATIENCE, 0.);
	leavers->overdue.data = leavers;
	ev_timer_start(supervisor->loop, &leavers->overdue);
}

void kin_dismiss(struct seat *seat)
{
	const struct app *app = seat->place->app;
	const struct generation *generation = generation_find(app, seat->generation);
	int number = generation != NULL ? generation->spec->drain_signal : SIGTERM;

	if (!seat->kin.is_one)
		return;
	part(seat);
	seat_unregister(seat, seat->process.pid);
	if (seat->process.pidfd != -1)
		dismiss(app->supervisor, fd_take(&seat->process.pidfd), number);
	seat_forget_doors(seat);
	seat->process.pid = 0;
}

/* Of a state that nobody can read: known by the house that they were born in. */
static bool is_of_house(const struct supervisor *supervisor, pid_t pid)
{
	static char text[ENVIRONMENT];
	char path[32];
	const char *notify;
	ssize_t bytes;

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	bytes = fd_read_text(path, text, sizeof(text));
	if (bytes <= 0 || getsid(pid) != pid ||
	    find_variable(text, (size_t)bytes, "CLUSTER_APP") == NULL)
		return false;
	notify = find_variable(text, (size_t)bytes, "NOTIFY_SOCKET");
	return notify != NULL && strncmp(notify, supervisor->places.run,
					 strlen(supervisor->places.run)) == 0;
}

void kin_dismiss_strangers(struct supervisor *supervisor)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		int pidfd;

		if (pid <= 1 || parent_of(pid) != getppid() ||
		    !is_of_house(supervisor, pid))
			continue;
		pidfd = pidfd_open(pid, 0);
		if (pidfd != -1)
			dismiss(supervisor, pidfd, SIGTERM);
	}
	if (folder != NULL)
		(void)closedir(folder);
}
