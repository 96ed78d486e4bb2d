/*
 * testing.h - the endpoints under /_test/: who answers, and misbehaviour on demand.
 *
 * There only with --test-endpoints: anyone who can send a request can end the worker.
 *
 *	id pid slot generation   who answers; id is all of it as JSON
 *	echo                     what was sent
 *	sleep?ms=N spin?ms=N     answers later; spin blocks the loop meanwhile
 *	stop-beating             answers requests, but says no more that it lives
 *	crash exit?code=N        ends at once, without an answer
 *	leak?bytes=N             takes memory for good
 *	status?code=N            answers with this status
 */
#ifndef WORKER_HTTP_TESTING_H
#define WORKER_HTTP_TESTING_H

#include <microhttpd.h>

#include "common/base.h"

struct request;

bool testing_owns(const char *path);
bool testing_keeps_body(const struct request *request);
enum MHD_Result testing_answer(struct request *request);

#endif
