/*
 * listener.h - one listen address of an app: a socket per slot, owned by the master.
 *
 * TCP: one SO_REUSEPORT socket per slot, non-blocking and close-on-exec; slot i's socket
 * is lent to whichever worker sits in slot i and outlives it.  A slot may have a second
 * one, for a successor that is to share none with who is there (quiet drain); it is
 * opened when it is needed first, and stays.  Sockets are numbered: slot i's first is i,
 * its second LISTENER_SLOTS + i.  Unix and UDP: one socket shared by all slots.  The
 * listener keeps the steering program attached to the group, by its mirror of the
 * kernel's order of members (group.h).
 *
 * Owns its descriptors and, for Unix, its path.  Nothing here logs or decides; what must
 * be told to people comes back as text.
 */
#ifndef SUPERVISOR_LISTENER_H
#define SUPERVISOR_LISTENER_H

#include "common/address.h"
#include "common/fault.h"
#include "supervisor/core/buckets.h"
#include "supervisor/group.h"
#include "supervisor/local.h"
#include "supervisor/rotor.h"
#include "supervisor/sockdiag.h"

#define LISTENER_SLOTS   BUCKETS
#define LISTENER_SOCKETS GROUP_SOCKETS

struct listener {
	struct address address; /* with the real port once open */
	bool any_port;          /* was asked for as port 0 */
	bool shared; /* fd[0] serves all slots: Unix, UDP, or lent and no second one can
		      * be
		      */
	bool taken;  /* fd[0] was lent to us */
	int backlog;
	unsigned slots;           /* how many it serves; 0: closed */
	int fd[LISTENER_SOCKETS]; /* by number; 0: none */
	struct local local;       /* of a Unix listener, owner of fd[0] */
	struct group group;       /* of a TCP listener that is not shared */
	bool steered; /* by this table, to be put in force again when members change */
	enum balance balance; /* in force: by lot where it cannot be in turn */
	int no_turns;         /* negative errno: why it cannot */
	struct rotor rotor;   /* once it was to be in turn */
	bool turns_late;      /* by lot for now: see listener_steer */
	struct buckets buckets;
	unsigned addressed; /* slots that are reached by an address of their own */
	uint16_t routed[LISTENER_SLOTS]; /* the socket of each slot that is steered to */
};

/* Opens `slots` sockets, bound and listening.  A port in use is found by a probe without
 * SO_REUSEPORT first, and its holder named in the fault.  `taken`: a descriptor handed
 * over by systemd for this very address becomes slot 0's; when none can be bound beside
 * it (another user made it), all slots share it.  Two of them are refused, since nobody
 * can tell their order.  They are the listener's from here on, closed if it fails. */
int listener_open(struct listener *listener, const struct address *address,
		  unsigned slots, int backlog, const int *taken, unsigned taken_count,
		  struct fault *fault);
/* More slots; on failure what was there before stays. */
int listener_grow(struct listener *listener, unsigned slots, struct fault *fault);
/* Closes all and unlinks an own Unix path.  Accepts a zeroed listener. */
void listener_close(struct listener *listener);

/* The second socket of a slot, if it has none yet.  -ENOTSUP: it can have none, since all
 * slots share one, or it was lent to us. */
int listener_open_second(struct listener *listener, unsigned slot, struct fault *fault);

/* Is there such a socket? */
bool listener_has(const struct listener *listener, unsigned number);
/* Borrowed: the socket to lend to a worker. */
int listener_fd(const struct listener *listener, unsigned number);
/* From now on the slot's connections go to this one of its sockets.  True: they went to
 * the other; listener_steer puts it in force. */
bool listener_route(struct listener *listener, unsigned slot, unsigned number);

/* How many sockets of others joined the group (the same user's, with SO_REUSEPORT); they
 * get no connection from us.  Names one of them when asked. */
unsigned listener_foreign(const struct listener *listener,
			  struct sockdiag_holder *ret_holder);

/* Attaches the program for this table to the group; nothing for shared listeners.  The
 * first `addressed` slots are reached from addresses of their own, too.  Where
 * `round-robin` is not allowed it is by lot, and no_turns says why.  1: it is by lot
 * while a supervisor that died still has the sockets in turn; to be called again soon. */
int listener_steer(struct listener *listener, enum balance balance,
		   const struct buckets *buckets, unsigned addressed,
		   struct fault *fault);

/* Connections that wait in the socket's accept queue; UDP has none. */
int listener_depth(const struct listener *listener, unsigned number, unsigned *ret_depth);

/* Lets no new connection in while queued ones and handshakes under way stay (port.h); and
 * undone.  Unix and UDP cannot: nothing happens. */
int listener_quench(struct listener *listener, unsigned number, bool quench);

/* What must be over before a retired slot's worker may be told to drain: the handshakes
 * under way when the slot was unrouted, and then a queue found empty in `looks` looks in
 * a row.  Handshakes by SYN cookie leave no trace, nor does any where sock_diag is out of
 * reach: a second look is for them.  A shared socket is never retired: over at once. */
struct listener_retreat {
	unsigned looks;
	unsigned empty_looks; /* so far */
	unsigned handshakes;  /* still under way of those begun before */
	struct sockdiag_list before;
};
void listener_retreat_begin(const struct listener *listener, unsigned looks,
			    struct listener_retreat *retreat);
/* 1 when over, 0 to be called again in 200 ms or so, negative errno. */
int listener_retreat_look(const struct listener *listener, unsigned number,
			  struct listener_retreat *retreat);
/* Accepts a zeroed retreat. */
void listener_retreat_end(struct listener_retreat *retreat);

/* After a worker's exit.  A socket it shut down, or connected, listens again: 1 if that
 * had to be done, 0 if all was well.  Others who joined or left the group meanwhile are
 * accounted for. */
int listener_heal(struct listener *listener, unsigned number);
/* After a worker's exit: gives a Unix path back that somebody removed.  1 if so. */
int listener_restore_path(struct listener *listener, struct fault *fault);

#endif
