/*
 * death.c - preloaded, it ends a program by SIGKILL between two things that nothing else
 * could part: a child was born, and nobody knows of it yet; or, where DEATH_LENT names
 * the file, a socket was lent through a trap, and its bind() is not answered yet.  Each
 * file is good for one death.
 */
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die_if_there_is(const char *path)
{
	if (path && unlink(path) == 0)
		(void)kill(getpid(), SIGKILL);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	void *argument;
	long result;

	va_start(rest, request);
	argument = va_arg(rest, void *);
	va_end(rest);
	result = syscall(SYS_ioctl, fd, request, argument);
	if (request == SECCOMP_IOCTL_NOTIF_ADDFD)
		die_if_there_is(getenv("DEATH_LENT"));
	return (int)result;
}

/* A supervisor calls it first thing after a fork. */
int pidfd_open(pid_t pid, unsigned int flags)
{
	die_if_there_is(getenv("DEATH_FILE"));
	return (int)syscall(SYS_pidfd_open, pid, flags);
}
