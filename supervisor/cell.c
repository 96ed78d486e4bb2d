#include "supervisor/cell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/text.h"

#define LEAF       "supervisor" /* where we sit: no app has a name without a dot here */
#define CPU_PERIOD 100000       /* microseconds, the kernel's own default */
#define MOST_PIDS  1024
#define DEEPEST    8 /* groups below a worker's own */
#define PATH_SIZE  (CGROUP_PATH + 128)

/* Keys of the configuration, the files that they are written to, who has these. */
static const struct {
	const char *key, *file, *controller;
} bounds_table[] = {
	{"cgroup.memory_max", "memory.max", "memory"},
	{"cgroup.memory_high", "memory.high", "memory"},
	{"cgroup.cpu_max", "cpu.max", "cpu"},
	{"cgroup.cpu_weight", "cpu.weight", "cpu"},
	{"cgroup.pids_max", "pids.max", "pids"},
};

/* What the file is to say; empty: the key is not set. */
static void format_bound(const struct spec_cgroup *bounds, unsigned row, char *text,
			 size_t size)
{
	const uint64_t value[] = {bounds->memory_max, bounds->memory_high,
				  bounds->cpu_max, bounds->cpu_weight, bounds->pids_max};

	_Static_assert(ARRAY_COUNT(value) == ARRAY_COUNT(bounds_table), "a value each");
	text[0] = '\0';
	if (value[row] == 0)
		return;
	if (strcmp(bounds_table[row].file, "cpu.max") == 0)
		(void)snprintf(text, size, "%llu %d",
			       (unsigned long long)value[row] * CPU_PERIOD / 100,
			       CPU_PERIOD);
	else
		(void)snprintf(text, size, "%llu", (unsigned long long)value[row]);
}

static void put_path(char *path, const struct cells *cells, const char *slot,
		     uint32_t number)
{
	(void)snprintf(path, PATH_SIZE, "%s/%s.%u", cells->root, slot, (unsigned)number);
}

/* ---- the one that is divided ---- */

static bool is_delegated(const char *path)
{
	char value[8] = "";

	return (getxattr(path, "user.delegate", value, sizeof(value) - 1) > 0 ||
		getxattr(path, "trusted.delegate", value, sizeof(value) - 1) > 0) &&
	       value[0] == '1';
}

