#include "supervisor/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/port.h"
#include "supervisor/steer.h"

/* ---- the group ---- */

/* Brings the mirror up to date with what others did meanwhile.  Where sock_diag is out of
 * reach (a hardened unit, a kernel without it) we take ourselves to be alone. */
static int observe(struct listener *listener)
{
	uint32_t inode[GROUP_MEMBERS];
	unsigned count = 0;
	struct sockdiag_list list;
	int result = 0;

	if (sockdiag_list_tcp(&list, SOCKDIAG_LISTENING,
			      address_port(&listener->address)) < 0)
		return 0;
	for (unsigned i = 0; i < list.count && result == 0; i++) {
		if (!address_equal(&listener->address, &list.socket[i].address) ||
		    list.socket[i].interface != 0)
			continue;
		if (count < GROUP_MEMBERS)
			inode[count++] = list.socket[i].inode;
		else
			result = -ENOBUFS;
	}
	sockdiag_free(&list);
	return result < 0 ? result : group_observe(&listener->group, inode, count);
}

static int open_socket(struct listener *listener, unsigned number)
{
	CLOSE_FD int fd = port_bind(&listener->address, true);
	int result = fd < 0 ? fd : 0;

	if (result == 0 && listen(fd, listener->backlog) == -1)
		result = -errno;
	if (result == 0)
		result = group_join(&listener->group, port_inode(fd), (int)number);
	if (result == 0)
		listener->fd[number] = fd_take(&fd);
	return result;
}

static void close_socket(struct listener *listener, unsigned number)
{
	group_leave(&listener->group, port_inode(listener->fd[number]));
	(void)close(listener->fd[number]);
	listener->fd[number] = 0;
}

/* All or none.  The mirror is compared with the kernel before and after the batch, not
 * for each socket, which keeps 256 slots cheap.  Nobody has these sockets yet but us, so
 * that closing them takes them out of the group. */
static int open_slots(struct listener *listener, unsigned slots)
{
	unsigned before = listener->slots;
	int result = observe(listener);

	while (result == 0 && listener->slots < slots) {
		result = open_socket(listener, listener->slots);
		if (result == 0)
			listener->slots++;
	}
	if (result == 0)
		result = observe(listener);
	while (result < 0 && listener->slots > before)
		close_socket(listener, --listener->slots);
	return result;
}

/* ---- open and close ---- */

/* The kernel picks a number, held by `ret_fd` until ours have it.  None of ours may bind
 * to port 0 itself: such a socket forgets its number when a worker shuts it down. */
static int pick_port(struct listener *listener, int *ret_fd)
{
	CLOSE_FD int fd = port_bind(&listener->address, true);
	int result = fd < 0 ? fd : address_of_socket(&listener->address, fd);

	if (result == 0)
		*ret_fd = fd_take(&fd);
	return result;
}

static int open_group(struct listener *listener, unsigned slots, struct fault *fault)
{
	struct sockdiag_holder holder;
	CLOSE_FD int picked = -1;
	int result = listener->any_port ? 0 : port_probe(&listener->address, fault);

	if (result < 0)
		return result;
	if (listener->any_port)
		result = pick_port(listener, &picked);
	if (result == 0)
		result = open_slots(listener, slots);
	if (result < 0)
		return port_explain(fault, result, &listener->address);
	if (listener_foreign(listener, &holder) > 0) /* it came after the probe */
		return fault_set(fault, -EADDRINUSE, "port %u is in use by %s (pid %ld)",
				 address_port(&listener->address), holder.command,
				 (long)holder.pid);
	return 0;
}

static int open_taken(struct listener *listener, unsigned slots, int *fd,
		      struct fault *fault)
{
	int result = port_adopt(*fd, &listener->address, listener->backlog, fault);

	if (result < 0)
		return result;
	listener->taken = true;
	if (!address_is_tcp(&listener->address)) {
		listener->shared = true;
		listener->slots = slots;
		if (listener->address.kind == ADDRESS_UNIX)
			local_adopt(&listener->local, &listener->address, *fd);
	} else {
		listener->slots = 1;
		result = group_join(&listener->group, port_inode(*fd), 0);
	}
	listener->fd[0] = fd_take(fd);
	return result == 0 ? listener_grow(listener, slots, fault) : result;
}

