#include "worker/preload/standin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/base.h"

#define COPIES 16 /* numbers of one socket; watches over it */

struct watch {
	int set;
	int number;
	struct epoll_event event;
};

struct original {
	ino_t inode;
	unsigned numbers, watches;
	int number[COPIES];
	struct watch watch[COPIES];
};

static const struct {
	int level, name;
	int factor; /* what is read is so many times what was set */
} inherited[] = {
	{SOL_SOCKET, SO_KEEPALIVE, 1},      {SOL_SOCKET, SO_LINGER, 1},
	{SOL_SOCKET, SO_RCVTIMEO, 1},       {SOL_SOCKET, SO_SNDTIMEO, 1},
	{SOL_SOCKET, SO_RCVBUF, 2},         {SOL_SOCKET, SO_SNDBUF, 2},
	{IPPROTO_TCP, TCP_NODELAY, 1},      {IPPROTO_TCP, TCP_DEFER_ACCEPT, 1},
	{IPPROTO_TCP, TCP_KEEPIDLE, 1},     {IPPROTO_TCP, TCP_KEEPINTVL, 1},
	{IPPROTO_TCP, TCP_KEEPCNT, 1},      {IPPROTO_TCP, TCP_FASTOPEN, 1},
	{IPPROTO_TCP, TCP_USER_TIMEOUT, 1},
};

/* What is alike stays untouched: some, once set, are no longer the kernel's to adjust. */
static void copy_options(int from, int to)
{
	for (size_t i = 0; i < ARRAY_COUNT(inherited); i++) {
		int level = inherited[i].level, name = inherited[i].name;
		int wanted[4] = {0}, there[4] = {0}; /* as large as a timeval */
		socklen_t bytes = sizeof(wanted), there_bytes = sizeof(there);

		if (getsockopt(from, level, name, wanted, &bytes) == -1 ||
		    getsockopt(to, level, name, there, &there_bytes) == -1 ||
		    memcmp(wanted, there, sizeof(wanted)) == 0)
			continue;
		wanted[0] /= inherited[i].factor;
		(void)setsockopt(to, level, name, wanted, bytes);
	}
}

static void note_watches(struct original *original, int set)
{
	char path[64], line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", set);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (original->watches < COPIES && fgets(line, sizeof(line), file) != NULL) {
		struct watch watch = {.set = set};
		uint32_t events; /* not of the packed epoll_event: sscanf has to write */
		uint64_t data, inode;

		if (sscanf(line,
			   "tfd: %d events: %x data: %" SCNx64 " pos:%*d ino:%" SCNx64,
			   &watch.number, &events, &data, &inode) != 4 ||
		    inode != original->inode)
			continue;
		watch.event.events = events;
		watch.event.data.u64 = data;
		original->watch[original->watches++] = watch;
	}
	(void)fclose(file);
}

static bool is_epoll_set(int folder, const char *name)
{
	char text[32] = "";

	return readlinkat(folder, name, text, sizeof(text) - 1) > 0 &&
	       strcmp(text, "anon_inode:[eventpoll]") == 0;
}

/* The watches are gone as soon as the last number is another socket's. */
static void note_copies(struct original *original, int fd)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	struct stat status;

	original->number[original->numbers++] = fd;
	if (fstat(fd, &status) == -1 || folder == NULL)
		return;
	original->inode = status.st_ino;
	while ((entry = readdir(folder)) != NULL) {
		int number = atoi(entry->d_name);

		if (is_epoll_set(dirfd(folder), entry->d_name))
			note_watches(original, number);
		else if (number != fd && original->numbers < COPIES &&
			 fstat(number, &status) == 0 && S_ISSOCK(status.st_mode) &&
			 status.st_ino == original->inode)
			original->number[original->numbers++] = number;
	}
	(void)closedir(folder);
}

static int put(int number, int by)
{
	int closes = fcntl(number, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;

	return dup3(by, number, closes) == -1 ? -1 : 0;
}

int standin_place(int fd, int by)
{
	struct original original = {0};
	int flags = fcntl(fd, F_GETFL);
	int result = 0, code;

	note_copies(&original, fd);
	copy_options(fd, by);
	for (unsigned i = 0; i < original.numbers && result == 0; i++)
		result = put(original.number[i], by);
	code = errno;
	if (result == 0 && flags != -1)
		(void)fcntl(fd, F_SETFL, flags);
	for (unsigned i = 0; i < original.watches && result == 0; i++)
		(void)epoll_ctl(original.watch[i].set, EPOLL_CTL_ADD,
				original.watch[i].number, &original.watch[i].event);
	(void)close(by);
	errno = code;
	return result;
}
