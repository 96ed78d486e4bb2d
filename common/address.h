/*
 * address.h - where an app listens: text <-> value.
 *
 * "127.0.0.1:8080", "[::1]:8080" (v6 only), "*:8080" or "8080" (one dual-stack socket),
 * "unix:/run/web.sock" (absolute path); "udp:" before any of the first is UDP, what has
 * neither is TCP.  Port 0: the kernel picks one.  Host names are
 * refused: what one resolves to can change between two starts.  Needs no allocation.
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

#include <netinet/in.h>

#include "common/base.h"
#include "common/fault.h"

#define ADDRESS_TEXT 128 /* the longest text of an address, with its NUL */

/* 127.128.0.0: who connects from here plus N, on this machine, means slot N. */
#define ADDRESS_OF_SLOTS 0x7f800000

enum address_kind { ADDRESS_V4, ADDRESS_V6, ADDRESS_DUAL, ADDRESS_UNIX };

struct address {
	enum address_kind kind;
	bool datagram; /* UDP */
	socklen_t bytes;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un path;
	} at;
};

int address_parse(struct address *ret_address, const char *text, struct fault *fault);
/* What a program binds a TCP socket of its own to.  -EAFNOSUPPORT: nothing an address can
 * say; scopes of IPv6 are such a thing. */
int address_of_name(struct address *ret_address, const struct sockaddr *name,
		    socklen_t bytes, bool only_v6);
/* What a socket is bound to; -EAFNOSUPPORT if that is nothing an address can say. */
int address_of_socket(struct address *ret_address, int fd);
void address_format(const struct address *address, char text[ADDRESS_TEXT]);
/* Any total order: less than, equal to or greater than 0. */
int address_compare(const struct address *one, const struct address *other);
bool address_equal(const struct address *one, const struct address *other);
/* Could both not be bound at once?  "0.0.0.0:80" claims "127.0.0.1:80", "*:80" both. */
bool address_claims(const struct address *one, const struct address *other);
/* Where to connect from, and where to, to reach one slot behind a listener.  False: it
 * has no such address, since only IPv4 has, alone or dual-stack. */
bool address_of_slot(const struct address *listener, unsigned slot,
		     struct address *ret_source, struct address *ret_target);
bool address_is_tcp(const struct address *address);
unsigned address_port(const struct address *address); /* 0 for Unix */
void address_set_port(struct address *address, unsigned port);

#endif
