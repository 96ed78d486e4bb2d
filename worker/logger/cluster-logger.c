/*
 * cluster-logger.c - writes what workers say to files, and rotates them.
 *
 * Started by clusterd, one for all its apps, with a socket for orders as descriptor 3.
 * Whenever it dies another takes its place, and the pipes, which clusterd holds, still
 * have what it did not write.  It ends when it is told to, or when neither a supervisor
 * nor anybody who writes is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "worker/logger/clerk.h"
#include "worker/logger/pack.h"
#include "worker/logger/packer.h"

#define EXIT_USAGE 2
#define CONTROL    3
#define EVENTS     64
#define PACKS_NICE 10
#define LITTLE     ((size_t)256 << 10) /* bytes: a turn that brings less is too early */
#define PAUSE      1                   /* ms that lines gather while many come */

struct logger {
	struct clerk clerk;
	struct packer packer;
	int epoll;
	int signals;
};

static const char usage[] =
	"usage: cluster-logger [--resume]            (by clusterd, with a socket as fd "
	"3)\n"
	"       cluster-logger --print FILE...       unpack files to stdout\n"
	"       cluster-logger --pack=zstd|gzip FILE\n"
	"       cluster-logger -V | -h\n";

/* ---- rights ---- */

/* Root's may write where a configuration says, whoever owns the folder, and no more. */
static void give_up_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, set) == -1)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(set); i++)
		set[i].inheritable = 0;
	set[0].permitted &= 1U << CAP_DAC_OVERRIDE;
	set[0].effective &= 1U << CAP_DAC_OVERRIDE;
	set[1].permitted = set[1].effective = 0;
	(void)syscall(SYS_capset, &header, set);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* ---- the loop ---- */

static int open_signals(struct logger *logger)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = logger};
	sigset_t heard;

	/* Who ends all processes of a service means the workers; we end after them. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigemptyset(&heard);
	(void)sigaddset(&heard, SIGCHLD);
	(void)sigaddset(&heard, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &heard, NULL);
	logger->signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
	if (logger->signals == -1)
		return -errno;
	return epoll_ctl(logger->epoll, EPOLL_CTL_ADD, logger->signals, &event) == -1
		       ? -errno
		       : 0;
}

static int open_all(struct logger *logger, bool resumes)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int code;

	logger->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (logger->epoll == -1)
		return -errno;
	if (fcntl(CONTROL, F_SETFD, FD_CLOEXEC) == -1 ||
	    epoll_ctl(logger->epoll, EPOLL_CTL_ADD, CONTROL, &event) == -1)
		return -errno;
	code = open_signals(logger);
	return code < 0 ? code
			: clerk_open(&logger->clerk, CONTROL, logger->epoll, resumes);
}

static void hear_signals(struct logger *logger)
{
	struct signalfd_siginfo info;

	while (read(logger->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			clerk_reopen(&logger->clerk);
		else
			(void)packer_reap(&logger->packer, logger->clerk.sinks);
	}
}

static void handle(struct logger *logger, const struct epoll_event *event)
{
	if (event->data.ptr == logger)
		hear_signals(logger);
	else if (event->data.ptr)
		clerk_mark(&logger->clerk, event->data.ptr);
}

/* Feeds go when orders are obeyed, so the events that name them come first. */
static void wait_for_work(struct logger *logger)
{
	struct epoll_event event[EVENTS];
	int count =
		epoll_wait(logger->epoll, event, EVENTS, logger->clerk.ready ? 0 : -1);

	for (int i = 0; i < count; i++)
		handle(logger, &event[i]);
	for (int i = 0; i < count; i++)
		if (!event[i].data.ptr)
			clerk_take_orders(&logger->clerk);
}

static bool is_over(const struct clerk *clerk)
{
	if (clerk->ready)
		return false;
	return clerk->finishes || (clerk->control == -1 && !clerk->feeds);
}

/* Every write of a worker would wake us; a short pause lets some more of them come. */
static void let_gather(size_t took)
{
	const struct timespec pause = {.tv_nsec = PAUSE * 1000000L};

	if (took > 4096 && took < LITTLE)
		(void)nanosleep(&pause, NULL);
}

static int serve(bool resumes)
{
	static struct logger logger = {.epoll = -1, .signals = -1};
	int code = open_all(&logger, resumes);

	if (code < 0) {
		(void)fprintf(stderr, "cluster-logger: %s\n", strerror(-code));
		return EXIT_FAILURE;
	}
	logger.packer.program = "/proc/self/exe";
	give_up_capabilities();
	while (!is_over(&logger.clerk)) {
		wait_for_work(&logger);
		let_gather(clerk_work(&logger.clerk));
		clerk_send_letters(&logger.clerk);
		if (!logger.clerk.ready)
			packer_work(&logger.packer, logger.clerk.sinks);
	}
	packer_end(&logger.packer);
	clerk_close(&logger.clerk);
	fd_close(&logger.signals);
	fd_close(&logger.epoll);
	return EXIT_SUCCESS;
}

/* ---- the other two ---- */

/* Its exit code is the errno, for the logger that started it. */
static int pack(const char *how, const char *path)
{
	enum logging_packing packing = LOGGING_PLAIN;

	if (strcmp(how, "zstd") == 0)
		packing = LOGGING_ZSTD;
	else if (strcmp(how, "gzip") == 0)
		packing = LOGGING_GZIP;
	if (packing == LOGGING_PLAIN)
		return EXIT_USAGE;
	(void)setpriority(PRIO_PROCESS, 0, PACKS_NICE);
	return -pack_file(path, packing);
}

static int print(char *const *path)
{
	int worst = EXIT_SUCCESS;

	for (; *path; path++) {
		int code = pack_print(*path, STDOUT_FILENO);

		if (code == -EPIPE)
			break;
		if (code == 0)
			continue;
		(void)fprintf(stderr, "cluster-logger: %s: %s\n", *path, strerror(-code));
		worst = EXIT_FAILURE;
	}
	return worst;
}

int main(int count, char **list)
{
	enum { OPTION_PACK = 256, OPTION_PRINT, OPTION_RESUME };
	static const struct option options[] = {
		{"pack", required_argument, NULL, OPTION_PACK},
		{"print", no_argument, NULL, OPTION_PRINT},
		{"resume", no_argument, NULL, OPTION_RESUME},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool resumes = false, prints = false;
	const char *packing = NULL;
	int option;

	while ((option = getopt_long(count, list, "Vh", options, NULL)) != -1) {
		if (option == OPTION_PACK) {
			packing = optarg;
		} else if (option == OPTION_PRINT) {
			prints = true;
		} else if (option == OPTION_RESUME) {
			resumes = true;
		} else if (option == 'V') {
			(void)printf("cluster-logger %s\n", CLUSTERD_VERSION);
			return EXIT_SUCCESS;
		} else if (option == 'h') {
			(void)fputs(usage, stdout);
			return EXIT_SUCCESS;
		} else {
			(void)fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (prints)
		return print(list + optind);
	if (packing && optind + 1 == count)
		return pack(packing, list[optind]);
	if (packing || optind < count) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return serve(resumes);
}
