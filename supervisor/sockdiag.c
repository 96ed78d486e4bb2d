#include "supervisor/sockdiag.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fd.h"

#define ANSWER_BYTES  32768
#define LIST_BEGIN    16
#define NO_MORE       1 /* of on_answer: the dump is complete */
#define DIAG_STATE(s) (1U << (s))

static int open_diag(void)
{
	struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static int send_request(int fd, const void *request, size_t bytes)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (sendto(fd, request, bytes, 0, (struct sockaddr *)&kernel, sizeof(kernel)) ==
	    -1)
		return -errno;
	return 0;
}

static const void *body_of(const struct nlmsghdr *message)
{
	return (const char *)message + NLMSG_HDRLEN;
}

typedef int answer_fn(const struct nlmsghdr *message, void *context);

/* 0 to go on, NO_MORE, or a negative errno. */
static int take_message(const struct nlmsghdr *message, answer_fn *on_answer,
			void *context)
{
	const struct nlmsgerr *error = body_of(message);

	if (message->nlmsg_type == NLMSG_DONE)
		return NO_MORE;
	if (message->nlmsg_type == NLMSG_ERROR)
		return message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EPROTO
									 : error->error;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -EPROTO;
	return on_answer(message, context);
}

/* Reads answers until the dump is done or on_answer is content. */
static int read_answers(int fd, answer_fn *on_answer, void *context)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	int result = 0;

	while (result == 0) {
		ssize_t bytes = recv(fd, answer, sizeof(answer), 0);
		struct nlmsghdr *message = (struct nlmsghdr *)answer;

		if (bytes == -1 && errno == EINTR)
			continue;
		if (bytes == -1)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		for (; result == 0 && NLMSG_OK(message, bytes);
		     message = NLMSG_NEXT(message, bytes))
			result = take_message(message, on_answer, context);
	}
	return result == NO_MORE ? 0 : result;
}

/* What stands behind the fixed part of an answer: at least `bytes` of one attribute. */
static const void *find_attribute(const struct nlmsghdr *message, size_t fixed, int type,
				  size_t bytes)
{
	const char *at = (const char *)message + NLMSG_SPACE(fixed);
	const char *end = (const char *)message + message->nlmsg_len;
	struct nlattr attribute;

	while (end - at >= (ptrdiff_t)sizeof(attribute)) {
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > end - at)
			break;
		if (attribute.nla_type == type &&
		    attribute.nla_len >= sizeof(attribute) + bytes)
			return at + sizeof(attribute);
		at += (attribute.nla_len + sizeof(attribute) - 1) / sizeof(attribute) *
		      sizeof(attribute); /* attributes begin at multiples of 4 */
	}
	return NULL;
}

static bool is_v6_only(const struct nlmsghdr *message)
{
	const uint8_t *only = find_attribute(message, sizeof(struct inet_diag_msg),
					     INET_DIAG_SKV6ONLY, sizeof(*only));

	return only && *only;
}

static struct address address_of_diag(const struct inet_diag_msg *diag,
				      const __be32 *host, __be16 port, bool only_v6)
{
	struct address address = {.kind = ADDRESS_V4, .bytes = sizeof(address.at.v4)};

	address.at.any.sa_family = diag->idiag_family;
	if (diag->idiag_family == AF_INET) {
		memcpy(&address.at.v4.sin_addr, host, sizeof(address.at.v4.sin_addr));
	} else {
		address.bytes = sizeof(address.at.v6);
		memcpy(&address.at.v6.sin6_addr, host, sizeof(address.at.v6.sin6_addr));
		address.kind =
			IN6_IS_ADDR_UNSPECIFIED(&address.at.v6.sin6_addr) && !only_v6
				? ADDRESS_DUAL
				: ADDRESS_V6;
	}
	address_set_port(&address, ntohs(port));
	return address;
}

/* What a kernel leaves out is zero, and says that it is in use. */
static struct traffic traffic_of_diag(const struct nlmsghdr *message)
{
	enum { KNOWN = offsetof(struct tcp_info, tcpi_last_ack_recv) };
	const struct inet_diag_msg *diag = body_of(message);
	const void *known = find_attribute(message, sizeof(*diag), INET_DIAG_INFO, KNOWN);
	struct traffic traffic = {.unread = diag->idiag_rqueue,
				  .unsent = diag->idiag_wqueue};
	struct tcp_info info;

	if (!known)
		return traffic;
	memcpy(&info, known, KNOWN);
	traffic.sent = info.tcpi_last_data_sent;
	traffic.received = info.tcpi_last_data_recv;
	return traffic;
}

struct collected {
	struct sockdiag_list *list;
	unsigned room;
};

static int make_room(struct collected *collected)
{
	unsigned room = collected->room ? 2 * collected->room : LIST_BEGIN;
	struct sockdiag_socket *larger;

	if (collected->list->count < collected->room)
		return 0;
	if (room > SOCKDIAG_MOST)
		return -ENOBUFS;
	larger = realloc(collected->list->socket, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	collected->list->socket = larger;
	collected->room = room;
	return 0;
}

static int collect(const struct nlmsghdr *message, void *context)
{
	struct collected *collected = context;
	const struct inet_diag_msg *diag = body_of(message);
	int result;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*diag)))
		return -EPROTO;
	result = make_room(collected);
	if (result < 0)
		return result;
	collected->list->socket[collected->list->count++] = (struct sockdiag_socket){
		.address = address_of_diag(diag, diag->id.idiag_src, diag->id.idiag_sport,
					   is_v6_only(message)),
		.peer = address_of_diag(diag, diag->id.idiag_dst, diag->id.idiag_dport,
					true),
		.inode = diag->idiag_inode,
		.uid = diag->idiag_uid,
		.interface = diag->id.idiag_if,
		.traffic = traffic_of_diag(message),
	};
	return 0;
}

