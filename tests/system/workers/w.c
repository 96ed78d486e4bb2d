/*
 * w - the worker of the system tests: it says who it is, and misbehaves as it is told.
 *
 *   w [OPTIONS] [WORDS...]
 *
 * Answers on the sockets it was lent (LISTEN_FDS), speaks sd_notify by itself, and beats
 * as sd_watchdog_enabled(3) advises.  With --log each start, signal and exit becomes a
 * line "PID SLOT GENERATION WHAT".  Paths: / (who it is, JSON), /argv, /cwd, /environ,
 * /sleep/MS, /exit/CODE, /crash, /hang, /mute, /leak/MB; POST /notify sends the body's
 * later lines to the socket named in its first; any other POST is echoed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/system/workers/shared/server.h"
#include "tests/system/workers/shared/wish.h"

static struct wish wish;
static char self[64]; /* "PID SLOT GENERATION" */
static char headers[80];
static char **words;
static struct server server;
static ev_timer ready_timer, beat_timer, exit_timer, hang_timer, flood_timer, end_timer;

static const char *environ_or(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

static int slot(void)
{
	return atoi(environ_or("CLUSTER_SLOT", "-1"));
}

/* One write, so that lines of several workers never mix; also from signal handlers. */
static void note(const char *what)
{
	char line[160];
	size_t bytes = 0;

	for (const char *part = self; *part; part++)
		line[bytes++] = *part;
	line[bytes++] = ' ';
	for (; *what && bytes < sizeof(line) - 1; what++)
		line[bytes++] = *what;
	line[bytes++] = '\n';
	if (wish.log >= 0)
		(void)!write(wish.log, line, bytes);
}

static int notify_path(const char *path, const void *text, size_t bytes)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t sent;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	sent = sendto(fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	close(fd);
	return sent == -1 ? -1 : 0;
}

static int notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path ? notify_path(path, text, strlen(text)) : 0;
}

static void hang(void)
{
	note("hang");
	for (;;)
		pause();
}

static void end(int code)
{
	note("exit");
	if (wish.unlink)
		unlink(wish.unlink);
	_exit(code);
}

static void on_beat(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	notify("WATCHDOG=1");
}

static void on_flood(struct ev_loop *loop, ev_timer *timer, int events)
{
	static char rubbish[6000];
	unsigned sent = 0;

	(void)loop;
	(void)timer;
	(void)events;
	while (wish.floods && sent < 1000 && notify("WATCHDOG=1") == 0)
		sent++;
	for (unsigned i = 0; wish.is_garbage && i < 4; i++) {
		for (size_t j = 0; j < sizeof(rubbish); j++)
			rubbish[j] = (char)random();
		(void)notify_path(getenv("NOTIFY_SOCKET"), rubbish,
				  (size_t)random() % sizeof(rubbish));
		notify("READY=maybe\nWATCHDOG=\nX_CLUSTER_REQUESTS=-9\nX_CLUSTER_LAG_"
		       "USEC=x");
		notify("EXTEND_TIMEOUT_USEC=99999999999999999999\nMAINPID=1\nFDSTORE=1");
	}
}

static void on_hang(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	hang();
}

static void on_exit_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	end(wish.code);
}

static void start_timer(ev_timer *timer, void (*call)(struct ev_loop *, ev_timer *, int),
			double after, double repeat)
{
	ev_timer_init(timer, call, after, repeat);
	ev_timer_start(server.loop, timer);
}

static void listen_on_lent(void)
{
	int count = atoi(environ_or("LISTEN_FDS", "0"));

	if (atoi(environ_or("LISTEN_PID", "0")) != getpid())
		return;
	for (int fd = 3; fd < 3 + count; fd++) {
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		(void)server_listen(&server, fd);
	}
}

/* One that is not ready yet does not accept either. */
static void on_ready(struct ev_loop *loop, ev_timer *timer, int events)
{
	double beat = atof(environ_or("WATCHDOG_USEC", "0")) / 2e6;

	(void)loop;
	(void)timer;
	(void)events;
	listen_on_lent();
	note("ready");
	notify("READY=1\nSTATUS=at your service");
	if (beat > 0 && !wish.is_mute)
		start_timer(&beat_timer, on_beat, 0, beat);
	if (wish.exit_after >= 0)
		start_timer(&exit_timer, on_exit_timer, wish.exit_after, 0);
	if (wish.hang_after >= 0)
		start_timer(&hang_timer, on_hang, wish.hang_after, 0);
	if (wish.floods || wish.is_garbage)
		start_timer(&flood_timer, on_flood, 0, 0.002);
}

/* Ends once no connection is left; a request in hand is finished first. */
static void on_end(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	if (server.connections == 0)
		end(0);
}

static void on_term(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)loop;
	(void)events;
	note(signal->signum == SIGTERM ? "TERM" : "INT");
	if (wish.ignores_term || server.is_draining)
		return;
	notify("STOPPING=1");
	server_drain(&server, !wish.is_abrupt);
	start_timer(&end_timer, on_end, 0, 0.01);
}

