/*
 * core.h - what an app should do next, as a pure function.
 *
 * State is what is (the workers in their seats) beside what is wanted (running, which
 * generation, how many).  After every event the core closes the gap a little and says
 * what to do as a list of actions; the shell does them, and posts what follows as new
 * events.  No syscall, no clock, no allocation, no chance: time and dice come in with the
 * event.  Start, crash, scale, reload, revert, restart and stop are one rule.
 *
 * A slot has two seats, so that the one who leaves rises after the one who comes has sat
 * down: at most two processes a slot, ever.  The laws are in tests/model.
 *
 * The state outlives the supervisor: it is saved before the orders of a step are carried
 * out, and each is ticked off (core_did).  Whoever takes over posts CORE_ADOPT first,
 * which asks for what was not, gives every phase its whole time anew, and decides
 * nothing; then CORE_EXIT for those who ended meanwhile.
 */
#ifndef SUPERVISOR_CORE_CORE_H
#define SUPERVISOR_CORE_CORE_H

#include "common/base.h"
#include "supervisor/core/backoff.h"

#ifndef CORE_SLOTS
#define CORE_SLOTS 256 /* an app has 1 to 256 instances: steering is exact to 1/256 */
#endif

#define CORE_SURGE   CORE_SLOTS /* index of the surge slot, beyond every count */
#define CORE_SEATS   2
#define CORE_ACTIONS (12 * (CORE_SLOTS + 1) + 8) /* more than one step can ask for */

enum worker_phase {
	WORKER_VACANT,   /* the seat is empty */
	WORKER_STARTING, /* spawned, not yet ready          deadline: ready */
	WORKER_SERVING,  /* ready, beating if its app beats  deadline: next beat, or never
			  */
	WORKER_LATE, /* a beat is missing, steered away  deadline: heartbeat.timeout */
	WORKER_UNROUTING, /* retires, serves what still comes deadline: unroute */
	WORKER_STOPPING,  /* told to drain                    deadline: drain */
	WORKER_ABORTING,  /* hung, sent SIGABRT               deadline: abort */
	WORKER_KILLING,   /* sent SIGKILL, not yet reaped     deadline: kill again */
	WORKER_PHASES
};

/* Why a worker that serves well is replaced all the same. */
enum core_bound {
	CORE_BOUND_NONE,
	CORE_BOUND_MEMORY,
	CORE_BOUND_AGE,
	CORE_BOUND_REQUESTS,
	CORE_BOUND_CRON,  /* the time has come */
	CORE_BOUND_PROBE, /* too many probes in a row that failed */
	CORE_BOUNDS
};

/* A vacant seat is all zeros. */
struct worker {
	enum worker_phase phase;
	uint32_t generation; /* of the spec it was started from */
	msec since;          /* in this phase */
	msec deadline;       /* MSEC_NEVER: serving without beats */
	msec beat;     /* when it beat last; MSEC_NEVER: never yet, not judged by beats */
	msec served;   /* when it became ready; MSEC_NEVER: never was */
	bool settled;  /* a TICK found it ready for `settle`: it is good */
	bool renew;    /* to be replaced by a successor */
	bool recycled; /* succeeds one that exceeded a bound */
	bool proven;   /* it passed a probe */
	bool unaware;  /* it came to its socket as one that knows nothing of us */
	bool speaks;   /* it said READY=1 */
	unsigned socket;     /* of the slot's two the one it accepts from */
	unsigned misses;     /* probes that failed, in a row */
	uint8_t lot;         /* its share of recycle.jitter, drawn at birth */
	enum core_bound due; /* which it exceeded: it is to be recycled */
	bool undone;         /* the last order for it is not carried out yet */
};

struct slot {
	struct worker seat[CORE_SEATS]; /* one who serves, one who comes or goes */
	struct backoff backoff;         /* belongs to the place, not to the process */
	unsigned socket;                /* of its two the one that connections go to */
	bool owed;       /* unwanted, but a worker is to fetch what waits in its socket */
	bool resting;    /* ended for good (restart.when, stop_exit_codes, restart.max) */
	bool restarting; /* must be vacant once before it is filled again */
};

