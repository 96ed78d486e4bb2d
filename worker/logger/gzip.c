#include "worker/logger/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <zlib.h>

#include "worker/logger/bulk.h"

#define CHUNK 65536

static gzFile open_on(int fd, const char *mode)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	gzFile file = copy == -1 ? NULL : gzdopen(copy, mode);

	if (!file && copy != -1)
		(void)close(copy);
	return file;
}

int gzip_pack(int from, int to)
{
	gzFile file = open_on(to, "wb6");
	char bytes[CHUNK];
	ssize_t got;
	int code = 0;

	if (!file)
		return -ENOMEM;
	while (code == 0 && (got = bulk_read(from, bytes, sizeof(bytes))) != 0) {
		if (got < 0)
			code = (int)got;
		else if (gzwrite(file, bytes, (unsigned)got) != (int)got)
			code = errno != 0 ? -errno : -EIO;
	}
	if (gzclose(file) != Z_OK && code == 0)
		code = errno != 0 ? -errno : -EIO;
	return code;
}

int gzip_unpack(int from, int to)
{
	gzFile file = open_on(from, "rb");
	char bytes[CHUNK];
	int got, code = 0;

	if (!file)
		return -ENOMEM;
	while (code == 0 && (got = gzread(file, bytes, sizeof(bytes))) != 0)
		code = got < 0 ? -EBADMSG : bulk_write(to, bytes, (size_t)got);
	if (gzclose(file) != Z_OK && code == 0)
		code = -EBADMSG;
	return code;
}
