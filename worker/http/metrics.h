/*
 * metrics.h - a snapshot as Prometheus and OpenMetrics want to read it.
 *
 * A table of families says what is measured, in base units.  What is not known has no
 * sample; what is zero has one.  A worker is known by its app and its slot, so that there
 * are as many series as slots, whoever sits there: of two in one slot the one who serves
 * is meant.  Pure: a snapshot in, text out.
 */
#ifndef WORKER_HTTP_METRICS_H
#define WORKER_HTTP_METRICS_H

#include "worker/http/snapshot.h"

enum metrics_format { METRICS_TEXT, METRICS_OPEN, METRICS_FORMATS };

/* By the header Accept; NULL: there is none. */
enum metrics_format metrics_choose(const char *accept);
const char *metrics_type(enum metrics_format format); /* Content-Type */

/* `snapshot` NULL: the supervisor did not answer, which is a metric, too.  Left broken
 * when it is too much. */
void metrics_write(struct buffer *to, const struct snapshot *snapshot,
		   enum metrics_format format);

#endif
