#include "supervisor/reserve.h"

#include <fcntl.h>

#include "common/fd.h"

void reserve_fill(struct reserve *reserve)
{
	while (reserve->kept < RESERVES) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (fd == -1)
			return;
		reserve->fd[reserve->kept++] = fd;
	}
}

int reserve_spend(struct reserve *reserve)
{
	if (reserve->kept == 0)
		return -1;
	fd_close(&reserve->fd[--reserve->kept]);
	return (int)reserve->kept;
}

void reserve_close(struct reserve *reserve)
{
	while (reserve_spend(reserve) >= 0)
		continue;
}
