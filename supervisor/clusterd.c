/*
 * clusterd.c - the supervisor's main: options, places, the lock, and then the loop; or,
 * as the first that was started, the keeper's.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"
#include "supervisor/keeper.h"
#include "supervisor/notify.h"

#define EXIT_USAGE 2
#define EXIT_BUSY  75
#define INHERITED  256

struct arguments {
	const char *file;
	const char *home;
	bool check;
	bool empty;
	bool trial;
	enum keeper keeper;
};

static const char usage[] =
	"usage: clusterd [-c FILE] [--home DIR] [--check] [--empty]\n"
	"                [--keeper=own|systemd|none] [-V] [-h]\n"
	"\n"
	"  -c, --config FILE  apply FILE instead of the default configuration\n"
	"      --home DIR     keep configuration, sockets, logs and state under DIR\n"
	"      --check        read the configuration, report every fault, and exit\n"
	"      --empty        start no app: wait for commands\n"
	"      --keeper WHO   who keeps descriptors over a crash: own, systemd or none\n"
	"      --trial        see whether it could take over, and exit (for upgrade)\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this\n"
	"\n"
	"Runs in the foreground and logs to stderr; clusterctl(1) starts it in the\n"
	"background.  Signals: HUP reload, TTIN and TTOU one worker more and fewer, "
	"USR1\n"
	"reopen logs, USR2 upgrade in place, TERM and INT stop (twice: at once), QUIT "
	"stop at once.\n"
	"See clusterd(8).\n";

enum { OPTION_HOME = 256, OPTION_CHECK, OPTION_EMPTY, OPTION_KEEPER, OPTION_TRIAL };

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"home", required_argument, NULL, OPTION_HOME},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"empty", no_argument, NULL, OPTION_EMPTY},
	{"keeper", required_argument, NULL, OPTION_KEEPER},
	{"trial", no_argument, NULL, OPTION_TRIAL},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void refuse(const char *why, const char *what)
{
	(void)fprintf(stderr, "clusterd: %s: %s\n", what, why);
	exit(EXIT_USAGE);
}

static enum keeper parse_keeper(const char *word)
{
	for (unsigned i = 0; i < KEEPERS; i++)
		if (strcmp(word, store_keeper_name((enum keeper)i)) == 0)
			return (enum keeper)i;
	refuse("own, systemd or none", "--keeper");
	return KEEPERS;
}

static void take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'c':
		arguments->file = optarg;
		break;
	case OPTION_HOME:
		arguments->home = optarg;
		break;
	case OPTION_CHECK:
		arguments->check = true;
		break;
	case OPTION_EMPTY:
		arguments->empty = true;
		break;
	case OPTION_KEEPER:
		arguments->keeper = parse_keeper(optarg);
		break;
	case OPTION_TRIAL:
		arguments->trial = true;
		break;
	case 'V':
		(void)printf("clusterd %s\n", CLUSTERD_VERSION);
		exit(0);
	case 'h':
		(void)fputs(usage, stdout);
		exit(0);
	default:
		(void)fputs(usage, stderr);
		exit(EXIT_USAGE);
	}
}

static void parse_arguments(struct arguments *arguments, int count, char **list)
{
	int option;

	while ((option = getopt_long(count, list, "c:Vh", options, NULL)) != -1)
		take_option(arguments, option);
	if (optind < count)
		refuse("no arguments are taken", list[optind]);
}

static int print_faults(const struct faults *faults)
{
	for (unsigned i = 0; i < faults->count && i < FAULTS_KEPT; i++)
		(void)fprintf(stderr, "%s\n", faults->list[i].text);
	return EXIT_USAGE;
}

/* --check: no lock, no socket, no directory is made. */
static int check(const struct supervisor *supervisor)
{
	const char *file = supervisor->default_file;
	struct faults faults = {0};
	struct arena arena = {0};
	struct spec spec;
	int result;

	if (file[0] != '\0')
		result = config_load(file, false, &arena, &spec, &faults);
	else if (origin_is_default_there(&supervisor->places))
		result = config_load(file = supervisor->places.config, true, &arena,
				     &spec, &faults);
	else
		result = config_load_embedded(&arena, &spec, &faults);
	if (result < 0)
		return print_faults(&faults);
	(void)printf("%s: ok, %u app%s\n", file[0] != '\0' ? file : "(embedded)",
		     spec.apps, spec.apps == 1 ? "" : "s");
	arena_free(&arena);
	return 0;
}

