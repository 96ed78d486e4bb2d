/*
 * keeper.h - clusterd's own keeper: the small parent that outlives a supervisor.
 *
 * It is the process that people started, and that a pid file or a container sees.  It
 * spawns the supervisor from the very executable it is itself, keeps copies of the
 * descriptors that it is sent (deposit.h), is the subreaper of orphaned workers and tells
 * how they ended, and passes signals on.  A supervisor that was killed is started again
 * at once and is handed all that was kept; one that exits ends the keeper, too, with its
 * exit code.  It decides nothing about workers, and knows no configuration.
 */
#ifndef SUPERVISOR_KEEPER_H
#define SUPERVISOR_KEEPER_H

#include <limits.h>

#include "common/base.h"

struct keeper_order {
	char **arguments;   /* the supervisor's, as they were given to us */
	int lock;           /* of the run directory: kept as "lock" */
	bool notifies_once; /* whoever started us waits for one READY=1 and no more */
};

#define KEEPER_CHILD (-1)

/* Until the supervisor exits: its exit code.  Returns KEEPER_CHILD at once in the child
 * that is to be the first supervisor. */
int keeper_run(const struct keeper_order *order);

/* The absolute path by which this program was started; a link in it stays one, so that
 * who moves the link moves what an upgrade finds.  What was executed by descriptor has it
 * as its own name.  Empty: it is not known. */
void keeper_find_program(char path[PATH_MAX], const char *own_name);

#endif
