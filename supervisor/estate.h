/*
 * estate.h - what the supervisor and each app own; private to the files of the shell.
 *
 *   supervisor -> store and state (descriptors and bytes that outlive it)
 *              -> the logger, the broker, the control socket, cells
 *              -> apps -> generations (specs resolved once, listeners borrowed)
 *                      -> listeners   (by address, closed when no generation names them)
 *                      -> places      (one a slot: notify socket, conduits, two seats)
 *                                  -> seats (one a worker: process, doors, figures)
 *
 * Places are allocated one by one and never move: libev watchers live in them.  Whatever
 * is freed is freed by the drain, with no event left that could name it.
 */
#ifndef SUPERVISOR_ESTATE_H
#define SUPERVISOR_ESTATE_H

#include <ev.h>
#include <limits.h>

#include "common/buffer.h"
#include "common/logging.h"
#include "supervisor/answers.h"
#include "supervisor/app.h"
#include "supervisor/cell.h"
#include "supervisor/chronicle.h"
#include "supervisor/control.h"
#include "supervisor/core/cron.h"
#include "supervisor/core/depth.h"
#include "supervisor/core/lean.h"
#include "supervisor/heartbeat.h"
#include "supervisor/identity.h"
#include "supervisor/ledger.h"
#include "supervisor/listener.h"
#include "supervisor/memory.h"
#include "supervisor/pin.h"
#include "supervisor/probe.h"
#include "supervisor/process.h"
#include "supervisor/store.h"
#include "supervisor/supervisor.h"

#define ASKED               (APP_LISTENS - SPEC_LISTEN) /* by workers, besides */
#define REASON_SIZE         256
#define BROKER_CALLERS      64
#define PIDS                1024 /* chains of the table of pids; a power of two */
#define SUPERVISOR_SIGNALS  9
#define QUEUE               8192 /* events that wait for the drain */
#define SEAT_STATUS_UNKNOWN (-1) /* of an end that nobody told us of */
#define QUEUE_RESERVE       2048 /* of these, kept for exits and commands */

/* One address of an app.  `text` is as in the spec: unchanged text keeps its sockets. */
struct holding {
	struct holding *next;
	uint32_t number; /* in its app, never given again */
	uint64_t kept;   /* the sum of what was remembered of it; so below */
	unsigned stored; /* slots whose sockets are in the store as they are */
	bool second_stored[LISTENER_SLOTS]; /* the same of the slots' second ones */
	char text[ADDRESS_TEXT];
	struct listener listener;
	bool stale; /* the steering program does not say what the buckets say */
	struct buckets buckets;
};

struct generation {
	struct generation *next;
	uint32_t number;
	msec made;
	struct arena words;   /* what was resolved */
	struct arena numbers; /* holds the spec; replaced by a reshape */
	const struct app_spec *spec;
	unsigned count; /* of instances, as `max` was when this was resolved */
	struct pin program;
	struct pin script;    /* what the interpreter runs; path NULL: there is none */
	char **command;       /* argv, "%i" not yet filled in */
	bool told_of_change;  /* on disk: once */
	char *directory_path; /* real path */
	int directory;        /* O_PATH descriptor */
	char **environment;   /* NAME=VALUE, "%i" not yet filled in */
	struct identity identity; /* where one is configured; else zeroed */
	struct process_rights rights;
	char *preload;      /* the library by which it asks; NULL: it does not */
	char *node_preload; /* what its Node.js loads first; NULL: it is none */
	bool traps;         /* it asks by a trapped bind() */
	unsigned holdings;  /* those of the spec, then those that workers asked for */
	struct holding *holding[SPEC_LISTEN + ASKED]; /* borrowed from the app */
	uint32_t named[SPEC_LISTEN + ASKED]; /* their numbers, as they were remembered */
	uint64_t outline, kept;
};

/* What `balance` ordered; in force while the configuration says what it said then. */
struct override {
	bool given;
	struct dealing dealing, configured;
};

/* The way on which Node's cluster module asks its parent. */
struct channel {
	int fd;
	struct ev_io watch;
	struct ev_timer pause; /* after a flood */
	struct buffer in;
	bool skips;    /* the rest of a line that is too long */
	bool is_noted; /* rubbish was said once */
	unsigned keys; /* of sockets given */
	msec window;   /* what is counted for a flood began here */
	size_t in_window;
	msec told_until;  /* the app's messages are told up to a moment from now */
	uint64_t untold;  /* of these, since the last that was */
	uint64_t rubbish; /* lines */
};

