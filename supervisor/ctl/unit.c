#include "supervisor/ctl/unit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/places.h"
#include "common/text.h"
#include "supervisor/ctl/background.h"

#define SYSTEM_FOLDER "/etc/systemd/system"
#define FILE_BYTES    65536
#define COMPANION     "-sweep.service"
#define MARK          "# Made by `clusterctl startup`; `unstartup` removes it.\n"

extern const char unit_system_begin[], unit_system_end[];
extern const char unit_user_begin[], unit_user_end[];
extern const char unit_sweep_begin[], unit_sweep_end[];

/* The assembler reads the files; make runs at the root of the tree. */
__asm__(".section .rodata\n"
	".global unit_system_begin, unit_system_end, unit_user_begin, unit_user_end\n"
	".global unit_sweep_begin, unit_sweep_end\n"
	"unit_system_begin:\n"
	".incbin \"conf/systemd/clusterd.service\"\n"
	"unit_system_end:\n"
	".byte 0\n"
	"unit_user_begin:\n"
	".incbin \"conf/systemd/user/clusterd.service\"\n"
	"unit_user_end:\n"
	".byte 0\n"
	"unit_sweep_begin:\n"
	".incbin \"conf/systemd/clusterd-sweep.service\"\n"
	"unit_sweep_end:\n"
	".byte 0\n"
	".previous\n");

/* ---- where it is ---- */

static int find_user_folder(struct unit *unit, struct fault *fault)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config != NULL && config[0] == '/')
		(void)snprintf(unit->folder, sizeof(unit->folder), "%s/systemd/user",
			       config);
	else if (home != NULL && home[0] == '/')
		(void)snprintf(unit->folder, sizeof(unit->folder),
			       "%s/.config/systemd/user", home);
	else
		return fault_set(fault, -ENOENT, "HOME is not set");
	return 0;
}

/* As systemd has it: letters, digits and a few marks, of which a path has none. */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && strchr(":-_.", name[i]) == NULL)
			return false;
	return length > 0 && isalnum((unsigned char)name[0]) &&
	       length + sizeof(COMPANION) <= UNIT_NAME;
}

static int find_home(struct unit *unit, struct fault *fault)
{
	const char *home = getenv("CLUSTERD_HOME");

	if (home == NULL || home[0] == '\0')
		return 0;
	if (realpath(home, unit->home) == NULL)
		return fault_set(fault, -errno, "CLUSTERD_HOME: %s: %s", home,
				 strerror(errno));
	return 0;
}

static int find_programs(struct unit *unit, struct fault *fault)
{
	char own[PLACES_PATH], path[2 * PLACES_PATH];

	if (background_find(path, sizeof(path)) < 0 ||
	    realpath(path, unit->clusterd) == NULL)
		return fault_set(fault, -ENOENT, "clusterd is not installed");
	if (places_own_directory(own, sizeof(own)) < 0)
		return fault_set(fault, -ENOENT, "cannot tell where clusterctl is");
	(void)snprintf(unit->clusterctl, sizeof(unit->clusterctl), "%s/clusterctl", own);
	return 0;
}

int unit_find(struct unit *ret_unit, const char *name, bool user, struct fault *fault)
{
	struct unit *unit = ret_unit;
	int result;

	*unit = (struct unit){.user = user};
	if (name == NULL)
		name = "clusterd";
	if (!is_name(name))
		return fault_set(fault, -EINVAL, "%s: is no name for a unit", name);
	(void)snprintf(unit->name, sizeof(unit->name), "%s.service", name);
	(void)text_copy(unit->main, sizeof(unit->main), unit->name);
	(void)text_copy(unit->folder, sizeof(unit->folder), SYSTEM_FOLDER);
	result = user ? find_user_folder(unit, fault) : 0;
	if (result == 0)
		result = find_home(unit, fault);
	if (result == 0)
		result = find_programs(unit, fault);
	(void)snprintf(unit->path, sizeof(unit->path), "%s/%s", unit->folder, unit->name);
	return result;
}

void unit_companion(const struct unit *unit, struct unit *ret_companion)
{
	struct unit *companion = ret_companion;

	*companion = *unit;
	companion->sweeps = true;
	(void)snprintf(companion->name, sizeof(companion->name), "%.*s" COMPANION,
		       (int)(strlen(companion->main) - strlen(".service")),
		       companion->main);
	(void)snprintf(companion->path, sizeof(companion->path), "%s/%s",
		       companion->folder, companion->name);
}

/* ---- what it says ---- */

/* A word as systemd reads it: its own marks escaped, in quotes where it needs them. */
static void print_word(struct buffer *text, const char *before, const char *word)
{
	bool quoted = strpbrk(word, " \t\"'\\") != NULL;

	buffer_append_text(text, quoted ? "\"" : "");
	buffer_append_text(text, before);
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			buffer_append_text(text, "\\");
		if (*word == '%')
			buffer_append_text(text, "%");
		buffer_append(text, word, 1);
	}
	buffer_append_text(text, quoted ? "\"" : "");
}