/* All who live in the group itself; most others are only looked at. */
static int read_own_pids(const char *path, pid_t *pid, unsigned most)
{
	char text[MOST_PIDS * 8];
	ssize_t length = cgroup_read(path, "cgroup.procs", text, sizeof(text));
	unsigned count = 0;

	if (length < 0)
		return (int)length;
	for (const char *at = text; *at != '\0' && count < most;) {
		pid[count++] = (pid_t)strtol(at, NULL, 10);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return (int)count;
}

static bool are_ours(const pid_t *pid, int count, pid_t keeper)
{
	for (int i = 0; i < count; i++)
		if (pid[i] != getpid() && pid[i] != keeper)
			return false;
	return true;
}

static int enter_leaf(const char *root, const pid_t *pid, int count)
{
	char leaf[PATH_SIZE], number[16];
	int result = 0;

	(void)snprintf(leaf, sizeof(leaf), "%s/" LEAF, root);
	if (mkdir(leaf, 0755) == -1 && errno != EEXIST)
		return -errno;
	for (int i = 0; i < count && result == 0; i++) {
		(void)snprintf(number, sizeof(number), "%d", (int)pid[i]);
		result = cgroup_write(leaf, "cgroup.procs", number);
		result = result == -ESRCH ? 0 : result;
	}
	return result;
}

/* The root of all groups has no type, and is nobody's. */
static bool is_root_of_all(const char *path)
{
	char file[PATH_SIZE];

	(void)snprintf(file, sizeof(file), "%s/cgroup.type", path);
	return access(file, F_OK) == -1;
}

static int take(const char *root, pid_t keeper, struct fault *fault)
{
	pid_t pid[MOST_PIDS];
	int count = read_own_pids(root, pid, MOST_PIDS);
	int result;

	if (count < 0)
		return fault_set(fault, count, "%s: %s", root, strerror(-count));
	if (is_root_of_all(root))
		return fault_set(fault, -ENOENT, "it is in the root of all groups");
	if (!is_delegated(root) && !are_ours(pid, count, keeper))
		return fault_set(fault, -ENOENT,
				 "%s is not delegated to it, and others live in it",
				 root);
	result = enter_leaf(root, pid, count);
	if (result < 0)
		return fault_set(fault, result, "%s: %s", root, strerror(-result));
	return 0;
}

/* Whoever was started by one of us, or goes on in place, sits in the leaf already. */
int cells_open(struct cells *cells, pid_t keeper, struct fault *fault)
{
	char own[CGROUP_PATH];
	const size_t length = sizeof("/" LEAF) - 1;
	int result = cgroup_of(0, own, sizeof(own));

	*cells = (struct cells){0};
	if (result < 0)
		return fault_set(fault, -ENOENT, "there are no control groups: %s",
				 strerror(-result));
	if (strlen(own) > length && strcmp(own + strlen(own) - length, "/" LEAF) == 0)
		own[strlen(own) - length] = '\0';
	result = take(own, keeper, fault);
	if (result < 0)
		return result;
	(void)text_copy(cells->root, sizeof(cells->root), own);
	return 0;
}

/* ---- controllers ---- */

static bool has_controller(const struct cells *cells, const char *file, const char *name)
{
	char text[512];

	if (cells->root[0] == '\0' ||
	    cgroup_read(cells->root, file, text, sizeof(text)) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return text_has_word(text, name);
}

const char *cell_lacks(const struct cells *cells, const struct spec_cgroup *bounds)
{
	char text[64];

	for (unsigned row = 0; row < ARRAY_COUNT(bounds_table); row++) {
		format_bound(bounds, row, text, sizeof(text));
		if (text[0] != '\0' && !has_controller(cells, "cgroup.controllers",
						       bounds_table[row].controller))
			return bounds_table[row].key;
	}
	return NULL;
}

static int set_bound(const struct cells *cells, const char *path, unsigned row,
		     const char *text)
{
	const char *controller = bounds_table[row].controller;
	char order[16];

	if (!has_controller(cells, "cgroup.controllers", controller))
		return 0;
	if (!has_controller(cells, "cgroup.subtree_control", controller)) {
		(void)snprintf(order, sizeof(order), "+%s", controller);
		(void)cgroup_write(cells->root, "cgroup.subtree_control", order);
	}
	return cgroup_write(path, bounds_table[row].file, text);
}

static int set_bounds(const struct cells *cells, const char *path,
		      const struct spec_cgroup *bounds, struct fault *fault)
{
	char text[64];

	for (unsigned row = 0; row < ARRAY_COUNT(bounds_table); row++) {
		int result = 0;

		format_bound(bounds, row, text, sizeof(text));
		if (text[0] != '\0')
			result = set_bound(cells, path, row, text);
		if (result < 0)
			return fault_set(fault, result, "%s: %s/%s: %s",
					 bounds_table[row].key, path,
					 bounds_table[row].file, strerror(-result));
	}
	return 0;
}

/* ---- one cell ---- */

static int open_door(const char *path)
{
	char file[PATH_SIZE + 16];
	int fd;

	(void)snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	return fd == -1 ? -errno : fd;
}

int cell_make(struct cells *cells, const char *slot, const struct spec_cgroup *bounds,
	      uint32_t *ret_number, struct fault *fault)
{
	char path[PATH_SIZE];
	int result;

	do { /* a predecessor has used some numbers */
		put_path(path, cells, slot, ++cells->last);
		result = mkdir(path, 0755) == -1 ? -errno : 0;
	} while (result == -EEXIST);
	if (result < 0)
		return fault_set(fault, result, "control group %s: %s", path,
				 strerror(-result));
	result = set_bounds(cells, path, bounds, fault);
	if (result == 0) {
		result = open_door(path);
		if (result < 0)
			(void)fault_set(fault, result, "control group %s: %s", path,
					strerror(-result));
	}
	if (result < 0)
		(void)rmdir(path);
	else
		*ret_number = cells->last;
	return result;
}

/* ".../web.3.17" of slot "web.3" -> 17 */
uint32_t cell_find(struct cells *cells, const char *slot, pid_t pid,
		   const struct spec_cgroup *bounds)
{
	char path[CGROUP_PATH], begin[PATH_SIZE];
	int length = snprintf(begin, sizeof(begin), "%s/%s.", cells->root, slot);
	unsigned number;

	if (cells->root[0] == '\0' || cgroup_of(pid, path, sizeof(path)) < 0 ||
	    strncmp(path, begin, (size_t)length) != 0)
		return 0;
	if (text_parse_unsigned(&number, path + length, 1, UINT32_MAX) < 0)
		return 0;
	(void)set_bounds(cells, path, bounds, NULL);
	return number;
}

/* Kernels before 5.14 have no cgroup.kill. */
static void kill_all_in(const char *path)
{
	pid_t pid[MOST_PIDS];
	int count;

	if (cgroup_write(path, "cgroup.kill", "1") == 0)
		return;
	count = cgroup_read_pids(path, pid, MOST_PIDS);
	for (int i = 0; i < count; i++)
		if (pid[i] > 1 && pid[i] != getpid())
			(void)kill(pid[i], SIGKILL);
}

void cell_kill(const struct cells *cells, const char *slot, uint32_t number)
{
	char path[PATH_SIZE];

	if (number == 0 || cells->root[0] == '\0')
		return;
	put_path(path, cells, slot, number);
	kill_all_in(path);
}

bool cell_ran_out_of_memory(const struct cells *cells, const char *slot, uint32_t number)
{
	char path[PATH_SIZE];

	if (number == 0 || cells->root[0] == '\0')
		return false;
	put_path(path, cells, slot, number);
	return cgroup_read_key(path, "memory.events", "oom_kill", 0) > 0;
}

/* Groups that a worker made below its own go first, the deepest before all. */
static int remove_group(const char *path, int depth)
{
	DIR *folder;
	const struct dirent *entry;

	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	folder = depth > 0 ? opendir(path) : NULL;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char below[PATH_SIZE];

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
			    (int)sizeof(below))
			(void)remove_group(below, depth - 1);
	}
	if (folder != NULL)
		(void)closedir(folder);
	return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}

