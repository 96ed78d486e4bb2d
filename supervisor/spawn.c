/*
 * spawn.c - a worker's birth: everything process_spawn needs, put together.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/capacity.h"
#include "supervisor/estate.h"

/* What becomes the worker's stdout or stderr: the caller's to close. */
static int open_stream(struct place *place, const struct generation *generation,
		       enum spec_stream stream, struct fault *fault)
{
	int fd;

	if (spec_logs(generation->spec, stream))
		return conduit_open(place, stream, generation, fault);
	if (generation->spec->log.to == SPEC_LOG_INHERIT)
		fd = fcntl(stream == SPEC_OUT ? STDOUT_FILENO : STDERR_FILENO,
			   F_DUPFD_CLOEXEC, 3);
	else
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return fault_set(fault, -errno, "log: %s", strerror(errno));
	return fd;
}

static int open_streams(struct place *place, const struct generation *generation,
			struct process_order *order, struct fault *fault)
{
	order->out = order->err = open_stream(place, generation, SPEC_OUT, fault);
	if (order->out < 0)
		return order->out;
	order->err = open_stream(place, generation, SPEC_ERR, fault);
	if (order->err >= 0)
		return 0;
	fd_close(&order->out);
	return order->err;
}

static void on_exec(struct ev_loop *loop, struct ev_io *watch, int events)
{
	(void)loop;
	(void)events;
	seat_settle_exec(watch->data);
}

static void seat_begin(struct seat *seat, uint32_t generation)
{
	struct place *place = seat->place;
	struct supervisor *supervisor = place->app->supervisor;

	seat->pid = 0;
	seat->generation = generation;
	seat->started = supervisor->now;
	seat->beat = -1;
	seat->figures = (struct beat){.lag_usec = BEAT_UNKNOWN,
				      .connections = BEAT_UNKNOWN,
				      .requests = BEAT_UNKNOWN,
				      .errors = BEAT_UNKNOWN,
				      .latency_usec = BEAT_UNKNOWN};
	seat->reason[0] = '\0';
	seat->exec_failed = false;
	seat->asked = 0;
	seat->calls = (struct calls){0};
	seat->floods = seat->is_rude = false;
	seat->listening = 0;
	seat->cpu_percent = -1;
	seat->sampled = 0;
	place->spawns++;
}

/* A change is said once for each generation, when it begins to matter. */
static void tell_of_change(const struct app *app, struct generation *generation)
{
	struct happening what = {.kind = HAPPENING_CHANGED_ON_DISK,
				 .generation = generation->number};

	if (generation->told_of_change)
		return;
	what.reason = generation_changed(generation);
	if (what.reason == NULL && pin_look(&generation->program) != PIN_SAME) {
		what.kind = HAPPENING_REPLACED_ON_DISK;
		what.reason = generation->program.path;
	}
	if (what.reason == NULL)
		return;
	app_tell(app, what);
	generation->told_of_change = true;
}

/* What is executed or read by its name has to be there.  An interpreter would say so,
 * too, but only to the log of the app. */
static int find_files(const struct generation *generation, struct fault *fault)
{
	const struct pin *const pin[] = {&generation->program, &generation->script};

	for (size_t i = 0; i < ARRAY_COUNT(pin); i++)
		if (pin[i]->path != NULL && pin[i]->fd == -1 &&
		    pin_look(pin[i]) == PIN_GONE)
			return fault_set(fault, -ENOENT,
					 "%s is gone since generation %u was made",
					 pin[i]->path, generation->number);
	return 0;
}

static int choose_cpu(struct process_order *order, const struct app_spec *spec,
		      unsigned slot, unsigned *cpu, struct fault *fault)
{
	int result;

	if (spec->affinity == SPEC_AFFINITY_NONE)
		return 0;
	result = capacity_cpu(slot, cpu);
	if (result == 0 && *cpu >= PROCESS_CPUS)
		result = -ERANGE;
	if (result < 0)
		return fault_set(fault, result, "affinity: %s", strerror(-result));
	order->cpu = cpu;
	return 0;
}

/* Those of the configuration, in its order, unless it is to have none. */
static int lend_sockets(const struct seat *seat, const struct generation *generation,
			struct process_order *order, int *listen_fd, struct fault *fault)
{
	int result = 0;

	if (generation->spec->adopt != SPEC_ADOPT_NONE)
		order->listen_count = generation->spec->listen_count;
	for (unsigned i = 0; i < order->listen_count && result == 0; i++)
		result = sharing_lend(seat, generation->holding[i], &listen_fd[i], fault);
	order->listen_fd = listen_fd;
	return result;
}

static int spawn(struct seat *seat, const struct generation *generation,
		 struct process_order *order, struct fault *fault)
{
	struct place *place = seat->place;
	const struct app *app = place->app;
	struct arena arena = {0};
	int listen_fd[SPEC_LISTEN + 2]; /* what Node.js gets comes behind */
	CLOSE_FD int channel = -1, notify = -1, trap = -1, cell = -1;
	unsigned cpu;
	int result;

	result = choose_cpu(order, generation->spec, place->slot, &cpu, fault);
	if (result == 0)
		result = lend_sockets(seat, generation, order, listen_fd, fault);
	if (result < 0)
		return result;
	order->path = generation->program.path;
	order->program = pin_descriptor(&generation->program);
	order->rights = &generation->rights;
	order->directory = generation->directory;
	order->directory_path = generation->directory_path;
	order->argv = environment_command(&arena, generation->command, place->slot);
	order->envp = environment_of(&arena, app, generation, place, order->listen_count);
	if (generation->node_preload != NULL) {
		result = channel_open(seat, &channel, fault);
		if (result < 0)
			return result;
		notify = heartbeat_connect(&place->heartbeat);
		if (notify < 0)
			return fault_set(fault, notify, "notify socket: %s",
					 strerror(-notify));
		listen_fd[order->listen_count++] = channel;
		listen_fd[order->listen_count++] = notify;
	}
	if (generation->traps) {
		result = snare_open(seat, &trap, fault);
		if (result < 0)
			return result;
		order->trap = trap;
	}
	if (order->argv == NULL || order->envp == NULL)
		result = fault_set(fault, -ENOMEM, "out of memory");
	else
		result = housing_prepare(seat, generation->spec, &cell, fault);
	order->cell = cell;
	if (result == 0)
		result = process_spawn(&seat->process, order, fault);
	if (result < 0)
		housing_end(seat, 0);
	arena_free(&arena);
	return result;
}

int spawn_worker(struct app *app, struct seat_ref at, uint32_t number,
		 struct fault *fault)
{
	struct generation *generation = generation_find(app, number);
	struct place *place = place_need(app, at.slot, fault);
	struct process_order order = {0};
	struct seat *seat;
	int result;

	if (place == NULL)
		return -ENOMEM;
	seat = &place->seat[at.seat];
	seat_begin(seat, number);
	result = find_files(generation, fault);
	if (result < 0)
		return result;
	tell_of_change(app, generation);
	result = open_streams(place, generation, &order, fault);
	if (result < 0)
		return result;
	result = spawn(seat, generation, &order, fault);
	if (result < 0)
		seat_forget_doors(seat);
	fd_close(&order.out);
	fd_close(&order.err);
	if (result < 0)
		return result;
	seat_register(seat);
	ev_io_init(&seat->exec_watch, on_exec, seat->process.exec_pipe, EV_READ);
	seat->exec_watch.data = seat;
	ev_io_start(app->supervisor->loop, &seat->exec_watch);
	return 0;
}