/* What the templates name, and what is meant here. */
static bool print_instead(const struct unit *unit, struct buffer *text, const char **at)
{
	struct unit companion;

	unit_companion(unit, &companion);
	const struct {
		const char *named, *meant;
	} words[] = {{"/usr/sbin/clusterd", unit->clusterd},
		     {"/usr/bin/clusterctl", unit->clusterctl},
		     {"clusterd-sweep.service", companion.name},
		     {"clusterd.service", unit->main}};

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		size_t length = strlen(words[i].named);

		if (strncmp(*at, words[i].named, length) != 0)
			continue;
		print_word(text, "", words[i].meant);
		*at += length;
		return true;
	}
	return false;
}

static void print_line(const struct unit *unit, struct buffer *text, const char *line)
{
	if (line[0] == '#') {
		buffer_append_text(text, line);
		return;
	}
	while (*line != '\0')
		if (!print_instead(unit, text, &line))
			buffer_append(text, line++, 1);
}

/* Under a home of its own it needs no places of systemd's, which another unit may have.
 */
static bool is_of_places(const char *line)
{
	return strncmp(line, "RuntimeDirectory", 16) == 0 ||
	       strncmp(line, "StateDirectory", 14) == 0 ||
	       strncmp(line, "LogsDirectory", 13) == 0;
}

void unit_print(const struct unit *unit, struct buffer *text)
{
	const char *at = unit->user ? unit_user_begin : unit_system_begin;
	const char *end = unit->user ? unit_user_end : unit_system_end;
	char line[512];

	if (unit->sweeps) {
		at = unit_sweep_begin;
		end = unit_sweep_end;
	}
	buffer_append_text(text, MARK);
	for (const char *next; at < end; at = next) {
		next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
		(void)snprintf(line, sizeof(line), "%.*s", (int)(next - at), at);
		if (unit->home[0] == '\0' || !is_of_places(line))
			print_line(unit, text, line);
		if (unit->home[0] == '\0' || unit->sweeps ||
		    strcmp(line, "[Service]\n") != 0)
			continue;
		buffer_append_text(text, "Environment=");
		print_word(text, "CLUSTERD_HOME=", unit->home);
		buffer_append_text(text, "\n");
	}
}

/* ---- whether it is there ---- */

enum unit_presence unit_look(const struct unit *unit, const struct buffer *text)
{
	char *found = malloc(FILE_BYTES);
	enum unit_presence presence = UNIT_FOREIGN;
	ssize_t length;

	if (found == NULL)
		return presence;
	length = fd_read_text(unit->path, found, FILE_BYTES);
	if (length == -ENOENT)
		presence = UNIT_ABSENT;
	else if (length == (ssize_t)text->count &&
		 memcmp(found, text->bytes, text->count) == 0)
		presence = UNIT_OURS;
	else if (length > 0 && strncmp(found, MARK, sizeof(MARK) - 1) == 0)
		presence = UNIT_STALE;
	free(found);
	return presence;
}

/* Does it run the program, and no other whose name begins alike? */
static bool runs(const char *file, const struct unit *unit)
{
	char begin[PATH_MAX + sizeof("\nExecStart=")];
	size_t length;
	const char *at;

	(void)snprintf(begin, sizeof(begin), "\n%s=%s",
		       unit->sweeps ? "ExecStop" : "ExecStart",
		       unit->sweeps ? unit->clusterctl : unit->clusterd);
	length = strlen(begin);
	at = strstr(file, begin);
	return at != NULL && (at[length] == '\n' || at[length] == ' ');
}

const char *unit_installed(const struct unit *unit, char path[PATH_MAX])
{
	static const char *const folder[] = {"/usr/local/lib/systemd", "/usr/lib/systemd",
					     "/lib/systemd"};
	char *found = malloc(FILE_BYTES);
	const char *where = NULL;

	for (size_t i = 0; found != NULL && i < ARRAY_COUNT(folder); i++) {
		(void)snprintf(path, PATH_MAX, "%s/%s/%s", folder[i],
			       unit->user ? "user" : "system", unit->name);
		if (fd_read_text(path, found, FILE_BYTES) < 0)
			continue;
		/* Of several the first counts, for systemd as well. */
		where = unit->home[0] == '\0' && runs(found, unit) ? path : NULL;
		break;
	}
	free(found);
	return where;
}

static int make_folder(const char *folder)
{
	char path[PATH_MAX];

	for (const char *at = strchr(folder + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		(void)snprintf(path, sizeof(path), "%.*s", (int)(at - folder), folder);
		if (mkdir(path, 0755) == -1 && errno != EEXIST)
			return -errno;
	}
	return mkdir(folder, 0755) == -1 && errno != EEXIST ? -errno : 0;
}

static int write_whole(const char *path, const struct buffer *text)
{
	CLOSE_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd == -1)
		return -errno;
	if (write(fd, text->bytes, text->count) != (ssize_t)text->count)
		return errno != 0 ? -errno : -EIO;
	return fsync(fd) == -1 ? -errno : 0;
}

int unit_write(const struct unit *unit, const struct buffer *text, struct fault *fault)
{
	char draft[sizeof(unit->path) + 8];
	int result;

	if (text->broken)
		return fault_set(fault, -ENOMEM, "out of memory");
	(void)snprintf(draft, sizeof(draft), "%s.new", unit->path);
	result = make_folder(unit->folder);
	if (result == 0)
		result = write_whole(draft, text);
	if (result == 0 && rename(draft, unit->path) == -1)
		result = -errno;
	if (result == 0)
		return 0;
	(void)unlink(draft);
	return fault_set(fault, result, "%s: %s", unit->path, strerror(-result));
}