static void on_other_signal(int number)
{
	switch (number) {
	case SIGHUP:
		note("HUP");
		break;
	case SIGUSR1:
		note("USR1");
		break;
	case SIGUSR2:
		note("USR2");
		break;
	case SIGQUIT:
		note("QUIT");
		break;
	case SIGABRT:
		note("ABRT");
		_exit(128 + SIGABRT);
	default:
		note("signal");
	}
}

static void answer_text(struct exchange *exchange)
{
	static char text[SERVER_REQUEST_BYTES];
	size_t bytes = 0;

	if (strcmp(exchange->path, "/argv") == 0) {
		for (char **word = words; *word; word++)
			bytes += (size_t)snprintf(text + bytes, sizeof(text) - bytes,
						  "%s\n", *word);
	} else if (strcmp(exchange->path, "/environ") == 0) {
		for (char **word = environ; *word; word++)
			bytes += (size_t)snprintf(text + bytes, sizeof(text) - bytes,
						  "%s\n", *word);
	} else if (strcmp(exchange->path, "/cwd") == 0) {
		if (getcwd(text, sizeof(text)))
			bytes = strlen(text);
	} else {
		bytes = (size_t)snprintf(
			text, sizeof(text),
			"{\"pid\": %d, \"slot\": %d, \"generation\": %s, \"app\": "
			"\"%s\", "
			"\"instances\": %s, \"session\": %d, \"umask\": %d}\n",
			getpid(), slot(), environ_or("CLUSTER_GENERATION", "null"),
			environ_or("CLUSTER_APP", ""),
			environ_or("CLUSTER_INSTANCES", "null"), getsid(0),
			(int)umask(umask(0)));
	}
	exchange->reply = text;
	exchange->reply_bytes = bytes;
}

static bool path_number(const struct exchange *exchange, const char *prefix,
			int *ret_number)
{
	size_t bytes = strlen(prefix);

	if (strncmp(exchange->path, prefix, bytes) != 0)
		return false;
	*ret_number = atoi(exchange->path + bytes);
	return true;
}

/* A chain, so that what is leaked is at least not lost. */
static void leak(size_t bytes)
{
	static void **last;
	void **block = malloc(bytes + sizeof(*block));

	if (!block)
		end(1);
	memset(block, 1, bytes);
	*block = last;
	last = block;
}

static void answer(struct server *ours, struct exchange *exchange)
{
	int number;

	(void)ours;
	exchange->delay = wish.slow;
	if (wish.busy > 0)
		ev_sleep(wish.busy);
	if (exchange->is_post && strcmp(exchange->path, "/notify") == 0) {
		char *path = strndup(exchange->body, strcspn(exchange->body, "\n"));
		const char *text = exchange->body + strlen(path) + 1;

		exchange->status = notify_path(path, text, strlen(text)) == 0 ? 200 : 500;
		free(path);
	}
	if (exchange->is_post)
		return;

	if (path_number(exchange, "/sleep/", &number))
		exchange->delay = number / 1000.0;
	else if (path_number(exchange, "/exit/", &number))
		end(number);
	else if (path_number(exchange, "/leak/", &number))
		leak((size_t)number << 20);
	else if (strcmp(exchange->path, "/crash") == 0)
		kill(getpid(), SIGSEGV);
	else if (strcmp(exchange->path, "/hang") == 0)
		hang();
	else if (strcmp(exchange->path, "/mute") == 0)
		ev_timer_stop(server.loop, &beat_timer);
	answer_text(exchange);
}

/* Each descendant forks the next and waits forever, with every fd it was born with. */
static void breed(int children)
{
	if (children == 0 || fork() != 0)
		return;
	breed(children - 1);
	if (wish.children_trap) {
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
	}
	for (;;)
		pause();
}

static void catch_signals(void)
{
	static const int others[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGABRT};
	static ev_signal term, interrupt;

	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		signal(others[i], on_other_signal);
	ev_signal_init(&term, on_term, SIGTERM);
	ev_signal_init(&interrupt, on_term, SIGINT);
	ev_signal_start(server.loop, &term);
	ev_signal_start(server.loop, &interrupt);
}

int main(int argc, char **argv)
{
	words = argv;
	wish_parse(&wish, argc, argv, slot());
	snprintf(self, sizeof(self), "%d %d %s", getpid(), slot(),
		 environ_or("CLUSTER_GENERATION", "-"));
	note("start");
	if (wish.say) {
		printf("out: %s\n", wish.say);
		fflush(stdout);
		fprintf(stderr, "err: %s\n", wish.say);
	}
	breed(wish.children);
	if (wish.exit >= 0)
		end(wish.exit);

	server.loop = ev_default_loop(0);
	server.answer = answer;
	snprintf(headers, sizeof(headers), "X-Cluster-Pid: %d\r\nX-Cluster-Slot: %d\r\n",
		 getpid(), slot());
	server.headers = headers;
	catch_signals();
	if (!wish.is_never_ready)
		start_timer(&ready_timer, on_ready, wish.ready_after, 0);
	ev_run(server.loop, 0);
	return 0;
}