enum core_ready_rule {
	CORE_READY_NOTIFY, /* READY=1 */
	CORE_READY_EXEC,   /* alive for ready_exec */
	CORE_READY_LISTEN, /* it listens on a socket that it asked for */
	CORE_READY_AUTO    /* by whichever comes first; but only by READY=1 once any
			      worker of the app said it, and not by EXEC once any asked
			      for a socket */
};

enum core_restart_rule {
	CORE_RESTART_ALWAYS,
	CORE_RESTART_ON_FAILURE,
	CORE_RESTART_NEVER
};

/* Quiet is: who goes gets no new connection, and the signal when those that it has are
 * gone or idle.  For that its successor has a socket of its own. */
enum core_drain_rule {
	CORE_DRAIN_AUTO, /* quiet for who knows nothing of us, else by signal */
	CORE_DRAIN_SIGNAL,
	CORE_DRAIN_QUIET
};

/* 0: unbounded. */
struct core_recycle {
	uint64_t memory; /* bytes */
	msec age;        /* since it was ready */
	unsigned requests;
	unsigned jitter; /* percent that age and requests may be smaller, by lot */
};

/* Numbers only; the last ones are constants of the shell, the others configured. */
struct core_policy {
	enum core_ready_rule ready;
	msec ready_timeout;
	msec ready_exec;
	bool beats;         /* false: heartbeat = false */
	msec beat_interval; /* no beat for this long: late */
	msec beat_timeout;  /* no beat for this long: hung; > beat_interval */
	enum core_drain_rule drain;
	msec drain_timeout;
	unsigned surge;     /* successors not yet settled at a time, >= 1 */
	bool surge_percent; /* surge is a share of the wanted count, rounded up, >= 1 */
	msec settle;        /* a successor ready for this long is good */
	unsigned failures;  /* of a reload or scale, beyond which it reverts */
	enum core_restart_rule restart;
	unsigned restart_max; /* failures in a row after which a slot rests; 0: never */
	struct backoff_policy backoff;
	struct core_recycle recycle;
	unsigned probe_failures; /* in a row that make a worker sick; 0: no probes */
	msec unroute_timeout; /* most that a retiring worker waits for its queue: 5 s */
	msec drain_grace; /* at least this has who was waited for, once told to go: 5 s */
	msec abort_timeout; /* between SIGABRT and SIGKILL: 1 s */
	msec kill_retry;    /* SIGKILL is sent again */
	bool moves; /* no generation has the sockets of another: their queues empty first
		     */
};

enum core_operation_kind {
	CORE_OPERATION_NONE,
	CORE_OPERATION_START,
	CORE_OPERATION_SCALE,
	CORE_OPERATION_RELOAD,
	CORE_OPERATION_RESTART,
	CORE_OPERATION_RENEW,
	CORE_OPERATION_STOP,
	CORE_OPERATION_KINDS
};

struct core_app {
	struct core_policy policy;
	struct {
		bool running;
		uint32_t generation;
		unsigned count;
		uint32_t surge; /* generation of the surge slot; 0: none */
	} want;
	struct {
		bool active;      /* rolling from one generation to another, or back */
		uint32_t from;    /* the way back; never changes while active */
		unsigned reached; /* slots below this are to have the wanted generation */
		unsigned failures;
		unsigned count; /* the one before, if it changed too: the way back; else 0
				 */
	} reload;
	struct {
		uint32_t now;    /* the last wanted one of which a worker served */
		uint32_t before; /* the one before that, to go back to; 0: none */
	} served;                /* generations, each once no roll was under way */
	struct {
		bool active; /* slots from `from` to the wanted count do not serve yet */
		unsigned from; /* the count to go back to when the new slots fail */
		unsigned failures;
	} scale;
	struct {
		enum core_operation_kind kind;
		uint32_t id;          /* awaiting its answer; 0: nobody waits */
		unsigned first, past; /* the slots it is about: when they are as wanted,
					 it is done */
		bool reverted;        /* it failed, and its undoing is under way */
	} operation;
	struct {
		unsigned next; /* slot that is looked at first: each has its turn */
		struct backoff backoff; /* of recycles in a row that were of no use */
	} recycle;
	bool notifies;  /* some worker of this app said READY=1 */
	bool listens;   /* some worker of this app asked for its socket */
	unsigned slots; /* of slot[], how many were ever wanted; the surge slot aside */
	struct slot slot[CORE_SLOTS + 1];
};

