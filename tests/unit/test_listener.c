#include "supervisor/listener.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

#define BACKLOG 512

static struct listener listener;
static struct fault fault;
static struct buckets table;

static void setup(void)
{
	memset(&listener, 0, sizeof(listener));
	memset(&fault, 0, sizeof(fault));
	memset(&table, 0, sizeof(table));
	unit_remember_fds();
}

static void teardown(void)
{
	listener_close(&listener);
	unit_compare_fds();
}

static void open_listener(const char *text, unsigned slots)
{
	struct address address = sockets_address(text);

	ck_assert_msg(
		listener_open(&listener, &address, slots, BACKLOG, NULL, 0, &fault) == 0,
		"%s", fault.text);
}

static void grow(unsigned slots)
{
	ck_assert_msg(listener_grow(&listener, slots, &fault) == 0, "%s", fault.text);
}

static void steer_to(unsigned slot)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		table.owner[i] = (uint16_t)slot;
	ck_assert_msg(listener_steer(&listener, BALANCE_RANDOM, &table, &fault) == 0,
		      "%s", fault.text);
}

static void balance(enum balance policy, const struct buckets_slot *slot)
{
	buckets_assign(&table, policy, slot, listener.slots);
	ck_assert_msg(listener_steer(&listener, policy, &table, &fault) == 0, "%s",
		      fault.text);
}

static unsigned visit(const struct address *target, const struct address *source)
{
	return sockets_visit(target, source, listener.fd, listener.slots);
}

/* Steered to each slot in turn, each gets what is meant for it: the mirror is right. */
static void check_mirror(void)
{
	for (unsigned slot = 0; slot < listener.slots; slot++) {
		steer_to(slot);
		for (int round = 0; round < 3; round++)
			ck_assert_uint_eq(visit(&listener.address, NULL), slot);
	}
}

/* ---- somebody else's listener ---- */

static int bind_plain(const struct address *address, bool reuse_port)
{
	int on = 1, only = address->kind == ADDRESS_V6;
	int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (address->kind == ADDRESS_V6 || address->kind == ADDRESS_DUAL)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, &address->at.any, address->bytes) == -1 || listen(fd, 64) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Another process listens there, alone or joining the group; says where. */
static pid_t other_open(struct address *address, bool reuse_port)
{
	int report[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd = bind_plain(address, reuse_port);

		listener_close(&listener); /* it must not hold copies of ours */
		if (fd == -1 || address_of_socket(address, fd) < 0 ||
		    write(report[1], address, sizeof(*address)) != sizeof(*address))
			_exit(1);
		for (;;)
			pause();
	}
	close(report[1]);
	ck_assert_int_eq(read(report[0], address, sizeof(*address)), sizeof(*address));
	close(report[0]);
	return pid;
}

