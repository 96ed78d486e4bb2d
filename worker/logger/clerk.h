/*
 * clerk.h - takes the supervisor's orders, keeps feeds and sinks by them, and reports.
 *
 * Reports wait here while the supervisor does not read: nothing waits for it.
 */
#ifndef WORKER_LOGGER_CLERK_H
#define WORKER_LOGGER_CLERK_H

#include "worker/logger/feed.h"

struct letter;

struct clerk {
	int control; /* -1: the supervisor is gone */
	int epoll;   /* of the feeds and whatever the main has there */
	bool resumes;
	bool finishes;
	struct glass glass;
	struct feed *feeds;
	struct feed *ready, **last_ready;
	struct sink *sinks;
	struct letter *first, **last; /* reports that wait */
	unsigned letters;
};

int clerk_open(struct clerk *clerk, int control, int epoll, bool resumes);
void clerk_close(struct clerk *clerk);

/* The control socket is readable, or takes more. */
void clerk_take_orders(struct clerk *clerk);
void clerk_send_letters(struct clerk *clerk);
/* The epoll named this feed. */
void clerk_mark(struct clerk *clerk, struct feed *feed);
/* Every feed that is marked gets a turn.  Returns how much was consumed; while
 * clerk->ready there is more. */
size_t clerk_work(struct clerk *clerk);
void clerk_reopen(struct clerk *clerk);

#endif
