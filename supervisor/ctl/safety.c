/*
 * safety.c - checks of directories, the control socket and configurations: who may write.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/ctl/finding.h"

#define OTHERS (S_IWGRP | S_IWOTH)

/* Only who owns them can say what is wrong with places. */
static bool are_ours(const struct patient *patient, struct finding *finding)
{
	if (patient->uid == geteuid())
		return true;
	finding_set(finding, "those of user %u", (unsigned)patient->uid);
	finding_blame(finding, FINDING_NOTE, "not looked at: they are not ours",
		      "run clusterctl doctor as that user");
	return false;
}

static void check_directory(const struct patient *patient, const char *path,
			    struct finding *finding)
{
	struct stat status;

	if (!are_ours(patient, finding))
		return;
	if (stat(path, &status) == -1) {
		finding_set(finding, "%s: %s", path, strerror(errno));
		if (errno == ENOENT && patient->supervisor == 0)
			return; /* it is made at the start */
		finding_blame(finding, FINDING_PROBLEM,
			      "the supervisor has lost its place",
			      "clusterctl shutdown, "
			      "then start");
		return;
	}
	finding_set(finding, "%s, mode %04o", path, (unsigned)status.st_mode & 07777);
	if (status.st_uid != patient->uid)
		finding_blame(finding, FINDING_PROBLEM, "it belongs to another user",
			      "chown");
	else if ((status.st_mode & OTHERS) != 0)
		finding_blame(finding, FINDING_PROBLEM,
			      "others may remove and replace what is in there",
			      "chmod go-w");
	else if (access(path, W_OK) == -1)
		finding_blame(finding, FINDING_PROBLEM, "nothing can be written there",
			      "chmod u+w, or mount it for writing");
}

static void check_run(const struct patient *patient, struct finding *finding)
{
	check_directory(patient, patient->places.run, finding);
}

static void check_state(const struct patient *patient, struct finding *finding)
{
	check_directory(patient, patient->places.state, finding);
}

static void check_logs(const struct patient *patient, struct finding *finding)
{
	check_directory(patient, patient->places.log, finding);
}

static void check_control(const struct patient *patient, struct finding *finding)
{
	const char *path = patient->places.control;
	const struct group *group;
	struct stat status;

	if (!are_ours(patient, finding))
		return;
	if (stat(path, &status) == -1) {
		finding_set(finding, "%s: %s", path, strerror(errno));
		return;
	}
	finding_set(finding, "%s, mode %04o", path, (unsigned)status.st_mode & 07777);
	if ((status.st_mode & S_IWOTH) != 0) {
		finding_blame(finding, FINDING_PROBLEM, "everybody may try to command",
			      "chmod o-w");
		return;
	}
	if ((status.st_mode & S_IWGRP) == 0)
		return;
	group = getgrgid(status.st_gid);
	finding_set(finding, "%s, mode %04o, group %s", path,
		    (unsigned)status.st_mode & 07777,
		    group != NULL ? group->gr_name : "?");
	finding_blame(finding, FINDING_NOTE,
		      patient->uid == 0 ? "who is in that group can do as root what the "
					  "supervisor can, such as starting programs"
					: "who is in that group acts as this user",
		      "supervisor: { control = ...; } in the configuration");
}

/* Anybody else but its owner, and that is us or root? */
static bool is_writable(const struct patient *patient, const char *path,
			struct finding *finding)
{
	struct stat status;

	if (stat(path, &status) == -1)
		return false;
	if ((status.st_mode & OTHERS) == 0 &&
	    (status.st_uid == patient->uid || status.st_uid == 0))
		return false;
	finding_set(finding, "%s, mode %04o, of user %u", path,
		    (unsigned)status.st_mode & 07777, (unsigned)status.st_uid);
	finding_blame(finding, patient->uid == 0 ? FINDING_PROBLEM : FINDING_WARNING,
		      patient->uid == 0
			      ? "whoever writes it runs programs as root: it is refused"
			      : "whoever writes it runs programs as this user",
		      "chmod go-w, chown");
	return true;
}

static void check_config(const struct patient *patient, struct finding *finding)
{
	if (is_writable(patient, patient->places.config_directory, finding) ||
	    is_writable(patient, patient->places.config, finding))
		return;
	for (unsigned i = 0; i < patient->apps; i++) {
		const char *path = json_find_text(patient->app[i], "config");

		if (path != NULL && is_writable(patient, path, finding))
			return;
	}
	finding_set(finding, "%s%s", patient->places.config,
		    access(patient->places.config, F_OK) == 0 ? "" : ", not there");
}

const struct check checks_of_safety[] = {
	{"run directory", check_run},    {"state directory", check_state},
	{"log directory", check_logs},   {"control socket", check_control},
	{"configuration", check_config}, {0},
};
