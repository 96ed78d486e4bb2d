/*
 * listening.h - what the tests of listeners share: one listener, its clients, its mirror.
 */
#ifndef TESTS_UNIT_LISTENING_H
#define TESTS_UNIT_LISTENING_H

#include <string.h>
#include <sys/prctl.h>

#include "supervisor/listener.h"
#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

#define BACKLOG 512

static const char *const any_port[] = {"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0",
				       "*:0"};

static struct listener listener;
static struct fault fault;
static struct buckets table;

static inline void setup(void)
{
	memset(&listener, 0, sizeof(listener));
	memset(&fault, 0, sizeof(fault));
	memset(&table, 0, sizeof(table));
	unit_remember_fds();
}

/* Euid 0 is what gives root its powers over sockets. */
static inline void be_ordinary(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

static inline void be_oneself(void)
{
	ck_assert_int_eq(seteuid(getuid()), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1),
			 0); /* for the leak check at the end */
}

static inline void teardown(void)
{
	be_oneself();
	listener_close(&listener);
	unit_compare_fds();
}

static inline void open_listener(const char *text, unsigned slots)
{
	struct address address = sockets_address(text);

	ck_assert_msg(
		listener_open(&listener, &address, slots, BACKLOG, NULL, 0, &fault) == 0,
		"%s", fault.text);
}

static inline void grow(unsigned slots)
{
	ck_assert_msg(listener_grow(&listener, slots, &fault) == 0, "%s", fault.text);
}

static inline void steer_to(unsigned slot)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		table.owner[i] = (uint16_t)slot;
	ck_assert_msg(listener_steer(&listener, BALANCE_RANDOM, &table, listener.slots,
				     &fault) == 0,
		      "%s", fault.text);
}

static inline unsigned visit(const struct address *target, const struct address *source)
{
	return sockets_visit(target, source, listener.fd, listener.slots);
}

/* Steered to each slot in turn, each gets what is meant for it: the mirror is right. */
static inline void check_mirror(void)
{
	for (unsigned slot = 0; slot < listener.slots; slot++) {
		steer_to(slot);
		for (int round = 0; round < 3; round++)
			ck_assert_uint_eq(visit(&listener.address, NULL), slot);
	}
}

#endif
