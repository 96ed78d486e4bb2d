#include "worker/http/peers.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

int peers_init(struct peers *peers, int rows)
{
	*peers = (struct peers){.rows = rows};
	peers->row = calloc((size_t)rows, sizeof(*peers->row));
	return peers->row != NULL ? 0 : -ENOMEM;
}

void peers_fini(struct peers *peers)
{
	free(peers->row);
	*peers = (struct peers){0};
}

struct peer *peers_open(struct peers *peers, int fd, msec now)
{
	if (fd >= peers->rows)
		return NULL;
	if (fd >= peers->used)
		peers->used = fd + 1;
	peers->row[fd] = (struct peer){.open = true, .idle_since = now};
	peers->open++;
	return &peers->row[fd];
}

void peers_close(struct peers *peers, int fd)
{
	if (!peers->row[fd].open)
		return;
	peers->row[fd] = (struct peer){0};
	peers->open--;
	while (peers->used > 0 && !peers->row[peers->used - 1].open)
		peers->used--;
}

/* How long ago the kernel received data from it: the head of a request may be coming. */
static msec silent_for(int fd)
{
	struct tcp_info info;
	socklen_t bytes = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == -1)
		return MSEC_NEVER; /* a Unix socket does not say */
	return info.tcpi_last_data_recv;
}

void peers_dismiss_idle(struct peers *peers, msec from, msec patience, msec now)
{
	for (int fd = 0; fd < peers->used; fd++) {
		struct peer *peer = &peers->row[fd];
		msec since = peer->idle_since > from ? peer->idle_since : from;

		if (!peer->open || peer->busy || peer->dismissed)
			continue;
		if (now - since < patience)
			continue;
		if (now - since < 2 * patience && silent_for(fd) < patience)
			continue;
		peer->dismissed = true;
		(void)shutdown(fd, SHUT_RD);
	}
}
