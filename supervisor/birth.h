/*
 * birth.h - what a child does between fork and exec.
 *
 * Async-signal-safe calls only: nothing here allocates, logs or returns; what cannot be
 * made there is made before.  A step that fails is told through the exec pipe by its own
 * name and errno, and the child exits with 127, as of shells.
 */
#ifndef SUPERVISOR_BIRTH_H
#define SUPERVISOR_BIRTH_H

#include "supervisor/process.h"

enum birth_step {
	BIRTH_SESSION,
	BIRTH_CELL,
	BIRTH_DESCRIPTORS,
	BIRTH_OOM_SCORE_ADJ,
	BIRTH_NICE,
	BIRTH_AFFINITY,
	BIRTH_LIMIT,
	BIRTH_GROUPS,
	BIRTH_GROUP,
	BIRTH_USER,
	BIRTH_CAPABILITIES,
	BIRTH_NO_NEW_PRIVILEGES,
	BIRTH_DIRECTORY,
	BIRTH_TRAP,
	BIRTH_EXECUTE,
	BIRTH_INTERPRETER,
	BIRTH_STEPS
};

/* What the child says when it cannot become what it should; one atomic write. */
struct birth_failure {
	enum birth_step step;
	int code;
	char subject[FAULT_SIZE / 2];
};

/* What the child needs and cannot make itself: it may not allocate. */
struct birth {
	const struct process_order *order;
	char **envp; /* a copy, whose entries for the pid are the next two */
	char listen_pid[sizeof("LISTEN_PID=") + 10];
	char watchdog_pid[sizeof("WATCHDOG_PID=") + 10];
	int program;   /* as in the order, out of the way of what the worker is given */
	int trap;      /* likewise */
	int report;    /* the end of the exec pipe that is written */
	int directory; /* the order's, wherever it was lifted to */
	const char *subject; /* what failed, for the fault */
};

_Noreturn void birth_begin(struct birth *birth);

/* In the supervisor: the failure in words.  Returns its negative errno. */
int birth_explain(const struct birth_failure *failure, struct fault *fault);

#endif
