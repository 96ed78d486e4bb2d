#include "supervisor/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

#define FIRST_GIVEN 3 /* SD_LISTEN_FDS_START */

/* Ours, in the words of the protocol, begin with this: what systemd hands over besides
 * comes from socket units. */
#define OURS '@'

enum {
	MARK_HAS = 1,   /* the keeper has something by this name */
	MARK_STALE = 2, /* and not what it should have */
	MARK_LEFT = 4,  /* by a predecessor, and not taken yet: the store's to close */
};

const char *store_keeper_name(enum keeper keeper)
{
	static const char *const names[KEEPERS] = {[KEEPER_OWN] = "own",
						   [KEEPER_SYSTEMD] = "systemd",
						   [KEEPER_NONE] = "none"};

	return names[keeper];
}

static bool name_ours(char name[DEPOSIT_NAME], const char *text)
{
	name[0] = OURS;
	return text_copy(name + 1, DEPOSIT_NAME - 1, text) && deposit_is_name(name);
}

static struct shelf_item *find(const struct store *store, const char *text)
{
	char name[DEPOSIT_NAME];

	return name_ours(name, text) ? shelf_find(&store->shelf, name) : NULL;
}

/* ---- the keeper ---- */

static void lose_keeper(struct store *store)
{
	fd_close(&store->socket);
	store->parent = 0;
	store->waits = false;
}

/* False: not now. */
static bool tell(struct store *store, enum deposit_kind kind, const char *name, int fd)
{
	struct deposit deposit = {.kind = kind};
	int code;

	if (store->socket < 0)
		return false;
	(void)text_copy(deposit.name, sizeof(deposit.name), name);
	code = deposit_send(store->socket, &deposit, fd);
	store->waits = code == -EAGAIN;
	if (code == -EPIPE || code == -ECONNRESET || code == -ECONNREFUSED)
		lose_keeper(store);
	return code == 0;
}

/* systemd adds to what has the same name; the own keeper replaces it, so that there is no
 * moment without. */
static bool mirror(struct store *store, struct shelf_item *item)
{
	bool has = (item->marks & MARK_HAS) != 0;

	if (has && (item->fd < 0 || store->keeper == KEEPER_SYSTEMD)) {
		if (!tell(store, DEPOSIT_REMOVE, item->name, -1))
			return false;
		item->marks &= ~(unsigned)MARK_HAS;
	}
	if (item->fd < 0)
		return true;
	if (!tell(store, DEPOSIT_STORE, item->name, item->fd))
		return false;
	item->marks |= MARK_HAS;
	return true;
}

static void update(struct store *store, struct shelf_item *item)
{
	bool was_stale = (item->marks & MARK_STALE) != 0;
	bool done = store->socket < 0 ? item->fd < 0 : mirror(store, item);

	store->stale -= was_stale;
	if (!done) {
		item->marks |= MARK_STALE;
		store->stale++;
		return;
	}
	item->marks &= ~(unsigned)MARK_STALE;
	if (item->fd < 0)
		shelf_remove(&store->shelf, item);
}

bool store_is_behind(const struct store *store)
{
	return store->socket >= 0 && store->waits && store->stale > 0;
}

void store_catch_up(struct store *store)
{
	struct shelf_item *next;

	store->waits = false;
	for (struct shelf_item *at = shelf_next(&store->shelf, NULL);
	     at != NULL && store->stale > 0 && !store->waits; at = next) {
		next = shelf_next(&store->shelf, at);
		if ((at->marks & MARK_STALE) != 0)
			update(store, at);
	}
}

int store_hear(struct store *store, struct deposit *ret_deposit)
{
	int attached = -1, code;

	if (store->socket < 0 || store->keeper != KEEPER_OWN)
		return 0;
	code = deposit_receive(store->socket, ret_deposit, &attached);
	fd_close(&attached);
	if (code < 0)
		lose_keeper(store);
	return code;
}

pid_t store_parent(const struct store *store)
{
	return store->parent;
}

/* ---- the table ---- */

int store_put(struct store *store, const char *name, int fd)
{
	char ours[DEPOSIT_NAME];
	struct shelf_item *item;

	if (!name_ours(ours, name))
		return -EINVAL;
	item = shelf_need(&store->shelf, ours);
	if (item == NULL)
		return -ENOMEM;
	if ((item->marks & MARK_LEFT) != 0)
		fd_close(&item->fd);
	item->marks &= ~(unsigned)MARK_LEFT;
	item->fd = fd;
	update(store, item);
	return 0;
}

