#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_PREFIX "unix:"
#define UDP_PREFIX  "udp:"

static bool port_parse(unsigned *ret_port, const char *text)
{
	unsigned port = 0;

	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		port = port * 10 + (unsigned)(*text - '0');
	}
	if (port > UINT16_MAX)
		return false;
	*ret_port = port;
	return true;
}

static struct address address_dual(void)
{
	struct address address = {.kind = ADDRESS_DUAL, .bytes = sizeof(address.at.v6)};

	address.at.v6.sin6_family = AF_INET6;
	address.at.v6.sin6_addr = in6addr_any;
	return address;
}

static int path_parse(struct address *ret_address, const char *path, struct fault *fault)
{
	struct address address = {.kind = ADDRESS_UNIX};
	size_t length = strlen(path);

	if (path[0] != '/' || path[length - 1] == '/')
		return fault_set(fault, -EINVAL,
				 "\"%s\" must be the absolute path of a socket", path);
	if (length >= sizeof(address.at.path.sun_path))
		return fault_set(fault, -ENAMETOOLONG,
				 "path of %zu bytes, a Unix socket's is at most %zu",
				 length, sizeof(address.at.path.sun_path) - 1);

	address.at.path.sun_family = AF_UNIX;
	memcpy(address.at.path.sun_path, path, length + 1);
	address.bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
	*ret_address = address;
	return 0;
}

static int v6_parse(struct address *ret_address, const char *host, struct fault *fault)
{
	struct address address = {.kind = ADDRESS_V6, .bytes = sizeof(address.at.v6)};

	address.at.v6.sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, host, &address.at.v6.sin6_addr) != 1)
		return fault_set(fault, -EINVAL, "\"%s\" is not an IPv6 address", host);
	if (IN6_IS_ADDR_V4MAPPED(&address.at.v6.sin6_addr))
		return fault_set(fault, -EINVAL,
				 "\"%s\" is an IPv4 address in disguise: write it as one",
				 host);
	*ret_address = address;
	return 0;
}

static int v4_parse(struct address *ret_address, const char *host, struct fault *fault)
{
	struct address address = {.kind = ADDRESS_V4, .bytes = sizeof(address.at.v4)};

	address.at.v4.sin_family = AF_INET;
	if (inet_pton(AF_INET, host, &address.at.v4.sin_addr) != 1)
		return fault_set(
			fault, -EINVAL,
			"\"%s\" is not an address; names are not looked up, write "
			"127.0.0.1:PORT, [::1]:PORT, *:PORT or unix:/PATH",
			host);
	*ret_address = address;
	return 0;
}

/* `host` is what stands before the last colon; NULL: nothing, not even a colon. */
static int host_parse(struct address *ret_address, char *host, struct fault *fault)
{
	size_t length = host ? strlen(host) : 0;

	if (!host || strcmp(host, "*") == 0) {
		*ret_address = address_dual();
		return 0;
	}
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		return v6_parse(ret_address, host + 1, fault);
	}
	if (strchr(host, ':'))
		return fault_set(fault, -EINVAL,
				 "write an IPv6 address in brackets: [%s]", host);
	return v4_parse(ret_address, host, fault);
}

static int port_of_host_parse(struct address *ret_address, const char *text,
			      struct fault *fault)
{
	char host[ADDRESS_TEXT];
	char *colon;
	unsigned port;
	int result;

	if (strlen(text) >= sizeof(host))
		return fault_set(fault, -EINVAL, "an address has at most %zu characters",
				 sizeof(host) - 1);

	strcpy(host, text);
	colon = strrchr(host, ':');
	if (!port_parse(&port, colon ? colon + 1 : host))
		return fault_set(
			fault, -EINVAL,
			"\"%s\" has no port from 0 to 65535; write 127.0.0.1:PORT, "
			"[::1]:PORT, *:PORT or unix:/PATH",
			text);
	if (colon)
		*colon = '\0';
	result = host_parse(ret_address, colon ? host : NULL, fault);
	if (result == 0)
		address_set_port(ret_address, port);
	return result;
}

