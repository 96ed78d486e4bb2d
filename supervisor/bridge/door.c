#include "supervisor/bridge/door.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/places.h"
#include "common/text.h"

#define HEAD  4096 /* of a file: its #! line, or its program headers */
#define CHAIN 5    /* interpreters of interpreters: the kernel follows as many */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool door_is_node(const char *program)
{
	const char *name = base_name(program);

	return strcmp(name, "node") == 0 || strcmp(name, "nodejs") == 0;
}

static bool is_privileged(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == -1 || status.st_mode & (S_ISUID | S_ISGID))
		return true;
	return fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* ---- ELF ---- */

static bool is_of_our_kind(const ElfW(Ehdr) * file)
{
	CLOSE_FD int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ElfW(Ehdr) ours;

	return fd != -1 && read(fd, &ours, sizeof(ours)) == sizeof(ours) &&
	       memcmp(file->e_ident, ELFMAG, SELFMAG) == 0 &&
	       file->e_ident[EI_CLASS] == ours.e_ident[EI_CLASS] &&
	       file->e_machine == ours.e_machine;
}

/* The loader's name tells the C library; ours is for glibc. */
static enum nature of_loader(int fd, const ElfW(Phdr) * segment)
{
	char loader[PATH_MAX] = "";
	size_t bytes = segment->p_filesz;

	if (bytes >= sizeof(loader) ||
	    pread(fd, loader, bytes, (off_t)segment->p_offset) != (ssize_t)bytes)
		return NATURE_STRANGE;
	return strncmp(base_name(loader), "ld-linux", 8) == 0 ? NATURE_DYNAMIC
							      : NATURE_STRANGE;
}

static size_t padded(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

/* Does a note of Go's linker stand among these? */
static bool has_go_note(int fd, const ElfW(Phdr) * segment)
{
	static const char go[4] = "Go";
	char text[HEAD];
	size_t bytes =
		segment->p_filesz < sizeof(text) ? segment->p_filesz : sizeof(text);
	ElfW(Nhdr) note;

	if (pread(fd, text, bytes, (off_t)segment->p_offset) != (ssize_t)bytes)
		return false;
	for (size_t at = 0; at + sizeof(note) + sizeof(go) <= bytes;) {
		memcpy(&note, text + at, sizeof(note));
		at += sizeof(note);
		if (note.n_namesz == sizeof(go) && memcmp(text + at, go, sizeof(go)) == 0)
			return true;
		if (note.n_namesz > bytes || note.n_descsz > bytes)
			return false;
		at += padded(note.n_namesz) + padded(note.n_descsz);
	}
	return false;
}

static enum nature of_elf(int fd, const char *head, size_t bytes)
{
	enum nature nature = NATURE_STATIC;
	bool is_go = false;
	ElfW(Ehdr) file;
	ElfW(Phdr) segment;

	if (bytes < sizeof(file))
		return NATURE_STRANGE;
	memcpy(&file, head, sizeof(file));
	if (!is_of_our_kind(&file))
		return NATURE_STRANGE;
	for (unsigned i = 0; i < file.e_phnum; i++) {
		off_t at = (off_t)(file.e_phoff + i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return NATURE_STRANGE;
		if (segment.p_type == PT_INTERP)
			nature = of_loader(fd, &segment);
		else if (segment.p_type == PT_NOTE)
			is_go = is_go || has_go_note(fd, &segment);
	}
	return nature == NATURE_DYNAMIC && is_go ? NATURE_GO : nature;
}

/* ---- #! ---- */

/* What env would execute: the first word that is no option and no variable. */
static bool find_behind_env(char *words, const char *search_path, const char *directory,
			    char path[PATH_MAX])
{
	struct fault fault = {0};
	char *rest = words;
	char *word;

	while ((word = strsep(&rest, " \t")) != NULL)
		if (*word != '\0' && *word != '-' && strchr(word, '=') == NULL)
			return places_find_program(path, PATH_MAX, word, search_path,
						   directory, &fault) == 0;
	return false;
}

/* The interpreter that `line`, what follows #!, names. */
static bool find_interpreter(char *line, const char *search_path, const char *directory,
			     char path[PATH_MAX])
{
	size_t length;

	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	length = strcspn(line, " \t");
	if (length == 0 || length >= PATH_MAX)
		return false;
	memcpy(path, line, length);
	path[length] = '\0';
	if (strcmp(base_name(path), "env") != 0)
		return true;
	return find_behind_env(line + length, search_path, directory, path);
}

enum nature door_look(const char *program, const char *search_path, const char *directory)
{
	char path[PATH_MAX];
	enum nature nature;

	if (!text_copy(path, sizeof(path), program))
		return NATURE_STRANGE;
	for (unsigned i = 0; i < CHAIN; i++) {
		CLOSE_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		char head[HEAD + 1];
		ssize_t bytes = fd != -1 ? read(fd, head, HEAD) : -1;

		if (bytes < 2)
			return NATURE_STRANGE;
		head[bytes] = '\0';
		if (memcmp(head, "#!", 2) != 0) {
			if (is_privileged(fd))
				return NATURE_PRIVILEGED;
			nature = of_elf(fd, head, (size_t)bytes);
			if (!door_is_node(path))
				return nature;
			return nature == NATURE_DYNAMIC ? NATURE_NODE : NATURE_NODE_APART;
		}
		if (!find_interpreter(head + 2, search_path, directory, path))
			return NATURE_STRANGE;
	}
	return NATURE_STRANGE;
}

const char *door_refusal(enum nature nature)
{
	switch (nature) {
	case NATURE_DYNAMIC:
	case NATURE_NODE:
		return NULL;
	case NATURE_STATIC:
		return "it is statically linked, and loads no libraries";
	case NATURE_GO:
		return "it is a Go program, which calls the kernel past its libraries";
	case NATURE_PRIVILEGED:
		return "it is setuid or has capabilities of its own, and ignores "
		       "preloads";
	case NATURE_NODE_APART:
	case NATURE_STRANGE:
		return "it is of another architecture or C library, or cannot be read";
	}
	return NULL;
}