static void other_close(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* ---- open ---- */

static const char *const any_port[] = {"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0",
				       "*:0"};

START_TEST(listener_opens_a_socket_for_each_slot)
{
	unsigned port;

	open_listener(any_port[_i], 4);
	port = address_port(&listener.address);
	ck_assert(listener.any_port);
	ck_assert_uint_gt(port, 0);
	ck_assert_uint_eq(listener.slots, 4);
	for (unsigned slot = 0; slot < 4; slot++) {
		int fd = listener_fd(&listener, slot);
		struct address bound;

		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
		ck_assert_int_eq(address_of_socket(&bound, fd), 0);
		ck_assert(address_equal(&bound, &listener.address));
	}
	ck_assert_uint_eq(listener_foreign(&listener, NULL), 0);
}
END_TEST

START_TEST(listener_opens_its_number_again_after_connections)
{
	struct address address;
	int client;

	open_listener("127.0.0.1:0", 2);
	address = listener.address;
	steer_to(0);
	client = sockets_connect(&address, NULL);
	close(accept(listener.fd[0], NULL, NULL)); /* its end stays in TIME_WAIT */
	close(client);
	listener_close(&listener);
	ck_assert_msg(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert(!listener.any_port);
}
END_TEST

START_TEST(listener_refuses_a_port_that_another_process_has)
{
	struct address address = sockets_address(any_port[_i / 2]);
	pid_t other = other_open(&address, _i % 2);
	char pid[32];

	ck_assert_int_eq(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault),
			 -EADDRINUSE);
	snprintf(pid, sizeof(pid), "test_listener (pid %d)", (int)other);
	ck_assert_ptr_nonnull(strstr(fault.text, pid));
	ck_assert_ptr_nonnull(strstr(fault.text, "in use"));
	ck_assert_uint_eq(listener.slots, 0);
	other_close(other);
}
END_TEST

START_TEST(listener_refuses_what_a_wider_address_has)
{
	struct address wide = sockets_address("*:0");
	pid_t other = other_open(&wide, true);
	struct address address = sockets_address("127.0.0.1:0");

	address_set_port(&address, address_port(&wide));
	ck_assert_int_eq(listener_open(&listener, &address, 2, BACKLOG, NULL, 0, &fault),
			 -EADDRINUSE);
	other_close(other);
}
END_TEST

START_TEST(listener_refuses_the_same_address_twice)
{
	struct listener second;

	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(
		listener_open(&second, &listener.address, 2, BACKLOG, NULL, 0, &fault),
		-EADDRINUSE);
}
END_TEST

START_TEST(listener_opens_wider_while_the_narrow_one_is_still_there)
{
	struct address address = sockets_address("0.0.0.0:0");
	struct listener wide;

	open_listener("127.0.0.1:0", 2);
	address_set_port(&address, address_port(&listener.address));
	ck_assert_msg(listener_open(&wide, &address, 2, BACKLOG, NULL, 0, &fault) == 0,
		      "%s", fault.text);
	listener_close(&wide);
}
END_TEST

START_TEST(listener_says_why_an_address_cannot_be)
{
	struct address address = sockets_address("192.0.2.1:0");

	ck_assert_int_eq(listener_open(&listener, &address, 1, BACKLOG, NULL, 0, &fault),
			 -EADDRNOTAVAIL);
	ck_assert_ptr_nonnull(
		strstr(fault.text, "192.0.2.1:0: this machine has no such"));
}
END_TEST

START_TEST(listener_says_who_may_have_low_ports)
{
	struct address address = sockets_address("127.0.0.1:1");
	int result;

	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	result = listener_open(&listener, &address, 1, BACKLOG, NULL, 0, &fault);
	if (result == 0)
		UNIT_SKIP("low ports are open to all on this machine");
	ck_assert_int_eq(result, -EACCES);
	ck_assert_ptr_nonnull(strstr(fault.text, "CAP_NET_BIND_SERVICE"));
}
END_TEST

START_TEST(listener_serves_256_slots)
{
	open_listener("*:0", LISTENER_SLOTS);
	ck_assert_uint_eq(listener.group.members, LISTENER_SLOTS);
	for (unsigned slot = 0; slot < LISTENER_SLOTS; slot += 51) {
		steer_to(slot);
		ck_assert_uint_eq(visit(&listener.address, NULL), slot);
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		table.owner[i] = (uint16_t)i;
	ck_assert_int_eq(listener_steer(&listener, BALANCE_HASH, &table, &fault), 0);
}
END_TEST

START_TEST(listener_grows_and_keeps_what_it_has)
{
	int first;

	open_listener(any_port[_i], 1);
	first = listener.fd[0];
	grow(2);
	grow(5);
	grow(3);
	ck_assert_uint_eq(listener.slots, 5);
	ck_assert_int_eq(listener.fd[0], first);
	check_mirror();
}
END_TEST

START_TEST(listener_that_cannot_grow_stays_as_it_was)
{
	struct rlimit before, few;

	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)listener.fd[1] + 4;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(listener_grow(&listener, 16, &fault), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_uint_eq(listener.slots, 2);
	check_mirror();
	grow(4);
	check_mirror();
}
END_TEST

START_TEST(listener_grown_from_one_keeps_its_table)
{
	open_listener("127.0.0.1:0", 1);
	steer_to(0);
	grow(4);
	for (int round = 0; round < 20; round++)
		ck_assert_uint_eq(visit(&listener.address, NULL), 0);
}
END_TEST

/* ---- steer ---- */

static const char *const target_of[] = {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0",
					"[::1]:0",     "[::1]:0",     "127.0.0.1:0"};

START_TEST(listener_steers_by_weight)
{
	static const struct buckets_slot slot[] = {{true, 2}, {true, 1}, {true, 1}};
	static const double share[] = {50, 25, 25};
	struct address target = sockets_address(target_of[_i]);
	const unsigned rounds = 3000;
	unsigned seen[3] = {0};

	open_listener(any_port[_i < 5 ? _i : 4], 3);
	address_set_port(&target, address_port(&listener.address));
	balance(_i % 2 ? BALANCE_HASH : BALANCE_RANDOM, slot);
	for (unsigned round = 0; round < rounds; round++)
		seen[visit(&target, NULL)]++;
	for (unsigned i = 0; i < 3;
	     i++) /* four standard deviations are 3.7 and 3.2 points */
		ck_assert_double_eq_tol(100.0 * seen[i] / rounds, share[i], 3.7);
}
END_TEST

START_TEST(listener_sends_nobody_to_a_sick_slot)
{
	struct buckets_slot slot[] = {{true, 1}, {true, 1}, {true, 1}, {true, 1}};

	open_listener("127.0.0.1:0", 4);
	for (unsigned sick = 0; sick < 4; sick++) {
		slot[sick].healthy = false;
		balance((enum balance)_i, slot);
		for (int round = 0; round < 100; round++)
			ck_assert_uint_ne(visit(&listener.address, NULL), sick);
		slot[sick].healthy = true;
	}
}
END_TEST

#define SOURCES 60

static void visit_from_all(unsigned owner[SOURCES])
{
	for (unsigned i = 0; i < SOURCES; i++) {
		struct address source = sockets_address("127.0.0.1:0");

		source.at.v4.sin_addr.s_addr = htonl(0x7f000002 + i);
		owner[i] = visit(&listener.address, &source);
	}
}

START_TEST(listener_by_ip_hash_keeps_clients_with_their_slot)
{
	struct buckets_slot slot[] = {{true, 1}, {true, 1}, {true, 1}, {true, 1}};
	unsigned first[SOURCES], again[SOURCES], back[SOURCES];
	unsigned moved = 0;

	open_listener("0.0.0.0:0", 4);
	listener.address.at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	balance(BALANCE_IP_HASH, slot);
	visit_from_all(first);
	visit_from_all(again);
	ck_assert_mem_eq(first, again, sizeof(first));

	slot[2].healthy = false;
	balance(BALANCE_IP_HASH, slot);
	visit_from_all(again);
	for (unsigned i = 0; i < SOURCES; i++) {
		ck_assert_uint_ne(again[i], 2);
		if (first[i] != 2)
			ck_assert_uint_eq(again[i], first[i]);
		moved += first[i] != again[i];
	}
	ck_assert_uint_gt(moved, 5);

	slot[2].healthy = true;
	balance(BALANCE_IP_HASH, slot);
	visit_from_all(back);
	ck_assert_mem_eq(first, back, sizeof(first));
	listener.address.at.v4.sin_addr.s_addr = htonl(INADDR_ANY);
}
END_TEST

START_TEST(listener_routes_nothing_to_those_who_join_uninvited)
{
	struct address address;
	pid_t first, second;
	struct sockdiag_holder holder = {0};

	open_listener("127.0.0.1:0", 2);
	address = listener.address;
	first = other_open(&address, true);
	grow(4);
	ck_assert_uint_eq(listener_foreign(&listener, &holder), 1);
	ck_assert_int_eq(holder.pid, first);
	check_mirror();

	second = other_open(&address, true);
	grow(5);
	ck_assert_uint_eq(listener_foreign(&listener, NULL), 2);
	check_mirror();

	other_close(first); /* the last, our slot 4, moves into its place */
	grow(6);
	ck_assert_uint_eq(listener_foreign(&listener, &holder), 1);
	ck_assert_int_eq(holder.pid, second);
	check_mirror();
	other_close(second);
}
END_TEST

/* ---- queues ---- */

START_TEST(listener_knows_how_many_wait)
{
	int client[3];
	unsigned depth;

	open_listener(any_port[_i], 2);
	steer_to(1);
	for (unsigned i = 0; i < 3; i++) {
		client[i] = sockets_connect(&listener.address, NULL);
		ck_assert_int_eq(listener_depth(&listener, 1, &depth), 0);
		ck_assert_uint_eq(depth, i + 1);
		ck_assert_int_eq(listener_depth(&listener, 0, &depth), 0);
		ck_assert_uint_eq(depth, 0);
	}
	for (unsigned i = 0; i < 3; i++)
		close(client[i]);
}
END_TEST

/* A client that does not hear the answer to its SYN stays a handshake until it does: it
 * asks for packets of a TTL that nobody here sends. */
static void hear_only(int fd, int least)
{
	int level = listener.address.kind == ADDRESS_V4 ? IPPROTO_IP : IPPROTO_IPV6;
	int name = listener.address.kind == ADDRESS_V4 ? IP_MINTTL : IPV6_MINHOPCOUNT;

	ck_assert_int_eq(setsockopt(fd, level, name, &least, sizeof(least)), 0);
}

static int begin_deaf(void)
{
	int fd =
		socket(listener.address.at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	hear_only(fd, 255);
	ck_assert_int_eq(connect(fd, &listener.address.at.any, listener.address.bytes),
			 -1);
	ck_assert_int_eq(errno, EINPROGRESS);
	return fd;
}

static void hear_again(int fd)
{
	hear_only(fd, 0);
	ck_assert_int_eq(sockets_outcome(fd, SOCKETS_PATIENCE), 0);
}

/* Euid 0 is what gives root its powers over sockets. */
static void be_ordinary(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

/* Kernels from 2026 on ask for CAP_NET_ADMIN. */
static bool may_filter(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog program = {.len = 1, .filter = &all};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int result =
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));

	close(fd);
	return result == 0;
}

START_TEST(listener_quenched_keeps_who_waits_and_lets_nobody_in)
{
	int waiting, late, accepted;
	char word[3];

	if (!may_filter())
		UNIT_SKIP("needs CAP_NET_ADMIN on this kernel");
	open_listener(any_port[_i], 1);
	waiting = sockets_connect(&listener.address, NULL);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	late = sockets_begin(&listener.address, NULL);
	ck_assert_int_eq(sockets_outcome(late, 50), ETIMEDOUT);

	accepted = accept(listener.fd[0], NULL, NULL);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(write(waiting, "ask", 3), 3);
	ck_assert(sockets_wait(accepted, POLLIN, SOCKETS_PATIENCE));
	ck_assert_int_eq(read(accepted, word, 3), 3);
	ck_assert_int_eq(write(accepted, "say", 3), 3);
	ck_assert(sockets_wait(waiting, POLLIN, SOCKETS_PATIENCE));
	close(accepted);
	close(waiting);
	close(late);
}
END_TEST

START_TEST(listener_closed_after_a_quench_refuses_who_tried)
{
	int late;

	if (!may_filter())
		UNIT_SKIP("needs CAP_NET_ADMIN on this kernel");
	open_listener("127.0.0.1:0", 2);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_quench(&listener, 1, true), 0);
	late = sockets_begin(&listener.address, NULL);
	ck_assert_int_eq(sockets_outcome(late, 50), ETIMEDOUT);
	listener_close(&listener);
	ck_assert_int_eq(sockets_outcome(late, SOCKETS_PATIENCE), ECONNREFUSED);
	close(late);
}
END_TEST

START_TEST(listener_quenched_by_an_ordinary_user_lets_nobody_in_either)
{
	int waiting, late, outcome;

	be_ordinary();
	open_listener(any_port[_i], 2);
	steer_to(0);
	waiting = sockets_connect(&listener.address, NULL);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_quench(&listener, 1, true), 0);
	late = sockets_begin(&listener.address, NULL);
	outcome = sockets_outcome(late, 50);
	ck_assert(outcome == ETIMEDOUT || outcome == ECONNREFUSED);
	close(late);
	ck_assert_uint_eq(sockets_accept(listener.fd, 2), 0);
	close(waiting);

	ck_assert_int_eq(listener_quench(&listener, 0, false), 0);
	ck_assert_int_eq(listener_quench(&listener, 1, false), 0);
	check_mirror();
}
END_TEST