int address_parse(struct address *ret_address, const char *text, struct fault *fault)
{
	bool datagram = strncmp(text, UDP_PREFIX, strlen(UDP_PREFIX)) == 0;
	int result;

	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return path_parse(ret_address, text + strlen(UNIX_PREFIX), fault);
	if (datagram)
		text += strlen(UDP_PREFIX);
	result = port_of_host_parse(ret_address, text, fault);
	if (result == 0)
		ret_address->datagram = datagram;
	return result;
}

static bool is_any(const struct address *address)
{
	if (address->kind == ADDRESS_V4)
		return address->at.v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&address->at.v6.sin6_addr);
}

static struct address address_v4(uint32_t host, unsigned port)
{
	struct address address = {.kind = ADDRESS_V4, .bytes = sizeof(address.at.v4)};

	address.at.v4.sin_family = AF_INET;
	address.at.v4.sin_addr.s_addr = htonl(host);
	address_set_port(&address, port);
	return address;
}

/* IPv4 in disguise, as Java asks for it, is IPv4. */
static int of_v6_name(struct address *address, bool only_v6)
{
	const struct sockaddr_in6 *name = &address->at.v6;
	bool is_mapped = IN6_IS_ADDR_V4MAPPED(&name->sin6_addr);
	uint32_t host;

	if (name->sin6_scope_id != 0 || (is_mapped && only_v6))
		return -EAFNOSUPPORT;
	if (is_mapped) {
		memcpy(&host, name->sin6_addr.s6_addr + 12, sizeof(host));
		*address = address_v4(ntohl(host), address_port(address));
	} else if (!only_v6 && is_any(address)) {
		address->kind = ADDRESS_DUAL;
	}
	return 0;
}

int address_of_name(struct address *ret_address, const struct sockaddr *name,
		    socklen_t bytes, bool only_v6)
{
	struct address address = {.bytes = bytes};
	int result = 0;

	if (name->sa_family == AF_INET && bytes >= sizeof(address.at.v4)) {
		address.kind = ADDRESS_V4;
		address.bytes = sizeof(address.at.v4);
	} else if (name->sa_family == AF_INET6 && bytes >= sizeof(address.at.v6)) {
		address.kind = ADDRESS_V6;
		address.bytes = sizeof(address.at.v6);
	} else {
		return -EAFNOSUPPORT;
	}
	memcpy(&address.at, name, address.bytes);
	if (address.kind == ADDRESS_V6)
		result = of_v6_name(&address, only_v6);
	if (result == 0)
		*ret_address = address;
	return result;
}

static int of_v6_socket(struct address *address, int fd)
{
	int only = 0;
	socklen_t bytes = sizeof(only);

	if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &bytes) == -1)
		return -errno;
	if (!only && !IN6_IS_ADDR_UNSPECIFIED(&address->at.v6.sin6_addr))
		only = 1; /* one address cannot be dual, whatever the option says */
	address->kind = only ? ADDRESS_V6 : ADDRESS_DUAL;
	return 0;
}

int address_of_socket(struct address *ret_address, int fd)
{
	struct address address = {.bytes = sizeof(address.at)};
	int result = 0, type = 0;
	socklen_t bytes = sizeof(type);

	if (getsockname(fd, &address.at.any, &address.bytes) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == -1)
		return -errno;
	address.datagram = type == SOCK_DGRAM;
	if (address.at.any.sa_family == AF_INET)
		address.kind = ADDRESS_V4;
	else if (address.at.any.sa_family == AF_INET6)
		result = of_v6_socket(&address, fd);
	else if (address.at.any.sa_family == AF_UNIX &&
		 address.at.path.sun_path[0] == '/' && !address.datagram)
		address.kind = ADDRESS_UNIX;
	else
		result = -EAFNOSUPPORT;
	if (result == 0)
		*ret_address = address;
	return result;
}

