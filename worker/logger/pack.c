#include "worker/logger/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "worker/logger/bulk.h"
#include "worker/logger/gzip.h"
#include "worker/logger/rotation.h"
#include "worker/logger/zstd.h"

#define CHUNK 65536

static int copy(int from, int to)
{
	char bytes[CHUNK];
	ssize_t got;

	while ((got = bulk_read(from, bytes, sizeof(bytes))) > 0) {
		int code = bulk_write(to, bytes, (size_t)got);

		if (code < 0)
			return code;
	}
	return (int)got;
}

static int pack(int from, int to, enum logging_packing packing)
{
	struct stat status;
	int code;

	if (fstat(from, &status) == -1)
		return -errno;
	code = packing == LOGGING_ZSTD ? zstd_pack(from, to) : gzip_pack(from, to);
	if (code < 0)
		return code;
	(void)!fchown(to, status.st_uid, status.st_gid);
	if (fchmod(to, status.st_mode & 07777) == -1 || fsync(to) == -1)
		return -errno;
	(void)futimens(to, (const struct timespec[]){status.st_atim, status.st_mtim});
	return 0;
}

int pack_file(const char *path, enum logging_packing packing)
{
	CLOSE_FD int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char packed[ROTATION_NAME + 8], unfinished[ROTATION_NAME + 16];
	CLOSE_FD int to = -1;
	int code;

	(void)snprintf(packed, sizeof(packed), "%s%s", path, logging_suffix(packing));
	(void)snprintf(unfinished, sizeof(unfinished), "%s.tmp", packed);
	if (from == -1)
		return -errno;
	(void)unlink(unfinished); /* of one that was killed */
	to = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to == -1)
		return -errno;
	code = pack(from, to, packing);
	if (code == 0 && rename(unfinished, packed) == -1)
		code = -errno;
	if (code < 0)
		(void)unlink(unfinished);
	else if (unlink(path) == -1 && errno == ENOENT)
		(void)unlink(packed); /* it was given up meanwhile */
	return code;
}

static bool ends_in(const char *path, const char *suffix)
{
	size_t length = strlen(path), tail = strlen(suffix);

	return length > tail && strcmp(path + length - tail, suffix) == 0;
}

int pack_print(const char *path, int to)
{
	CLOSE_FD int from = open(path, O_RDONLY | O_CLOEXEC);

	if (from == -1)
		return -errno;
	if (ends_in(path, logging_suffix(LOGGING_ZSTD)))
		return zstd_unpack(from, to);
	if (ends_in(path, logging_suffix(LOGGING_GZIP)))
		return gzip_unpack(from, to);
	return copy(from, to);
}