/* Sockets of systemd, told by their own names: what they are bound to. */
static void take_inherited(struct supervisor *supervisor)
{
	static struct inherited list[INHERITED];
	int fd[INHERITED];
	unsigned count = store_take_sockets(&supervisor->store, fd, INHERITED);

	for (unsigned i = 0; i < count; i++)
		if (address_of_socket(&list[supervisor->inherits].address, fd[i]) == 0)
			list[supervisor->inherits++].fd = fd[i];
		else
			(void)close(fd[i]);
	supervisor->inherited = list;
}

/* What a worker must not take for its own; WATCHDOG_* was read by then. */
static void clean_environment(void)
{
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

static void make_notify_directory(const struct supervisor *supervisor)
{
	char path[PLACES_PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/notify", supervisor->places.run);
	if (mkdir(path, 0711) == -1 && errno != EEXIST)
		log_error("%s: %s", path, strerror(errno));
	(void)chmod(path, 0711); /* whatever the umask: workers may be other users */
}

static int apply_configuration(struct supervisor *supervisor)
{
	const struct apply apply = {.how = APPLY_START};
	struct apply_report report;
	int result, code = 0;

	result = supervisor_apply(supervisor, &apply, &report);
	if (result < 0)
		code = EXIT_USAGE;
	for (unsigned i = 0; i < report.rows; i++)
		if (report.row[i].fault.text[0] != '\0' && !report.row[i].remembered)
			code = EXIT_FAILURE;
	apply_report_free(&report);
	return code;
}

/* Whoever starts us empty (clusterctl) waits for this one word. */
static void say_ready_and_no_more(struct supervisor *supervisor)
{
	notify_ready();
	notify_close();
	supervisor->told.ready = supervisor->told.heard = true;
	(void)unsetenv("NOTIFY_SOCKET");
}

static void tell_started(struct supervisor *supervisor)
{
	char reason[PLACES_PATH + 32];

	(void)snprintf(reason, sizeof(reason), "%s runs in %s", CLUSTERD_VERSION,
		       supervisor->places.run);
	supervisor_tell(supervisor,
			(struct happening){.kind = HAPPENING_SUPERVISOR_STARTED,
					   .reason = reason});
}

/* The doors at which others knock: those of a predecessor, or new ones. */
static int open_doors(struct supervisor *supervisor, struct fault *fault)
{
	struct store *store = &supervisor->store;

	supervisor->control =
		control_new(supervisor, supervisor->loop, supervisor->places.control,
			    store_take(store, "control"), fault);
	if (supervisor->control == NULL)
		return -EIO;
	if (control_restore(supervisor->control, fault) < 0)
		log_warn("control: %s", fault->text);
	(void)store_put(store, "control", control_fd(supervisor->control));
	return broker_start(supervisor, fault);
}

/* One that was to wait for commands begins with what there is, too, when all that it was
 * told went with its predecessor. */
static int begin(struct supervisor *supervisor, bool waits)
{
	if (waits) {
		say_ready_and_no_more(supervisor);
		return 0;
	}
	return apply_configuration(supervisor);
}

static int run(struct supervisor *supervisor, const struct arguments *arguments)
{
	struct fault fault;
	bool inherits = store_inherits(&supervisor->store);
	bool waits = arguments->empty &&
		     (!inherits || !origin_is_default_there(&supervisor->places));
	int code = 0;

	supervisor_start(supervisor);
	if (open_doors(supervisor, &fault) < 0) {
		(void)fprintf(stderr, "clusterd: %s\n", fault.text);
		return EXIT_FAILURE;
	}
	clean_environment();
	recall_open(supervisor);
	tell_started(supervisor);
	if (!succession_begin(supervisor))
		code = begin(supervisor, waits);
	salvage_end(supervisor);
	if (code != 0)
		supervisor_shutdown(supervisor);
	(void)ev_run(supervisor->loop, 0);
	log_info("clusterd ends");
	return code != 0 ? code : supervisor->exit_code;
}

static int prepare(struct supervisor *supervisor, const struct arguments *arguments)
{
	char path[PATH_MAX];
	struct fault fault;

	if (places_find(&supervisor->places, arguments->home, &fault) < 0) {
		(void)fprintf(stderr, "clusterd: %s\n", fault.text);
		return EXIT_FAILURE;
	}
	if (arguments->file == NULL)
		return 0;
	if (realpath(arguments->file, path) == NULL ||
	    !text_copy(supervisor->default_file, sizeof(supervisor->default_file),
		       path)) {
		(void)fprintf(stderr, "clusterd: %s: %s\n", arguments->file,
			      strerror(errno != 0 ? errno : ENAMETOOLONG));
		return EXIT_USAGE;
	}
	return 0;
}

static int say(const struct fault *fault, int code)
{
	(void)fprintf(stderr, "clusterd: %s\n", fault->text);
	return code == -EBUSY ? EXIT_BUSY : EXIT_FAILURE;
}

/* The keeper has nothing of a supervisor: no loop, no configuration. */
static int keep(const struct supervisor *supervisor, const struct arguments *arguments,
		char **list)
{
	struct keeper_order order = {.arguments = list,
				     .notifies_once = arguments->empty};
	struct fault fault;
	int code = places_make(&supervisor->places, &fault);

	if (code < 0)
		return say(&fault, code);
	order.lock = keeping_lock(&supervisor->places, &fault);
	if (order.lock < 0)
		return say(&fault, order.lock);
	return keeper_run(&order);
}

static int take_charge(struct supervisor *supervisor, enum keeper keeper)
{
	struct fault fault;
	int code = places_make(&supervisor->places, &fault);

	if (code < 0)
		return say(&fault, code);
	if (store_open(&supervisor->store, keeper, &fault) < 0)
		log_warn("%s", fault.text);
	code = keeping_take_lock(supervisor, &fault);
	if (code < 0)
		return say(&fault, code);
	make_notify_directory(supervisor);
	rights_raise_files(supervisor);
	(void)signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		log_warn("cannot be the subreaper: %s", strerror(errno));
	housing_open(supervisor, store_parent(&supervisor->store));
	if (notify_open() < 0)
		log_warn("libsystemd.so.0 is missing: systemd hears nothing of us");
	take_inherited(supervisor);
	supervisor->loop = ev_loop_new(EVFLAG_AUTO);
	if (supervisor->loop == NULL) {
		(void)fprintf(stderr, "clusterd: no event loop\n");
		return EXIT_FAILURE;
	}
	return 0;
}

/* In a child of the supervisor that is to be upgraded; nothing is cleaned up, for nothing
 * is ours. */
static _Noreturn void try_out(struct supervisor *supervisor)
{
	struct fault fault;
	int code = store_open(&supervisor->store, KEEPER_NONE, &fault);

	supervisor->loop = ev_loop_new(EVFLAG_AUTO);
	if (code == 0 && supervisor->loop == NULL)
		code = fault_set(&fault, -ENOMEM, "no event loop");
	if (code == 0)
		code = adopt_try(supervisor, &fault);
	(void)fprintf(stderr, "clusterd: %s\n", code < 0 ? fault.text : TRIAL_PASSED);
	_exit(code < 0 ? EXIT_FAILURE : 0);
}

static void release(struct supervisor *supervisor)
{
	struct origin *next;

	control_free(supervisor->control);
	remember_end(supervisor);
	broker_end(supervisor);
	digest_stop(supervisor);
	while (supervisor->apps != NULL)
		supervisor_remove(supervisor, supervisor->apps);
	logger_release(supervisor);
	for (struct origin *at = supervisor->origins; at != NULL; at = next) {
		next = at->next;
		free(at->path);
		free(at);
	}
	ledger_close(&supervisor->ledger);
	cells_close(&supervisor->cells);
	chronicle_free(&supervisor->chronicle);
	ev_loop_destroy(supervisor->loop);
	notify_close();
	store_close(&supervisor->store);
	fd_close(&supervisor->state_lock);
	fd_close(&supervisor->lock);
}

int main(int count, char **list)
{
	static struct supervisor supervisor = {
		.armed = MSEC_NEVER,
		.lock = -1,
		.state_lock = -1,
		.store = {.keeper = KEEPER_NONE, .socket = -1},
		.remembering = {.memory = {.fd = -1}}};
	struct arguments arguments = {0};
	int code;

	log_init("clusterd");
	parse_arguments(&arguments, count, list);
	code = prepare(&supervisor, &arguments);
	if (code != 0)
		return code;
	if (arguments.check)
		return check(&supervisor);
	if (arguments.trial)
		try_out(&supervisor);
	if (arguments.keeper == KEEPER_OWN && !store_is_kept()) {
		code = keep(&supervisor, &arguments, list);
		if (code != KEEPER_CHILD)
			return code;
	}
	(void)prctl(PR_SET_NAME, "clusterd"); /* executed by descriptor it is a number */
	upgrade_init(&supervisor, list);
	code = take_charge(&supervisor, arguments.keeper);
	if (code != 0)
		return code;
	supervisor.began = supervisor.now = clock_now();
	if (getrandom(&supervisor.dice, sizeof(supervisor.dice), 0) == -1)
		supervisor.dice = (uint64_t)clock_wall();
	supervisor.dice |= 1;
	code = run(&supervisor, &arguments);
	release(&supervisor);
	return code;
}