static int open_local(struct listener *listener, unsigned slots, struct fault *fault)
{
	int result = local_open(&listener->local, &listener->address, listener->backlog,
				fault);

	if (result < 0)
		return result;
	listener->shared = true;
	listener->slots = slots;
	listener->fd[0] = listener->local.fd;
	return 0;
}

/* One queue for all slots: whoever is free reads next, and it outlives them. */
static int open_datagram(struct listener *listener, unsigned slots, struct fault *fault)
{
	int fd = port_bind_datagram(&listener->address);

	if (fd < 0)
		return port_explain(fault, fd, &listener->address);
	listener->shared = true;
	listener->slots = slots;
	listener->fd[0] = fd;
	return 0;
}

static int open_any(struct listener *listener, unsigned slots, const int *taken,
		    unsigned taken_count, struct fault *fault)
{
	CLOSE_FD int fd = taken_count == 1 ? taken[0] : -1;

	if (taken_count > 1) {
		for (unsigned i = 0; i < taken_count; i++)
			close(taken[i]);
		return fault_set(
			fault, -EINVAL,
			"%u sockets were handed over for one address: hand over one, "
			"the others are opened beside it",
			taken_count);
	}
	if (fd >= 0)
		return open_taken(listener, slots, &fd, fault);
	if (listener->address.kind == ADDRESS_UNIX)
		return open_local(listener, slots, fault);
	if (listener->address.datagram)
		return open_datagram(listener, slots, fault);
	return open_group(listener, slots, fault);
}

int listener_open(struct listener *listener, const struct address *address,
		  unsigned slots, int backlog, const int *taken, unsigned taken_count,
		  struct fault *fault)
{
	int result;

	assert(0 < slots && slots <= LISTENER_SLOTS);

	*listener = (struct listener){.address = *address, .backlog = backlog};
	listener->any_port = address->kind != ADDRESS_UNIX && address_port(address) == 0;
	for (unsigned slot = 0; slot < LISTENER_SLOTS; slot++)
		listener->routed[slot] = (uint16_t)slot;
	result = open_any(listener, slots, taken, taken_count, fault);
	if (result < 0)
		listener_close(listener);
	return result;
}

/* A member that is in the group now: a worker may have shut any of them down, and a
 * socket that is given a program while it does not listen could not do so any more. */
static int find_member(const struct listener *listener,
		       const uint16_t index[LISTENER_SOCKETS])
{
	for (unsigned number = 0; number < LISTENER_SOCKETS; number++)
		if (index[number] != GROUP_NOBODY && port_listens(listener->fd[number]))
			return listener->fd[number];
	return -EINVAL;
}

static int steer_in_turn(struct listener *listener, int fd)
{
	uint16_t turn[BUCKETS];
	int result = listener->rotor.is_open ? 0 : rotor_open(&listener->rotor);

	for (unsigned slot = 0; slot < listener->slots && result == 0; slot++)
		if (port_listens(listener->fd[listener->routed[slot]]))
			result = rotor_seat(&listener->rotor, slot,
					    listener->fd[listener->routed[slot]]);
	buckets_rotate(&listener->buckets, turn);
	if (result == 0)
		result = rotor_deal(&listener->rotor, turn);
	if (result == 0)
		result = rotor_address(&listener->rotor, listener->addressed);
	return result == 0 ? rotor_attach(&listener->rotor, fd) : result;
}

