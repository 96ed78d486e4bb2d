/*
 * identity.h - users and groups, by name or number, as this machine knows them.
 *
 * Asks the system's databases, which may be anywhere: only when a configuration is read
 * and when a generation is made from it, never between fork and exec.  A number need not
 * have an entry.
 */
#ifndef SUPERVISOR_IDENTITY_H
#define SUPERVISOR_IDENTITY_H

#include <sys/types.h>

#include "common/arena.h"
#include "common/fault.h"

/* All that a process needs to become a user; texts and groups live in an arena. */
struct identity {
	uid_t uid;
	gid_t gid;
	const char *name, *home, *shell;
	const gid_t *group; /* all of its groups, the one above among them */
	size_t groups;
};

/* -ENOENT: nobody is called so. */
int identity_find_user(const char *text, uid_t *ret_uid);
int identity_find_group(const char *text, gid_t *ret_gid);

/* `user` NULL: who we are ourselves; `group` NULL: the user's own. */
int identity_resolve(struct identity *ret_identity, struct arena *arena, const char *user,
		     const char *group, struct fault *fault);

#endif
