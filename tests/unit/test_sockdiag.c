#include "supervisor/sockdiag.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

static struct sockdiag_list list;

static int listen_at(struct address *address)
{
	int only = address->kind == ADDRESS_V6;
	int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (address->kind != ADDRESS_V4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	ck_assert_int_eq(bind(fd, &address->at.any, address->bytes), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(address_of_socket(address, fd), 0);
	return fd;
}

static uint32_t inode_of(int fd)
{
	struct stat socket;

	ck_assert_int_eq(fstat(fd, &socket), 0);
	return (uint32_t)socket.st_ino;
}

static const char *const kinds[] = {"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0",
				    "*:0"};

START_TEST(sockdiag_lists_who_listens_on_a_port)
{
	struct address address = sockets_address(kinds[_i]);
	int fd = listen_at(&address);

	ck_assert_int_eq(
		sockdiag_list_tcp(&list, SOCKDIAG_LISTENING, address_port(&address)), 0);
	ck_assert_uint_eq(list.count, 1);
	ck_assert(address_equal(&list.socket[0].address, &address));
	ck_assert_uint_eq(list.socket[0].inode, inode_of(fd));
	ck_assert_uint_eq(list.socket[0].uid, geteuid());
	ck_assert_uint_eq(list.socket[0].interface, 0);
	sockdiag_free(&list);
	close(fd);

	ck_assert_int_eq(
		sockdiag_list_tcp(&list, SOCKDIAG_LISTENING, address_port(&address)), 0);
	ck_assert_uint_eq(list.count, 0);
	sockdiag_free(&list);
}
END_TEST

START_TEST(sockdiag_lists_more_than_one_answer_holds)
{
	struct address address = sockets_address("127.0.0.1:0");
	const unsigned members = 600;
	int fd[600], on = 1;

	for (unsigned i = 0; i < members; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_ge(fd[i], 0);
		setsockopt(fd[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		ck_assert_int_eq(bind(fd[i], &address.at.any, address.bytes), 0);
		ck_assert_int_eq(listen(fd[i], 1), 0);
		ck_assert_int_eq(address_of_socket(&address, fd[i]), 0);
	}
	ck_assert_int_eq(
		sockdiag_list_tcp(&list, SOCKDIAG_LISTENING, address_port(&address)), 0);
	ck_assert_uint_eq(list.count, members);
	sockdiag_free(&list);
	for (unsigned i = 0; i < members; i++)
		close(fd[i]);
}
END_TEST

START_TEST(sockdiag_lists_handshakes_by_peer)
{
	struct address address = sockets_address(_i ? "*:0" : "127.0.0.1:0");
	struct address target = sockets_address("127.0.0.1:0");
	struct sockdiag_list later;
	const int ttl = 255; /* nobody here sends that: the clients hear no answer */
	int server = listen_at(&address), client[3];

	address_set_port(&target, address_port(&address));
	for (unsigned i = 0; i < 3; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		setsockopt(client[i], IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
		ck_assert_int_eq(connect(client[i], &target.at.any, target.bytes), -1);
		if (i == 1)
			ck_assert_int_eq(sockdiag_list_tcp(&list, SOCKDIAG_HANDSHAKE,
							   address_port(&address)),
					 0);
	}
	ck_assert_uint_eq(list.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		struct address from;
		bool found = false;

		ck_assert_int_eq(address_of_socket(&from, client[i]), 0);
		for (unsigned j = 0; j < 2; j++)
			found = found ||
				address_port(&list.socket[j].peer) == address_port(&from);
		ck_assert(found);
	}
	ck_assert_int_eq(
		sockdiag_list_tcp(&later, SOCKDIAG_HANDSHAKE, address_port(&address)), 0);
	ck_assert_uint_eq(later.count, 3);
	ck_assert_uint_eq(sockdiag_count_left(&list, &later), 2);
	ck_assert_uint_eq(sockdiag_count_left(&later, &list), 2);
	sockdiag_free(&list);
	ck_assert_uint_eq(sockdiag_count_left(&list, &later), 0);
	sockdiag_free(&later);
	for (unsigned i = 0; i < 3; i++)
		close(client[i]);
	close(server);
}
END_TEST

/* What the only connection that was accepted at this address has to say. */
static struct traffic find_traffic(const struct address *address)
{
	struct traffic traffic = {0};
	unsigned found = 0;

	ck_assert_int_eq(
		sockdiag_list_tcp(&list, SOCKDIAG_CONNECTED, address_port(address)), 0);
	for (unsigned i = 0; i < list.count; i++) {
		if (list.socket[i].inode == 0)
			continue;
		traffic = list.socket[i].traffic;
		found++;
	}
	sockdiag_free(&list);
	ck_assert_uint_eq(found, 1);
	return traffic;
}

START_TEST(sockdiag_tells_what_goes_on_in_a_connection)
{
	struct address address = sockets_address(_i ? "*:0" : "127.0.0.1:0");
	struct address target = sockets_address("127.0.0.1:0");
	int server = listen_at(&address), client, peer;
	struct traffic traffic;
	char text[8];

	address_set_port(&target, address_port(&address));
	client = sockets_connect(&target, NULL);
	ck_assert(sockets_wait(server, POLLIN, SOCKETS_PATIENCE));
	peer = accept(server, NULL, NULL);
	ck_assert_int_eq(send(client, "hello", 5, 0), 5);
	ck_assert(sockets_wait(peer, POLLIN, SOCKETS_PATIENCE));
	traffic = find_traffic(&address);
	ck_assert_uint_eq(traffic.unread, 5);
	ck_assert_int_eq(recv(peer, text, sizeof(text), 0), 5);
	poll(NULL, 0, 50); /* more than the kernel's clock can miss */
	ck_assert_int_eq(send(peer, "world", 5, 0), 5);
	ck_assert(sockets_wait(client, POLLIN, SOCKETS_PATIENCE));
	traffic = find_traffic(&address);
	ck_assert_uint_eq(traffic.unread, 0);
	ck_assert_int_lt(traffic.sent, traffic.received);
	close(client);
	close(peer);
	close(server);
}
END_TEST

START_TEST(sockdiag_knows_the_queue_of_a_unix_socket)
{
	struct address address =
		sockets_address("unix:/tmp/clusterd-sockdiag-0000000000");
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client[3];
	unsigned queue = 77;

	snprintf(address.at.path.sun_path, sizeof(address.at.path.sun_path),
		 "/tmp/clusterd-sockdiag-%d", getpid());
	ck_assert_int_eq(bind(server, &address.at.any, address.bytes), 0);
	ck_assert_int_eq(listen(server, 16), 0);
	ck_assert_int_eq(sockdiag_unix_queue(inode_of(server), &queue), 0);
	ck_assert_uint_eq(queue, 0);
	for (unsigned i = 0; i < 3; i++) {
		client[i] = sockets_connect(&address, NULL);
		ck_assert_int_eq(sockdiag_unix_queue(inode_of(server), &queue), 0);
		ck_assert_uint_eq(queue, i + 1);
	}
	for (unsigned i = 0; i < 3; i++)
		close(client[i]);
	unlink(address.at.path.sun_path);
	close(server);
	ck_assert_int_eq(sockdiag_unix_queue(1, &queue), -ENOENT);
	ck_assert_uint_eq(queue, 3);
}
END_TEST

START_TEST(sockdiag_finds_who_holds_a_socket)
{
	struct sockdiag_holder holder = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint32_t inode = inode_of(fd);
	char name[16];
	pid_t child;

	ck_assert_int_eq(sockdiag_find_holder(inode, &holder), 0);
	ck_assert_int_eq(holder.pid, getpid());
	ck_assert_int_eq(prctl(PR_GET_NAME, name), 0);
	ck_assert_str_eq(holder.command, name);

	child = fork();
	if (child == 0)
		for (;;)
			pause();
	close(fd);
	ck_assert_int_eq(sockdiag_find_holder(inode, &holder), 0);
	ck_assert_int_eq(holder.pid, child);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(sockdiag_find_holder(inode, &holder), -ENOENT);
	ck_assert_int_eq(holder.pid, child);
}
END_TEST

START_TEST(sockdiag_names_nobody_who_is_gone)
{
	struct sockdiag_holder holder;

	sockdiag_name_holder(&holder, 0x7ffffff0);
	ck_assert_str_eq(holder.command, "?");
}
END_TEST

static Suite *suite_of_sockdiag(void)
{
	Suite *suite = suite_create("sockdiag");
	TCase *tcase = tcase_create("sockdiag");

	unit_watch_fds(tcase);
	tcase_add_loop_test(tcase, sockdiag_lists_who_listens_on_a_port, 0,
			    ARRAY_COUNT(kinds));
	tcase_add_test(tcase, sockdiag_lists_more_than_one_answer_holds);
	tcase_add_loop_test(tcase, sockdiag_lists_handshakes_by_peer, 0, 2);
	tcase_add_loop_test(tcase, sockdiag_tells_what_goes_on_in_a_connection, 0, 2);
	tcase_add_test(tcase, sockdiag_knows_the_queue_of_a_unix_socket);
	tcase_add_test(tcase, sockdiag_finds_who_holds_a_socket);
	tcase_add_test(tcase, sockdiag_names_nobody_who_is_gone);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_sockdiag)
