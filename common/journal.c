#include "common/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

#define SEALS       (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define SEND_BUFFER (1 << 20)

bool journal_is_behind(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat there;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &there) == 0 && there.st_dev == (dev_t)device &&
	       there.st_ino == (ino_t)inode;
}

int journal_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int bytes = SEND_BUFFER;
	CLOSE_FD int fd = -1;

	if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		return -errno;
	return fd_take(&fd);
}

/* A value with a newline in it has its length before it, little endian. */
static void put_length(struct buffer *entry, size_t bytes)
{
	unsigned char length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)((uint64_t)bytes >> 8 * i);
	buffer_append(entry, length, sizeof(length));
}

void journal_put(struct buffer *entry, const char *name, const void *value, size_t bytes)
{
	buffer_append_text(entry, name);
	if (memchr(value, '\n', bytes) == NULL) {
		buffer_append_text(entry, "=");
	} else {
		buffer_append_text(entry, "\n");
		put_length(entry, bytes);
	}
	buffer_append(entry, value, bytes);
	buffer_append_text(entry, "\n");
}

void journal_put_text(struct buffer *entry, const char *name, const char *text)
{
	journal_put(entry, name, text, strlen(text));
}

void journal_put_number(struct buffer *entry, const char *name, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	journal_put_text(entry, name, text);
}

/* The journal reads a file only if nobody can change it any more. */
static int send_file(int fd, const struct buffer *entry)
{
	char space[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_control = space, .msg_controllen = sizeof(space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	CLOSE_FD int file =
		memfd_create("journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (file == -1 ||
	    write(file, entry->bytes, entry->count) != (ssize_t)entry->count ||
	    fcntl(file, F_ADD_SEALS, SEALS) == -1)
		return errno != 0 ? -errno : -EIO;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(int));
	return sendmsg(fd, &message, MSG_NOSIGNAL) == -1 ? -errno : 0;
}

int journal_send(int fd, const struct buffer *entry)
{
	if (entry->broken)
		return -ENOMEM;
	if (send(fd, entry->bytes, entry->count, MSG_NOSIGNAL) != -1)
		return 0;
	return errno == EMSGSIZE || errno == ENOBUFS ? send_file(fd, entry) : -errno;
}