static void drop(struct store *store, struct shelf_item *item)
{
	if ((item->marks & MARK_LEFT) != 0)
		fd_close(&item->fd);
	item->marks &= ~(unsigned)MARK_LEFT;
	item->fd = -1;
	update(store, item);
}

void store_drop(struct store *store, const char *name)
{
	struct shelf_item *item = find(store, name);

	if (item != NULL)
		drop(store, item);
}

void store_forget(struct store *store, const char *name)
{
	struct shelf_item *item = find(store, name);

	if (item == NULL)
		return;
	store->stale -= (item->marks & MARK_STALE) != 0;
	shelf_remove(&store->shelf, item);
}

int store_take(struct store *store, const char *name)
{
	struct shelf_item *item = find(store, name);

	if (item == NULL || (item->marks & MARK_LEFT) == 0)
		return -ENOENT;
	item->marks &= ~(unsigned)MARK_LEFT;
	return item->fd;
}

const char *store_first_left(const struct store *store)
{
	struct shelf_item *at = shelf_next(&store->shelf, NULL);

	while (at != NULL && (at->marks & MARK_LEFT) == 0)
		at = shelf_next(&store->shelf, at);
	return at != NULL ? at->name + 1 : NULL;
}

void store_sweep(struct store *store)
{
	struct shelf_item *next;

	for (struct shelf_item *at = shelf_next(&store->shelf, NULL); at != NULL;
	     at = next) {
		next = shelf_next(&store->shelf, at);
		if ((at->marks & MARK_LEFT) != 0)
			drop(store, at);
	}
}

bool store_inherits(const struct store *store)
{
	const struct shelf_item *state = find(store, "state");

	return store->inherits && state != NULL && (state->marks & MARK_LEFT) != 0;
}

/* ---- the start ---- */

static bool read_variable(int *ret_socket, int *ret_list)
{
	const char *text = getenv(STORE_VARIABLE);
	int pid, socket, list;

	if (text == NULL || sscanf(text, "%d %d %d", &pid, &socket, &list) != 3 ||
	    pid != (int)getpid())
		return false;
	*ret_socket = socket;
	*ret_list = list;
	return true;
}

bool store_is_kept(void)
{
	int socket, list;

	return read_variable(&socket, &list);
}

void store_announce(pid_t pid, int socket, int list)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%d %d %d", (int)pid, socket, list);
	(void)setenv(STORE_VARIABLE, text, 1);
}

/* A socket that listens, or that datagrams come to. */
static bool serves(int fd)
{
	int listening = 0, type = 0;
	socklen_t size = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1)
		return false;
	size = sizeof(listening);
	return type == SOCK_DGRAM ||
	       (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
		listening != 0);
}

static void keep_given(struct store *store, int fd)
{
	if (store->sockets < STORE_SOCKETS && serves(fd))
		store->given[store->sockets++] = fd;
	else
		(void)close(fd);
}

static void keep_left(struct store *store, const char *name, int fd)
{
	struct shelf_item *item =
		shelf_find(&store->shelf, name) == NULL && deposit_is_name(name)
			? shelf_need(&store->shelf, name)
			: NULL;

	if (item == NULL) {
		(void)close(fd);
		return;
	}
	item->fd = fd;
	item->marks = MARK_HAS | MARK_LEFT;
	store->inherits = true;
}

/* LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES: what systemd kept, and what its socket units
 * give. */
static void take_from_systemd(struct store *store)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	const char *names = getenv("LISTEN_FDNAMES");
	unsigned count;

	if (fds == NULL || pid == NULL || atoi(pid) != (int)getpid() ||
	    text_parse_unsigned(&count, fds, 0, INT16_MAX) < 0)
		return;
	for (int fd = FIRST_GIVEN; fd < FIRST_GIVEN + (int)count; fd++) {
		size_t length = names != NULL ? strcspn(names, ":") : 0;
		char name[DEPOSIT_NAME];

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)length,
			       length > 0 ? names : "");
		if (name[0] == OURS)
			keep_left(store, name, fd);
		else
			keep_given(store, fd);
		if (names != NULL)
			names += length + (names[length] == ':');
	}
}

/* What our own keeper, or we ourselves before an exec in place, listed. */
static int take_from_list(struct store *store, int list)
{
	struct shelf listed = {0};
	struct shelf_item *next;
	int code = list >= 0 ? shelf_read(&listed, list) : 0;

	for (struct shelf_item *at = shelf_next(&listed, NULL); at != NULL; at = next) {
		next = shelf_next(&listed, at);
		if (strcmp(at->name, STORE_PROGRAM) == 0)
			(void)close(at->fd); /* a matter of the keeper's */
		else if (at->name[0] == OURS)
			keep_left(store, at->name, at->fd);
		else
			keep_given(store, at->fd);
		shelf_remove(&listed, at);
	}
	if (list >= 0)
		(void)close(list);
	return code;
}

