#include "supervisor/capacity.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"

#define CPUS_MOST (1U << 20)

static unsigned smaller(unsigned one, unsigned other)
{
	return one < other ? one : other;
}

/* The CPUs that we may run on, to be freed with CPU_FREE; NULL: it cannot be known. */
static cpu_set_t *allowed_cpus(size_t *ret_size)
{
	for (unsigned cpus = 1024; cpus <= CPUS_MOST; cpus *= 2) {
		cpu_set_t *set = CPU_ALLOC(cpus);

		if (!set)
			return NULL;
		*ret_size = CPU_ALLOC_SIZE(cpus);
		if (sched_getaffinity(0, *ret_size, set) == 0)
			return set;
		CPU_FREE(set);
		if (errno != EINVAL) /* not for want of room: the kernel has more CPUs */
			return NULL;
	}
	return NULL;
}

unsigned capacity_affinity(void)
{
	size_t size;
	cpu_set_t *set = allowed_cpus(&size);
	int count = set ? CPU_COUNT_S(size, set) : 0;

	CPU_FREE(set);
	return count > 0 ? (unsigned)count : 1;
}

int capacity_cpu(unsigned nth, unsigned *ret_cpu)
{
	size_t size;
	cpu_set_t *set = allowed_cpus(&size);
	unsigned count = set ? (unsigned)CPU_COUNT_S(size, set) : 0;
	unsigned cpu = 0;

	if (count == 0) {
		CPU_FREE(set);
		return -ENOENT;
	}
	nth %= count;
	while (!CPU_ISSET_S(cpu, size, set) || nth-- > 0)
		cpu++;
	CPU_FREE(set);
	*ret_cpu = cpu;
	return 0;
}

/* ---- one directory, and those above it ---- */

static unsigned whole_cpus(int64_t quota, int64_t period)
{
	int64_t cpus;

	if (quota <= 0 || period <= 0)
		return CAPACITY_UNBOUND;
	cpus = quota / period + (quota % period != 0);
	return cpus < CPUS_MOST ? (unsigned)cpus : CAPACITY_UNBOUND;
}

/* The first numbers of a file, 0 for each that it does not have. */
static void read_numbers(const char *folder, const char *name, int64_t number[2])
{
	char path[PATH_MAX + NAME_MAX];
	char text[64];
	char *rest = text;

	number[0] = number[1] = 0;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return;
	number[0] = strtoll(rest, &rest, 10);
	number[1] = strtoll(rest, &rest, 10);
}

static unsigned quota_of(const char *folder, bool unified)
{
	int64_t quota[2];
	int64_t period[2];

	if (unified) { /* "150000 100000" or "max 100000" */
		read_numbers(folder, "cpu.max", quota);
		return whole_cpus(quota[0], quota[1]);
	}
	read_numbers(folder, "cpu.cfs_quota_us", quota); /* -1: none */
	read_numbers(folder, "cpu.cfs_period_us", period);
	return whole_cpus(quota[0], period[0]);
}

/* ---- which directories ---- */

/* What we belong to, as /proc/self/cgroup has it; empty: there is no such hierarchy. */
struct membership {
	char unified[PATH_MAX];
	char cpu[PATH_MAX]; /* of the v1 hierarchy that has the cpu controller */
};

/* One line of /proc/self/mountinfo, as far as it matters. */
struct mount {
	char *top;   /* the part of the file system that is seen... */
	char *point; /* ...here */
	char *type;
	char *options; /* of the file system: for v1 its controllers */
};

static bool lists_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (;;) {
		size_t next = strcspn(list, ",");

		if (next == length && memcmp(list, word, length) == 0)
			return true;
		if (list[next] == '\0')
			return false;
		list += next + 1;
	}
}

/* "0::/a/b" is of the unified hierarchy, "4:cpu,cpuacct:/a/b" one of v1. */
static void read_membership(const char *root, struct membership *ret_membership)
{
	char path[PATH_MAX];
	char text[16384];
	char *rest = text;
	char *line;

	*ret_membership = (struct membership){.unified = ""};
	(void)snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	if (fd_read_text(path, text, sizeof(text)) < 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		const char *number = strsep(&line, ":");
		const char *controllers = strsep(&line, ":");
		char *to = ret_membership->cpu;

		if (!controllers || !line)
			continue;
		if (strcmp(number, "0") == 0 && *controllers == '\0')
			to = ret_membership->unified;
		else if (!lists_word(controllers, "cpu"))
			continue;
		(void)snprintf(to, PATH_MAX, "%s", line);
	}
}

/* mountinfo writes space, tab, newline and backslash as \040 and the like. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		unsigned code;

		if (sscanf(text, "\\%3o", &code) == 1) {
			*to++ = (char)code;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /top /point rw,noatime master:1 - type source options" */
static bool parse_mount(struct mount *ret_mount, char *line)
{
	char *fields = strstr(line, " - ");

	if (!fields)
		return false;
	*fields = '\0';
	fields += strlen(" - ");
	for (int i = 0; i < 3; i++)
		(void)strsep(&line, " ");
	ret_mount->top = strsep(&line, " ");
	ret_mount->point = strsep(&line, " ");
	ret_mount->type = strsep(&fields, " ");
	(void)strsep(&fields, " ");
	ret_mount->options = strsep(&fields, "\n");
	if (!ret_mount->point || !ret_mount->options)
		return false;
	unescape(ret_mount->top);
	unescape(ret_mount->point);
	return true;
}

/* Where our cgroup is below what the mount shows; "" when it shows but something else, as
 * in a container with the host's tree: then its top is the best we know. */
static const char *place_below(const char *top, const char *cgroup)
{
	size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

	if (strncmp(cgroup, top, length) != 0 || strstr(cgroup, "/..") ||
	    cgroup[length] != '/' || cgroup[length + 1] == '\0')
		return "";
	return cgroup + length;
}

/* The least of our cgroup and of all above it that can be seen. */
static unsigned quota_at(const char *root, const struct mount *mount, const char *cgroup)
{
	char folder[2 * PATH_MAX];
	size_t top = strlen(root) + strlen(mount->point);
	bool unified = strcmp(mount->type, "cgroup2") == 0;
	unsigned least = CAPACITY_UNBOUND;

	(void)snprintf(folder, sizeof(folder), "%s%s%s", root, mount->point,
		       place_below(mount->top, cgroup));
	if (strlen(folder) < top)
		return CAPACITY_UNBOUND;
	for (;;) {
		char *name;

		least = smaller(least, quota_of(folder, unified));
		name = strrchr(folder + top, '/');
		if (!name)
			return least;
		*name = '\0';
	}
}

unsigned capacity_quota(const char *root)
{
	struct membership membership;
	unsigned least = CAPACITY_UNBOUND;
	char path[PATH_MAX];
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	file = fopen(path, "re");
	if (!file)
		return CAPACITY_UNBOUND;
	read_membership(root, &membership);
	while (getline(&line, &size, file) != -1) {
		struct mount mount;

		if (!parse_mount(&mount, line))
			continue;
		if (strcmp(mount.type, "cgroup2") == 0)
			least = smaller(least,
					quota_at(root, &mount, membership.unified));
		else if (strcmp(mount.type, "cgroup") == 0 &&
			 lists_word(mount.options, "cpu"))
			least = smaller(least, quota_at(root, &mount, membership.cpu));
	}
	free(line);
	(void)fclose(file);
	return least;
}

unsigned capacity_max(void)
{
	return smaller(capacity_affinity(), capacity_quota(""));
}
