#include "supervisor/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

#define ID_MOST     (UINT32_MAX - 1) /* the largest number means "none" */
#define GROUPS_MOST 65536            /* as the kernel has it */

/* What getpwnam(3) and getgrnam(3) leave in errno when there is simply no entry. */
static int why_missing(void)
{
	switch (errno) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		return -ENOENT;
	}
	return -errno;
}

/* The entry of a name or number; NULL: none.  A name must have one, a number need not. */
static int find_entry(const char *text, uid_t *ret_uid, const struct passwd **ret_entry)
{
	unsigned number;
	bool is_number = text_parse_unsigned(&number, text, 0, ID_MOST) == 0;
	const struct passwd *entry;
	int error;

	errno = 0;
	entry = is_number ? getpwuid(number) : getpwnam(text);
	error = entry ? 0 : why_missing();
	if (error && !(is_number && error == -ENOENT))
		return error;
	*ret_uid = entry ? entry->pw_uid : number;
	*ret_entry = entry;
	return 0;
}

int identity_find_user(const char *text, uid_t *ret_uid)
{
	const struct passwd *entry;

	return find_entry(text, ret_uid, &entry);
}

int identity_find_group(const char *text, gid_t *ret_gid)
{
	const struct group *entry;
	unsigned number;

	if (text_parse_unsigned(&number, text, 0, ID_MOST) == 0) {
		*ret_gid = number;
		return 0;
	}
	errno = 0;
	entry = getgrnam(text);
	if (!entry)
		return why_missing();
	*ret_gid = entry->gr_gid;
	return 0;
}

/* The groups of a user that has an entry. */
static int find_groups(struct identity *identity, struct arena *arena)
{
	int room = 32;

	for (;;) {
		gid_t *group = arena_take(arena, (size_t)room * sizeof(*group));
		int count = room;

		if (!group)
			return -ENOMEM;
		if (getgrouplist(identity->name, identity->gid, group, &count) >= 0) {
			identity->group = group;
			identity->groups = (size_t)count;
			return 0;
		}
		if (room >= GROUPS_MOST)
			return -E2BIG;
		room = count > room ? count : 2 * room;
	}
}

/* A number without an entry is a user of one group. */
static int be_unknown(struct identity *identity, struct arena *arena)
{
	gid_t *group = arena_take(arena, sizeof(*group));

	identity->name = arena_print(arena, "%u", (unsigned)identity->uid);
	identity->home = "/";
	identity->shell = "/bin/sh";
	if (!group || !identity->name)
		return -ENOMEM;
	*group = identity->gid;
	identity->group = group;
	identity->groups = 1;
	return 0;
}

static int be_known(struct identity *identity, struct arena *arena,
		    const struct passwd *entry)
{
	identity->name = arena_text(arena, entry->pw_name);
	identity->home = arena_text(arena, entry->pw_dir);
	identity->shell =
		arena_text(arena, entry->pw_shell[0] ? entry->pw_shell : "/bin/sh");
	if (!identity->name || !identity->home || !identity->shell)
		return -ENOMEM;
	return find_groups(identity, arena);
}

int identity_resolve(struct identity *ret_identity, struct arena *arena, const char *user,
		     const char *group, struct fault *fault)
{
	struct identity identity = {0};
	const struct passwd *entry;
	char own[16];
	int error;

	(void)snprintf(own, sizeof(own), "%u", (unsigned)geteuid());
	user = user ? user : own;
	error = find_entry(user, &identity.uid, &entry);
	if (error)
		return fault_set(fault, error, "user %s: %s", user, strerror(-error));
	if (entry)
		identity.gid = entry->pw_gid;
	else if (!group)
		return fault_set(fault, -ENOENT,
				 "user %s has no entry in the user database: set group, "
				 "too",
				 user);
	error = group ? identity_find_group(group, &identity.gid) : 0;
	if (error)
		return fault_set(fault, error, "group %s: %s", group, strerror(-error));
	error = entry ? be_known(&identity, arena, entry) : be_unknown(&identity, arena);
	if (error)
		return fault_set(fault, error, "user %s: %s", user, strerror(-error));
	*ret_identity = identity;
	return 0;
}
