/*
 * custody.c - checks of whoever keeps what must outlive a supervisor, and of the control
 * groups that it divides.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cgroup.h"
#include "common/text.h"
#include "supervisor/ctl/finding.h"
#include "supervisor/ctl/systemctl.h"

#define FILES_A_WORKER 8  /* sockets, the process, its doors */
#define FILES_BASE     16 /* the state, the lock, the control socket */

/* The path below the mount, as "/system.slice/clusterd.service/supervisor". */
static bool find_group(const struct patient *patient, char *path, size_t size)
{
	char text[PATIENT_TEXT];
	const char *at;

	if (patient_read_own(patient, "cgroup", text) < 0)
		return false;
	at = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (at == NULL)
		return false;
	at += strcspn(at, "/");
	(void)snprintf(path, size, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

/* "clusterd.service"; false: it is no unit's. */
static bool find_unit(const struct patient *patient, char *unit, size_t size)
{
	char path[CGROUP_PATH], *word, *rest = NULL;

	unit[0] = '\0';
	if (!find_group(patient, path, sizeof(path)))
		return false;
	for (word = strtok_r(path, "/", &rest); word != NULL;
	     word = strtok_r(NULL, "/", &rest)) {
		const char *dot = strrchr(word, '.');

		if (dot != NULL && strcmp(dot, ".service") == 0)
			(void)text_copy(unit, size, word);
	}
	return unit[0] != '\0';
}

/* It was killed, or `--keeper=none` was asked for. */
static void blame_lack(struct finding *finding)
{
	finding_set(finding, "there is none");
	finding_blame(finding, FINDING_WARNING,
		      "when the supervisor dies nobody starts the next one, and workers "
		      "that serve on keep their ports from it",
		      "clusterctl shutdown and start, when it suits");
}

static void check_keeper(const struct patient *patient, struct finding *finding)
{
	char unit[128], text[64], path[CGROUP_PATH];
	int64_t most, needed = FILES_BASE + FILES_A_WORKER * patient_workers(patient);
	bool user;

	if (patient->supervisor == 0 || patient->root[0] != '\0' ||
	    !find_unit(patient, unit, sizeof(unit))) {
		finding_set(finding, "no unit of systemd: it has a keeper of its own");
		if (patient->supervisor != 0 && patient->keeper == 0)
			blame_lack(finding);
		return;
	}
	user = find_group(patient, path, sizeof(path)) && strstr(path, "/user@") != NULL;
	systemctl_ask(user, unit, "FileDescriptorStoreMax", text, sizeof(text));
	most = strtoll(text, NULL, 10);
	finding_set(finding,
		    "%s: systemd keeps %" PRId64 " descriptors, about %" PRId64
		    " are needed",
		    unit, most, needed);
	if (most < needed)
		finding_blame(finding, most == 0 ? FINDING_PROBLEM : FINDING_WARNING,
			      "what is not kept is lost when the supervisor dies, and "
			      "workers with it",
			      "FileDescriptorStoreMax=4096 in the unit");
}

/* What the group below which the workers' are has to give; false: there is none. */
static bool find_controllers(const struct patient *patient, char *text, size_t size)
{
	char mount[CGROUP_PATH], path[CGROUP_PATH], whole[2 * CGROUP_PATH];
	char *leaf;

	if (patient->root[0] != '\0' || !find_group(patient, path, sizeof(path)) ||
	    cgroup_find_mount(mount, sizeof(mount)) < 0)
		return false;
	leaf = strrchr(path, '/');
	if (leaf == NULL || strcmp(leaf, "/supervisor") != 0)
		return false;
	*leaf = '\0';
	(void)snprintf(whole, sizeof(whole), "%s%s", mount, path);
	if (cgroup_read(whole, "cgroup.controllers", text, size) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* Does an app ask for what needs this controller? */
static bool is_asked_for(const struct patient *patient, const char *controller)
{
	static const char *const key[] = {"memory_max", "memory_high", "cpu_max",
					  "cpu_weight", "pids_max"};

	for (unsigned i = 0; i < patient->apps; i++) {
		const struct json *bounds = json_find(patient->app[i], "cgroup");

		for (size_t j = 0; j < ARRAY_COUNT(key); j++)
			if (strncmp(key[j], controller, strlen(controller)) == 0 &&
			    json_find_number(bounds, key[j], -1) > 0)
				return true;
	}
	return false;
}

static void check_groups(const struct patient *patient, struct finding *finding)
{
	static const char *const controller[] = {"memory", "cpu", "pids"};
	char text[256] = "";
	bool divides = find_controllers(patient, text, sizeof(text));

	if (divides)
		finding_set(finding, "one for each worker; controllers: %s",
			    text[0] != '\0' ? text : "none");
	else
		finding_set(finding, "none of its own to divide");
	for (size_t i = 0; i < ARRAY_COUNT(controller); i++)
		if (!text_has_word(text, controller[i]) &&
		    is_asked_for(patient, controller[i]))
			finding_blame(finding, FINDING_WARNING,
				      "bounds that apps ask for in cgroup are not in "
				      "force",
				      "Delegate=cpu memory pids in the unit, on a "
				      "machine with cgroup2 alone");
}

const struct check checks_of_custody[] = {
	{"keeper", check_keeper},
	{"control groups", check_groups},
	{0},
};
