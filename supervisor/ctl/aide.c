#include "supervisor/ctl/aide.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS          8
#define CANNOT_EXECUTE 127 /* exit code of a child that could not become the program */

void aide_become(const char *path, const char *const *words)
{
	const char *list[WORDS + 2] = {path};

	for (unsigned i = 0; i < WORDS && words[i] != NULL; i++)
		list[i + 1] = words[i];
	/* The signature of execv is older than const: it writes to none of them. */
	(void)execv(path, (char *const *)(uintptr_t)list);
	_exit(CANNOT_EXECUTE);
}

int aide_run(const char *path, const char *const *words, struct buffer *output)
{
	int ends[2], status, got;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -errno;
	child = fork();
	if (child == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)dup2(ends[1], STDERR_FILENO);
		aide_become(path, words);
	}
	(void)close(ends[1]);
	while ((got = buffer_read(output, ends[0])) > 0 || got == -EINTR)
		continue;
	(void)close(ends[0]);
	if (child == -1)
		return -EAGAIN;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == CANNOT_EXECUTE)
		return -ENOEXEC;
	return WEXITSTATUS(status);
}
