/*
 * wish.h - how a test worker shall behave: its command line.
 */
#ifndef TESTS_SYSTEM_WORKERS_SHARED_WISH_H
#define TESTS_SYSTEM_WORKERS_SHARED_WISH_H

#include "common/base.h"

struct wish {
	int log; /* fd; -1: none */
	const char *say;
	int exit; /* code at the start; -1: no */
	double ready_after, exit_after,
		hang_after; /* seconds; the latter two -1: never */
	double slow, busy;
	int code; /* of exit_after */
	bool is_never_ready, is_mute, ignores_term, floods, is_garbage, is_abrupt;
	const char *unlink;
	int children;
	bool children_trap;
};

/* Prints the help and exits when the words make no sense. */
void wish_parse(struct wish *ret_wish, int argc, char **argv, int slot);

#endif
