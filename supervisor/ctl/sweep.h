/*
 * sweep.h - whether what a supervisor left behind is to be ended: pure.
 *
 * Workers outlive their supervisor, so that its successor finds them.  Where none will
 * come they have to go, and only systemd knows: from what it says of the end, and from
 * what is to be done with the unit next.
 */
#ifndef SUPERVISOR_CTL_SWEEP_H
#define SUPERVISOR_CTL_SWEEP_H

#include "common/base.h"

/* As systemd says it: NULL or empty is what is not known. */
struct sweep_end {
	const char *result;    /* $SERVICE_RESULT */
	const char *code;      /* $EXIT_CODE */
	const char *status;    /* $EXIT_STATUS */
	const char *restart;   /* Restart= of the unit */
	const char *prevented; /* RestartPreventExitStatus= */
	const char *job;       /* what waits for the unit: "stop", "restart", "start" */
};

/* Is no successor to come? */
bool sweep_is_due(const struct sweep_end *end);

#endif
