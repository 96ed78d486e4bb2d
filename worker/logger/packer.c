#include "worker/logger/packer.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/logger/archive.h"

extern char **environ;

static bool begin(struct packer *packer, struct sink *sink)
{
	char how[] = "--pack=zstd", gzip[] = "--pack=gzip", name[] = "cluster-logger";
	char *argv[] = {name, sink->rules.packing == LOGGING_ZSTD ? how : gzip,
			packer->path, NULL};
	posix_spawnattr_t attributes;
	sigset_t none;
	bool begun;

	(void)sigemptyset(&none);
	if (posix_spawnattr_init(&attributes) != 0)
		return false;
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	begun = posix_spawn(&packer->pid, packer->program, NULL, &attributes, argv,
			    environ) == 0;
	(void)posix_spawnattr_destroy(&attributes);
	if (!begun)
		packer->pid = 0;
	return begun;
}

void packer_work(struct packer *packer, struct sink *sinks)
{
	for (struct sink *sink = sinks; sink && packer->pid == 0; sink = sink->next) {
		if (!sink->packs || sink->is_journal)
			continue;
		sink->packs = false;
		archive_thin(sink->path, sink->rules.keep);
		if (sink->rules.packing == LOGGING_PLAIN ||
		    !archive_find_plain(sink->path, packer->path))
			continue;
		if (begin(packer, sink))
			sink->packs = true;
	}
}

/* What cannot be packed is not tried again before the next rotation. */
static void give_up(const struct packer *packer, struct sink *sinks)
{
	for (struct sink *sink = sinks; sink; sink = sink->next)
		if (strncmp(packer->path, sink->path, strlen(sink->path)) == 0)
			sink->packs = false;
}

int packer_reap(struct packer *packer, struct sink *sinks)
{
	int status;

	if (packer->pid == 0 || waitpid(packer->pid, &status, WNOHANG) != packer->pid)
		return 0;
	packer->pid = 0;
	/* One that was given up meanwhile is as good as packed. */
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == ENOENT))
		return 0;
	give_up(packer, sinks);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

void packer_end(struct packer *packer)
{
	int status;

	if (packer->pid == 0)
		return;
	(void)kill(packer->pid, SIGKILL);
	(void)waitpid(packer->pid, &status, 0);
	packer->pid = 0;
}
