/*
 * access.h - who may speak on the control socket.
 *
 * Root and the supervisor's own user always; and a group, where the configuration lets it
 * in.  The mode of the socket keeps others from connecting, and whoever is connected is
 * judged by the kernel's credentials for every call, so that a group that is let in no
 * more is refused at once.
 */
#ifndef SUPERVISOR_ACCESS_H
#define SUPERVISOR_ACCESS_H

#include <sys/types.h>

#include "common/fault.h"

struct access {
	mode_t mode;
	gid_t group; /* counts if the mode lets it write */
};

/* Gives the socket at `path` this mode and group; it is never open to more than before or
 * after. */
int access_set(struct access *access, const char *path, mode_t mode, gid_t group,
	       struct fault *fault);
/* May the peer of this connection, of this user, speak? */
bool access_allows(const struct access *access, int fd, uid_t uid);

#endif
