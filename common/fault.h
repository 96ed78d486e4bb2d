/*
 * fault.h - why something failed, in words for a human.
 *
 * A fault is bounded text, written by the function that knows why.  It comes in addition
 * to a negative errno, never instead of it.  Needs no allocation and no cleanup.  Where a
 * human wants to hear all that is wrong at once, there are `faults`.
 */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

#include "common/base.h"

#define FAULT_SIZE  512
#define FAULTS_KEPT 64

struct fault {
	char text[FAULT_SIZE]; /* empty: nothing is known; cut, never overrun */
};

struct faults {
	unsigned count;  /* goes on beyond what is kept */
	bool of_machine; /* not only of what was read: they may pass while it stays */
	struct fault list[FAULTS_KEPT];
};

/* Writes the text; returns `code` (a negative errno), so that one line can say and fail.
 * A NULL fault is fine: nobody wants to know. */
int fault_set(struct fault *fault, int code, const char *format, ...) PRINTF_LIKE(3, 4);

void fault_add(struct faults *faults, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
