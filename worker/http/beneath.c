#include "worker/http/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Non-blocking, or a FIFO without a writer would stop the loop. */
#define READING (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int open_resolved(int root, const char *path)
{
	struct open_how how = {.flags = READING,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd == -1 ? -errno : (int)fd;
}

/* Takes the next name of the path. */
static int take_name(const char **path, char name[NAME_MAX + 1])
{
	size_t length = strcspn(*path, "/");

	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, *path, length);
	name[length] = '\0';
	if (strcmp(name, "..") == 0)
		return -EXDEV;
	*path += length;
	return 0;
}

static int open_walking(int root, const char *path)
{
	char name[NAME_MAX + 1];
	int at = root;

	for (;;) {
		int error = take_name(&path, name);
		int flags = O_NOFOLLOW |
			    (*path == '/' ? O_PATH | O_DIRECTORY | O_CLOEXEC : READING);
		int next;

		if (error == 0) {
			next = openat(at, name[0] != '\0' ? name : ".", flags);
			error = next == -1 ? -errno : 0;
		}
		if (at != root)
			(void)close(at);
		if (error < 0)
			return error;
		if (*path == '\0')
			return next;
		path += strspn(path, "/");
		at = next;
	}
}

int beneath_init(struct beneath *beneath, const char *root)
{
	int probe;

	beneath->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (beneath->root == -1)
		return -errno;
	probe = open_resolved(beneath->root, ".");
	/* A sandbox may not know the call either, and then says EPERM. */
	beneath->walks = probe == -ENOSYS || probe == -EPERM;
	if (beneath->walks)
		probe = open_walking(beneath->root, ".");
	if (probe >= 0)
		(void)close(probe);
	else
		beneath_fini(beneath);
	return probe < 0 ? probe : 0;
}

void beneath_fini(struct beneath *beneath)
{
	if (beneath->root != -1)
		(void)close(beneath->root);
	beneath->root = -1;
}

int beneath_open(const struct beneath *beneath, const char *path)
{
	if (*path == '\0')
		path = ".";
	return beneath->walks ? open_walking(beneath->root, path)
			      : open_resolved(beneath->root, path);
}
