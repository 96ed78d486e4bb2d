#include "worker/logger/archive.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

struct archive {
	char folder[LOGGING_PATH];
	const char *base;
	struct dirent **entry; /* in the order of their stamps */
	int count;
};

/* scandir's filter has no room for the name that is looked for. */
static const char *wanted;

static int is_of_log(const struct dirent *entry)
{
	enum logging_packing packing;

	return logging_find_stamp(wanted, entry->d_name, &packing) != NULL;
}

static int compare_names(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static void look(struct archive *archive, const char *path)
{
	const char *slash = strrchr(path, '/');

	archive->base = slash ? slash + 1 : path;
	(void)snprintf(archive->folder, sizeof(archive->folder), "%.*s",
		       slash ? (int)(slash - path) + 1 : 2, slash ? path : "./");
	archive->entry = NULL;
	wanted = archive->base;
	archive->count =
		scandir(archive->folder, &archive->entry, is_of_log, compare_names);
	if (archive->count < 0)
		archive->count = 0;
}

static void leave(struct archive *archive)
{
	for (int i = 0; i < archive->count; i++)
		free(archive->entry[i]);
	free(archive->entry);
}

void archive_find_last(const char *path, char stamp[ROTATION_STAMP + 1])
{
	struct archive archive;
	enum logging_packing packing;

	stamp[0] = '\0';
	look(&archive, path);
	if (archive.count > 0)
		(void)text_copy(
			stamp, ROTATION_STAMP + 1,
			logging_find_stamp(archive.base,
					   archive.entry[archive.count - 1]->d_name,
					   &packing));
	leave(&archive);
}

void archive_thin(const char *path, unsigned keep)
{
	struct archive archive;
	char name[ROTATION_NAME + LOGGING_PATH];

	look(&archive, path);
	for (int i = 0; i < archive.count - (int)keep; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", archive.folder,
			       archive.entry[i]->d_name);
		(void)unlink(name);
	}
	leave(&archive);
}

bool archive_find_plain(const char *path, char found[ROTATION_NAME])
{
	struct archive archive;
	bool is_there = false;

	look(&archive, path);
	for (int i = 0; i < archive.count && !is_there; i++) {
		enum logging_packing packing;

		if (logging_find_stamp(archive.base, archive.entry[i]->d_name,
				       &packing) == NULL ||
		    packing != LOGGING_PLAIN)
			continue;
		(void)snprintf(found, ROTATION_NAME, "%s%.*s", archive.folder,
			       (int)(ROTATION_NAME - LOGGING_PATH + strlen(archive.base)),
			       archive.entry[i]->d_name);
		is_there = true;
	}
	leave(&archive);
	return is_there;
}
