#include "supervisor/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNERS_ONLY 0600

int access_set(struct access *access, const char *path, mode_t mode, gid_t group,
	       struct fault *fault)
{
	*access = (struct access){.mode = OWNERS_ONLY};
	if (chmod(path, OWNERS_ONLY) == -1 ||
	    fchownat(AT_FDCWD, path, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW) == -1 ||
	    chmod(path, mode) == -1)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	*access = (struct access){.mode = mode, .group = group};
	return 0;
}

static bool lists_group(const gid_t *group, size_t count, gid_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (group[i] == wanted)
			return true;
	return false;
}

/* As the peer was when it connected: its own group, and all others it is in. */
static bool is_member(int fd, gid_t wanted)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	gid_t *group;
	gid_t none;
	bool member;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
		return false;
	if (peer.gid == wanted)
		return true;
	size = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) == 0 ||
	    errno != ERANGE)
		return false;
	group = malloc(size);
	member = group != NULL &&
		 getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, group, &size) == 0 &&
		 lists_group(group, size / sizeof(*group), wanted);
	free(group);
	return member;
}

bool access_allows(const struct access *access, int fd, uid_t uid)
{
	if (uid == 0 || uid == geteuid())
		return true;
	return (access->mode & S_IWGRP) != 0 && is_member(fd, access->group);
}