/* What was just killed may not be gone yet; we are told as it goes.  Only those that are
 * doomed are tried again: an empty one may wait for a child that is about to enter. */
static void doom(struct cells *cells, const char *path)
{
	struct doomed *doomed;

	kill_all_in(path);
	if (remove_group(path, DEEPEST) == 0)
		return;
	doomed = malloc(sizeof(*doomed) + strlen(path) + 1);
	if (doomed == NULL)
		return; /* the next start finds it */
	(void)strcpy(doomed->path, path);
	doomed->next = cells->doomed;
	cells->doomed = doomed;
}

void cell_end(struct cells *cells, const char *slot, uint32_t number)
{
	char path[PATH_SIZE];

	if (number == 0 || cells->root[0] == '\0')
		return;
	put_path(path, cells, slot, number);
	doom(cells, path);
}

/* ---- all of them ---- */

void cells_tidy(struct cells *cells)
{
	struct doomed **at = &cells->doomed;

	while (*at != NULL) {
		struct doomed *doomed = *at;

		if (remove_group(doomed->path, DEEPEST) < 0) {
			at = &doomed->next;
			continue;
		}
		*at = doomed->next;
		free(doomed);
	}
}

void cells_close(struct cells *cells)
{
	struct doomed *next;

	cells_tidy(cells);
	for (struct doomed *at = cells->doomed; at != NULL; at = next) {
		next = at->next;
		free(at);
	}
	*cells = (struct cells){0};
}

void cells_sweep(struct cells *cells, bool (*is_known)(void *data, const char *cell),
		 void *data)
{
	DIR *folder = cells->root[0] != '\0' ? opendir(cells->root) : NULL;
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char path[PATH_SIZE];

		/* Those of systemd begin with a dot, ours have some inside. */
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    strchr(entry->d_name, '.') != NULL &&
		    !is_known(data, entry->d_name) &&
		    snprintf(path, sizeof(path), "%s/%s", cells->root, entry->d_name) <
			    (int)sizeof(path))
			doom(cells, path);
	}
	if (folder != NULL)
		(void)closedir(folder);
}
