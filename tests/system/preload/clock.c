/*
 * clock.c - preloaded, it sets a program's clock of the wall: by as many seconds, plus or
 * minus, as the file says that CLOCK_FILE names.  The clock that only goes on is left as
 * it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void)
{
	const char *path = getenv("CLOCK_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;
	long seconds = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &seconds) != 1)
		seconds = 0;
	fclose(file);
	return seconds;
}

/* The parameters are called as in time.h, whose functions these stand in for. */
int clock_gettime(clockid_t id, struct timespec *tp)
{
	long result = syscall(SYS_clock_gettime, id, tp);

	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		tp->tv_sec += offset();
	return (int)result;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec now;

	(void)tz;
	if (clock_gettime(CLOCK_REALTIME, &now) == -1)
		return -1;
	tv->tv_sec = now.tv_sec;
	tv->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *timer)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) == -1)
		return -1;
	if (timer)
		*timer = now.tv_sec;
	return now.tv_sec;
}
