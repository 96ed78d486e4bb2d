/*
 * health.h - is it alive, ready, started?  What probes ask, judged from a snapshot.
 *
 *	live      the supervisor answers
 *	ready     it is not about to end, and every app that is to run has a worker that
 *	          serves; of one app: this one does, and was not told to stop
 *	startup   every app that was to start has been online
 *
 * Pure: a snapshot in, an answer as JSON out.
 */
#ifndef WORKER_HTTP_HEALTH_H
#define WORKER_HTTP_HEALTH_H

#include "worker/http/snapshot.h"

enum health { HEALTH_LIVE, HEALTH_READY, HEALTH_STARTUP, HEALTHS };

enum health_verdict { HEALTH_GOOD, HEALTH_BAD, HEALTH_NO_SUCH_APP };

struct health_question {
	enum health what;
	const char *app;  /* NULL: of all */
	const char *self; /* the app that asks, which does not count; NULL: none */
};

/* `snapshot` NULL: the supervisor did not answer, for this `trouble`. */
enum health_verdict health_judge(const struct snapshot *snapshot, const char *trouble,
				 const struct health_question *question,
				 struct buffer *ret_text);

#endif
