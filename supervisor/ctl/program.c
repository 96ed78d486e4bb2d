#include "supervisor/ctl/program.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/interpreter.h"
#include "common/places.h"
#include "common/text.h"

int program_absolute(char *absolute, size_t size, const char *path)
{
	char *here = get_current_dir_name(); /* with its links, where PWD is true */
	int length;

	if (here == NULL)
		return -errno;
	while (strncmp(path, "./", 2) == 0)
		path += 1 + strspn(path + 1, "/");
	if (path[0] == '/')
		length = snprintf(absolute, size, "%s", path);
	else if (path[0] == '\0' || strcmp(path, ".") == 0)
		length = snprintf(absolute, size, "%s", here);
	else
		length = snprintf(absolute, size, "%s/%s", strcmp(here, "/") ? here : "",
				  path);
	free(here);
	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

/* "server.js" -> "server"; what follows a dot and begins with a digit is a version. */
static void take_name(struct program *program)
{
	const char *slash = strrchr(program->path, '/');
	char *dot;

	(void)text_copy(program->name, sizeof(program->name), slash + 1);
	dot = strrchr(program->name, '.');
	if (dot != NULL && dot != program->name && !isdigit((unsigned char)dot[1]))
		*dot = '\0';
}

/* Does the kernel know what to do with it? */
static bool runs_by_itself(const char *path)
{
	CLOSE_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char first[4] = "";

	if (access(path, X_OK) == -1)
		return false;
	if (fd == -1) /* it can be executed, and not be read */
		return true;
	return read(fd, first, sizeof(first)) >= 2 &&
	       (memcmp(first, "#!", 2) == 0 || memcmp(first, "\177ELF", 4) == 0);
}

static int find_interpreter(struct program *program, struct fault *fault)
{
	const char *interpreter = interpreter_for(program->path);
	const char *path = getenv("PATH");
	char found[PATH_MAX];

	if (interpreter == NULL && access(program->path, X_OK) == 0)
		return 0;
	if (interpreter == NULL)
		return fault_set(fault, -EACCES,
				 "%s: not executable, and its name tells no interpreter: "
				 "chmod +x it",
				 program->path);
	if (places_find_program(found, sizeof(found), interpreter,
				path != NULL ? path : "", NULL, NULL) < 0)
		return fault_set(fault, -ENOENT, "%s needs %s, which is not in PATH",
				 program->path, interpreter);
	return program_absolute(program->interpreter, sizeof(program->interpreter),
				found);
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* A file here wins over one in PATH, as its name may well be that of both. */
static int find_path(struct program *program, const char *word, struct fault *fault)
{
	char found[PATH_MAX];
	const char *path = getenv("PATH");
	int error = program_absolute(program->path, sizeof(program->path), word);
	struct stat status;

	if (error < 0)
		return fault_set(fault, error, "%s: %s", word, strerror(-error));
	if (is_file(program->path))
		return 0;
	if (strchr(word, '/') != NULL) {
		error = stat(program->path, &status) == -1 ? -errno : -EACCES;
		return fault_set(fault, error, "%s: %s", word,
				 error == -EACCES ? "not a program" : strerror(-error));
	}
	if (places_find_program(found, sizeof(found), word, path != NULL ? path : "",
				NULL, NULL) < 0)
		return -ENOENT;
	return program_absolute(program->path, sizeof(program->path), found);
}

int program_find(struct program *ret_program, const char *word, struct fault *fault)
{
	struct program *program = ret_program;
	int error;

	*program = (struct program){0};
	error = find_path(program, word, fault);
	if (error < 0)
		return error;
	take_name(program);
	return runs_by_itself(program->path) ? 0 : find_interpreter(program, fault);
}

int program_find_site(struct program *ret_program, const char *folder,
		      struct fault *fault)
{
	struct program *program = ret_program;
	struct stat status;
	int error;

	*program = (struct program){0};
	error = program_absolute(program->path, sizeof(program->path), folder);
	if (error == 0 && stat(program->path, &status) == -1)
		error = -errno;
	if (error == 0 && !S_ISDIR(status.st_mode))
		error = -ENOTDIR;
	if (error < 0)
		return fault_set(fault, error, "%s: %s", folder, strerror(-error));
	for (size_t last = strlen(program->path) - 1;
	     last > 0 && program->path[last] == '/'; last--)
		program->path[last] = '\0';
	folder = strrchr(program->path, '/') + 1;
	(void)text_copy(program->name, sizeof(program->name),
			folder[0] != '\0' ? folder : "site");
	return 0;
}