/* The trap of a static program; both -1: none. */
struct snare {
	struct ev_io watch; /* of the one that is open */
	int socket;         /* until the trap's end has come through it */
	int trap;
};

/* How many came to the desk in the second that began at `window`. */
struct calls {
	msec window;
	unsigned count;
};

struct seat {
	struct place *place;
	struct seat *next_by_pid;
	struct process process; /* pid 0: nobody sits here */
	struct ev_io exec_watch;
	pid_t pid;  /* who sits here, or sat here last */
	int status; /* of that one's end, once it came */
	uint32_t generation;
	msec started;
	msec beat;                /* -1: never */
	struct beat figures;      /* the last known of each */
	char reason[REASON_SIZE]; /* why it failed, as far as known; empty */
	uint32_t cell;            /* the number of its control group; 0: it has none */
	bool ran_out;             /* it ended for want of memory */
	bool exec_failed;         /* it never became the program it should be */
	uint64_t asked;           /* for which of the generation's holdings */
	struct calls calls;       /* at the desk */
	bool floods, is_rude;     /* there; said once */
	struct channel channel;   /* to a Node.js worker; fd -1: none */
	struct snare snare;
	uint64_t listening; /* on which of the generation's holdings it said so */
	uint64_t cpu_usec;  /* at `sampled`, for the percentage */
	msec sampled;
	double cpu_percent; /* negative: not known yet */
	uint64_t excess;    /* what it had of the measure that it exceeded */
	struct {            /* another supervisor started it: it is no child of ours */
		bool is_one;
		struct ev_io watch;       /* of its pidfd: it has ended */
		struct ev_timer patience; /* until somebody tells how */
	} kin;
	bool retreating;         /* the core waits for CORE_UNROUTED */
	struct retreat *retreat; /* by holding, while it is watched */
	unsigned retreats;
	unsigned in_use; /* connections that a quiet drain waits for, at the last look */
};

/* What a retiring worker still waits for on one address. */
struct retreat {
	const struct holding *holding;
	unsigned socket; /* that the worker accepts from */
	struct listener_retreat state;
};

/* A socket that nobody accepts from: a connection there is told. */
struct parked {
	struct ev_io watch;
	struct place *place;
	unsigned which; /* of the slot's two */
};

/* Who sits in a slot is asked again and again (probe), while it sits there alone. */
struct checkup {
	struct place *place;
	struct ev_timer timer; /* to the next probe, or to the end of the one under way */
	struct ev_io watch;
	struct probe probe;
	pid_t pid;  /* of whom it speaks */
	msec began; /* the one under way, or the last */
	msec wakes; /* when the timer was to */
	struct last_probe last;
};

/* The pipe of one stream of a slot: its workers write, the logger reads.  We hold it for
 * both ends, so that neither loses the other. */
struct conduit {
	int fd;              /* 0: there is none */
	uint32_t number;     /* by which the logger knows it */
	uint32_t generation; /* whose rules it was told */
	bool told;           /* the logger has it */
	bool ended;          /* a worker has, and the logger is to be told */
};

/* A conduit whose place is gone: until the logger has read what is in it. */
struct parting {
	struct parting *next;
	int fd;
	bool attached, told;        /* that the logger has it, and that it is to let go */
	struct logging_order order; /* which attaches it */
};

/* The one process that writes log files; see logger.c. */
struct logger {
	int socket;             /* 0: none */
	struct process process; /* pid 0: none, or one that a predecessor started */
	struct ev_io watch, exec_watch;
	struct ev_timer pause; /* before the next is started, or the last is killed */
	msec began;
	unsigned failures; /* in a row */
	bool needed;       /* there is something to write */
	bool stale;        /* it is to be told something */
	bool died;         /* one did: the next repairs what was cut short */
	bool finishing, finished;
	uint32_t reopening; /* the operation under way; 0: none */
	bool reopen_told;
	uint32_t last_number; /* of a conduit */
	struct parting *partings;
};

