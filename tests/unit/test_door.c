#include "supervisor/bridge/door.h"

#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define SEARCH_PATH "/usr/local/bin:/usr/bin:/bin"

static char folder[64];

static void make_folder(void)
{
	strcpy(folder, "/tmp/test_door.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const char *file(const char *name, const void *bytes, size_t size, mode_t mode)
{
	static char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	ck_assert_int_eq(fchmod(fd, mode), 0); /* whatever the umask */
	close(fd);
	return path;
}

static enum nature look(const char *program)
{
	return door_look(program, SEARCH_PATH, folder);
}

static enum nature look_at_script(const char *line)
{
	return look(file("script", line, strlen(line), 0755));
}

START_TEST(programs_of_this_machine_load_libraries)
{
	ck_assert_int_eq(look("/bin/sh"), NATURE_DYNAMIC);
	ck_assert_int_eq(look("/proc/self/exe"), NATURE_DYNAMIC);
	ck_assert_ptr_null(door_refusal(NATURE_DYNAMIC));
}
END_TEST

static const struct {
	const char *line;
	enum nature nature;
} script[] = {
	{"#!/bin/sh\n", NATURE_DYNAMIC},
	{"#! /bin/sh -eu\n", NATURE_DYNAMIC},
	{"#!/usr/bin/env sh\n", NATURE_DYNAMIC},
	{"#!/usr/bin/env -S FOO=1 sh -x\n", NATURE_DYNAMIC},
	{"#!/bin/sh", NATURE_DYNAMIC}, /* and no line end */
	{"#!/usr/bin/env no-such-program\n", NATURE_STRANGE},
	{"#!/usr/bin/env\n", NATURE_STRANGE},
	{"#!/no/such/interpreter\n", NATURE_STRANGE},
	{"#!\n", NATURE_STRANGE},
	{"echo no line\n", NATURE_STRANGE},
	{"\177ELF", NATURE_STRANGE}, /* and nothing after it */
	{"", NATURE_STRANGE},
};

START_TEST(scripts_are_what_their_interpreter_is)
{
	ck_assert_int_eq(look_at_script(script[_i].line), script[_i].nature);
}
END_TEST

START_TEST(a_script_that_interprets_itself_has_an_end)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "#!%s/script\n", folder);
	ck_assert_int_eq(look_at_script(line), NATURE_STRANGE);
}
END_TEST

START_TEST(node_is_known_behind_a_link_to_it)
{
	char line[160], node[128];

	(void)snprintf(node, sizeof(node), "%s/node", folder);
	ck_assert_int_eq(symlink("/bin/sh", node), 0);
	ck_assert_int_eq(look(node), NATURE_NODE);
	(void)snprintf(line, sizeof(line), "#!%s --flag\n", node);
	ck_assert_int_eq(look_at_script(line), NATURE_NODE);
	ck_assert_ptr_null(door_refusal(NATURE_NODE));
}
END_TEST

START_TEST(node_that_loads_no_libraries_is_node_all_the_same)
{
	ck_assert_int_eq(look(file("node", "\177ELF", 4, 0755)), NATURE_NODE_APART);
	ck_assert_ptr_nonnull(door_refusal(NATURE_NODE_APART));
}
END_TEST

START_TEST(setuid_programs_ignore_preloads)
{
	ck_assert_int_eq(look(file("set", "\177ELF", 4, 04755)), NATURE_PRIVILEGED);
	ck_assert_ptr_nonnull(door_refusal(NATURE_PRIVILEGED));
}
END_TEST

START_TEST(an_elf_file_without_a_loader_is_static)
{
	char bytes[4096];
	int fd = open("/bin/sh", O_RDONLY);
	ssize_t size = read(fd, bytes, sizeof(bytes));
	size_t interpreter = 0;

	close(fd);
	ck_assert_int_eq(size, sizeof(bytes));
	/* PT_INTERP is 3, at the begin of some program header: made PT_NULL. */
	for (size_t i = 64; i < 64 + 13 * 56; i += 56)
		if (bytes[i] == 3)
			interpreter = i;
	ck_assert_uint_ne(interpreter, 0);
	bytes[interpreter] = 0;
	ck_assert_int_eq(look(file("static", bytes, sizeof(bytes), 0755)), NATURE_STATIC);
	bytes[18] ^= 1; /* another machine */
	ck_assert_int_eq(look(file("static", bytes, sizeof(bytes), 0755)),
			 NATURE_STRANGE);
}
END_TEST

/* The loader's segment, and behind it one of notes, of which the last is `owner`'s. */
static const char *program_with_note(const char *owner)
{
	struct {
		ElfW(Ehdr) file;
		ElfW(Phdr) segment[2];
		char loader[32];
		struct {
			ElfW(Nhdr) head;
			char owner[4], text[8];
		} note[2];
	} image = {.loader = "/lib64/ld-linux-x86-64.so.2"};
	int fd = open("/proc/self/exe", O_RDONLY);

	ck_assert_int_eq(read(fd, &image.file, sizeof(image.file)), sizeof(image.file));
	close(fd);
	image.file.e_phoff = sizeof(image.file);
	image.file.e_phnum = 2;
	image.segment[0] =
		(ElfW(Phdr)){.p_type = PT_NOTE, .p_filesz = sizeof(image.note)};
	image.segment[0].p_offset = (size_t)((char *)image.note - (char *)&image);
	image.segment[1] = (ElfW(Phdr)){.p_type = PT_INTERP, .p_filesz = 28};
	image.segment[1].p_offset = (size_t)(image.loader - (char *)&image);
	for (int i = 0; i < 2; i++) {
		image.note[i].head = (ElfW(Nhdr)){4, 7, 1}; /* 7: padded to 8 */
		strcpy(image.note[i].owner, i == 0 ? "GNU" : owner);
	}
	return file("program", &image, sizeof(image), 0755);
}

START_TEST(go_programs_are_known_by_their_note)
{
	ck_assert_int_eq(look(program_with_note("Go")), NATURE_GO);
	ck_assert_int_eq(look(program_with_note("FDO")), NATURE_DYNAMIC);
	ck_assert_ptr_nonnull(door_refusal(NATURE_GO));
}
END_TEST

static Suite *suite_of_door(void)
{
	Suite *suite = suite_create("door");
	TCase *tcase = tcase_create("door");

	unit_watch_fds(tcase);
	tcase_add_checked_fixture(tcase, make_folder, remove_folder);
	tcase_add_test(tcase, programs_of_this_machine_load_libraries);
	tcase_add_loop_test(tcase, scripts_are_what_their_interpreter_is, 0,
			    ARRAY_COUNT(script));
	tcase_add_test(tcase, a_script_that_interprets_itself_has_an_end);
	tcase_add_test(tcase, node_is_known_behind_a_link_to_it);
	tcase_add_test(tcase, node_that_loads_no_libraries_is_node_all_the_same);
	tcase_add_test(tcase, setuid_programs_ignore_preloads);
	tcase_add_test(tcase, an_elf_file_without_a_loader_is_static);
	tcase_add_test(tcase, go_programs_are_known_by_their_note);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_door)