static int put_in_force(struct listener *listener)
{
	struct steer_slots slots = {.count = listener->addressed};
	uint16_t member[LISTENER_SOCKETS], index[BUCKETS];
	struct steer_program program;
	int fd;

	group_index(&listener->group, member);
	fd = find_member(listener, member);
	if (fd < 0)
		return fd;
	for (unsigned slot = 0; slot < LISTENER_SLOTS; slot++)
		slots.index[slot] = member[listener->routed[slot]];
	if (buckets_go_in_turn(listener->balance)) {
		listener->no_turns = steer_in_turn(listener, fd);
		listener->turns_late = listener->no_turns == -EBUSY;
		if (listener->no_turns == 0)
			return 0;
		if (listener->turns_late)
			listener->no_turns = 0;
		else
			listener->balance = BALANCE_RANDOM;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		index[i] = slots.index[listener->buckets.owner[i]];
	steer_build(&program, listener->balance, buckets_groups(&listener->buckets),
		    index, &slots);
	return steer_attach(fd, &program);
}

/* After the group or the table changed.  A group of one has no choice, and one that was
 * lent without SO_REUSEPORT is no group yet. */
static int steer_again(struct listener *listener)
{
	if (listener->shared || !listener->steered || listener->group.members < 2)
		return 0;
	return put_in_force(listener);
}

int listener_grow(struct listener *listener, unsigned slots, struct fault *fault)
{
	int result;

	assert(slots <= LISTENER_SLOTS);

	if (listener->shared && slots > listener->slots)
		listener->slots = slots;
	if (slots <= listener->slots)
		return 0;

	result = open_slots(listener, slots);
	if ((result == -EADDRINUSE || result == -EACCES) && listener->taken &&
	    listener->slots == 1) {
		listener->shared = true;
		listener->slots = slots;
		return 0;
	}
	if (result == 0)
		result = steer_again(listener);
	return result < 0 ? port_explain(fault, result, &listener->address) : 0;
}

/* A program is in force before there is a second to choose from, so that nobody comes to
 * it before it is steered to.  Everybody's index stays as it is. */
int listener_open_second(struct listener *listener, unsigned slot, struct fault *fault)
{
	unsigned number = LISTENER_SLOTS + slot;
	int result;

	assert(slot < listener->slots);
	if (listener->shared || listener->taken)
		return -ENOTSUP;
	if (listener->fd[number] != 0)
		return 0;
	result = observe(listener);
	if (result == 0 && listener->group.members == 1)
		result = put_in_force(listener);
	if (result == 0)
		result = open_socket(listener, number);
	return result < 0 ? port_explain(fault, result, &listener->address) : 0;
}

void listener_close(struct listener *listener)
{
	rotor_close(&listener->rotor);
	if (listener->slots > 0 && listener->address.kind == ADDRESS_UNIX)
		local_close(&listener->local);
	else if (listener->shared)
		fd_close(&listener->fd[0]);
	else
		for (unsigned number = 0; number < LISTENER_SOCKETS; number++)
			if (listener->fd[number] != 0)
				fd_close(&listener->fd[number]);
	*listener = (struct listener){0};
}

bool listener_has(const struct listener *listener, unsigned number)
{
	if (listener->shared || number < LISTENER_SLOTS)
		return number % LISTENER_SLOTS < listener->slots;
	return number < LISTENER_SOCKETS && listener->fd[number] != 0;
}

int listener_fd(const struct listener *listener, unsigned number)
{
	assert(listener_has(listener, number));
	return listener->fd[listener->shared ? 0 : number];
}

bool listener_route(struct listener *listener, unsigned slot, unsigned number)
{
	bool moves = listener->routed[slot] != number;

	assert(listener_has(listener, number));
	listener->routed[slot] = (uint16_t)number;
	return moves;
}

unsigned listener_foreign(const struct listener *listener,
			  struct sockdiag_holder *ret_holder)
{
	uint32_t inode;
	unsigned count = group_foreign(&listener->group, &inode);

	if (count > 0 && ret_holder && sockdiag_find_holder(inode, ret_holder) < 0)
		*ret_holder = (struct sockdiag_holder){.command = "?"};
	return count;
}

/* ---- steer and look ---- */

int listener_steer(struct listener *listener, enum balance balance,
		   const struct buckets *buckets, unsigned addressed, struct fault *fault)
{
	int result;

	assert(addressed <= LISTENER_SLOTS);

	listener->steered = true;
	listener->turns_late = false;
	listener->addressed = addressed;
	listener->balance = balance;
	if (buckets_go_in_turn(balance) && listener->no_turns < 0)
		listener->balance = BALANCE_RANDOM;
	listener->buckets = *buckets;
	result = steer_again(listener);
	return result < 0 ? fault_set(fault, result,
				      "cannot attach the steering program: %s",
				      strerror(-result))
			  : listener->turns_late;
}

int listener_depth(const struct listener *listener, unsigned number, unsigned *ret_depth)
{
	struct tcp_info info;
	socklen_t bytes = sizeof(info);
	int fd;

	if (!listener_has(listener, number) || listener->address.datagram) {
		*ret_depth = 0;
		return 0;
	}
	fd = listener_fd(listener, number);
	if (listener->address.kind == ADDRESS_UNIX)
		return sockdiag_unix_queue(port_inode(fd), ret_depth);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) == -1)
		return -errno;
	*ret_depth = info.tcpi_state == TCP_LISTEN ? info.tcpi_unacked : 0;
	return 0;
}