struct place {
	struct app *app;
	unsigned slot;
	struct conduit conduit[SPEC_STREAMS];
	struct heartbeat heartbeat;
	uint64_t kept;
	struct ev_io beat_watch;
	struct ev_timer pause; /* after a flood */
	bool flooded;          /* was said once */
	bool changed;          /* since it was remembered, without a step of the core */
	struct seat seat[CORE_SEATS];
	unsigned spawns; /* since the last reset */
	struct last_exit last_exit;
	struct parked *parked; /* what nobody accepts from, while it is watched */
	unsigned parks;
	unsigned watched;        /* of the slot's two sockets, as bits */
	struct checkup *checkup; /* NULL: nobody is probed here */
};

/* A command under way, until its DONE. */
struct operation {
	struct operation *next;
	uint32_t id;
	const char *name; /* what people call it */
	msec began;
	uint64_t kept;
};

/* The queues of an app's own sockets, looked at only while connections come. */
struct crowd {
	unsigned sockets; /* in the epoll; 0: there is none */
	int epoll;
	struct ev_io first; /* a connection came: while it sleeps */
	struct ev_timer sampler;
	unsigned quiet; /* samples in a row without a connection */
	struct depth_slot slot[CORE_SLOTS];
};

/* What the lives of an app's workers are held to (recycle), beside what its core knows.
 */
struct bounds {
	struct ev_timer sampler;  /* of memory, while that is bounded */
	struct ev_periodic clock; /* of the wall, while there is a pattern */
	char pattern[CRON_TEXT];
	struct cron cron;
	struct last_recycle last;
};

struct app {
	struct app *next; /* by name */
	struct supervisor *supervisor;
	uint32_t number; /* never given again */
	char name[SPEC_NAME];
	struct origin *origin;
	uint32_t origin_number; /* as it was remembered */
	uint64_t kept, kept_slot[CORE_SLOTS + 1];
	struct core_app core;
	msec deadline; /* of the core, as of the last time the drain looked */
	bool beaten;   /* beats moved the deadline since: it may be later */
	bool stepped;  /* more than that happened since */
	bool removing; /* free it once it has stopped */
	bool held;     /* stopped by hand: until it is started by hand */
	uint32_t last_generation, last_holding;
	struct generation *generations;
	struct holding *holdings;
	struct place *place[CORE_SLOTS + 1];
	struct ev_timer look; /* at retreats, while there are any */
	struct crowd crowd;
	struct override override;
	enum balance leaning; /* the policy that `lean` is about */
	struct lean lean;
	struct bounds bounds;
	struct operation *operations;
	struct {
		const char *name; /* NULL: there was none */
		enum core_result result;
		char error[FAULT_SIZE];
		msec took;
	} last;
	bool quenched;
	bool probed;              /* some places have a checkup */
	bool was_online;          /* since it was added */
	char trouble[FAULT_SIZE]; /* the last failure in words */
	uint32_t flushing;        /* of its logs: the operation under way; 0: none */
	bool flush_told;          /* to the logger */
};

/* A program that asks for a socket; supervisor NULL: the chair is empty. */
struct caller {
	struct supervisor *supervisor; /* NULL: the chair is empty */
	struct ev_io watch;
	struct ev_timer patience;
	pid_t session; /* the worker's whom it is of */
	uid_t uid;
};

struct broker {
	char path[PLACES_PATH + 16]; /* empty: not open */
	struct ev_io watch;
	struct ev_timer pause; /* after a flood */
	struct calls strangers;
	unsigned next;
	struct caller caller[BROKER_CALLERS];
};

/* A configuration that apps came from. */
struct origin {
	struct origin *next;
	uint32_t number;
	uint64_t kept;
	char *path; /* absolute; NULL: the embedded one */
	bool with_directory;
	bool ad_hoc; /* a file of the ledger, with one app */
	bool fresh;  /* no app was taken from it yet */
	bool rules;  /* the settings of the supervisor came from it */
};

struct queued {
	struct app *app;
	struct core_event event;
};

struct inherited { /* a listening socket that systemd handed over */
	int fd;
	bool salvaged; /* or that a predecessor left, for who opens its address next */
	struct address address;
};

/* The file that is read for its digest; see digest.c. */
struct digest {
	struct ev_timer turn;
	int fd; /* 0: none */
	struct stat of;
	struct sha256 sum;
};

