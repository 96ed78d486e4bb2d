/*
 * store.h - the descriptors that must outlive us, by name, and whoever keeps them.
 *
 * A table of names and borrowed descriptors, mirrored to the keeper by the words of
 * systemd's FDSTORE protocol: systemd itself, or clusterd's own keeper (keeper.h), or
 * nobody.  At the start it holds what a predecessor left, until that is taken or swept.
 * An upgrade in place hands the same table over.
 *
 * Nothing here waits: what the keeper does not take at once is said again when it reads
 * (store_is_behind, store_catch_up).  Names: "state", "lock", "APP.SLOT.WHAT"...
 */
#ifndef SUPERVISOR_STORE_H
#define SUPERVISOR_STORE_H

#include <sys/types.h>

#include "common/deposit.h"
#include "common/fault.h"
#include "common/shelf.h"

#define STORE_NAME    (DEPOSIT_NAME - 1) /* the longest name, with its NUL */
#define STORE_SOCKETS 256                /* of socket units that are taken */

/* What a supervisor is told by the one that started it: its pid, the socket to the keeper
 * (-1: there is none), the file that lists what it inherits (-1). */
#define STORE_VARIABLE "CLUSTERD_KEPT"

/* Names that the own keeper knows, as they are said to it. */
#define STORE_STATE   "@state"
#define STORE_LOCK    "@lock"
#define STORE_PROGRAM "@program" /* to be executed next, in the place of its own */
/* While this is kept, a supervisor that exits is started again, too. */
#define STORE_PROBATION "@probation"

enum keeper { KEEPER_OWN, KEEPER_SYSTEMD, KEEPER_NONE, KEEPERS };

struct store {
	enum keeper keeper;
	int socket;   /* to the keeper; -1: nobody keeps anything */
	pid_t parent; /* the own keeper; 0: there is none */
	struct shelf shelf;
	unsigned stale; /* items that the keeper does not have as they are */
	bool waits;     /* the keeper has to read before more can be said */
	bool inherits;
	int given[STORE_SOCKETS]; /* by socket units */
	unsigned sockets;
};

const char *store_keeper_name(enum keeper keeper);

/* Were we started by clusterd's own keeper? */
bool store_is_kept(void);
/* Says what a program that is executed as process `pid` inherits. */
void store_announce(pid_t pid, int socket, int list);

/* Takes in what was left or given; leaves the environment clean of it.  What cannot be
 * (no NOTIFY_SOCKET) is a fault, and nobody keeps anything. */
int store_open(struct store *store, enum keeper keeper, struct fault *fault);
/* In an orderly end: the keeper may forget all. */
void store_close(struct store *store);

/* Keeps a copy under this name; one that was there goes.  The descriptor stays the
 * caller's, who drops the name before it is closed.  0, or a negative errno. */
int store_put(struct store *store, const char *name, int fd);
void store_drop(struct store *store, const char *name); /* unknown: nothing to do */
/* What the keeper has by this name stays, and is no business of ours any more. */
void store_forget(struct store *store, const char *name);

/* What a predecessor left by this name, from now on the caller's; -ENOENT */
int store_take(struct store *store, const char *name);
/* The name of something left that was not taken, or NULL. */
const char *store_first_left(const struct store *store);
void store_sweep(struct store *store); /* what nobody took is closed and dropped */
bool store_inherits(const struct store *store); /* a predecessor left us a state */
/* Listening sockets of systemd's socket units: how many, at most `most`. */
unsigned store_take_sockets(struct store *store, int *fd, unsigned most);

/* The own keeper, whose children those of our predecessor are; 0: there is none. */
pid_t store_parent(const struct store *store);
/* The next that the own keeper tells: 1, 0 when there is nothing, -EPIPE when it is gone
 * (and nobody keeps anything from now on). */
int store_hear(struct store *store, struct deposit *ret_deposit);
bool store_is_behind(
	const struct store *store); /* write when the socket can be written */
void store_catch_up(struct store *store);

/* For an exec in place: all of the table stays open and is announced; 0 or a negative
 * errno.  Should the exec fail, it is taken back. */
int store_lend(struct store *store, unsigned number, int fd); /* a socket of a unit */
int store_hand_over(struct store *store, int *ret_list);
void store_take_back(struct store *store, int *list);

#endif