struct seat_ref {
	uint16_t slot;
	uint8_t seat;
};

enum core_event_kind {
	CORE_TICK,  /* the only event that expires deadlines */
	CORE_AWAKE, /* the supervisor woke `arg` ms late: beat deadlines move by that */
	CORE_ADOPT, /* another one took over from a supervisor that died */
	CORE_READY, /* at: READY=1 */
	CORE_LISTENING, /* at: it asked for a socket, and listens on it; arg: core_asker
			 */
	CORE_BEAT,      /* at: WATCHDOG=1 */
	CORE_LEAVE,     /* at: STOPPING=1, unasked or as an answer */
	CORE_TRIGGER,   /* at: WATCHDOG=trigger, the worker calls itself hung */
	CORE_EXTEND,    /* at: EXTEND_TIMEOUT_USEC; arg: ms from now for this deadline */
	CORE_EXIT,      /* at: reaped; arg: enum core_exit */
	CORE_SPAWN_FAILED, /* at: it never came to life */
	CORE_UNROUTED, /* at: no connection waits in its sockets, and if it goes quietly
			  none that it has is in use */
	CORE_OWED,     /* at.slot: connections wait where core_may_fetch says; arg: which
			* socket
			*/
	CORE_EXCEEDED, /* at: a bound of its life; arg: enum core_bound */
	CORE_PROBED,   /* at: as core_may_probe said; arg: enum core_probe */
	CORE_START,    /* arg: generation; count as for CORE_RELOAD; operation */
	CORE_RELOAD,   /* arg: generation; count: the new one, 0: as it is; operation */
	CORE_SCALE,    /* arg: count >= 1; operation */
	CORE_RESTART,  /* arg: generation; operation: stop all, then start */
	CORE_RESTART_SLOT, /* at.slot; operation */
	CORE_RENEW,        /* at.slot; operation: a successor, then the old one goes */
	CORE_STOP,         /* operation */
	CORE_RESET,        /* forgets failures and backoff; wakes resting slots */
	CORE_SURGE_START,  /* arg: generation for the surge slot */
	CORE_SURGE_END,    /* the surge slot retires */
	CORE_EVENTS
};

enum core_exit {
	CORE_EXIT_FAILURE, /* killed, or a code other than 0 */
	CORE_EXIT_CLEAN,   /* code 0 */
	CORE_EXIT_FINAL    /* a code of restart.stop_exit_codes */
};

enum core_probe { CORE_PROBE_PASSED, CORE_PROBE_FAILED };

/* Came it on a way that is there for programs that know nothing of us? */
enum core_asker { CORE_ASKER_AWARE, CORE_ASKER_UNAWARE };

struct core_event {
	enum core_event_kind kind;
	struct seat_ref at;
	uint32_t arg;
	uint32_t operation; /* id to answer, for the commands; 0: nobody waits */
	unsigned count;
	uint32_t dice;
};

enum core_action_kind {
	CORE_SPAWN,   /* at; arg: generation */
	CORE_UNROUTE, /* at: tell (CORE_UNROUTED) when nothing waits for it any more */
	CORE_TERM,    /* at: the drain signal, once in a worker's life */
	CORE_ABORT,   /* at: SIGABRT */
	CORE_KILL,    /* at: SIGKILL, to all of its session */
	CORE_NOTE,    /* at; arg: enum core_note: tell people */
	CORE_DONE,    /* arg: enum core_result; operation: its answer, exactly once */
	CORE_ACTION_KINDS
};

