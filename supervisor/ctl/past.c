#include "supervisor/ctl/past.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/places.h"
#include "common/text.h"
#include "supervisor/ctl/aide.h"

#define UNPACKER "cluster-logger"

/* scandir's filter has no room for what is looked for. */
static struct {
	const char *base, *stamp;
} wanted;

static int is_of_past(const struct dirent *entry)
{
	enum logging_packing packing;
	const char *stamp = logging_find_stamp(wanted.base, entry->d_name, &packing);

	return stamp && strncmp(stamp, wanted.stamp, LOGGING_STAMP) > 0;
}

static int compare_names(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void past_find(struct past *past, const char *path, const char *stamp)
{
	wanted.base = base_of(path);
	wanted.stamp = stamp;
	(void)snprintf(past->folder, sizeof(past->folder), "%.*s",
		       (int)(wanted.base - path), path);
	past->base_length = strlen(wanted.base);
	past->entry = NULL;
	past->count = scandir(past->folder[0] ? past->folder : ".", &past->entry,
			      is_of_past, compare_names);
	if (past->count < 0)
		past->count = 0;
}

void past_free(struct past *past)
{
	for (int i = 0; i < past->count; i++)
		free(past->entry[i]);
	free(past->entry);
}

void past_newest(const struct past *past, char stamp[LOGGING_STAMP + 1])
{
	const char *name;

	if (past->count == 0)
		return;
	name = past->entry[past->count - 1]->d_name + past->base_length + 1;
	(void)snprintf(stamp, LOGGING_STAMP + 1, "%.*s", LOGGING_STAMP, name);
}

void past_last(const char *path, char stamp[LOGGING_STAMP + 1])
{
	struct past past;

	stamp[0] = '\0';
	past_find(&past, path, "");
	past_newest(&past, stamp);
	past_free(&past);
}

/* Who unpacks is a program of its own: no other command pays for the libraries. */
static int unpack(const char *path)
{
	const char *words[] = {"--print", path, NULL};
	char program[PLACES_PATH];
	CLOSE_FD int fd = memfd_create("log", MFD_CLOEXEC);
	int status;
	pid_t child;

	if (fd == -1)
		return -errno;
	if (places_find_program(program, sizeof(program), UNPACKER, "", NULL, NULL) < 0)
		return -ENOENT;
	child = fork();
	if (child == 0) {
		(void)dup2(fd, STDOUT_FILENO);
		aide_become(program, words);
	}
	if (child == -1)
		return -errno;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	return fd_take(&fd);
}

int past_open(const struct past *past, int index, msec *ret_written)
{
	const char *name = past->entry[index]->d_name;
	char path[PAST_NAME + sizeof(past->entry[0]->d_name)];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s%s", past->folder, name);
	if (stat(path, &status) == -1)
		return -errno;
	*ret_written = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
	if (name[strlen(name) - 1] == 't' || name[strlen(name) - 1] == 'z')
		return unpack(path);
	return open(path, O_RDONLY | O_CLOEXEC);
}