START_TEST(listener_quenched_lets_handshakes_finish)
{
	int early;

	if (_i)
		be_ordinary();
	open_listener("127.0.0.1:0", 1);
	early = begin_deaf();
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	hear_again(early);
	ck_assert_uint_eq(sockets_accept(listener.fd, 1), 0);
	close(early);
}
END_TEST

START_TEST(listener_unquenched_lets_in_who_tried_meanwhile)
{
	int late;

	if (!may_filter())
		UNIT_SKIP("needs CAP_NET_ADMIN on this kernel");
	open_listener("127.0.0.1:0", 1);
	ck_assert_int_eq(listener_quench(&listener, 0, false), 0);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	ck_assert_int_eq(listener_quench(&listener, 0, true), 0);
	late = sockets_begin(&listener.address, NULL);
	ck_assert_int_eq(sockets_outcome(late, 50), ETIMEDOUT);
	ck_assert_int_eq(listener_quench(&listener, 0, false), 0);
	ck_assert_int_eq(sockets_outcome(late, SOCKETS_PATIENCE), 0);
	close(late);
}
END_TEST

START_TEST(listener_retreats_after_the_handshakes_that_had_begun)
{
	struct listener_retreat retreat;
	int early, late;

	open_listener(any_port[2 * _i], 2);
	steer_to(1);
	early = begin_deaf();
	steer_to(0);
	ck_assert_int_eq(listener_retreat_begin(&listener, 2, &retreat), 0);
	ck_assert_uint_eq(retreat.handshakes, 1);
	late = begin_deaf();
	for (int look = 0; look < 3; look++)
		ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);

	hear_again(early);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_uint_eq(retreat.handshakes, 0); /* it waits in the queue now */
	ck_assert_uint_eq(sockets_accept(listener.fd, 2), 1);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 1);
	listener_retreat_end(&retreat);
	close(early);
	close(late);
}
END_TEST

