#include "supervisor/pin.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

#define LINK_BYTES 64 /* of "/proc/self/fd/N" */

/* Where execution is allowed and reading is not, there is no script either: it would have
 * to be read. */
static bool is_elf(const char *link)
{
	CLOSE_FD int fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char magic[SELFMAG];

	if (fd == -1)
		return errno == EACCES || errno == EPERM;
	return read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* What is asked of the descriptor is said of the one file, whatever happens to its path
 * meanwhile. */
int pin_file(struct pin *ret_pin, struct arena *arena, const char *path,
	     struct fault *fault)
{
	struct pin pin = PIN_NONE;
	char link[LINK_BYTES], real[PATH_MAX];
	ssize_t length;

	CLOSE_FD int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &pin.original) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(pin.original.st_mode))
		return fault_set(fault, -EACCES, "%s: not a file", path);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, real, sizeof(real) - 1);
	if (length == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	real[length] = '\0';
	pin.path = arena_text(arena, real);
	if (pin.path == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (is_elf(link))
		pin.fd = fd_take(&fd);
	*ret_pin = pin;
	return 0;
}

void pin_drop(struct pin *pin)
{
	fd_close(&pin->fd);
}

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static bool is_unwritten(const struct stat *one, const struct stat *other)
{
	return one->st_size == other->st_size &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

bool pin_is_same(const struct stat *one, const struct stat *other)
{
	return is_same_file(one, other) && is_unwritten(one, other);
}

int pin_open(const struct pin *pin)
{
	char link[LINK_BYTES];
	int fd;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", pin->fd);
	fd = open(pin->fd != -1 ? link : pin->path,
		  O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd != -1 ? fd : -errno;
}

enum pin_state pin_look(const struct pin *pin)
{
	struct stat held, now;

	if (pin->fd != -1 && fstat(pin->fd, &held) == 0 &&
	    !is_unwritten(&held, &pin->original))
		return PIN_CHANGED;
	if (stat(pin->path, &now) == -1)
		return PIN_GONE;
	if (!is_same_file(&now, &pin->original))
		return PIN_REPLACED;
	return is_unwritten(&now, &pin->original) ? PIN_SAME : PIN_CHANGED;
}

int pin_descriptor(const struct pin *pin)
{
	struct stat now;

	if (stat(pin->path, &now) == 0 && is_same_file(&now, &pin->original))
		return -1;
	return pin->fd;
}
