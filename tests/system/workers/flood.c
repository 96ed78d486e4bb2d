/*
 * flood.c - a worker that writes numbered lines, as fast as it can.
 *
 *   flood [--lines N | --seconds N] [--bytes N] [--pace USEC] [--err] [--stay]
 *
 * Each line is its number in twelve digits, and dots up to so many bytes.  At the end it
 * says how many there were, in a file named by --count, and exits, or stays.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIGITS 12
#define MOST   65536

static char line[MOST + 1];

static double now(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void put_number(unsigned long number)
{
	for (int i = DIGITS - 1; i >= 0; i--) {
		line[i] = (char)('0' + number % 10);
		number /= 10;
	}
}

static int write_line(int fd, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t wrote = write(fd, line + done, bytes - done);

		if (wrote == -1 && errno != EINTR)
			return -1;
		if (wrote > 0)
			done += (size_t)wrote;
	}
	return 0;
}

static void note(const char *path, unsigned long count, double took)
{
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	(void)fprintf(file, "%lu %.3f\n", count, took);
	(void)fclose(file);
}

int main(int count, char **list)
{
	static const struct option options[] = {
		{"lines", required_argument, NULL, 'l'},
		{"seconds", required_argument, NULL, 's'},
		{"bytes", required_argument, NULL, 'b'},
		{"pace", required_argument, NULL, 'p'},
		{"count", required_argument, NULL, 'c'},
		{"err", no_argument, NULL, 'e'},
		{"stay", no_argument, NULL, 'S'},
		{NULL, 0, NULL, 0},
	};
	unsigned long lines = 0, most = ~0UL;
	double seconds = 0, began = now();
	const char *path = NULL;
	size_t bytes = 200;
	long pace = 0;
	int fd = STDOUT_FILENO, option;
	int stays = 0;

	while ((option = getopt_long(count, list, "", options, NULL)) != -1) {
		if (option == 'l')
			most = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seconds = strtod(optarg, NULL);
		else if (option == 'b')
			bytes = strtoul(optarg, NULL, 10);
		else if (option == 'p')
			pace = strtol(optarg, NULL, 10);
		else if (option == 'c')
			path = optarg;
		else if (option == 'e')
			fd = STDERR_FILENO;
		else if (option == 'S')
			stays = 1;
		else
			return 2;
	}
	if (bytes <= DIGITS || bytes > MOST)
		return 2;
	memset(line, '.', bytes);
	line[bytes - 1] = '\n';
	while (lines < most && (seconds == 0 || lines % 256 || now() - began < seconds)) {
		const struct timespec rest = {.tv_nsec = pace * 1000};

		put_number(lines);
		if (write_line(fd, bytes) == -1)
			return 1;
		lines++;
		if (pace > 0)
			(void)nanosleep(&rest, NULL);
	}
	note(path, lines, now() - began);
	if (!stays)
		return 0;
	for (;;)
		(void)pause();
}