START_TEST(listener_retreats_when_the_queue_was_empty_twice_in_a_row)
{
	struct listener_retreat retreat;
	int client;

	open_listener("127.0.0.1:0", 2);
	steer_to(1);
	ck_assert_int_eq(listener_retreat_begin(&listener, 2, &retreat), 0);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	client = sockets_connect(&listener.address, NULL);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_uint_eq(sockets_accept(listener.fd, 2), 1);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 0);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 1);
	listener_retreat_end(&retreat);
	close(client);

	ck_assert_int_eq(listener_retreat_begin(&listener, 1, &retreat), 0);
	ck_assert_int_eq(listener_retreat_look(&listener, 1, &retreat), 1);
	listener_retreat_end(&retreat);
}
END_TEST

/* ---- mend ---- */

START_TEST(listener_heals_a_slot_that_was_shut_down)
{
	open_listener("127.0.0.1:0", 4);
	check_mirror();
	for (unsigned slot = 0; slot < 4; slot++) {
		ck_assert_int_eq(listener_heal(&listener, slot), 0);
		ck_assert_int_eq(shutdown(listener.fd[slot], SHUT_RDWR), 0);
		ck_assert_int_eq(listener_heal(&listener, slot), 1);
		ck_assert_int_eq(listener_heal(&listener, slot), 0);
		check_mirror();
	}
}
END_TEST