/* How far we are with our own end; see shutdown.c. */
enum stage {
	STAGE_STAYING,
	STAGE_LEAVING,  /* said so, and serves on */
	STAGE_DRAINING, /* apps were told to stop */
	STAGE_LAST      /* so were those that watch us */
};

#define EXIT_ALL_ENDED  10 /* every app ended for good, in order */
#define EXIT_ALL_FAILED 11 /* every app ended for good, and one of them failed */

/* What is written for whoever takes over (remember.c). */
struct remembering {
	struct memory memory;
	struct buffer scratch;
	uint64_t kept;   /* of the supervisor itself */
	bool writes_all; /* anew, changed or not */
	bool failed;     /* to find room for it */
};

/* Workers of a supervisor that died which could not be taken over. */
struct leavers {
	int *pidfd;
	unsigned count;
	struct ev_timer overdue;
};

enum upgrade_stage {
	UPGRADE_NONE,
	UPGRADE_TRIED, /* a child tries the new program */
	UPGRADE_DUE    /* it passed: we become it when this turn is over */
};

/* The last line of a trial that went well: exit code 0 alone says any program. */
#define TRIAL_PASSED "can take over"

/* Another program in our place. */
struct upgrade {
	enum upgrade_stage stage;
	char **arguments;       /* that we were started with */
	char program[PATH_MAX]; /* by which we were started; empty: not known */
	char watchdog_usec[24], watchdog_pid[16]; /* of the environment */
	int candidate;                            /* what is tried; -1 */
	pid_t trial;                              /* 0: nobody tries it */
	int words;                                /* what the trial writes; -1 */
	int error;                                /* of the exec */
	uint32_t operation;                       /* to be answered */
	msec began;
	struct ev_timer patience; /* with the trial */
	struct ev_timer proving;  /* of ourselves */
	int probation;            /* what says so to others; -1 */
	bool is_new;              /* we took the place of another program */
	char before[48];          /* its version */
	uint32_t count;           /* of upgrades, for as long as there are workers */
	char fault[FAULT_SIZE];   /* why the last one failed; empty */
};

struct supervisor {
	struct ev_loop *loop;
	struct places places;
	struct origin *origins;
	struct ledger ledger;
	bool recalled;            /* what the ledger remembers was called back */
	char trouble[FAULT_SIZE]; /* with what is kept; the last, in words */
	struct app *apps;
	struct control *control;
	struct digest digest;
	struct logger logger;
	struct broker broker;
	struct chronicle chronicle;
	struct cells cells;
	struct fault no_cells; /* why there are none */
	struct ev_prepare drain;
	struct ev_timer timer;
	struct ev_timer deadline; /* of the shutdown */
	struct ev_timer lull;     /* until it drains anybody */
	struct ev_timer watchdog; /* of systemd */
	struct ev_signal signal[SUPERVISOR_SIGNALS];
	msec now;
	msec armed; /* when the timer was asked to wake us; MSEC_NEVER */
	msec began;
	struct queued queue[QUEUE];
	unsigned first, queued;
	struct core_actions actions;
	struct seat *by_pid[PIDS];
	uint32_t last_operation, last_app, last_origin;
	struct { /* the settings of the supervisor that are in force */
		struct spec_option mode; /* of the control socket */
		gid_t group;
		unsigned log_level; /* one more than it is; 0: none was given */
	} rules;
	uint64_t dice;
	uint64_t orphans; /* reaped children that were nobody's worker */
	struct inherited *inherited;
	unsigned inherits;
	int lock;
	int state_lock;
	struct store store;
	struct upgrade upgrade;
	struct answers answers;
	struct ev_io kept; /* the socket to whoever keeps it */
	struct remembering remembering;
	struct leavers leavers;
	struct arena words;  /* of what was taken over, for as long as we live */
	struct rlimit files; /* as it was before we raised it for ourselves */
	bool stopping;
	enum stage stage;
	struct spec_ending ending; /* as configured */
	int exit_code;
	struct {            /* what systemd was told */
		bool ready; /* by us, or by a predecessor */
		bool heard; /* by us */
		bool reloading;
		bool is_due;   /* that we are sane */
		msec extended; /* when it was asked for more time; 0: never */
		unsigned apps, online;
	} told;
	uint64_t followed;              /* of the chronicle, what followers were shown */
	char default_file[PLACES_PATH]; /* -c, else empty */
};

