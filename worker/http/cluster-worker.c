/*
 * cluster-worker - the built-in worker: an HTTP server for clusterd's sockets.
 *
 * Under clusterd it serves the sockets it is lent; run by hand it binds its own.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/address.h"
#include "common/ask.h"
#include "common/text.h"
#include "worker/http/server.h"
#include "worker/libclusterworker/cluster_worker.h"

#define EXIT_USAGE      2
#define DEFAULT_ADDRESS "127.0.0.1:8080"
#define BACKLOG         4096

static const char usage[] =
	"usage: cluster-worker [-l ADDRESS]... [--root DIR] [--index NAME] [--spa]\n"
	"                      [--max-age T] [--immutable PATH]...\n"
	"                      [--test-endpoints] [-V] [-h]\n"
	"       cluster-worker --admin [--agent APP]... [-l ADDRESS]...\n"
	"\n"
	"  -l, --listen ADDRESS  where to listen when nobody lends sockets\n"
	"                        (default " DEFAULT_ADDRESS "; port 0: any)\n"
	"  --root DIR            serve the files below DIR (default: a status page)\n"
	"  --index NAME          the file that stands for a directory (index.html)\n"
	"  --spa                 answer pages that are not there with the root's index\n"
	"  --max-age T           caches may use a file for T without asking (0s);\n"
	"                        pages are asked for each time\n"
	"  --immutable PATH      files below PATH never change\n"
	"  --admin               probes and metrics of all apps: /livez /readyz "
	"/startupz\n"
	"                        /metrics; the app needs control = \"read\"\n"
	"  --agent APP           the last socket speaks HAProxy's agent-check about "
	"APP;\n"
	"                        of several, the last ones in their order\n"
	"  --test-endpoints      add /_test/: anyone may then end this worker\n"
	"  -V, --version         print the version\n"
	"  -h, --help            print this\n";

struct options {
	const char *address[ACCEPTOR_SOCKETS];
	unsigned addresses;
	const char *root; /* NULL: the status page */
	struct files files;
	bool testing;
	bool administers;
	const char *agent[AGENTS_MOST]; /* the app that each speaks of */
	unsigned agents;
};

static int PRINTF_LIKE(2, 3) complain(int status, const char *why, ...)
{
	va_list values;

	va_start(values, why);
	(void)fputs("cluster-worker: ", stderr);
	(void)vfprintf(stderr, why, values);
	(void)fputc('\n', stderr);
	va_end(values);
	return status;
}

/* ---- options: these return the exit status, or -1 to go on ---- */

static int add_address(struct options *options, const char *text)
{
	if (options->addresses == ACCEPTOR_SOCKETS)
		return complain(EXIT_USAGE, "too many addresses");
	options->address[options->addresses++] = text;
	return -1;
}

static int add_agent(struct options *options, const char *app)
{
	if (options->agents == AGENTS_MOST)
		return complain(EXIT_USAGE, "too many agents");
	options->agent[options->agents++] = app;
	return -1;
}

static int add_immutable(struct lifetime *lifetime, const char *path)
{
	if (lifetime->forevers == LIFETIME_FOREVER)
		return complain(EXIT_USAGE, "--immutable: too many paths");
	lifetime->forever[lifetime->forevers++] = path;
	return -1;
}

static int set_max_age(struct lifetime *lifetime, const char *text)
{
	if (text_parse_duration(&lifetime->rest, text) < 0)
		return complain(EXIT_USAGE, "--max-age %s: not a time like \"10m\"",
				text);
	return -1;
}

static int print(const char *text, FILE *to, int status)
{
	(void)fputs(text, to);
	return status;
}

static int take_option(struct options *options, int option, const char *argument)
{
	switch (option) {
	case 'l':
		return add_address(options, argument);
	case 'r':
		options->root = argument;
		return -1;
	case 'i':
		options->files.index = argument;
		return -1;
	case 's':
		options->files.single_page = true;
		return -1;
	case 'm':
		return set_max_age(&options->files.lifetime, argument);
	case 'f':
		return add_immutable(&options->files.lifetime, argument);
	case 't':
		options->testing = true;
		return -1;
	case 'A':
		options->administers = true;
		return -1;
	case 'a':
		return add_agent(options, argument);
	case 'V':
		return print("cluster-worker " CLUSTERD_VERSION "\n", stdout,
			     EXIT_SUCCESS);
	case 'h':
		return print(usage, stdout, EXIT_SUCCESS);
	default:
		return print(usage, stderr, EXIT_USAGE);
	}
}

static int parse_options(struct options *options, int count, char **words)
{
	static const struct option known[] = {{"listen", required_argument, NULL, 'l'},
					      {"root", required_argument, NULL, 'r'},
					      {"index", required_argument, NULL, 'i'},
					      {"spa", no_argument, NULL, 's'},
					      {"max-age", required_argument, NULL, 'm'},
					      {"immutable", required_argument, NULL, 'f'},
					      {"admin", no_argument, NULL, 'A'},
					      {"agent", required_argument, NULL, 'a'},
					      {"test-endpoints", no_argument, NULL, 't'},
					      {"version", no_argument, NULL, 'V'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int status = -1;
	int option;

	while (status < 0 &&
	       (option = getopt_long(count, words, "l:Vh", known, NULL)) != -1)
		status = take_option(options, option, optarg);
	if (status < 0 && optind < count)
		return complain(EXIT_USAGE, "%s: not an option", words[optind]);
	if (status < 0 && options->agents > 0 && !options->administers)
		return complain(EXIT_USAGE, "--agent: only with --admin");
	if (status < 0 && options->administers && options->root != NULL)
		return complain(EXIT_USAGE, "--admin serves no files: no --root");
	return status;
}

/* ---- sockets ---- */

/* Returns a listening socket and writes where it ended up, or a negative errno. */
static int open_socket(struct address *address)
{
	int fd = socket(address->at.any.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1;
	int only = address->kind == ADDRESS_V6;
	socklen_t bytes = sizeof(address->at);
	int error;

	if (fd == -1)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->kind == ADDRESS_V6 || address->kind == ADDRESS_DUAL)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, &address->at.any, address->bytes) == 0 && listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, &address->at.any, &bytes) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	return -error;
}

