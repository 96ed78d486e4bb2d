/*
 * alarm.h - who wants to be woken when: a heap of moments in microseconds.
 *
 * An alarm lives inside the thing that it wakes; the heap only points to it.
 */
#ifndef TESTS_LOAD_ALARM_H
#define TESTS_LOAD_ALARM_H

#include "common/base.h"

struct alarm {
	int64_t at;
	unsigned place; /* in the heap, from 1; 0: not set */
};

struct alarms {
	unsigned count;
	unsigned room;
	struct alarm **heap;
};

/* Room for `room` alarms set at once; -ENOMEM. */
int alarms_init(struct alarms *alarms, unsigned room);
void alarms_fini(struct alarms *alarms);

/* Sets it, or moves it. */
void alarms_set(struct alarms *alarms, struct alarm *alarm, int64_t at);
void alarms_clear(struct alarms *alarms, struct alarm *alarm);

/* The next to ring, or NULL. */
struct alarm *alarms_first(const struct alarms *alarms);

#endif
