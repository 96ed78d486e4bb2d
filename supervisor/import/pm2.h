/*
 * pm2.h - PM2's keys: what they are called, and what becomes of those that we have not.
 *
 * A key has one name and aliases, each also in camel case.  What is translated has its
 * rule in translate.c; what has no counterpart has a note, which says why and what comes
 * nearest; what is moot is left out, since nothing is lost with it.
 */
#ifndef SUPERVISOR_IMPORT_PM2_H
#define SUPERVISOR_IMPORT_PM2_H

#include "common/base.h"

enum pm2_fate {
	PM2_KEPT,
	PM2_LOST,     /* noted, unless it is off */
	PM2_LOST_OFF, /* noted, if it is off */
	PM2_MOOT,
	PM2_FATES
};

struct pm2_key {
	const char *name;
	const char *aliases; /* spaces part them */
	enum pm2_fate fate;
	const char *note; /* NULL: translated, or moot */
};

#define PM2_PROFILE "env_" /* begins the names of profiles, which no row has */

/* The row of a key in any of its spellings; NULL: PM2 has no such key. */
const struct pm2_key *pm2_find(const char *key);

#endif
