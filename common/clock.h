/*
 * clock.h - what time it is: CLOCK_MONOTONIC, so that no wall clock can move a deadline.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/base.h"

msec clock_now(void);

/* Wall clock, milliseconds since 1970: for people and logs, never for a decision. */
msec clock_wall(void);

#endif
