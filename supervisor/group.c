#include "supervisor/group.h"

#include <errno.h>

static bool find_inode(const struct group *group, uint32_t inode, unsigned *ret_index)
{
	for (unsigned i = 0; i < group->members; i++) {
		if (group->member[i].inode != inode)
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

int group_join(struct group *group, uint32_t inode, int number)
{
	if (group->members == GROUP_MEMBERS)
		return -ENOBUFS;
	group->member[group->members++] = (struct group_member){inode, number};
	return 0;
}

void group_leave(struct group *group, uint32_t inode)
{
	unsigned index;

	if (find_inode(group, inode, &index))
		group->member[index] = group->member[--group->members];
}

static bool is_listed(const uint32_t *inode, unsigned count, uint32_t wanted)
{
	for (unsigned i = 0; i < count; i++)
		if (inode[i] == wanted)
			return true;
	return false;
}

int group_observe(struct group *group, const uint32_t *inode, unsigned count)
{
	int result = 0;

	/* From the end, so that who moves into a hole was looked at before. */
	for (unsigned i = group->members; i > 0; i--)
		if (!is_listed(inode, count, group->member[i - 1].inode))
			group->member[i - 1] = group->member[--group->members];
	for (unsigned i = 0; i < count && result == 0; i++)
		if (!group_has(group, inode[i]))
			result = group_join(group, inode[i], GROUP_FOREIGN);
	return result;
}

bool group_has(const struct group *group, uint32_t inode)
{
	unsigned index;

	return find_inode(group, inode, &index);
}

void group_index(const struct group *group, uint16_t ret_index[GROUP_SOCKETS])
{
	for (unsigned number = 0; number < GROUP_SOCKETS; number++)
		ret_index[number] = GROUP_NOBODY;
	for (unsigned i = 0; i < group->members; i++)
		if (group->member[i].number != GROUP_FOREIGN)
			ret_index[group->member[i].number] = (uint16_t)i;
}

unsigned group_foreign(const struct group *group, uint32_t *ret_inode)
{
	unsigned count = 0;

	for (unsigned i = 0; i < group->members; i++) {
		if (group->member[i].number != GROUP_FOREIGN)
			continue;
		*ret_inode = group->member[i].inode;
		count++;
	}
	return count;
}
