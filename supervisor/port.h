/*
 * port.h - a port of this machine: bound for us, in use by whom, shut to newcomers.
 *
 * Of a UDP port only the binding is ours: it has no queue of connections.
 */
#ifndef SUPERVISOR_PORT_H
#define SUPERVISOR_PORT_H

#include "common/address.h"
#include "common/fault.h"

/* A non-blocking socket bound to the address, not yet listening; reuse_port: one of a
 * group.  The descriptor, or a negative errno. */
int port_bind(const struct address *address, bool reuse_port);
/* The same for UDP; a port 0 becomes the number that it was given. */
int port_bind_datagram(struct address *address);

/* Is nobody there?  -EADDRINUSE names who is. */
int port_probe(const struct address *address, struct fault *fault);

/* Makes a socket that systemd lent like one of ours, if it is what the address says; a
 * Unix one, too. */
int port_adopt(int fd, const struct address *address, int backlog, struct fault *fault);

/* What somebody who holds a copy of a UDP socket did to it is undone: while it is
 * connected it hears one peer alone.  1 if it was, 0 if not. */
int port_disconnect(int fd);

uint32_t port_inode(int fd); /* by which sock_diag knows a socket */
/* Still in LISTEN?  Whoever holds a copy can end that for all. */
bool port_listens(int fd);

/* Lets no new connection in, while those that wait and handshakes under way stay.  With
 * CAP_NET_ADMIN (or on kernels before 2026) newcomers are not answered and try again;
 * else they are refused. */
int port_quench(int fd);
/* Undone; -EPERM: this socket cannot be, only a new one in its place. */
int port_unquench(int fd);

/* Says in words why listening failed with this negative errno; returns it. */
int port_explain(struct fault *fault, int code, const struct address *address);

#endif
