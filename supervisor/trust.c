#include "supervisor/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

static int refuse(const char *path, const struct stat *status, struct fault *fault)
{
	const char *who = status->st_mode & S_IWOTH ? "everybody" : "its group";

	if (status->st_uid != 0)
		return fault_set(fault, -EPERM,
				 "not trusted: %s belongs to user %u; what root is to "
				 "run must be root's",
				 path, (unsigned)status->st_uid);
	return fault_set(
		fault, -EPERM,
		"not trusted: %s may be written by %s (mode %04o): chmod go-w %s", path,
		who, (unsigned)status->st_mode & 07777, path);
}

static int trust_directory(const char *path, struct fault *fault)
{
	struct stat status;

	if (stat(path, &status) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (status.st_uid != 0 ||
	    ((status.st_mode & OTHERS_WRITE) && !(status.st_mode & S_ISVTX)))
		return refuse(path, &status, fault);
	return 0;
}

/* Of "/a/b" these are "/a" and "/". */
static int trust_directories_above(char *path, struct fault *fault)
{
	int error = 0;

	while (!error && strcmp(path, "/") != 0) {
		char *slash = strrchr(path, '/');

		slash[slash == path] = '\0';
		error = trust_directory(path, fault);
	}
	return error;
}

int trust_file(int fd, struct fault *fault)
{
	char link[64];
	char path[PATH_MAX];
	struct stat status;
	ssize_t length;

	if (geteuid() != 0)
		return 0;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length == -1 || fstat(fd, &status) == -1)
		return fault_set(fault, -errno, "%s", strerror(errno));
	path[length] = '\0';
	if (path[0] != '/')
		return fault_set(fault, -EPERM, "not trusted: %s is no file", path);
	if (status.st_uid != 0 || (status.st_mode & OTHERS_WRITE))
		return refuse(path, &status, fault);
	return trust_directories_above(path, fault);
}
