/*
 * faulty - a server that does one wrong thing, and counts how often.
 *
 *   faulty DEED [EVERY [MILLISECONDS [reuseport]]]
 *
 * Listens on a port of 127.0.0.1 that the kernel picks and prints it.  Each EVERY-th
 * request gets the DEED, the others a right answer.  At TERM it prints how many deeds it
 * did, so that a test can compare them with what its victims say.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/system/workers/shared/server.h"

static const struct {
	const char *name;
	enum deed deed;
	int status;
	bool spoils; /* the body */
	bool delays;
	bool later; /* only to a request that is not the first of its connection */
} deeds[] = {
	{"right", DEED_ANSWER, 200, false, false, false},
	{"dribble", DEED_DRIBBLE, 200, false, false, false},
	{"chunks", DEED_CHUNKS, 200, false, false, false},
	{"until-close", DEED_UNTIL_CLOSE, 200, false, false, false},
	{"slow", DEED_ANSWER, 200, false, true, false},
	{"idle", DEED_ANSWER, 200, false, false, false}, /* closes idle connections */
	{"status", DEED_ANSWER, 503, false, false, false},
	{"spoil", DEED_ANSWER, 200, true, false, false},
	{"truncate", DEED_TRUNCATE, 200, false, false, false},
	{"twice", DEED_TWICE, 200, false, false, false},
	{"close", DEED_CLOSE, 200, false, false, false},
	{"reset", DEED_RESET, 200, false, false, false},
	{"silence", DEED_SILENCE, 200, false, false, false},
	{"stale-close", DEED_CLOSE, 200, false, false, true},
	{"stale-reset", DEED_RESET, 200, false, false, true},
};

static size_t deed;
static unsigned long every = 1, requests, done;
static double delay;

static void answer(struct server *server, struct exchange *exchange)
{
	static char other[SERVER_REQUEST_BYTES];

	(void)server;
	if (!exchange->is_post) {
		exchange->reply = "here you are\n";
		exchange->reply_bytes = 13;
	}
	if (++requests % every != 0 || (deeds[deed].later && exchange->nth < 2))
		return;
	done++;
	exchange->deed = deeds[deed].deed;
	exchange->status = deeds[deed].status;
	exchange->delay = deeds[deed].delays ? delay : 0;
	if (deeds[deed].spoils && exchange->body_bytes > 0) {
		memcpy(other, exchange->body, exchange->body_bytes);
		other[exchange->body_bytes / 2] ^= 1;
		exchange->reply = other;
	}
}

static void on_term(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)signal;
	(void)events;
	printf("%lu\n", done);
	ev_break(loop, EVBREAK_ALL);
}

static int listen_anywhere(bool shares)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = shares;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&address, bytes) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &bytes) == -1)
		err(1, "listen");
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct server server = {.loop = ev_default_loop(0), .answer = answer};
	ev_signal term;

	while (argc > 1 && deed < ARRAY_COUNT(deeds) &&
	       strcmp(deeds[deed].name, argv[1]) != 0)
		deed++;
	if (argc < 2 || deed == ARRAY_COUNT(deeds))
		errx(2, "usage: faulty DEED [EVERY [MILLISECONDS [reuseport]]]");
	if (argc > 2)
		every = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		delay = strtod(argv[3], NULL) / 1000;
	if (strcmp(argv[1], "idle") == 0)
		server.idle = delay;

	ev_signal_init(&term, on_term, SIGTERM);
	ev_signal_start(server.loop, &term);
	server_listen(&server, listen_anywhere(argc > 4));
	ev_run(server.loop, 0);
	server_fini(&server);
	return 0;
}
