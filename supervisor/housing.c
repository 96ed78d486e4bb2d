/*
 * housing.c - which control group a worker lives in, and what it says of his end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/log.h"
#include "supervisor/estate.h"

static void put_slot(char name[HAPPENING_TARGET], const struct place *place)
{
	(void)snprintf(name, HAPPENING_TARGET, "%s.%u", place->app->name, place->slot);
}

static struct cells *cells_of(const struct seat *seat)
{
	return &seat->place->app->supervisor->cells;
}

void housing_open(struct supervisor *supervisor, pid_t keeper)
{
	if (cells_open(&supervisor->cells, keeper, &supervisor->no_cells) < 0)
		log_debug("workers have no control groups of their own: %s",
			  supervisor->no_cells.text);
	else
		log_info("each worker has a control group of its own, below %s",
			 supervisor->cells.root);
}

/* Said once for each generation: it runs all the same, and is not bounded. */
void housing_check(const struct app *app, const struct generation *generation)
{
	const struct supervisor *supervisor = app->supervisor;
	const char *key = cell_lacks(&supervisor->cells, &generation->spec->cgroup);

	if (key == NULL)
		return;
	if (supervisor->cells.root[0] == '\0')
		app_alert(
			app,
			"%s is not in force: clusterd has no control group to divide: %s",
			key, supervisor->no_cells.text);
	else
		app_alert(app, "%s is not in force: %s has no such controller", key,
			  supervisor->cells.root);
}

/* What the child enters it by, the caller's to close; -1: there is none to enter. */
int housing_prepare(struct seat *seat, const struct app_spec *spec, int *ret_fd,
		    struct fault *fault)
{
	char name[HAPPENING_TARGET];
	int fd;

	seat->cell = 0;
	*ret_fd = -1;
	if (cells_of(seat)->root[0] == '\0')
		return 0;
	put_slot(name, seat->place);
	fd = cell_make(cells_of(seat), name, &spec->cgroup, &seat->cell, fault);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static void find_cell(struct seat *seat)
{
	const struct generation *generation;
	char name[HAPPENING_TARGET];

	generation = generation_find(seat->place->app, seat->generation);
	put_slot(name, seat->place);
	if (generation != NULL)
		seat->cell = cell_find(cells_of(seat), name, seat->process.pid,
				       &generation->spec->cgroup);
}

void housing_kill(const struct seat *seat)
{
	char name[HAPPENING_TARGET];

	put_slot(name, seat->place);
	cell_kill(cells_of(seat), name, seat->cell);
}

/* Its worker is gone, or never came. */
void housing_end(struct seat *seat, int status)
{
	char name[HAPPENING_TARGET];

	put_slot(name, seat->place);
	seat->ran_out = (status == SEAT_STATUS_UNKNOWN ||
			 (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) &&
			cell_ran_out_of_memory(cells_of(seat), name, seat->cell);
	cell_end(cells_of(seat), name, seat->cell);
	seat->cell = 0;
}

static bool is_known(void *data, const char *cell)
{
	struct supervisor *supervisor = data;
	char name[HAPPENING_TARGET + 16], slot[HAPPENING_TARGET];

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		for (unsigned i = 0; i <= CORE_SLOTS; i++)
			for (unsigned j = 0; app->place[i] != NULL && j < CORE_SEATS;
			     j++) {
				put_slot(slot, app->place[i]);
				(void)snprintf(name, sizeof(name), "%s.%u", slot,
					       (unsigned)app->place[i]->seat[j].cell);
				if (strcmp(name, cell) == 0)
					return true;
			}
	return false;
}

static void find_cells(struct supervisor *supervisor)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		for (unsigned i = 0; i <= CORE_SLOTS; i++)
			for (unsigned j = 0; app->place[i] != NULL && j < CORE_SEATS; j++)
				if (app->place[i]->seat[j].process.pid != 0)
					find_cell(&app->place[i]->seat[j]);
}

/* Once, when it is known who was adopted. */
void housing_sweep(struct supervisor *supervisor)
{
	find_cells(supervisor);
	cells_sweep(&supervisor->cells, is_known, supervisor);
}