/* supervisor.c */
void supervisor_post(struct app *app, const struct core_event *event);
bool supervisor_has_room(const struct supervisor *supervisor);
void supervisor_start(struct supervisor *supervisor); /* signals, drain, timers */
struct app *supervisor_add(struct supervisor *supervisor, const char *name,
			   struct origin *origin);
void supervisor_reap(struct supervisor *supervisor);
void supervisor_remove(struct supervisor *supervisor, struct app *app); /* all vacant */

/* shutdown.c */
void shutdown_init(struct supervisor *supervisor);
void supervisor_shutdown_at_once(struct supervisor *supervisor);
void shutdown_go_on(struct supervisor *supervisor); /* apps may have stopped, or ended */
bool shutdown_is_over(const struct supervisor *supervisor);

/* tell.c */
void supervisor_tell(struct supervisor *supervisor, struct happening what);
void app_tell(const struct app *app, struct happening what);
void slot_tell(const struct app *app, unsigned slot, struct happening what);
void seat_tell(const struct seat *seat, struct happening what);
/* What fits no other kind, and somebody should look at. */
void app_alert(const struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);

/* fate.c */
void apply_report_tell(struct supervisor *supervisor, const struct apply_report *report);

/* service.c */
void service_start(struct supervisor *supervisor);
void service_update(struct supervisor *supervisor, bool changed); /* ends a turn */
void service_reloading(struct supervisor *supervisor); /* whatever comes of it */

/* succession.c */
/* Takes over what a predecessor left; false: there is nothing, and nothing was begun. */
bool succession_begin(struct supervisor *supervisor);

/* upgrade.c */
void upgrade_init(struct supervisor *supervisor, char **arguments);
void upgrade_meet(struct supervisor *supervisor);   /* before the state is taken over */
void upgrade_settle(struct supervisor *supervisor); /* after it */
/* Was that the child in which another program was tried? */
bool upgrade_reaped(struct supervisor *supervisor, pid_t pid, int status);
void upgrade_go_on(struct supervisor *supervisor); /* last in a turn */

/* keeping.c */
/* One supervisor per run directory: the lock, or -EBUSY and who holds it. */
int keeping_lock(const struct places *places, struct fault *fault);
int keeping_take_lock(struct supervisor *supervisor, struct fault *fault);
void keeping_start(struct supervisor *supervisor);  /* listens to the keeper */
void keeping_update(struct supervisor *supervisor); /* before each sleep */

/* signals.c */
void signals_start(struct supervisor *supervisor);

/* apply.c */
int apply_remove(struct app *app, struct fault *fault); /* drains, then forgets it */

/* report.c */
struct apply_row *apply_row_add(struct apply_report *report, const char *name);
/* What beginning came to: an operation (> 0), nothing to wait for, or why not. */
void apply_begun(struct apply_row *row, int result);
void apply_tell_unreadable(const struct supervisor *supervisor, const struct apply *apply,
			   const struct origin *origin, const struct faults *faults,
			   struct apply_report *report);
const struct apply_row *apply_find_failed(const struct apply_report *report,
					  const struct apply_row *row);

/* recall.c */
void recall_open(struct supervisor *supervisor);
void recall_forgive(struct supervisor *supervisor, const char *name);
bool recall_replaces_embedded(const struct supervisor *supervisor);
void recall_apps(struct supervisor *supervisor, struct apply_report *report); /* once */
bool recall_is_stopped(const struct supervisor *supervisor, const char *name);
unsigned recall_count(const struct supervisor *supervisor, const char *name,
		      unsigned configured);
void recall_dealing(struct app *app); /* of one that was just added */
void recall_note(struct app *app);    /* it may have changed */
void recall_forget(struct app *app);
void recall_write(struct supervisor *supervisor);

/* origin.c */
const char *origin_name(const struct origin *origin);
struct origin *origin_need(struct supervisor *supervisor, const char *path,
			   bool with_directory);
bool origin_is_default_there(const struct places *places);
struct origin *origin_default(struct supervisor *supervisor);
int origins_give_way(struct supervisor *supervisor);
void origins_sweep(struct supervisor *supervisor);

