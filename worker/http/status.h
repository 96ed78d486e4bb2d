/*
 * status.h - the page a worker shows at / when it has no files to serve.
 */
#ifndef WORKER_HTTP_STATUS_H
#define WORKER_HTTP_STATUS_H

#include <microhttpd.h>

struct request;

/* POST gets the page too, so that any load client has something to send to. */
enum MHD_Result status_answer(struct request *request);

#endif
