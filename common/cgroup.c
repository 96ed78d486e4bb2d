#include "common/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

#define MOUNTS_BYTES 65536
#define PIDS_BYTES   65536
#define DEEPEST      8 /* groups below groups */

/* "36 35 98:0 / /mnt rw,noatime master:1 - ext3 ...": the fifth word of that line whose
 * type, behind the dash, is cgroup2. */
static int find_in_mounts(char *mounts, char *path, size_t size)
{
	char *rest = NULL;

	for (char *line = strtok_r(mounts, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *place = line;

		if (strstr(line, " - cgroup2 ") == NULL)
			continue;
		for (int i = 0; i < 4 && place != NULL; i++)
			place = strchr(place + 1, ' ');
		if (place == NULL)
			continue;
		place[1 + strcspn(place + 1, " ")] = '\0';
		return text_copy(path, size, place + 1) ? 0 : -ENAMETOOLONG;
	}
	return -ENOENT;
}

int cgroup_find_mount(char *path, size_t size)
{
	char *mounts = malloc(MOUNTS_BYTES);
	int result = -ENOMEM;
	ssize_t length;

	if (mounts == NULL)
		return result;
	length = fd_read_text("/proc/self/mountinfo", mounts, MOUNTS_BYTES);
	result = length < 0 ? (int)length : find_in_mounts(mounts, path, size);
	free(mounts);
	return result;
}

int cgroup_of(pid_t pid, char *path, size_t size)
{
	char file[64], text[4096], mount[CGROUP_PATH];
	const char *own;
	ssize_t length;
	int result = cgroup_find_mount(mount, sizeof(mount));

	if (result < 0)
		return result;
	if (pid == 0)
		(void)text_copy(file, sizeof(file), "/proc/self/cgroup");
	else
		(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	length = fd_read_text(file, text, sizeof(text));
	if (length < 0)
		return (int)length;
	own = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (own == NULL)
		return -ENOENT;
	own += strcspn(own, "/");
	result = snprintf(path, size, "%s%.*s", mount, (int)strcspn(own, "\n"), own);
	if (result < 0 || (size_t)result >= size)
		return -ENAMETOOLONG;
	if (path[result - 1] == '/')
		path[result - 1] = '\0';
	return 0;
}

ssize_t cgroup_read(const char *path, const char *file, char *text, size_t size)
{
	char name[CGROUP_PATH + 64];

	(void)snprintf(name, sizeof(name), "%s/%s", path, file);
	return fd_read_text(name, text, size);
}

int64_t cgroup_read_key(const char *path, const char *file, const char *key,
			int64_t missing)
{
	size_t length = strlen(key);
	char text[1024];

	if (cgroup_read(path, file, text, sizeof(text)) < 0)
		return missing;
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoll(line + length, NULL, 10);
	}
	return missing;
}

int cgroup_write(const char *path, const char *file, const char *text)
{
	char name[CGROUP_PATH + 64];
	CLOSE_FD int fd = -1;

	(void)snprintf(name, sizeof(name), "%s/%s", path, file);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		return -errno;
	return 0;
}

/* ---- who is in it ---- */

struct list {
	pid_t *pid;
	unsigned count, most;
};

static int add_pids(struct list *list, const char *path)
{
	char *text = malloc(PIDS_BYTES);
	ssize_t length = -ENOMEM;
	const char *at = text;

	if (text != NULL)
		length = cgroup_read(path, "cgroup.procs", text, PIDS_BYTES);
	while (length > 0 && *at != '\0' && list->count < list->most) {
		list->pid[list->count++] = (pid_t)strtol(at, NULL, 10);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	free(text);
	return length < 0 ? (int)length : 0;
}

static int add_group(struct list *list, const char *path, int depth)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int result;

	if (folder == NULL)
		return -errno;
	result = add_pids(list, path);
	/* One of threads has no list of its own, and what ends meanwhile has none at all.
	 */
	while (depth < DEEPEST && (entry = readdir(folder)) != NULL) {
		char below[CGROUP_PATH];

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
		    (int)sizeof(below))
			(void)add_group(list, below, depth + 1);
	}
	(void)closedir(folder);
	return result;
}

int cgroup_read_pids(const char *path, pid_t *pid, unsigned most)
{
	struct list list = {.pid = pid, .most = most};
	int result = add_group(&list, path, 0);

	return result < 0 ? result : (int)list.count;
}