/* app.c */
struct app *app_new(struct supervisor *supervisor, const char *name,
		    struct origin *origin);
void app_free(struct app *app); /* accepts NULL; all seats are vacant */
void app_step(struct app *app, const struct core_event *event);
bool app_is_due(struct app *app); /* has a deadline passed? */
void app_hear_late_beats(struct app *app);
void app_settle(struct app *app); /* steers, parks, frees: after the steps of a turn */

/* remember.c */
/* By the names of the store, APP.SLOT.WHAT and so on. */
int remember_fd(struct supervisor *supervisor, int fd, const char *format, ...)
	PRINTF_LIKE(3, 4);
void forget_fd(struct supervisor *supervisor, const char *format, ...) PRINTF_LIKE(2, 3);
/* From now on, and all that there is now: 0, or negative errno. */
int remember_all(struct supervisor *supervisor);
void remember(struct supervisor *supervisor); /* but for the apps */
void remember_app(struct app *app);           /* what changed of it */
void remember_seat(struct app *app, struct seat_ref at);
/* It is in no list any more. */
void remember_gone(struct supervisor *supervisor, enum layout_kind kind, uint32_t app,
		   uint32_t number);
void remember_end(struct supervisor *supervisor);

/* adopt.c */
/* What a supervisor that died left: 0 it is ours; -ENOENT there is nothing, or nothing to
 * tell; else why not, as a fault.  Whoever cannot be taken over is told to go. */
int adopt(struct supervisor *supervisor, struct fault *fault);
/* Could we?  Nothing is touched; what was built is not for use. */
int adopt_try(struct supervisor *supervisor, struct fault *fault);

/* salvage.c */
/* Whatever was built of it is forgotten. */
void salvage_all(struct supervisor *supervisor);
void salvage_end(struct supervisor *supervisor); /* what nobody opened is closed */

/* kin.c */
void kin_meet(struct seat *seat); /* its pid and birth are in the book */
/* Whoever is its parent told of its end; unknown ones are nobody's. */
void kin_exited(struct supervisor *supervisor, pid_t pid, int status);
void kin_end_strangers(struct supervisor *supervisor); /* born, and in no book */
void kin_dismiss(struct seat *seat);
void kin_dismiss_strangers(struct supervisor *supervisor);

/* operation.c */
int operation_begin(struct app *app, enum core_operation_kind kind,
		    struct core_event event);
int operation_roll(struct app *app, struct generation *generation, const char *name,
		   struct fault *fault);
unsigned operation_count(const struct app *app, unsigned configured);
void operation_done(struct app *app, const struct core_action *action);
/* Those that are awaited by a ticket and are no more: they went with a supervisor. */
void operations_miss(struct supervisor *supervisor);
int operation_stop(struct app *app); /* without holding it stopped */

/* generation.c */
unsigned generation_count(const struct app_spec *spec); /* of instances, here and now */
int generation_make(struct app *app, const struct app_spec *spec,
		    struct generation **ret_generation, struct fault *fault);
const char *generation_changed(const struct generation *generation);
int generation_reshape(struct generation *generation, const struct app_spec *spec);
struct generation *generation_find(const struct app *app, uint32_t number);
struct generation *app_generation(const struct app *app); /* the wanted one */
const struct app_spec *app_spec(const struct app *app);   /* of the wanted generation */
void generation_drop(struct app *app, struct generation *generation);
void generation_sweep(struct app *app); /* drops those that nothing uses */

/* rights.c */
void rights_raise_files(struct supervisor *supervisor);
int rights_resolve(const struct supervisor *supervisor, struct generation *generation,
		   struct fault *fault);

/* digest.c */
void digest_init(struct supervisor *supervisor);
void digest_need(struct supervisor *supervisor); /* there is a new generation */
void digest_stop(struct supervisor *supervisor);

/* environment.c */
int environment_resolve(struct generation *generation, struct fault *fault);
char **environment_of(struct arena *arena, const struct app *app,
		      const struct generation *generation, const struct place *place,
		      unsigned listens);
char **environment_command(struct arena *arena, char *const *command, unsigned slot);

