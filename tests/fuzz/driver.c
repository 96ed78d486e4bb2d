/*
 * driver.c - runs a fuzz target over its corpus, without a fuzzer.
 *
 * What once broke a parser stays in tests/fuzz/corpus/NAME/ and is tried again on every
 * `make test`.  Each file is fed in a process of its own, so that one that still crashes
 * is counted and does not hide the others.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_BYTES    (1024 * 1024)
#define PROGRAM_PREFIX "corpus-"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Exact in size and on the heap, so that sanitizers see a read beyond the end. */
static int feed(const char *path)
{
	uint8_t *bytes;
	uint8_t *exact;
	size_t size;
	FILE *file = fopen(path, "rbe");

	if (!file)
		return EXIT_FAILURE;
	bytes = malloc(INPUT_BYTES);
	if (!bytes)
		abort();
	size = fread(bytes, 1, INPUT_BYTES, file);
	(void)fclose(file);

	exact = realloc(bytes, size ? size : 1);
	if (!exact)
		abort();
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return EXIT_SUCCESS;
}

static bool survives(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == -1) {
		perror("fork");
		return false;
	}
	if (pid == 0)
		exit(feed(path));
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (status != 0)
		printf("%s: %s %d\n", path,
		       WIFSIGNALED(status) ? "killed by signal" : "exit code",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return status == 0;
}

int main(int argc, char **argv)
{
	char folder[4096];
	char path[8192];
	struct dirent **entry = NULL;
	int passed = 0;
	int count;

	if (argc > 1)
		(void)snprintf(folder, sizeof(folder), "%s", argv[1]);
	else
		(void)snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s",
			       program_invocation_short_name + strlen(PROGRAM_PREFIX));

	count = scandir(folder, &entry, is_visible, alphasort);
	if (count < 1) {
		fprintf(stderr, "%s: no corpus here\n", folder);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		(void)fflush(stdout);
		passed += survives(path);
		free(entry[i]);
	}
	free(entry);
	printf("%d passed, %d failed, 0 skipped\n", passed, count - passed);
	return passed == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
