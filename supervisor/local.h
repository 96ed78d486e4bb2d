/*
 * local.h - the socket of a Unix listener, and the path that leads to it.
 *
 * The path is a file others can take away: by mistake, or because a program unlinks at
 * its end what it was lent at its beginning.  A spare name beside it (".web.sock.spare")
 * keeps the socket reachable, so that the path can be given back with its queue and with
 * all the workers that already listen there.  Only what is ours, by inode, is ever
 * removed.
 *
 * Everybody may connect (mode 0666, as nginx does): who should not is kept out by the
 * folder's mode.
 */
#ifndef SUPERVISOR_LOCAL_H
#define SUPERVISOR_LOCAL_H

#include <sys/types.h>

#include "common/address.h"
#include "common/fault.h"

struct local {
	int fd;       /* owned */
	bool is_lent; /* handed over by systemd: the path is not ours to mend or remove */
	struct address address;
	dev_t device; /* of the path we bound */
	ino_t inode;
};

/* Binds and listens.  The path of a socket where nobody listens any more is taken over; a
 * live one is refused, naming who listens. */
int local_open(struct local *local, const struct address *address, int backlog,
	       struct fault *fault);
/* Takes over a socket that is bound already. */
void local_adopt(struct local *local, const struct address *address, int fd);
/* Gives back a path that was removed or replaced: 1 if that was needed, 0 if all was
 * well. When the socket itself is spent (shut down, or the spare name gone too), a new
 * one takes its number, and reaches only workers started from then on. */
int local_restore(struct local *local, int backlog, struct fault *fault);
void local_close(struct local *local);

#endif
