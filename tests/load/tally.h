/*
 * tally.h - what became of every request, and the report of it.
 *
 * Each request that was started ends in exactly one class.  What is not a request (a
 * connection closed while nobody waited, bytes that nobody asked for) is counted apart.
 */
#ifndef TESTS_LOAD_TALLY_H
#define TESTS_LOAD_TALLY_H

#include "tests/load/histogram.h"

enum outcome {
	OUTCOME_OK,
	OUTCOME_REFUSED,   /* no connection */
	OUTCOME_RESET,     /* the connection was torn while the request was out */
	OUTCOME_TRUNCATED, /* it ended before the answer was whole */
	OUTCOME_STALE, /* a kept connection ended under the request, no byte came back */
	OUTCOME_TIMEOUT,
	OUTCOME_BAD_STATUS, /* not 200, or not HTTP */
	OUTCOME_BAD_BODY,   /* whole, but not the bytes that were promised */
	OUTCOME_LOCAL,      /* our own fault: no fd, no port, no memory */
	OUTCOMES
};

enum manner { MANNER_NEW, MANNER_KEPT, MANNERS };

#define TALLY_FAILURES 256
#define TALLY_WORKERS  4096

struct failure {
	int64_t at_us; /* when it should have been sent, since the start */
	enum outcome outcome;
	enum manner manner;
	bool is_post;
	int detail; /* an errno, or the status */
};

struct tally {
	uint64_t outcome[MANNERS][OUTCOMES];
	struct histogram latency[MANNERS]; /* of OK, from the intended moment */
	struct histogram late;             /* our own lateness at sending */
	uint64_t posts;
	uint64_t connections;
	uint64_t idle_closed; /* kept connections that the server closed in peace */
	uint64_t idle_reset;
	uint64_t stray; /* bytes that no request asked for came this often */
	unsigned failures;
	struct failure failure[TALLY_FAILURES]; /* the first of them */
	unsigned workers;
	struct {
		int pid, slot;
		uint64_t answers;
	} worker[TALLY_WORKERS];
};

void tally_ok(struct tally *tally, enum manner manner, int64_t latency_us);
void tally_fail(struct tally *tally, const struct failure *failure);
void tally_worker(struct tally *tally, int pid, int slot);

uint64_t tally_started(const struct tally *tally);
uint64_t tally_failed(const struct tally *tally);

void tally_print(const struct tally *tally, int64_t duration_us);
void tally_print_json(const struct tally *tally, int64_t began_wall_ms,
		      int64_t duration_us);

#endif
