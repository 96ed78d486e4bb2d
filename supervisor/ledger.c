#include "supervisor/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

#define NOTES      "ledger.json"
#define APPS       "apps"
#define BEGINNING  ".new"             /* the name of a file until it is whole */
#define FILE_BYTES ((size_t)16 << 20) /* more than the largest that we write */
#define ASIDE_MOST 100                /* files set aside of one name */

/* ---- files ---- */

static int open_directory(const struct ledger *ledger, const char *below)
{
	char path[LEDGER_PATH];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", ledger->state, below);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && mkdir(path, 0700) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd == -1 ? -errno : fd;
}

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);

		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return -errno;
		bytes += written;
		count -= (size_t)written;
	}
	return fsync(fd) == -1 ? -errno : 0;
}

static int replace(int directory, const char *name, const struct buffer *content)
{
	int fd = openat(directory, BEGINNING,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result;

	if (fd == -1)
		return -errno;
	result =
		content->broken ? -ENOMEM : write_all(fd, content->bytes, content->count);
	if (close(fd) == -1 && result == 0)
		result = -errno;
	if (result == 0 && renameat(directory, BEGINNING, directory, name) == -1)
		result = -errno;
	if (result == 0)
		return fsync(directory) == -1 ? -errno : 0;
	(void)unlinkat(directory, BEGINNING, 0);
	return result;
}

static int read_whole(int directory, const char *name, struct buffer *to)
{
	CLOSE_FD int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int got;

	if (fd == -1)
		return -errno;
	do {
		got = buffer_read(to, fd);
	} while (got > 0 || got == -EINTR);
	return got;
}

/* Another file of that name, set aside before, stays: NAME.broken, NAME.broken.1... */
static int rename_aside(int directory, const char *name, char *aside, size_t size)
{
	int result = -EEXIST;

	for (unsigned i = 0; i < ASIDE_MOST && result == -EEXIST; i++) {
		if (i == 0)
			(void)snprintf(aside, size, "%s.broken", name);
		else
			(void)snprintf(aside, size, "%s.broken.%u", name, i);
		result = renameat2(directory, name, directory, aside, RENAME_NOREPLACE);
		result = result == -1 ? -errno : 0;
	}
	return result;
}

static void set_aside(int directory, const char *below, const char *name,
		      struct fault *fault)
{
	char why[FAULT_SIZE], aside[SPEC_NAME + 32];
	int result = rename_aside(directory, name, aside, sizeof(aside));

	(void)text_copy(why, sizeof(why), fault->text);
	if (result < 0)
		(void)fault_set(fault, result, "%s%s cannot be set aside (%s): %.300s",
				below, name, strerror(-result), why);
	else
		(void)fault_set(fault, 0, "%s%s is set aside as %s: %.300s", below, name,
				aside, why);
}

/* ---- notes ---- */

int ledger_open(struct ledger *ledger, const char *state, struct fault *fault)
{
	struct buffer content;
	CLOSE_FD int directory = -1;
	int result;

	*ledger = (struct ledger){0};
	(void)text_copy(ledger->state, sizeof(ledger->state), state);
	directory = open_directory(ledger, "");
	if (directory < 0)
		return fault_set(fault, directory, "%s: %s", state, strerror(-directory));
	buffer_init(&content, FILE_BYTES);
	result = read_whole(directory, NOTES, &content);
	if (result == 0)
		result =
			notes_decode(&ledger->notes, content.bytes, content.count, fault);
	else if (result != -ENOENT)
		(void)fault_set(fault, result, "%s", strerror(-result));
	buffer_free(&content);
	if (result == -ENOENT)
		return 0;
	if (result < 0)
		set_aside(directory, "", NOTES, fault);
	return result;
}

void ledger_close(struct ledger *ledger)
{
	notes_free(&ledger->notes);
	*ledger = (struct ledger){0};
}

int ledger_write(struct ledger *ledger, struct fault *fault)
{
	CLOSE_FD int directory = -1;
	struct buffer content;
	int result;

	if (!ledger->notes.changed)
		return 0;
	ledger->notes.changed = false;
	directory = open_directory(ledger, "");
	buffer_init(&content, FILE_BYTES);
	notes_encode(&ledger->notes, &content);
	result = directory < 0 ? directory : replace(directory, NOTES, &content);
	buffer_free(&content);
	if (result < 0)
		return fault_set(fault, result, "%s/%s: %s", ledger->state, NOTES,
				 strerror(-result));
	return 0;
}

/* ---- ad-hoc apps ---- */

static void conf_of(char file[SPEC_NAME + 8], const char *name)
{
	(void)snprintf(file, SPEC_NAME + 8, "%.*s.conf", SPEC_NAME - 1, name);
}

static void env_of(char file[SPEC_NAME + 8], const char *name)
{
	(void)snprintf(file, SPEC_NAME + 8, "%.*s.env", SPEC_NAME - 1, name);
}

void ledger_path(const struct ledger *ledger, const char *name, char path[LEDGER_PATH])
{
	char file[SPEC_NAME + 8];

	conf_of(file, name);
	(void)snprintf(path, LEDGER_PATH, "%s/" APPS "/%s", ledger->state, file);
}

bool ledger_owns(const struct ledger *ledger, const char *path)
{
	size_t length = strlen(ledger->state);

	return length > 0 && strncmp(path, ledger->state, length) == 0 &&
	       strncmp(path + length, "/" APPS "/", strlen("/" APPS "/")) == 0;
}

bool ledger_has(const struct ledger *ledger, const char *name)
{
	char path[LEDGER_PATH];

	if (strchr(name, '/') != NULL || strlen(name) >= SPEC_NAME)
		return false;
	ledger_path(ledger, name, path);
	return access(path, F_OK) == 0;
}

static int is_app(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(".conf") &&
	       length < SPEC_NAME + strlen(".conf") &&
	       strcmp(entry->d_name + length - strlen(".conf"), ".conf") == 0;
}

static int compare_names(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

const char *const *ledger_list(const struct ledger *ledger, struct arena *arena)
{
	char path[LEDGER_PATH];
	struct dirent **entry = NULL;
	const char **name;
	int count;

	(void)snprintf(path, sizeof(path), "%s/" APPS, ledger->state);
	count = scandir(path, &entry, is_app, compare_names);
	name = arena_take(arena, ((size_t)(count > 0 ? count : 0) + 1) * sizeof(*name));
	for (int i = 0; i < count; i++) {
		int length = (int)(strlen(entry[i]->d_name) - strlen(".conf"));

		if (name != NULL)
			name[i] = arena_print(arena, "%.*s", length, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	return name;
}

int ledger_keep(const struct ledger *ledger, const char *name, const struct buffer *text,
		const struct buffer *variables, struct fault *fault)
{
	char conf[SPEC_NAME + 8], env[SPEC_NAME + 8];
	CLOSE_FD int directory = open_directory(ledger, APPS);
	int result = directory;

	conf_of(conf, name);
	env_of(env, name);
	if (result >= 0)
		result = replace(directory, env, variables);
	if (result == 0)
		result = replace(directory, conf, text);
	if (result == 0)
		return 0;
	if (directory >= 0)
		(void)unlinkat(directory, env, 0);
	return fault_set(fault, result, "it cannot be kept in %s/" APPS ": %s",
			 ledger->state, strerror(-result));
}

int ledger_read(const struct ledger *ledger, const char *name, struct buffer *text,
		struct buffer *variables)
{
	char file[SPEC_NAME + 8];
	CLOSE_FD int directory = -1;
	int result;

	buffer_init(text, FILE_BYTES);
	buffer_init(variables, FILE_BYTES);
	directory = open_directory(ledger, APPS);
	if (directory < 0)
		return directory;
	conf_of(file, name);
	result = read_whole(directory, file, text);
	env_of(file, name);
	return result < 0 ? result : read_whole(directory, file, variables);
}

/* The configuration goes first: without it nobody asks for its variables. */
int ledger_forget(const struct ledger *ledger, const char *name, struct fault *fault)
{
	char file[SPEC_NAME + 8];
	CLOSE_FD int directory = open_directory(ledger, APPS);
	int result = directory;

	conf_of(file, name);
	if (result >= 0 && unlinkat(directory, file, 0) == -1 && errno != ENOENT)
		result = -errno;
	env_of(file, name);
	if (result >= 0 && unlinkat(directory, file, 0) == -1 && errno != ENOENT)
		result = -errno;
	if (result >= 0 && fsync(directory) == -1)
		result = -errno;
	if (result < 0)
		return fault_set(fault, result, "%s/" APPS "/%s: %s", ledger->state, file,
				 strerror(-result));
	return 0;
}

void ledger_set_aside(const struct ledger *ledger, const char *name, struct fault *fault)
{
	char file[SPEC_NAME + 8];
	CLOSE_FD int directory = open_directory(ledger, APPS);

	conf_of(file, name);
	if (directory >= 0)
		set_aside(directory, APPS "/", file, fault);
}