/* A new socket in the place of one that stays quenched.  Who holds the old one may serve
 * what waits there; the number in our table is the same. */
static int replace_socket(struct listener *listener, unsigned number)
{
	CLOSE_FD int fd = port_bind(&listener->address, true);
	int result = fd < 0 ? fd : observe(listener);

	group_leave(&listener->group, port_inode(listener->fd[number]));
	if (result == 0 && (listen(fd, listener->backlog) == -1 ||
			    dup3(fd, listener->fd[number], O_CLOEXEC) == -1))
		result = -errno;
	if (result == 0)
		result = group_join(&listener->group, port_inode(fd), (int)number);
	return result == 0 ? steer_again(listener) : result;
}

int listener_quench(struct listener *listener, unsigned number, bool quench)
{
	int fd, result;

	if (!address_is_tcp(&listener->address) || !listener_has(listener, number))
		return 0;
	fd = listener_fd(listener, number);
	if (quench)
		return port_quench(fd);
	result = port_unquench(fd);
	return result == -EPERM && !listener->shared ? replace_socket(listener, number)
						     : result;
}

/* ---- mend what workers did ---- */

static int listen_again(struct listener *listener, unsigned number)
{
	int fd = listener_fd(listener, number);

	group_leave(&listener->group, port_inode(fd));
	if (listen(fd, listener->backlog) == -1)
		return -errno;
	return listener->shared
		       ? 0
		       : group_join(&listener->group, port_inode(fd), (int)number);
}

int listener_heal(struct listener *listener, unsigned number)
{
	bool healed = false;
	int result;

	if (listener->address.kind == ADDRESS_UNIX || !listener_has(listener, number))
		return 0;
	if (listener->address.datagram)
		return port_disconnect(listener_fd(listener, number));
	result = listener->shared ? 0 : observe(listener);
	if (result == 0 && !port_listens(listener_fd(listener, number))) {
		result = listen_again(listener, number);
		healed = true;
	}
	if (result == 0)
		result = steer_again(listener);
	return result < 0 ? result : healed;
}

int listener_restore_path(struct listener *listener, struct fault *fault)
{
	if (listener->address.kind != ADDRESS_UNIX || listener->slots == 0)
		return 0;
	return local_restore(&listener->local, listener->backlog, fault);
}

/* ---- a slot retires ---- */

void listener_retreat_begin(const struct listener *listener, unsigned looks,
			    struct listener_retreat *retreat)
{
	*retreat = (struct listener_retreat){.looks = looks};
	if (!listener->shared)
		(void)sockdiag_list_tcp(&retreat->before, SOCKDIAG_HANDSHAKE,
					address_port(&listener->address));
	retreat->handshakes = retreat->before.count;
}

/* Those of the beginning that are still there; newer ones were steered elsewhere. */
static int count_handshakes(const struct listener *listener,
			    struct listener_retreat *retreat)
{
	struct sockdiag_list now;
	int result = sockdiag_list_tcp(&now, SOCKDIAG_HANDSHAKE,
				       address_port(&listener->address));

	if (result < 0)
		return result;
	retreat->handshakes = sockdiag_count_left(&retreat->before, &now);
	sockdiag_free(&now);
	return 0;
}

int listener_retreat_look(const struct listener *listener, unsigned number,
			  struct listener_retreat *retreat)
{
	unsigned depth;
	int result;

	if (listener->shared)
		return 1;
	if (retreat->handshakes > 0) {
		result = count_handshakes(listener, retreat);
		if (result < 0)
			return result;
	}
	result = listener_depth(listener, number, &depth);
	if (result < 0)
		return result;
	if (retreat->handshakes > 0 || depth > 0)
		retreat->empty_looks = 0;
	else
		retreat->empty_looks++;
	return retreat->empty_looks >= retreat->looks;
}

void listener_retreat_end(struct listener_retreat *retreat)
{
	sockdiag_free(&retreat->before);
	*retreat = (struct listener_retreat){0};
}
