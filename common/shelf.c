#include "common/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/deposit.h"
#include "common/fd.h"

#define LIST_MOST ((off_t)64 << 20) /* bytes of a list that makes sense */

static unsigned chain_of(const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash % SHELF_CHAINS;
}

struct shelf_item *shelf_find(const struct shelf *shelf, const char *name)
{
	struct shelf_item *item = shelf->chain[chain_of(name)];

	while (item != NULL && strcmp(item->name, name) != 0)
		item = item->next;
	return item;
}

struct shelf_item *shelf_need(struct shelf *shelf, const char *name)
{
	struct shelf_item **chain = &shelf->chain[chain_of(name)];
	struct shelf_item *item = shelf_find(shelf, name);
	size_t bytes = strlen(name) + 1;

	if (item != NULL)
		return item;
	item = malloc(sizeof(*item) + bytes);
	if (item == NULL)
		return NULL;
	item->fd = -1;
	item->marks = 0;
	memcpy(item->name, name, bytes);
	item->next = *chain;
	*chain = item;
	shelf->count++;
	return item;
}

void shelf_remove(struct shelf *shelf, struct shelf_item *item)
{
	struct shelf_item **at = &shelf->chain[chain_of(item->name)];

	while (*at != item)
		at = &(*at)->next;
	*at = item->next;
	shelf->count--;
	free(item);
}

struct shelf_item *shelf_next(const struct shelf *shelf,
			      const struct shelf_item *previous)
{
	unsigned chain = previous != NULL ? chain_of(previous->name) + 1 : 0;

	if (previous != NULL && previous->next != NULL)
		return previous->next;
	while (chain < SHELF_CHAINS && shelf->chain[chain] == NULL)
		chain++;
	return chain < SHELF_CHAINS ? shelf->chain[chain] : NULL;
}

void shelf_clear(struct shelf *shelf)
{
	struct shelf_item *next;

	for (struct shelf_item *at = shelf_next(shelf, NULL); at != NULL; at = next) {
		next = shelf_next(shelf, at);
		shelf_remove(shelf, at);
	}
}

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);

		if (written == -1)
			return -errno;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

/* A line for each: its number, then its name. */
int shelf_write(const struct shelf *shelf)
{
	CLOSE_FD int list = memfd_create("clusterd-shelf", MFD_CLOEXEC);
	char line[DEPOSIT_NAME + 16];
	int code = list == -1 ? -errno : 0;

	for (const struct shelf_item *at = shelf_next(shelf, NULL);
	     at != NULL && code == 0; at = shelf_next(shelf, at)) {
		if (at->fd < 0)
			continue;
		(void)snprintf(line, sizeof(line), "%d %s\n", at->fd, at->name);
		code = write_all(list, line, strlen(line));
	}
	if (code == 0 && lseek(list, 0, SEEK_SET) == -1)
		code = -errno;
	return code < 0 ? code : fd_take(&list);
}

static int take_line(struct shelf *shelf, const char *line)
{
	char *end;
	long fd = strtol(line, &end, 10);
	struct shelf_item *item;

	if (end == line || *end != ' ' || fd < 0 || fd > INT32_MAX ||
	    !deposit_is_name(end + 1) || fcntl((int)fd, F_SETFD, FD_CLOEXEC) == -1)
		return 0;
	item = shelf_need(shelf, end + 1);
	if (item == NULL)
		return -ENOMEM;
	item->fd = (int)fd;
	return 0;
}

int shelf_read(struct shelf *shelf, int list)
{
	struct stat file;
	char *text, *rest;
	int code = 0;

	if (fstat(list, &file) == -1)
		return -errno;
	if (!S_ISREG(file.st_mode) || file.st_size > LIST_MOST)
		return -EBADMSG;
	text = malloc((size_t)file.st_size + 1);
	if (text == NULL)
		return -ENOMEM;
	if (pread(list, text, (size_t)file.st_size, 0) != file.st_size)
		code = -EIO;
	text[file.st_size] = '\0';
	rest = text;
	for (char *line; code == 0 && (line = strsep(&rest, "\n")) != NULL;)
		code = take_line(shelf, line);
	free(text);
	return code;
}

void shelf_pass_on(const struct shelf *shelf, bool passes)
{
	for (const struct shelf_item *at = shelf_next(shelf, NULL); at != NULL;
	     at = shelf_next(shelf, at))
		if (at->fd >= 0)
			(void)fcntl(at->fd, F_SETFD, passes ? 0 : FD_CLOEXEC);
}