/* broker.c */
int broker_start(struct supervisor *supervisor, struct fault *fault);
void broker_end(struct supervisor *supervisor);
/* The socket for this worker on this address, lent; `uid`: whose worker it is.  -ENOTSUP:
 * not ours to give, it may bind by itself.  `index`: which of those with port 0. */
int broker_find(struct seat *seat, const struct address *wanted, unsigned index,
		uid_t uid, int *ret_fd);
/* The one it was lent as this descriptor, by LISTEN_FDS. */
int broker_find_lent(struct seat *seat, int descriptor, int *ret_fd);
/* It listens there from now on.  -ENOTSUP: on a socket that is not of ours. */
int broker_listening(struct seat *seat, const struct address *address);
void broker_listening_all(struct seat *seat); /* on all that it asked for */
/* Came it to where it listens on a way for those who know nothing of us? */
enum core_asker broker_asker(const struct seat *seat);
const char *broker_door(const struct seat *seat); /* NULL: it came through none */

/* snare.c */
int snare_open(struct seat *seat, int *ret_theirs, struct fault *fault);
void snare_adopt(struct seat *seat, int socket, int trap); /* -1: does not exist */
void snare_close(struct seat *seat);

/* channel.c */
int channel_open(struct seat *seat, int *ret_theirs, struct fault *fault);
void channel_adopt(struct seat *seat, int fd);
void channel_close(struct seat *seat);

/* seat.c */
struct seat_ref seat_ref(const struct seat *seat);
void seat_keep(const struct seat *seat, int fd, const char *what); /* in the store */
void seat_drop(const struct seat *seat, const char *what);
void seat_forget_doors(struct seat *seat); /* the ways on which it asks for sockets */
struct place *place_need(struct app *app, unsigned slot, struct fault *fault);
/* One whose fields were read, from now on the app's; `notify` < 0: it was not kept. */
int place_adopt(struct app *app, unsigned slot, struct place *place, int notify,
		struct fault *fault);
void place_free(struct place *place);
void place_read_beats(struct place *place);
struct seat *seat_find(struct supervisor *supervisor, pid_t pid);
void seat_register(struct seat *seat); /* has just been spawned */
void seat_unregister(struct seat *seat, pid_t pid);
void seat_exited(struct seat *seat, pid_t pid, int status);
void seat_settle_exec(struct seat *seat);
void seat_tell_exit(const struct seat *seat); /* as its CORE_EXIT is stepped */

/* spawn.c */
int spawn_worker(struct app *app, struct seat_ref at, uint32_t number,
		 struct fault *fault);

/* conduit.c */
/* Can what its workers write be written where it says?  Makes the folders. */
int conduit_check(const struct app *app, const struct app_spec *spec,
		  struct fault *fault);
/* The end for a worker of this generation: the caller's, or a negative errno. */
int conduit_open(struct place *place, enum spec_stream stream,
		 const struct generation *generation, struct fault *fault);
/* How the logger is told of it. */
void conduit_describe(const struct place *place, enum spec_stream stream,
		      struct logging_order *ret_order);
/* A read end of this pipe: the caller's, or a negative errno. */
int conduit_reader(int fd);
void conduit_adopt(struct place *place);   /* of a predecessor */
void conduit_end(struct place *place);     /* a worker that wrote there has ended */
void conduit_part(struct place *place);    /* the place goes */
void conduit_renew(const struct app *app); /* the logger is to be told its rules again */
/* The file, "%i" left as it is where slot is negative. */
void conduit_path(const struct app *app, const struct app_spec *spec,
		  enum spec_stream stream, int slot, char *path, size_t size);

/* logger.c */
void logger_attend(struct supervisor *supervisor); /* before each sleep */
void logger_adopt(struct supervisor *supervisor);  /* a predecessor's, if it lives */
bool logger_exited(struct supervisor *supervisor, pid_t pid);
uint32_t logger_reopen(struct supervisor *supervisor);
/* All that was written is in the files, or cannot be; asks for it until it is so. */
bool logger_is_over(struct supervisor *supervisor);
void logger_release(struct supervisor *supervisor);

/* housing.c */
void housing_open(struct supervisor *supervisor, pid_t keeper); /* 0: of systemd's */
void housing_check(const struct app *app, const struct generation *generation);
int housing_prepare(struct seat *seat, const struct app_spec *spec, int *ret_fd,
		    struct fault *fault);
