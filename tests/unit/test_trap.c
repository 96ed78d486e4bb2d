#include "supervisor/bridge/trap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* What a child does once it is trapped; its exit code is the answer. */
typedef int errand(void);

static struct sockaddr_in local(unsigned port)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)port)};

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return name;
}

static int bind_to(int kind, unsigned port)
{
	struct sockaddr_in name = local(port);
	int fd = socket(AF_INET, kind, 0);

	return bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1 ? errno : 0;
}

static int bind_to_port_1(void)
{
	struct sockaddr_in name = local(1), given;
	socklen_t bytes = sizeof(given);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1)
		return errno;
	if (getsockname(fd, (struct sockaddr *)&given, &bytes) == -1 ||
	    given.sin_port == name.sin_port)
		return 201; /* it is its own still */
	if (!(fcntl(fd, F_GETFL) & O_NONBLOCK) || !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return 202;
	return 0;
}

static int bind_what_is_none_of_ours(void)
{
	struct sockaddr_in name = local(1);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind_to(SOCK_STREAM, 0) != 0 || bind_to(SOCK_DGRAM, 0) != 0)
		return 201;
	if (bind(-1, (struct sockaddr *)&name, sizeof(name)) != -1 || errno != EBADF)
		return 202;
	if (bind(fd, (struct sockaddr *)8, sizeof(name)) != -1 || errno != EFAULT)
		return 203;
	close(fd);
	return 0;
}

static pid_t begin(errand *what, int *ret_trap)
{
	struct pollfd sent;
	int end[2];
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end), 0);
	pid = fork();
	if (pid == 0) {
		if (trap_lay(end[1]) == -1)
			_exit(errno == ENOSYS || errno == EINVAL ? 250 : 251);
		_exit(what());
	}
	close(end[1]);
	sent = (struct pollfd){.fd = end[0], .events = POLLIN};
	ck_assert_int_eq(poll(&sent, 1, 10000), 1);
	*ret_trap = trap_take(end[0]);
	close(end[0]);
	return pid;
}

/* Serves calls until the child has ended; every call for port 1 gets `fd`, or `code`. */
static int serve(pid_t pid, int trap, int fd, int code)
{
	struct pollfd due = {.fd = trap, .events = POLLIN};
	struct trap_call call;
	int status;

	while (poll(&due, 1, 10000) == 1 && due.revents & POLLIN) {
		int result = trap_next(trap, &call);

		if (result != 1)
			continue;
		ck_assert_uint_eq(address_port(&call.address), 1);
		if (code != 0)
			trap_refuse(trap, &call, code);
		else
			ck_assert_int_eq(trap_replace(trap, &call, fd), 0);
	}
	close(trap);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define NEED_TRAP(trap)                                                          \
	if ((trap) < 0) {                                                        \
		(void)waitpid(-1, NULL, 0);                                      \
		UNIT_SKIP("this kernel, or who runs us in it, allows no traps"); \
	}

START_TEST(a_trapped_bind_is_given_another_socket)
{
	struct sockaddr_in any = local(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), trap;
	pid_t pid = begin(bind_to_port_1, &trap);

	NEED_TRAP(trap);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	ck_assert_int_eq(serve(pid, trap, fd, 0), 0);
	close(fd);
}
END_TEST

START_TEST(a_trapped_bind_can_be_refused)
{
	int trap;
	pid_t pid = begin(bind_to_port_1, &trap);

	NEED_TRAP(trap);
	ck_assert_int_eq(serve(pid, trap, -1, -EADDRINUSE), EADDRINUSE);
}
END_TEST

START_TEST(what_is_none_of_ours_goes_on)
{
	int trap;
	pid_t pid = begin(bind_what_is_none_of_ours, &trap);

	NEED_TRAP(trap);
	ck_assert_int_eq(serve(pid, trap, -1, 0), 0);
}
END_TEST

START_TEST(a_child_that_ends_before_lays_no_trap)
{
	int end[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end), 0);
	ck_assert_int_eq(trap_take(end[0]), -EAGAIN);
	close(end[1]);
	ck_assert_int_eq(trap_take(end[0]), -ECONNRESET);
	close(end[0]);
}
END_TEST

static Suite *suite_of_trap(void)
{
	Suite *suite = suite_create("trap");
	TCase *tcase = tcase_create("trap");

	tcase_add_test(tcase, a_trapped_bind_is_given_another_socket);
	tcase_add_test(tcase, a_trapped_bind_can_be_refused);
	tcase_add_test(tcase, what_is_none_of_ours_goes_on);
	tcase_add_test(tcase, a_child_that_ends_before_lays_no_trap);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite_of_trap)
