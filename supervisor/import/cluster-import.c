/*
 * cluster-import - prints the cluster.conf that does what a PM2 ecosystem file does.
 *
 * `clusterctl import` runs it.  A program of its own, so that no other command pays for a
 * reader of YAML.  Faults go to stderr, one a line, `FILE:LINE: why`.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/import/lenient.h"
#include "supervisor/import/script.h"
#include "supervisor/import/translate.h"
#include "supervisor/import/yaml.h"

#define EXIT_USAGE 2
#define FILE_BYTES ((size_t)1 << 20)

struct reading {
	const char *file;
	char path[PATH_MAX]; /* absolute, with its symbolic links */
	unsigned line;       /* of what is wrong; 0: not known */
	struct fault fault;
};

static bool has_file(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static int find_path(struct reading *reading)
{
	char here[PATH_MAX] = "";
	int length;

	if (reading->file[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return fault_set(&reading->fault, -errno, "current directory: %s",
				 strerror(errno));
	length = snprintf(reading->path, sizeof(reading->path), "%s%s%s", here,
			  here[0] != '\0' ? "/" : "", reading->file);
	if (length < 0 || (size_t)length >= sizeof(reading->path))
		return fault_set(&reading->fault, -ENAMETOOLONG, "%s",
				 strerror(ENAMETOOLONG));
	return 0;
}

static int read_file(struct reading *reading, struct buffer *text)
{
	CLOSE_FD int fd = open(reading->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	int result;

	if (fd == -1 || fstat(fd, &status) == -1)
		return fault_set(&reading->fault, -errno, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return fault_set(&reading->fault, -EINVAL, "it is no file");
	do
		result = buffer_read(text, fd);
	while (result > 0 || result == -EINTR);
	if (result == -ENOBUFS)
		return fault_set(&reading->fault, result, "it is larger than %zu bytes",
				 FILE_BYTES);
	if (result < 0)
		return fault_set(&reading->fault, result, "%s", strerror(-result));
	return 0;
}

/* Whatever it is written in, JSON comes out. */
static int read_as_json(struct reading *reading, struct buffer *text, struct buffer *json)
{
	static const char *const scripts[] = {".js", ".cjs", ".mjs"};
	static const char *const yamls[] = {".yaml", ".yml"};
	int error = read_file(reading, text);

	if (error < 0)
		return error;
	for (size_t i = 0; i < ARRAY_COUNT(scripts); i++)
		if (ends_with(reading->file, scripts[i]))
			return script_to_json(reading->path, SCRIPT_PATIENCE, json,
					      &reading->line, &reading->fault);
	for (size_t i = 0; i < ARRAY_COUNT(yamls); i++)
		if (ends_with(reading->file, yamls[i]))
			return yaml_to_json(text->bytes, text->count, json,
					    &reading->line, &reading->fault);
	if (!ends_with(reading->file, ".json"))
		return fault_set(&reading->fault, -EINVAL,
				 "neither .json nor .yaml, .yml, .js, .cjs or .mjs");
	if (text->count > 0)
		lenient_to_json(text->bytes, text->count);
	buffer_append(json, text->bytes, text->count);
	return 0;
}

/* NULL: the fault says why not. */
static struct json *read_tree(struct reading *reading)
{
	struct buffer text;
	struct buffer bytes;
	struct json *json = NULL;
	int error;

	buffer_init(&text, FILE_BYTES);
	buffer_init(&bytes, FILE_BYTES);
	error = find_path(reading);
	if (error == 0)
		error = read_as_json(reading, &text, &bytes);
	if (error == 0)
		json = json_parse_written(bytes.count > 0 ? bytes.bytes : "", bytes.count,
					  &reading->line, &reading->fault);
	buffer_free(&text);
	buffer_free(&bytes);
	return json;
}

static int complain(const struct reading *reading)
{
	if (reading->line > 0)
		(void)fprintf(stderr, "%s:%u: %s\n", reading->file, reading->line,
			      reading->fault.text);
	else
		(void)fprintf(stderr, "%s: %s\n", reading->file, reading->fault.text);
	return EXIT_USAGE;
}

static int print(const struct translate *translation, const struct json *json)
{
	static struct faults faults;
	struct buffer text;
	int status = EXIT_SUCCESS;

	buffer_init(&text, TRANSLATE_BYTES);
	if (translate(translation, json, &text, &faults) == 0)
		(void)fwrite(text.bytes, 1, text.count, stdout);
	else
		status = EXIT_USAGE;
	for (unsigned i = 0; i < faults.count && i < FAULTS_KEPT; i++)
		(void)fprintf(stderr, "%s\n", faults.list[i].text);
	if (fflush(stdout) != 0)
		status = EXIT_FAILURE;
	buffer_free(&text);
	return status;
}

int main(int count, char **words)
{
	struct reading reading = {.line = 0};
	struct translate translation = {.has_file = has_file};
	struct json *json;
	int status;

	if (count < 2 || count > 3) {
		(void)fputs("usage: cluster-import FILE [PROFILE]\n", stderr);
		return EXIT_USAGE;
	}
	reading.file = translation.file = words[1];
	while (strncmp(reading.file, "./", 2) == 0)
		reading.file += strlen("./");
	translation.profile = words[2];
	json = read_tree(&reading);
	if (json == NULL)
		return complain(&reading);
	*strrchr(reading.path, '/') = '\0';
	translation.directory = reading.path[0] != '\0' ? reading.path : "/";
	status = print(&translation, json);
	json_free(json);
	return status;
}