enum core_note {
	CORE_NOTE_READY,         /* it serves */
	CORE_NOTE_LATE,          /* a beat is missing */
	CORE_NOTE_BACK,          /* late, and its beat is back */
	CORE_NOTE_STAYS,         /* was to retire, and is wanted again */
	CORE_NOTE_LEAVES,        /* it says that it stops, unasked */
	CORE_NOTE_HUNG,          /* heartbeat.timeout */
	CORE_NOTE_READY_TIMEOUT, /* never got ready */
	CORE_NOTE_DRAIN_TIMEOUT, /* did not end in time */
	CORE_NOTE_FAILED,        /* this worker's end counts as a failure */
	CORE_NOTE_BACKOFF,       /* at.slot waits until its backoff allows */
	CORE_NOTE_RESTING,       /* at.slot is given up */
	CORE_NOTE_REVERTING,     /* walks back to the generation or count before */
	CORE_NOTE_RECYCLING,     /* it exceeded a bound: its successor is to come */
	CORE_NOTE_HEIRLESS,      /* the successor failed: it stays, and is tried later */
	CORE_NOTE_FRUITLESS, /* just recycled, it exceeds again: the next has to wait */
	CORE_NOTE_SICK,      /* so many of its probes failed in a row: it is avoided */
	CORE_NOTE_WELL,      /* sick, and it passed a probe */
	CORE_NOTES
};

enum core_result {
	CORE_RESULT_OK,
	CORE_RESULT_REVERTED,   /* failed, and undone: reload, scale */
	CORE_RESULT_FAILED,     /* failed; but for a renewal it is tried further */
	CORE_RESULT_SUPERSEDED, /* a newer operation took its place */
	CORE_RESULTS
};

struct core_action {
	enum core_action_kind kind;
	struct seat_ref at;
	uint32_t arg;
	uint32_t operation;
};

struct core_actions {
	unsigned count;
	struct core_action list[CORE_ACTIONS];
};

/* One event in, the next actions out; what `actions` held before is forgotten. */
void core_step(struct core_app *app, const struct core_event *event, msec now,
	       struct core_actions *actions);

/* The last order for this worker was carried out. */
void core_did(struct core_app *app, struct seat_ref at);

/* The one timer to arm: when the next CORE_TICK is due; MSEC_NEVER: none. */
msec core_deadline(const struct core_app *app);

/* Would a TICK at `now` expire this slot's worker by a missing beat?  The shell then
 * reads that slot's notify socket first: an interrupted wait runs timers before beats. */
bool core_awaits_beat(const struct core_app *app, unsigned slot, msec now);

/* Is this more than the worker may have of MEMORY, or REQUESTS; is it here when CRON says
 * so?  False also for one that is to be recycled anyway. */
bool core_exceeds(const struct core_app *app, struct seat_ref at, enum core_bound bound,
		  uint64_t measure);

/* May a probe tell of a worker in this slot, and in which seat?  Of the only one who can
 * answer there, if it is ready. */
bool core_may_probe(const struct core_app *app, unsigned slot, unsigned *ret_seat);

/* Do its probes fail, so many in a row that it is avoided? */
bool core_is_sick(const struct core_app *app, struct seat_ref at);

/* Is it told to go only when the connections that it has are gone or idle? */
bool core_is_quiet(const struct core_app *app, struct seat_ref at);

bool core_settled(const struct core_app *app);
unsigned core_serving(const struct core_app *app); /* slots with a worker that is ready */

/* May this slot own buckets: a ready, punctual worker that is neither sick nor leaving
 * sits there. */
bool core_routes(const struct core_app *app, unsigned slot);

/* Slots below this are wanted; a roll to fewer keeps the old count until it is over. */
unsigned core_count(const struct core_app *app);

/* Is this slot to have a worker?  False: retired or parked. */
bool core_wants(const struct core_app *app, unsigned slot);

/* Nobody accepts from this socket of the slot: would a worker be sent for what waits in
 * it?  One of its own where nobody is wanted, else a successor of who serves there. */
bool core_may_fetch(const struct core_app *app, unsigned slot, unsigned socket);

/* Does any seat hold, or any want or way back name, this generation? */
bool core_uses(const struct core_app *app, uint32_t generation);

/* The last generation that served and is not the wanted one: a CORE_RELOAD with its
 * number goes back to it.  0: there was none. */
uint32_t core_before(const struct core_app *app);

/* May this generation be wanted again?  Beside those in use these are two at most. */
bool core_keeps(const struct core_app *app, uint32_t generation);

#endif
