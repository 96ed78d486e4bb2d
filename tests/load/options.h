/*
 * options.h - what the command line of loadgen asks for.
 */
#ifndef TESTS_LOAD_OPTIONS_H
#define TESTS_LOAD_OPTIONS_H

#include "common/address.h"
#include "common/base.h"

#define OPTIONS_BODY_MOST (UINT64_C(1) << 20)

struct options {
	struct address target;
	unsigned rate;    /* new connections a second, each for one request */
	unsigned kept;    /* clients that keep their connection */
	int64_t think_us; /* the longest that such a client waits before its next request
			   */
	unsigned post_percent;
	size_t body_most; /* of a POST */
	const char *path;
	const char *echo; /* what POSTs go to; answers with the bytes it got */
	int64_t timeout_us;
	int64_t duration_us;  /* 0: until told */
	uint64_t requests;    /* 0: no end */
	int source_family;    /* 0: none is asked for */
	uint8_t source[16];   /* the network, whose host part is drawn by lot */
	unsigned source_bits; /* of the network */
	uint64_t seed;
	bool json;
	bool fail_on_error;
};

/* Prints what is wrong, or the help, and exits then. */
void options_parse(struct options *ret_options, int argc, char **argv);

#endif
