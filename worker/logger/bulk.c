#include "worker/logger/bulk.h"

#include <errno.h>
#include <unistd.h>

int bulk_write(int fd, const void *bytes, size_t count)
{
	const char *at = bytes;

	while (count > 0) {
		ssize_t wrote = write(fd, at, count);

		if (wrote == -1 && errno != EINTR)
			return -errno;
		if (wrote > 0) {
			at += wrote;
			count -= (size_t)wrote;
		}
	}
	return 0;
}

ssize_t bulk_read(int fd, void *bytes, size_t count)
{
	char *at = bytes;
	size_t done = 0;

	while (done < count) {
		ssize_t got = read(fd, at + done, count - done);

		if (got == 0)
			break;
		if (got == -1 && errno != EINTR)
			return -errno;
		if (got > 0)
			done += (size_t)got;
	}
	return (ssize_t)done;
}
