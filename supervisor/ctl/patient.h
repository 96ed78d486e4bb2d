/*
 * patient.h - what the doctor looks at: this machine, and the supervisor if one runs.
 *
 * Everything of /proc and /sys is read through here, below a root that tests choose, so
 * that whatever is to be found can be laid out for them.
 */
#ifndef SUPERVISOR_CTL_PATIENT_H
#define SUPERVISOR_CTL_PATIENT_H

#include <sys/types.h>

#include "common/json.h"
#include "common/places.h"

#define PATIENT_TEXT 4096
#define PATIENT_APPS 1024

struct patient {
	const char *root; /* before every path of /proc and /sys; empty but in tests */
	pid_t supervisor; /* 0: none runs, and we look at ourselves in its place */
	pid_t keeper;     /* of its own; 0: there is none */
	uid_t uid;        /* whom it runs as, or would */
	struct places places;
	unsigned apps;
	const struct json *app[PATIENT_APPS]; /* as `show --json` tells them */
};

/* The text of a file, cut to PATIENT_TEXT; a negative errno. */
int patient_read(const struct patient *patient, const char *path,
		 char text[PATIENT_TEXT]);
/* The first number of a file; false: there is none. */
bool patient_number(const struct patient *patient, const char *path, int64_t *ret_number);

/* Of the process: a file of its /proc directory, a limit by its name there (INT64_MAX:
 * none), a capability in force, how many files it has open (-1: not ours to see). */
int patient_read_own(const struct patient *patient, const char *name,
		     char text[PATIENT_TEXT]);
bool patient_limit(const struct patient *patient, const char *name, int64_t *ret_soft,
		   int64_t *ret_hard);
bool patient_can(const struct patient *patient, unsigned capability);
int patient_open_files(const struct patient *patient);

/* A limit of the process's cgroup (version 2), the smallest on the way up; false: none.
 */
bool patient_cgroup(const struct patient *patient, const char *file, int64_t *ret_number);

/* Processes of all apps, and the largest of a number that `show` tells of an app. */
unsigned patient_workers(const struct patient *patient);
int64_t patient_most(const struct patient *patient, const char *key, int64_t otherwise);

#endif
