#include "supervisor/sample.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

#define FDS_MOST 10000 /* counting more is not worth the time */

/* Of /proc/PID/stat, by the numbers of proc(5). */
enum stat_field {
	STAT_STATE = 3,
	STAT_UTIME = 14,
	STAT_STIME = 15,
	STAT_THREADS = 20,
	STAT_RSS = 24,
	STAT_FIELDS
};

struct stat_line {
	char state;
	uint64_t field[STAT_FIELDS];
};

static ssize_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fd_read_text(path, text, size);
}

/* The second field is the program's name in parentheses, and may itself hold spaces,
 * parentheses and newlines: all begins after the last one. */
static int read_stat(pid_t pid, struct stat_line *ret_line)
{
	char text[1024];
	ssize_t length = read_file(pid, "stat", text, sizeof(text));
	char *at;

	if (length < 0)
		return (int)length;
	at = strrchr(text, ')');
	if (!at || at[1] != ' ' || at[2] == '\0')
		return -EBADMSG;
	ret_line->state = at[2];
	at += 3;
	for (int i = STAT_STATE + 1; i < STAT_FIELDS; i++) {
		char *end;

		ret_line->field[i] = strtoull(at, &end, 10);
		if (end == at)
			return -EBADMSG;
		at = end;
	}
	return 0;
}

int sample_read(pid_t pid, struct sample *ret_sample)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	struct stat_line line;
	int code = read_stat(pid, &line);

	if (code < 0)
		return code;
	ret_sample->rss_bytes = line.field[STAT_RSS] * page;
	ret_sample->cpu_usec =
		(line.field[STAT_UTIME] + line.field[STAT_STIME]) * 1000000 / ticks;
	return 0;
}

static const char *state_word(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "in uninterruptible sleep";
	case 'T':
		return "stopped";
	case 't':
		return "stopped by a debugger";
	case 'Z':
		return "ended";
	default:
		return "in an unknown state";
	}
}

/* Negative errno, as when it is not ours to look at. */
static int count_fds(pid_t pid)
{
	char path[64];
	DIR *folder;
	const struct dirent *entry;
	int count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (!folder)
		return -errno;
	while (count < FDS_MOST && (entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	(void)closedir(folder);
	return count;
}

int sample_sockets(pid_t pid, void (*found)(uint32_t inode, void *context), void *context)
{
	char path[64], link[64];
	const struct dirent *entry;
	uint32_t inode;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		link[length > 0 ? length : 0] = '\0';
		if (sscanf(link, "socket:[%" SCNu32 "]", &inode) == 1)
			found(inode, context);
	}
	(void)closedir(folder);
	return 0;
}

void sample_evidence(pid_t pid, char *text, size_t size)
{
	struct stat_line line;
	char place[64 + sizeof(" in ")] = " in ";
	char fds[32] = "";
	char threads[32] = "";
	ssize_t length;
	int count;

	if (read_stat(pid, &line) < 0) {
		(void)snprintf(text, size, "gone");
		return;
	}
	/* "0" when it runs, or when we may not know. */
	length = read_file(pid, "wchan", place + 4, sizeof(place) - 4);
	if (length <= 0 || place[4] == '0')
		place[0] = '\0';
	count = count_fds(pid);
	if (count >= 0)
		(void)snprintf(fds, sizeof(fds), ", %d%s fds", count,
			       count == FDS_MOST ? "+" : "");
	if (line.field[STAT_THREADS] > 1)
		(void)snprintf(threads, sizeof(threads), ", %" PRIu64 " threads",
			       line.field[STAT_THREADS]);
	(void)snprintf(text, size, "%s%s%s%s", state_word(line.state), place, fds,
		       threads);
}