/* The end of a socket pair is known by who made it. */
static void meet_keeper(struct store *store, int socket)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (socket < 0 || fcntl(socket, F_SETFD, FD_CLOEXEC) == -1 ||
	    getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
		return;
	store->socket = socket;
	store->parent = peer.pid;
}

static int connect_to_systemd(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLOSE_FD int fd = -1;
	size_t length;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !text_copy(address.sun_path, sizeof(address.sun_path), path))
		return -ENOENT;
	length = strlen(path) + (path[0] == '/');
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == -1)
		return -errno;
	return fd_take(&fd);
}

static void clean_environment(void)
{
	static const char *const names[] = {STORE_VARIABLE, "LISTEN_FDS", "LISTEN_PID",
					    "LISTEN_FDNAMES"};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		(void)unsetenv(names[i]);
}

int store_open(struct store *store, enum keeper keeper, struct fault *fault)
{
	int socket = -1, list = -1, code = 0;

	*store = (struct store){.keeper = keeper, .socket = -1};
	if (read_variable(&socket, &list))
		code = take_from_list(store, list);
	take_from_systemd(store);
	clean_environment();
	if (code < 0)
		return fault_set(fault, code, "what was kept cannot be read: %s",
				 strerror(-code));
	if (keeper == KEEPER_OWN)
		meet_keeper(store, socket);
	else if (keeper == KEEPER_SYSTEMD)
		store->socket = connect_to_systemd();
	if (store->socket >= 0 || keeper == KEEPER_NONE)
		return 0;
	code = store->socket;
	store->socket = -1;
	return fault_set(fault, code, "nobody keeps our descriptors: %s",
			 keeper == KEEPER_OWN ? "there is no keeper" : "NOTIFY_SOCKET");
}

unsigned store_take_sockets(struct store *store, int *fd, unsigned most)
{
	unsigned taken = store->sockets < most ? store->sockets : most;

	memcpy(fd, store->given, taken * sizeof(*fd));
	for (unsigned i = taken; i < store->sockets; i++)
		(void)close(store->given[i]);
	store->sockets = 0;
	return taken;
}

/* ---- the end ---- */

void store_close(struct store *store)
{
	struct shelf_item *next;

	for (struct shelf_item *at = shelf_next(&store->shelf, NULL); at != NULL;
	     at = next) {
		next = shelf_next(&store->shelf, at);
		drop(store, at);
	}
	shelf_clear(&store->shelf);
	for (unsigned i = 0; i < store->sockets; i++)
		(void)close(store->given[i]);
	lose_keeper(store);
	*store = (struct store){.keeper = KEEPER_NONE, .socket = -1};
}

int store_lend(struct store *store, unsigned number, int fd)
{
	char name[32];
	struct shelf_item *item;

	(void)snprintf(name, sizeof(name), "socket %u", number);
	item = shelf_need(&store->shelf, name);
	if (item == NULL)
		return -ENOMEM;
	item->fd = fd;
	return 0;
}

int store_hand_over(struct store *store, int *ret_list)
{
	int list = shelf_write(&store->shelf);

	if (list < 0)
		return list;
	if (fcntl(list, F_SETFD, 0) == -1 ||
	    (store->socket >= 0 && store->keeper == KEEPER_OWN &&
	     fcntl(store->socket, F_SETFD, 0) == -1)) {
		(void)close(list);
		return -errno;
	}
	shelf_pass_on(&store->shelf, true);
	store_announce(getpid(), store->keeper == KEEPER_OWN ? store->socket : -1, list);
	*ret_list = list;
	return 0;
}

void store_take_back(struct store *store, int *list)
{
	struct shelf_item *next;

	shelf_pass_on(&store->shelf, false);
	if (store->socket >= 0)
		(void)fcntl(store->socket, F_SETFD, FD_CLOEXEC);
	for (struct shelf_item *at = shelf_next(&store->shelf, NULL); at != NULL;
	     at = next) {
		next = shelf_next(&store->shelf, at);
		if (at->name[0] != OURS)
			shelf_remove(&store->shelf, at);
	}
	(void)unsetenv(STORE_VARIABLE);
	fd_close(list);
}
