#include "supervisor/ctl/patient.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"

static int read_below(const struct patient *patient, const char *directory,
		      const char *name, char text[PATIENT_TEXT])
{
	char path[2 * PATIENT_TEXT];
	ssize_t length;

	(void)snprintf(path, sizeof(path), "%s%s%s", patient->root, directory, name);
	length = fd_read_text(path, text, PATIENT_TEXT);
	return length < 0 ? (int)length : 0;
}

int patient_read(const struct patient *patient, const char *path, char text[PATIENT_TEXT])
{
	return read_below(patient, "", path, text);
}

bool patient_number(const struct patient *patient, const char *path, int64_t *ret_number)
{
	char text[PATIENT_TEXT];
	char *end;
	long long number;

	if (patient_read(patient, path, text) < 0)
		return false;
	number = strtoll(text, &end, 10);
	if (end == text)
		return false;
	*ret_number = number;
	return true;
}

static void name_directory(const struct patient *patient, char directory[64])
{
	if (patient->supervisor > 0)
		(void)snprintf(directory, 64, "/proc/%d/", (int)patient->supervisor);
	else
		(void)snprintf(directory, 64, "/proc/self/");
}

int patient_read_own(const struct patient *patient, const char *name,
		     char text[PATIENT_TEXT])
{
	char directory[64];

	name_directory(patient, directory);
	return read_below(patient, directory, name, text);
}

/* "unlimited", or a number; what stands behind it is left. */
static int64_t take_limit(char **text)
{
	*text += strspn(*text, " ");
	if (strncmp(*text, "unlimited", strlen("unlimited")) == 0) {
		*text += strlen("unlimited");
		return INT64_MAX;
	}
	return strtoll(*text, text, 10);
}

bool patient_limit(const struct patient *patient, const char *name, int64_t *ret_soft,
		   int64_t *ret_hard)
{
	char text[PATIENT_TEXT];
	char *line;

	if (patient_read_own(patient, "limits", text) < 0)
		return false;
	line = strstr(text, name);
	if (line == NULL)
		return false;
	line += strlen(name);
	*ret_soft = take_limit(&line);
	*ret_hard = take_limit(&line);
	return true;
}

bool patient_can(const struct patient *patient, unsigned capability)
{
	char text[PATIENT_TEXT];
	const char *line;

	if (patient_read_own(patient, "status", text) < 0)
		return false;
	line = strstr(text, "CapEff:");
	return line != NULL &&
	       (strtoull(line + strlen("CapEff:"), NULL, 16) >> capability & 1) != 0;
}

int patient_open_files(const struct patient *patient)
{
	char directory[64], path[PATH_MAX];
	int count = 0;
	DIR *open;

	name_directory(patient, directory);
	(void)snprintf(path, sizeof(path), "%s%sfd", patient->root, directory);
	open = opendir(path);
	if (open == NULL)
		return -1;
	for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
		count += entry->d_name[0] != '.';
	(void)closedir(open);
	return count;
}

/* "0::/system.slice/clusterd.service" */
static bool find_group(const struct patient *patient, char group[PATIENT_TEXT])
{
	char text[PATIENT_TEXT];
	const char *line;

	if (patient_read_own(patient, "cgroup", text) < 0)
		return false;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (line == NULL)
		return false;
	line += strcspn(line, "/");
	(void)snprintf(group, PATIENT_TEXT, "%.*s", (int)strcspn(line, "\n"), line);
	return true;
}

bool patient_cgroup(const struct patient *patient, const char *file, int64_t *ret_number)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char group[PATIENT_TEXT], path[PATIENT_TEXT + 128];
	int64_t number, least = INT64_MAX;

	if (!find_group(patient, group))
		return false;
	for (char *end = group + strlen(group); end != NULL; end = strrchr(group, '/')) {
		*end = '\0';
		for (size_t i = 0; i < ARRAY_COUNT(mounts); i++) {
			(void)snprintf(path, sizeof(path), "%s%s/%s", mounts[i], group,
				       file);
			if (patient_number(patient, path, &number) && number < least)
				least = number;
		}
	}
	*ret_number = least;
	return least != INT64_MAX;
}

unsigned patient_workers(const struct patient *patient)
{
	unsigned workers = 0;

	for (unsigned i = 0; i < patient->apps; i++)
		workers += (unsigned)json_find_number(
			json_find(patient->app[i], "instances"), "running", 0);
	return workers;
}

int64_t patient_most(const struct patient *patient, const char *key, int64_t otherwise)
{
	int64_t most = -1;

	for (unsigned i = 0; i < patient->apps; i++) {
		int64_t number = json_find_number(patient->app[i], key, -1);

		most = number > most ? number : most;
	}
	return most >= 0 ? most : otherwise;
}