static int list_family(int fd, int family, unsigned states, unsigned port,
		       struct collected *collected)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = (uint8_t)family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			 .idiag_states = states,
			 .id = {.idiag_sport = htons((uint16_t)port)}},
	};
	int result = send_request(fd, &request, sizeof(request));

	return result < 0 ? result : read_answers(fd, collect, collected);
}

static int compare_peers(const void *one, const void *other)
{
	const struct sockdiag_socket *first = one, *second = other;

	return address_compare(&first->peer, &second->peer);
}

static const unsigned states[] = {
	[SOCKDIAG_LISTENING] = DIAG_STATE(TCP_LISTEN),
	[SOCKDIAG_HANDSHAKE] = DIAG_STATE(TCP_SYN_RECV),
	[SOCKDIAG_CONNECTED] = DIAG_STATE(TCP_ESTABLISHED) | DIAG_STATE(TCP_CLOSE_WAIT) |
			       DIAG_STATE(TCP_FIN_WAIT1) | DIAG_STATE(TCP_FIN_WAIT2) |
			       DIAG_STATE(TCP_CLOSING) | DIAG_STATE(TCP_LAST_ACK),
};

int sockdiag_list_tcp(struct sockdiag_list *ret_list, enum sockdiag_state state,
		      unsigned port)
{
	struct sockdiag_list list = {0};
	struct collected collected = {.list = &list};
	CLOSE_FD int fd = open_diag();
	int result = fd < 0 ? fd : 0;

	if (result == 0)
		result = list_family(fd, AF_INET, states[state], port, &collected);
	if (result == 0)
		result = list_family(fd, AF_INET6, states[state], port, &collected);
	if (result < 0) {
		sockdiag_free(&list);
		return result;
	}
	if (list.count > 0)
		qsort(list.socket, list.count, sizeof(*list.socket), compare_peers);
	*ret_list = list;
	return 0;
}

void sockdiag_free(struct sockdiag_list *list)
{
	free(list->socket);
	*list = (struct sockdiag_list){0};
}

unsigned sockdiag_count_left(const struct sockdiag_list *earlier,
			     const struct sockdiag_list *later)
{
	unsigned left = 0;

	for (unsigned i = 0; i < later->count && earlier->count > 0; i++)
		left += bsearch(&later->socket[i], earlier->socket, earlier->count,
				sizeof(*earlier->socket), compare_peers) != NULL;
	return left;
}

static int take_queue(const struct nlmsghdr *message, void *context)
{
	const struct unix_diag_rqlen *length = find_attribute(
		message, sizeof(struct unix_diag_msg), UNIX_DIAG_RQLEN, sizeof(*length));

	if (!length)
		return -EPROTO;
	*(unsigned *)context = length->udiag_rqueue;
	return NO_MORE;
}

int sockdiag_unix_queue(uint32_t inode, unsigned *ret_queue)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST},
		.body = {.sdiag_family = AF_UNIX,
			 .udiag_states = UINT32_MAX,
			 .udiag_ino = inode,
			 .udiag_show = UDIAG_SHOW_RQLEN,
			 .udiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
	};
	CLOSE_FD int fd = open_diag();
	int result = fd < 0 ? fd : send_request(fd, &request, sizeof(request));

	return result < 0 ? result : read_answers(fd, take_queue, ret_queue);
}

void sockdiag_name_holder(struct sockdiag_holder *holder, pid_t pid)
{
	char path[64];
	ssize_t length;

	*holder = (struct sockdiag_holder){.pid = pid};
	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	length = fd_read_text(path, holder->command, sizeof(holder->command));
	if (length <= 0)
		strcpy(holder->command, "?");
	else if (holder->command[length - 1] == '\n')
		holder->command[length - 1] = '\0';
}

/* Is this socket open in the process behind /proc/WHO? */
static bool holds(const char *who, const char *target)
{
	char path[288], link[64];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%s/fd", who);
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		link[length > 0 ? length : 0] = '\0';
		found = strcmp(link, target) == 0;
	}
	closedir(folder);
	return found;
}

int sockdiag_find_holder(uint32_t inode, struct sockdiag_holder *ret_holder)
{
	const struct dirent *entry;
	char target[32];
	pid_t pid = 0;
	DIR *folder;

	snprintf(target, sizeof(target), "socket:[%u]", inode);
	if (holds("self", target)) {
		sockdiag_name_holder(ret_holder, getpid());
		return 0;
	}
	folder = opendir("/proc");
	if (!folder)
		return -errno;
	while (!pid && (entry = readdir(folder)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    holds(entry->d_name, target))
			pid = (pid_t)strtol(entry->d_name, NULL, 10);
	closedir(folder);
	if (!pid)
		return -ENOENT;
	sockdiag_name_holder(ret_holder, pid);
	return 0;
}