/* The last sockets are the agents', one each; all before are for HTTP. */
static struct acceptor *acceptor_of(struct server *server, unsigned index, unsigned count)
{
	unsigned of_http = count - server->agents;

	return index < of_http ? &server->acceptor
			       : &server->agent[index - of_http].acceptor;
}

static int bind_address(struct acceptor *acceptor, const char *text)
{
	struct address address;
	struct fault fault = {0};
	char bound[ADDRESS_TEXT];
	int fd;

	if (address_parse(&address, text, &fault) < 0)
		return complain(EXIT_USAGE, "%s: %s", text, fault.text);
	if (address.datagram)
		return complain(EXIT_USAGE, "%s: HTTP is not spoken over UDP", text);
	fd = open_socket(&address);
	if (fd < 0)
		return complain(EXIT_FAILURE, "%s: %s", text, strerror(-fd));
	if (acceptor_add(acceptor, fd) < 0)
		return complain(EXIT_FAILURE, "%s: cannot be watched", text);
	address_format(&address, bound);
	(void)printf("listening on %s\n", bound);
	(void)fflush(stdout);
	return 0;
}

static int take_socket(struct acceptor *acceptor, int fd)
{
	struct address address;

	if (address_of_socket(&address, fd) == 0 && address.datagram)
		return -ESOCKTNOSUPPORT;
	return acceptor_add(acceptor, fd);
}

static int take_lent(struct server *server, unsigned lent)
{
	for (unsigned i = 0; i < lent; i++) {
		int error = take_socket(acceptor_of(server, i, lent),
					CLUSTER_LISTEN_FIRST + (int)i);

		if (error < 0)
			return complain(EXIT_FAILURE, "LISTEN_FDS: socket %u: %s", i,
					strerror(-error));
	}
	return 0;
}

static int take_sockets(struct server *server, const struct options *options)
{
	int lent = cluster_listen();
	unsigned count = lent > 0 ? (unsigned)lent : options->addresses;
	int status = 0;

	if (lent < 0)
		return complain(EXIT_FAILURE, "LISTEN_FDS: %s", strerror(-lent));
	if (server->agents > 0 && server->agents >= count)
		return complain(EXIT_USAGE, "%u agents and HTTP need as many addresses",
				server->agents);
	if (lent > 0)
		return take_lent(server, count);
	if (options->addresses == 0)
		return bind_address(&server->acceptor, DEFAULT_ADDRESS);
	for (unsigned i = 0; i < count && status == 0; i++)
		status = bind_address(acceptor_of(server, i, count), options->address[i]);
	return status;
}

/* Returns the exit status, or 0 to go on. */
static int administer(struct server *server, const struct options *options)
{
	const char *broker = getenv(ASK_ENVIRONMENT);

	if (broker == NULL)
		return complain(EXIT_FAILURE,
				"--admin: clusterd lends no connection: is control = "
				"\"read\" in the configuration of this app?");
	server_administer(server, broker);
	for (unsigned i = 0; i < options->agents; i++) {
		int error = server_add_agent(server, options->agent[i]);

		if (error < 0)
			return complain(EXIT_FAILURE, "--agent: %s", strerror(-error));
	}
	return 0;
}

/* ---- signals ---- */

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop;
	(void)events;
	server_drain(watcher->data);
}

/* What people send to a daemon by its name must not end its workers. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2};

	for (size_t i = 0; i < ARRAY_COUNT(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
}

static void run(struct server *server)
{
	ev_signal term;
	ev_signal interrupt;
	struct cluster_figures last;

	ev_signal_init(&term, on_signal, SIGTERM);
	ev_signal_init(&interrupt, on_signal, SIGINT);
	term.data = server;
	interrupt.data = server;
	ev_signal_start(server->loop, &term);
	ev_signal_start(server->loop, &interrupt);

	server_start(server);
	(void)cluster_ready();
	(void)ev_run(server->loop, 0);

	last = figures_take(&server->figures);
	(void)cluster_done(&last);
	ev_signal_stop(server->loop, &term);
	ev_signal_stop(server->loop, &interrupt);
}

/* Returns the exit status. */
static int serve(struct server *server, const struct options *options)
{
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	int error;
	int status;

	if (loop == NULL)
		return complain(EXIT_FAILURE, "no event loop");
	error = server_init(server, loop);
	if (error < 0)
		return complain(EXIT_FAILURE, "cannot start: %s", strerror(-error));
	status = options->administers ? administer(server, options) : 0;
	if (status == 0)
		status = take_sockets(server, options);
	if (status == 0)
		run(server);
	server_fini(server);
	ev_loop_destroy(loop);
	return status;
}

int main(int count, char **words)
{
	struct options options = {
		.files = {.index = "index.html", .below.root = -1},
	};
	struct server server = {0};
	int status = parse_options(&options, count, words);
	int error;

	if (status >= 0)
		return status;
	ignore_signals();
	server.testing = options.testing;
	server.files = options.files;
	identity_init(&server.who);
	if (options.root != NULL) {
		error = beneath_init(&server.files.below, options.root);
		if (error < 0)
			return complain(EXIT_FAILURE, "%s: %s", options.root,
					strerror(-error));
	}
	status = serve(&server, &options);
	beneath_fini(&server.files.below);
	return status;
}
