/*
 * cell.h - a control group for each worker, below the one that is ours to divide.
 *
 * Ours it is when systemd says so (Delegate=), or when nobody but us lives in it.  We sit
 * in a leaf of it ourselves.  A cell is made before its worker, who enters it before he
 * becomes the program; so whatever he starts is in it, too, and ends with him, whatever
 * session it made.  Controllers are enabled by the first cell that needs one.
 *
 * A cell is known by its app's and slot's name and a number, and its path tells both: so
 * one who adopts a worker finds his cell by his pid.
 */
#ifndef SUPERVISOR_CELL_H
#define SUPERVISOR_CELL_H

#include <sys/types.h>

#include "common/cgroup.h"
#include "common/fault.h"
#include "supervisor/core/spec.h"

struct doomed {
	struct doomed *next;
	char path[];
};

struct cells {
	char root[CGROUP_PATH]; /* empty: there are none */
	uint32_t last;          /* number given */
	struct doomed *doomed;  /* those that could not be removed yet */
};

/* `keeper`: another process of ours, 0: none.  -ENOENT and why: there will be none. */
int cells_open(struct cells *cells, pid_t keeper, struct fault *fault);
void cells_close(struct cells *cells); /* accepts a zeroed one */
/* A child was collected: those go that had to wait for it. */
void cells_tidy(struct cells *cells);
/* All whom nobody knows are killed; `is_known` is asked with the name and number of
 * each. */
void cells_sweep(struct cells *cells, bool (*is_known)(void *data, const char *cell),
		 void *data);

/* A new cell: its number, and what a child writes "0" to in order to enter it, or a
 * negative errno.  Bounds that this machine has no controller for are left out. */
int cell_make(struct cells *cells, const char *slot, const struct spec_cgroup *bounds,
	      uint32_t *ret_number, struct fault *fault);
/* The first key of the bounds that cannot be had here, or NULL. */
const char *cell_lacks(const struct cells *cells, const struct spec_cgroup *bounds);
/* In which he lives who was adopted, with bounds set anew; 0: in none. */
uint32_t cell_find(struct cells *cells, const char *slot, pid_t pid,
		   const struct spec_cgroup *bounds);

void cell_kill(const struct cells *cells, const char *slot, uint32_t number);
/* Its worker has gone: whatever he left is killed, and the cell removed. */
void cell_end(struct cells *cells, const char *slot, uint32_t number);
/* Did the kernel kill anything in it for want of memory? */
bool cell_ran_out_of_memory(const struct cells *cells, const char *slot, uint32_t number);

#endif
