/*
 * http.c - fuzzes what a client may ask of the files: a target, then headers, by lines.
 *
 * Wherever a target leads, nothing outside the root is opened, with openat2 and without.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/http/beneath.h"
#include "worker/http/coding.h"
#include "worker/http/condition.h"
#include "worker/http/lifetime.h"
#include "worker/http/media.h"
#include "worker/http/path.h"
#include "worker/http/range.h"

#define ROOT "tests/fuzz" /* there is something above it, beside it and below it */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void open_below(const char *path, bool walks)
{
	struct beneath beneath;
	char link[64];
	char real[PATH_MAX];
	char root[PATH_MAX];
	ssize_t length;
	int fd;

	must(beneath_init(&beneath, ROOT) == 0);
	beneath.walks = walks;
	fd = beneath_open(&beneath, path);
	beneath_fini(&beneath);
	if (fd < 0)
		return;
	must(realpath(ROOT, root) != NULL);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, real, sizeof(real) - 1);
	must(length > 0);
	real[length] = '\0';
	length = (ssize_t)strlen(root);
	must(strncmp(real, root, (size_t)length) == 0);
	must(real[length] == '/' || real[length] == '\0');
	(void)close(fd);
}

/* Encoded and cleaned again, it is the same path. */
static void go_round(const char *path)
{
	size_t size = 3 * strlen(path) + sizeof("%00");
	char *text = malloc(size);
	char *again = malloc(size + 1);

	must(text != NULL && again != NULL);
	must(path_encode(text, size, path));
	must(path_clean(again, text) == 0);
	must(strcmp(again, path) == 0);
	free(text);
	free(again);
}

static void use_target(const char *target)
{
	const struct lifetime lifetime = {.forever = {"/a"}, .forevers = 1};
	char text[LIFETIME_TEXT];
	size_t room = PATH_ROOM(target);
	char *path = malloc(room);

	must(path != NULL);
	if (path_clean(path, target) == 0 && path[0] == '/') {
		must(strlen(path) < room && strstr(path, "//") == NULL);
		go_round(path);
		must(path_is_hidden(path) || strstr(path, "/..") == NULL);
		open_below(path + 1, false);
		open_below(path + 1, true);
		(void)path_has_extension(path);
		(void)media_type(path);
		(void)media_is_packed(path);
		lifetime_format(&lifetime, text, path + 1, false);
	}
	must(*path_query(target) == '?' || *path_query(target) == '\0');
	free(path);
}

static void use_header(const char *line)
{
	static const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX};
	const struct condition wanted = {.match = line, .modified_since = line};
	const struct condition had = {.unmodified_since = line, .none_match = line};
	enum coding order[CODINGS];
	unsigned count = coding_order(line, order);

	must(count <= CODINGS);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < i; j++)
			must(order[i] != order[j]);
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct range range;

		if (range_parse(line, sizes[i], &range) != RANGE_PART)
			continue;
		must(range.count > 0 && range.count <= sizes[i]);
		must(range.first <= sizes[i] - range.count);
	}
	must(condition_judge(&wanted, "\"a\"", 0) < CONDITION_VERDICTS);
	must(condition_judge(&had, "\"a\"", 0) < CONDITION_VERDICTS);
	(void)condition_allows_range(line, "\"a\"", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	char *rest = text;
	char *line;

	must(text != NULL);
	memcpy(text, bytes, size);
	text[size] = '\0';
	line = strsep(&rest, "\n");
	use_target(line);
	while ((line = strsep(&rest, "\n")) != NULL)
		use_header(line);
	free(text);
	return 0;
}
