#include "supervisor/lives.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

/* A handler gets nothing else to know them by. */
static struct lives *watched;
static struct sigaction before[ARRAY_COUNT(fatal)];

void lives_note_death(struct lives *lives, msec now)
{
	if (lives->began == 0 || now - lives->began >= LIVES_SHORT)
		lives->deaths = 0;
	else
		lives->deaths++;
}

bool lives_begin(struct lives *lives, msec now, bool could_take_over)
{
	bool many = lives->deaths >= LIVES_MOST;

	if (many || !could_take_over)
		lives->deaths = 0;
	lives->began = could_take_over && !many ? now : 0;
	return many;
}

int lives_open(struct lives **ret_lives, int left)
{
	CLOSE_FD int fd = left;
	struct stat file;
	void *at;

	if (fd < 0) {
		fd = memfd_create("clusterd-lives", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (fd == -1 || ftruncate(fd, sizeof(struct lives)) == -1)
			return -errno;
	}
	if (fstat(fd, &file) == -1 || file.st_size != (off_t)sizeof(struct lives))
		return -EBADMSG;
	at = mmap(NULL, sizeof(struct lives), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret_lives = at;
	return fd_take(&fd);
}

/* Then it goes on as it would have: a fault is met again, what was sent is sent again. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
	(void)context;
	lives_note_death(watched, clock_now());
	for (size_t i = 0; i < ARRAY_COUNT(fatal); i++)
		if (fatal[i] == number)
			(void)sigaction(number, &before[i], NULL);
	if (info->si_code <= 0)
		(void)raise(number);
}

void lives_watch(struct lives *lives)
{
	struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO};

	watched = lives;
	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_COUNT(fatal); i++)
		(void)sigaction(fatal[i], &action, &before[i]);
}
