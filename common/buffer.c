#include "common/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE_LEAST 1024
#define READ_BYTES 16384

void buffer_init(struct buffer *buffer, size_t most)
{
	*buffer = (struct buffer){.most = most};
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->bytes);
	buffer_init(buffer, buffer->most);
}

static bool make_room(struct buffer *buffer, size_t count)
{
	size_t size = buffer->size > 0 ? buffer->size : SIZE_LEAST;
	char *bytes;

	if (count > buffer->most - buffer->count)
		return false;
	if (count <= buffer->size - buffer->count)
		return true;
	while (size - buffer->count < count)
		size *= 2;
	bytes = realloc(buffer->bytes, size);
	if (bytes == NULL)
		return false;
	buffer->bytes = bytes;
	buffer->size = size;
	return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t count)
{
	if (buffer->broken || count == 0)
		return;
	if (!make_room(buffer, count)) {
		buffer->broken = true;
		return;
	}
	memcpy(buffer->bytes + buffer->count, bytes, count);
	buffer->count += count;
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_drop(struct buffer *buffer, size_t count)
{
	if (count < buffer->count)
		memmove(buffer->bytes, buffer->bytes + count, buffer->count - count);
	buffer->count -= count;
}

void buffer_cut(struct buffer *buffer, size_t count)
{
	buffer->count = count;
	buffer->broken = false;
}

int buffer_read(struct buffer *buffer, int fd)
{
	size_t room = buffer->most - buffer->count;
	ssize_t got;

	if (room == 0)
		return -ENOBUFS;
	if (room > READ_BYTES)
		room = READ_BYTES;
	if (!make_room(buffer, room))
		return -ENOMEM;
	got = read(fd, buffer->bytes + buffer->count, room);
	if (got == -1)
		return -errno;
	buffer->count += (size_t)got;
	return (int)got;
}

int buffer_write(struct buffer *buffer, int fd)
{
	size_t done = 0;
	int code = 0;

	while (done < buffer->count) {
		ssize_t sent = send(fd, buffer->bytes + done, buffer->count - done,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent == -1) {
			code = errno == EAGAIN ? 0 : -errno;
			break;
		}
		done += (size_t)sent;
	}
	buffer_drop(buffer, done);
	return code;
}
