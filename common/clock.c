#include "common/clock.h"

#include <time.h>

static msec read_clock(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now); /* cannot fail for these two clocks */
	return (msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

msec clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

msec clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}