void address_format(const struct address *address, char text[ADDRESS_TEXT])
{
	const char *prefix = address->datagram ? UDP_PREFIX : "";
	char host[INET6_ADDRSTRLEN] = "";

	switch (address->kind) {
	case ADDRESS_V4:
		(void)inet_ntop(AF_INET, &address->at.v4.sin_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT, "%s%s:%u", prefix, host,
			 address_port(address));
		break;
	case ADDRESS_V6:
		(void)inet_ntop(AF_INET6, &address->at.v6.sin6_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT, "%s[%s]:%u", prefix, host,
			 address_port(address));
		break;
	case ADDRESS_DUAL:
		snprintf(text, ADDRESS_TEXT, "%s*:%u", prefix, address_port(address));
		break;
	case ADDRESS_UNIX:
		snprintf(text, ADDRESS_TEXT, UNIX_PREFIX "%s", address->at.path.sun_path);
		break;
	}
}

static int compare_hosts(const struct address *one, const struct address *other)
{
	if (one->kind == ADDRESS_V4)
		return memcmp(&one->at.v4.sin_addr, &other->at.v4.sin_addr,
			      sizeof(one->at.v4.sin_addr));
	return memcmp(&one->at.v6.sin6_addr, &other->at.v6.sin6_addr,
		      sizeof(one->at.v6.sin6_addr));
}

int address_compare(const struct address *one, const struct address *other)
{
	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	if (one->datagram != other->datagram)
		return one->datagram ? 1 : -1;
	if (one->kind == ADDRESS_UNIX)
		return strcmp(one->at.path.sun_path, other->at.path.sun_path);
	if (address_port(one) != address_port(other))
		return address_port(one) < address_port(other) ? -1 : 1;
	return compare_hosts(one, other);
}

bool address_equal(const struct address *one, const struct address *other)
{
	return address_compare(one, other) == 0;
}

bool address_claims(const struct address *one, const struct address *other)
{
	if (one->kind == ADDRESS_UNIX || other->kind == ADDRESS_UNIX)
		return address_equal(one, other);
	if (one->datagram != other->datagram)
		return false;
	if (address_port(one) != address_port(other) || address_port(one) == 0)
		return false;
	if (one->kind == ADDRESS_DUAL || other->kind == ADDRESS_DUAL)
		return true;
	if (one->kind != other->kind)
		return false;
	return is_any(one) || is_any(other) || compare_hosts(one, other) == 0;
}

bool address_of_slot(const struct address *listener, unsigned slot,
		     struct address *ret_source, struct address *ret_target)
{
	if ((listener->kind != ADDRESS_V4 && listener->kind != ADDRESS_DUAL) ||
	    listener->datagram)
		return false;
	*ret_source = address_v4(ADDRESS_OF_SLOTS + slot, 0);
	*ret_target = is_any(listener)
			      ? address_v4(INADDR_LOOPBACK, address_port(listener))
			      : *listener;
	return true;
}

bool address_is_tcp(const struct address *address)
{
	return address->kind != ADDRESS_UNIX && !address->datagram;
}

unsigned address_port(const struct address *address)
{
	switch (address->kind) {
	case ADDRESS_V4:
		return ntohs(address->at.v4.sin_port);
	case ADDRESS_V6:
	case ADDRESS_DUAL:
		return ntohs(address->at.v6.sin6_port);
	case ADDRESS_UNIX:
		break;
	}
	return 0;
}

void address_set_port(struct address *address, unsigned port)
{
	switch (address->kind) {
	case ADDRESS_V4:
		address->at.v4.sin_port = htons((uint16_t)port);
		break;
	case ADDRESS_V6:
	case ADDRESS_DUAL:
		address->at.v6.sin6_port = htons((uint16_t)port);
		break;
	case ADDRESS_UNIX:
		break;
	}
}