START_TEST(listener_heals_two_slots_and_keeps_the_table_between)
{
	open_listener("127.0.0.1:0", 4);
	steer_to(3);
	ck_assert_int_eq(shutdown(listener.fd[0], SHUT_RDWR), 0);
	ck_assert_int_eq(shutdown(listener.fd[2], SHUT_RDWR), 0);
	steer_to(3);
	ck_assert_int_eq(listener_heal(&listener, 2), 1);
	for (int round = 0; round < 20; round++)
		ck_assert_uint_eq(
			sockets_visit(&listener.address, NULL, listener.fd + 2, 2), 1);
	ck_assert_int_eq(listener_heal(&listener, 0), 1);
	check_mirror();
}
END_TEST

/* ---- lent by systemd ---- */

START_TEST(listener_makes_a_lent_socket_the_first_of_a_group)
{
	struct address address = sockets_address(any_port[_i]);
	int taken = bind_plain(&address, false);
	int client;

	ck_assert_int_eq(address_of_socket(&address, taken), 0);
	client = sockets_connect(&address, NULL); /* this is what woke us */
	ck_assert_msg(listener_open(&listener, &address, 3, BACKLOG, &taken, 1, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert(!listener.shared);
	ck_assert_int_eq(listener.fd[0], taken);
	ck_assert_uint_eq(sockets_accept(listener.fd, 3), 0);
	close(client);
	check_mirror();
}
END_TEST

START_TEST(listener_shares_a_lent_socket_of_another_user)
{
	struct address address = sockets_address("127.0.0.1:0");
	int taken;

	if (geteuid() != 0)
		UNIT_SKIP("needs root, to be another user for a moment");
	ck_assert_int_eq(seteuid(65534), 0);
	taken = bind_plain(&address, false);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(address_of_socket(&address, taken), 0);
	ck_assert_msg(listener_open(&listener, &address, 3, BACKLOG, &taken, 1, &fault) ==
			      0,
		      "%s", fault.text);
	ck_assert(listener.shared);
	ck_assert_uint_eq(listener.slots, 3);
	ck_assert_int_eq(listener_fd(&listener, 2), taken);
	steer_to(2);
}
END_TEST

START_TEST(listener_refuses_a_lent_socket_of_another_address)
{
	struct address address = sockets_address("127.0.0.1:0");
	int taken = bind_plain(&address, false);

	address_set_port(&address, 1);
	ck_assert_int_eq(
		listener_open(&listener, &address, 1, BACKLOG, &taken, 1, &fault),
		-EINVAL);
	taken = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(
		listener_open(&listener, &address, 1, BACKLOG, &taken, 1, &fault),
		-EINVAL);
}
END_TEST

START_TEST(listener_refuses_two_lent_sockets_of_one_address)
{
	struct address address = sockets_address("127.0.0.1:0");
	int taken[2] = {bind_plain(&address, true), -1};

	ck_assert_int_eq(address_of_socket(&address, taken[0]), 0);
	taken[1] = bind_plain(&address, true);
	ck_assert_int_eq(listener_open(&listener, &address, 4, BACKLOG, taken, 2, &fault),
			 -EINVAL);
}
END_TEST

static Suite *suite_of_listener(void)
{
	Suite *suite = suite_create("listener");
	TCase *tcase = tcase_create("listener");
	const int kinds = ARRAY_COUNT(any_port);

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, listener_opens_a_socket_for_each_slot, 0, kinds);
	tcase_add_test(tcase, listener_opens_its_number_again_after_connections);
	tcase_add_loop_test(tcase, listener_refuses_a_port_that_another_process_has, 0,
			    2 * kinds);
	tcase_add_test(tcase, listener_refuses_what_a_wider_address_has);
	tcase_add_test(tcase, listener_refuses_the_same_address_twice);
	tcase_add_test(tcase, listener_opens_wider_while_the_narrow_one_is_still_there);
	tcase_add_test(tcase, listener_says_why_an_address_cannot_be);
	tcase_add_test(tcase, listener_says_who_may_have_low_ports);
	tcase_add_test(tcase, listener_serves_256_slots);
	tcase_add_loop_test(tcase, listener_grows_and_keeps_what_it_has, 0, kinds);
	tcase_add_test(tcase, listener_that_cannot_grow_stays_as_it_was);
	tcase_add_test(tcase, listener_grown_from_one_keeps_its_table);
	tcase_add_loop_test(tcase, listener_steers_by_weight, 0, ARRAY_COUNT(target_of));
	tcase_add_loop_test(tcase, listener_sends_nobody_to_a_sick_slot, 0, BALANCES);
	tcase_add_test(tcase, listener_by_ip_hash_keeps_clients_with_their_slot);
	tcase_add_test(tcase, listener_routes_nothing_to_those_who_join_uninvited);
	tcase_add_loop_test(tcase, listener_knows_how_many_wait, 0, kinds);
	tcase_add_loop_test(tcase, listener_quenched_keeps_who_waits_and_lets_nobody_in,
			    0, kinds);
	tcase_add_loop_test(tcase, listener_quenched_lets_handshakes_finish, 0, 2);
	tcase_add_loop_test(tcase,
			    listener_quenched_by_an_ordinary_user_lets_nobody_in_either,
			    0, kinds);
	tcase_add_test(tcase, listener_closed_after_a_quench_refuses_who_tried);
	tcase_add_test(tcase, listener_unquenched_lets_in_who_tried_meanwhile);
	tcase_add_loop_test(tcase, listener_retreats_after_the_handshakes_that_had_begun,
			    0, 3);
	tcase_add_test(tcase, listener_retreats_when_the_queue_was_empty_twice_in_a_row);
	tcase_add_test(tcase, listener_heals_a_slot_that_was_shut_down);
	tcase_add_test(tcase, listener_heals_two_slots_and_keeps_the_table_between);
	tcase_add_loop_test(tcase, listener_makes_a_lent_socket_the_first_of_a_group, 0,
			    kinds);
	tcase_add_test(tcase, listener_shares_a_lent_socket_of_another_user);
	tcase_add_test(tcase, listener_refuses_a_lent_socket_of_another_address);
	tcase_add_test(tcase, listener_refuses_two_lent_sockets_of_one_address);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_listener)
