#include "common/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

ssize_t fd_read_text(const char *path, char *text, size_t size)
{
	CLOSE_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	assert(size > 0);
	if (fd == -1)
		return -errno;
	while (length < size - 1) {
		ssize_t count = read(fd, text + length, size - 1 - length);

		if (count == -1)
			return -errno;
		if (count == 0)
			break;
		length += (size_t)count;
	}
	text[length] = '\0';
	return (ssize_t)length;
}
