/*
 * admin.h - what cluster-worker --admin answers: probes and metrics of the whole cluster.
 *
 *	/livez  /readyz  /startupz     200 or 503, and why, as JSON
 *	/readyz/APP  /startupz/APP     the same of one app; 404 if there is none
 *	/metrics                       Prometheus text or OpenMetrics, by Accept
 */
#ifndef WORKER_HTTP_ADMIN_H
#define WORKER_HTTP_ADMIN_H

#include <microhttpd.h>

struct request;

enum MHD_Result admin_answer(struct request *request);

#endif
