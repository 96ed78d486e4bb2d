/*
 * keeping.c - what is left to whoever keeps our descriptors, and what the own keeper
 * tells of the workers that a predecessor started; and the lock, which outlives us with
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/estate.h"

/* ---- the lock ---- */

static int write_pid(int lock, pid_t pid)
{
	char text[16];
	int count = snprintf(text, sizeof(text), "%d\n", (int)pid);

	if (ftruncate(lock, 0) == -1 || pwrite(lock, text, (size_t)count, 0) != count)
		return -errno;
	return 0;
}

static int lock_file(const char *path, pid_t pid, struct fault *fault)
{
	CLOSE_FD int fd = -1;
	char holder[32];
	int code;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		ssize_t got = pread(fd, holder, sizeof(holder) - 1, 0);

		holder[got > 0 ? got : 0] = '\0';
		holder[strcspn(holder, "\n")] = '\0';
		return fault_set(fault, -EBUSY, "%s: held by process %s", path, holder);
	}
	code = write_pid(fd, pid);
	if (code < 0)
		return fault_set(fault, code, "%s: %s", path, strerror(-code));
	return fd_take(&fd);
}

int keeping_lock(const struct places *places, struct fault *fault)
{
	char path[PLACES_PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/clusterd.pid", places->run);
	return lock_file(path, getpid(), fault);
}

/* Another run directory, as from cron, or one that was removed and made again, may go
 * with a state that is in use: whatever was started by hand would be started twice.
 * Where nothing can be locked there is nothing that could be kept, either. */
static int take_state_lock(struct supervisor *supervisor, struct fault *fault)
{
	struct store *store = &supervisor->store;
	pid_t keeper = store_parent(store);
	int fd = store_take(store, "state-lock");
	char path[PLACES_PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/clusterd.lock", supervisor->places.state);
	if (fd < 0)
		fd = lock_file(path, keeper != 0 ? keeper : getpid(), fault);
	if (fd < 0)
		return fd == -EBUSY ? fd : 0;
	supervisor->state_lock = fd;
	return store_put(store, "state-lock", fd);
}

int keeping_take_lock(struct supervisor *supervisor, struct fault *fault)
{
	struct store *store = &supervisor->store;
	int fd = store_take(store, "lock");

	if (fd < 0)
		fd = keeping_lock(&supervisor->places, fault);
	else if (store_parent(store) == 0)
		(void)write_pid(fd, getpid()); /* that of a predecessor is in it */
	if (fd < 0)
		return fd;
	supervisor->lock = fd;
	if (store_put(store, "lock", fd) < 0)
		return -ENOMEM;
	return take_state_lock(supervisor, fault);
}

/* ---- the keeper ---- */

static void lose_keeper(struct supervisor *supervisor)
{
	ev_io_stop(supervisor->loop, &supervisor->kept);
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_KEEPER_LOST});
	(void)write_pid(supervisor->lock, getpid());
}

static void on_keeper(struct ev_loop *loop, struct ev_io *watch, int events)
{
	struct supervisor *supervisor = watch->data;
	struct deposit deposit;
	int heard = 0;

	(void)loop;
	if ((events & EV_WRITE) != 0)
		store_catch_up(&supervisor->store);
	while (supervisor_has_room(supervisor) &&
	       (heard = store_hear(&supervisor->store, &deposit)) > 0)
		if (deposit.kind == DEPOSIT_EXITED)
			kin_exited(supervisor, deposit.pid, deposit.status);
	if (heard < 0)
		lose_keeper(supervisor);
}

void keeping_start(struct supervisor *supervisor)
{
	const struct store *store = &supervisor->store;

	ev_io_init(&supervisor->kept, on_keeper, store->socket, EV_READ);
	supervisor->kept.data = supervisor;
	if (store->socket >= 0 && store->keeper == KEEPER_OWN)
		ev_io_start(supervisor->loop, &supervisor->kept);
}

void keeping_update(struct supervisor *supervisor)
{
	const struct store *store = &supervisor->store;
	struct ev_io *watch = &supervisor->kept;
	int wanted = store->keeper == KEEPER_OWN ? EV_READ : 0;

	if (store_is_behind(store))
		wanted |= EV_WRITE;
	if (store->socket < 0 || wanted == (ev_is_active(watch) ? watch->events : 0))
		return;
	ev_io_stop(supervisor->loop, watch);
	if (wanted == 0)
		return;
	ev_io_set(watch, store->socket, wanted);
	ev_io_start(supervisor->loop, watch);
}
