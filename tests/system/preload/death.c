/*
 * death.c - preloaded, it ends a program by SIGKILL between two things that nothing else
 * could part: a child was born, and nobody knows of it yet.  Each file that DEATH_FILE
 * names is good for one death.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A supervisor calls it first thing after a fork. */
int pidfd_open(pid_t pid, unsigned int flags)
{
	const char *path = getenv("DEATH_FILE");

	if (path && unlink(path) == 0)
		(void)kill(getpid(), SIGKILL);
	return (int)syscall(SYS_pidfd_open, pid, flags);
}
