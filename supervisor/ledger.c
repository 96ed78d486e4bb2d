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
#include "common/json.h"
#include "common/text.h"

#define NOTES      "ledger.json"
#define APPS       "apps"
#define BEGINNING  ".new" /* the name of a file until it is whole */
#define VERSION    1
#define FILE_BYTES ((size_t)1 << 20)
#define ASIDE_MOST 100 /* files set aside of one name */

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

static bool is_empty(const struct ledger_note *note)
{
	return !note->stopped && note->count == 0;
}

static struct ledger_note *find(const struct ledger *ledger, const char *app)
{
	for (unsigned i = 0; i < ledger->notes; i++)
		if (strcmp(ledger->note[i].app, app) == 0)
			return &ledger->note[i];
	return NULL;
}

const struct ledger_note *ledger_find(const struct ledger *ledger, const char *app)
{
	return find(ledger, app);
}

static void forget_note(struct ledger *ledger, struct ledger_note *note)
{
	size_t behind = (size_t)(&ledger->note[ledger->notes] - note) - 1;

	memmove(note, note + 1, behind * sizeof(*note));
	ledger->notes--;
	ledger->changed = true;
}

/* When there is no room, the oldest goes: of an app that came and went long ago. */
static void add_note(struct ledger *ledger, const struct ledger_note *note)
{
	struct ledger_note *grown;

	if (ledger->notes == LEDGER_NOTES)
		forget_note(ledger, &ledger->note[0]);
	grown = realloc(ledger->note, (ledger->notes + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	ledger->note = grown;
	grown[ledger->notes++] = *note;
	ledger->changed = true;
}

static bool is_same(const struct ledger_note *one, const struct ledger_note *other)
{
	return one->stopped == other->stopped && one->count == other->count &&
	       one->configured == other->configured;
}

void ledger_note(struct ledger *ledger, const struct ledger_note *note)
{
	struct ledger_note *before = find(ledger, note->app);

	if (before != NULL && is_empty(note)) {
		forget_note(ledger, before);
	} else if (before != NULL && !is_same(before, note)) {
		*before = *note;
		ledger->changed = true;
	} else if (before == NULL && !is_empty(note)) {
		add_note(ledger, note);
	}
}

void ledger_note_embedded(struct ledger *ledger, bool embedded)
{
	ledger->changed = ledger->changed || ledger->embedded != embedded;
	ledger->embedded = embedded;
}

static int read_note(const struct json *json, struct ledger_note *note)
{
	const char *app = json_find_text(json, "app");
	int64_t count = json_find_number(json, "count", 0);
	int64_t configured = json_find_number(json, "configured", 0);

	*note = (struct ledger_note){.stopped = json_find_bool(json, "stopped")};
	if (app == NULL || !text_copy(note->app, sizeof(note->app), app) || count < 0 ||
	    count > CORE_SLOTS || configured < 0 || configured > CORE_SLOTS)
		return -EBADMSG;
	note->count = (unsigned)count;
	note->configured = (unsigned)configured;
	return 0;
}

static int read_notes(struct ledger *ledger, const struct json *json, struct fault *fault)
{
	const struct json *apps = json_find(json, "apps");
	int64_t version = json_find_number(json, "version", -1);

	if (version != VERSION)
		return fault_set(fault, -EBADMSG, "its version is not %d", VERSION);
	if (!json_is_list(apps) || json_count(apps) > LEDGER_NOTES)
		return fault_set(fault, -EBADMSG, "it has no list of apps, or too many");
	for (size_t i = 0; i < json_count(apps); i++) {
		struct ledger_note note;

		if (read_note(json_at(apps, i), &note) < 0)
			return fault_set(fault, -EBADMSG, "app %zu makes no sense", i);
		ledger_note(ledger, &note);
	}
	ledger->embedded = json_find_bool(json, "embedded");
	return 0;
}

static int decode(struct ledger *ledger, const struct buffer *content,
		  struct fault *fault)
{
	struct json *json = json_parse(content->bytes, content->count, fault);
	int result = json != NULL ? read_notes(ledger, json, fault) : -EBADMSG;

	json_free(json);
	return result;
}

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
		result = decode(ledger, &content, fault);
	else if (result != -ENOENT)
		(void)fault_set(fault, result, "%s", strerror(-result));
	buffer_free(&content);
	if (result == -ENOENT)
		return 0;
	if (result < 0) {
		ledger->notes = 0;
		set_aside(directory, "", NOTES, fault);
	}
	ledger->changed = false;
	return result;
}

void ledger_close(struct ledger *ledger)
{
	free(ledger->note);
	*ledger = (struct ledger){0};
}

static void encode(const struct ledger *ledger, struct buffer *to)
{
	struct json_writer writer = {.to = to};

	json_open_object(&writer, NULL);
	json_put_number(&writer, "version", VERSION);
	json_put_bool(&writer, "embedded", ledger->embedded);
	json_open_array(&writer, "apps");
	for (unsigned i = 0; i < ledger->notes; i++) {
		const struct ledger_note *note = &ledger->note[i];

		json_open_object(&writer, NULL);
		json_put_text(&writer, "app", note->app);
		json_put_bool(&writer, "stopped", note->stopped);
		json_put_number(&writer, "count", note->count);
		json_put_number(&writer, "configured", note->configured);
		json_close_object(&writer);
	}
	json_close_array(&writer);
	json_close_object(&writer);
	buffer_append_text(to, "\n");
}

int ledger_write(struct ledger *ledger, struct fault *fault)
{
	CLOSE_FD int directory = -1;
	struct buffer content;
	int result;

	if (!ledger->changed)
		return 0;
	ledger->changed = false;
	directory = open_directory(ledger, "");
	buffer_init(&content, FILE_BYTES);
	encode(ledger, &content);
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
