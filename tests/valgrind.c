/*
 * valgrind.c - stands in for the pidfd calls, which Debian 12's valgrind does not know.
 *
 * Linked into every program of the flavour that `make valgrind` builds.  A pidfd is here
 * an eventfd that is never readable, with the pid in a table: enough to send signals
 * with, and safe, since only unreaped children are opened.
 */
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>

#define FDS 4096

static pid_t pid_of[FDS];

int pidfd_open(pid_t pid, unsigned flags)
{
	int fd;

	(void)flags;
	if (kill(pid, 0) == -1)
		return -1;
	fd = eventfd(0, EFD_CLOEXEC);
	if (fd >= 0 && fd < FDS)
		pid_of[fd] = pid;
	return fd;
}

int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags)
{
	(void)info;
	(void)flags;
	if (pidfd < 0 || pidfd >= FDS || pid_of[pidfd] == 0) {
		errno = EBADF;
		return -1;
	}
	return kill(pid_of[pidfd], number);
}