void housing_kill(const struct seat *seat);
void housing_end(struct seat *seat, int status);
/* Those of adopted workers are found, whoever lives in any other is ended. */
void housing_sweep(struct supervisor *supervisor);

/* holding.c */
int holding_open(struct app *app, struct generation *generation, unsigned slots,
		 struct fault *fault);
struct holding *holding_find(const struct app *app, const char *text, unsigned index);
struct holding *holding_need(struct app *app, const struct app_spec *spec,
			     const char *text, unsigned index, unsigned slots,
			     struct fault *fault);
int holdings_grow(struct app *app, const struct generation *generation, unsigned slots,
		  struct fault *fault);
void holdings_keep(struct app *app); /* what the store does not have yet */
/* A number may stand for another socket now: all are stored anew. */
void holding_forget_stored(struct holding *holding);
void holdings_close(struct app *app);
void holdings_sweep(struct app *app); /* closes those that no generation names */
void holdings_heal(struct place *place);

/* route.c */
void route_forget(struct app *app);
void route_init(struct app *app);
void route_admit(struct app *app);
void route_update(struct app *app);
void route_retreat(struct seat *seat);
/* The first address by which one slot can be reached on purpose; NULL: none. */
const struct listener *route_to_slots(const struct app *app);

/* sharing.c */
unsigned sharing_socket(const struct seat *seat); /* by its number */
/* Borrowed: the socket of this address for this worker, opened if there is none yet. */
int sharing_lend(const struct seat *seat, struct holding *holding, int *ret_fd,
		 struct fault *fault);
bool sharing_is_on(const struct app *app); /* for any worker that is or is to be */
/* How many sockets an address needs when this generation comes, for so many slots. */
unsigned sharing_sockets(const struct app *app, const struct generation *generation,
			 unsigned slots);
/* The core takes the numbers of this generation, which is or becomes the wanted one. */
void sharing_set_policy(struct app *app, const struct generation *generation);
void sharing_settle(struct app *app); /* whether a socket is shared may have changed */
/* Does a worker that serves in this slot accept from this socket of the address? */
bool sharing_accepts(const struct app *app, const struct holding *holding, unsigned slot,
		     unsigned socket);
bool sharing_has_heir(const struct app *app, const struct holding *holding,
		      unsigned socket); /* does any slot's? */

/* linger.c */
/* Connections in use; negative errno: they cannot be known. */
int linger_count(const struct seat *seat);

/* dealing.c */
void dealing_read(const struct app *app, struct dealing *ret_dealing); /* in force */
enum balance dealing_policy(const struct app *app);
/* On the slot's weight, by this policy. */
unsigned dealing_factor(const struct app *app, enum balance policy, unsigned slot);
void dealing_hear(const struct seat *seat, const struct beat *beat);
void dealing_settle(struct app *app); /* ends an override when its time is over */
void dealing_read_status(const struct app *app, struct app_status *status);

/* crowd.c */
void crowd_init(struct app *app);
void crowd_update(struct app *app); /* watches what sockets there are now */
void crowd_forget(struct app *app); /* sockets are about to go, or to be others */
void crowd_free(struct app *app);
bool crowd_avoids(const struct app *app, unsigned slot);
int64_t crowd_depth(const struct app *app, unsigned slot); /* -1: has no own queue */

/* checkup.c */
void checkup_update(struct app *app); /* asks whom there is to ask now */
void checkup_free(struct place *place);
void checkup_note(struct app *app, const struct core_action *action);

/* bounds.c */
void bounds_init(struct app *app);
void bounds_free(struct app *app);
void bounds_update(struct app *app); /* holds to what is configured now */
void bounds_check(struct seat *seat, enum core_bound bound, uint64_t measure);
msec bounds_next_cron(const struct app *app); /* since 1970; MSEC_NEVER */
void bounds_note(struct app *app, const struct core_action *action);
void bounds_part(struct app *app, struct seat_ref at); /* is about to be told to go */

/* status.c */
struct seat *app_seat(const struct app *app, struct seat_ref at);
/* Every worker of a started app ended for good; `well`: each of them in order. */
bool app_has_ended(const struct app *app, bool *ret_well);

#endif
