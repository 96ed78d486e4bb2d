/*
 * process.h - one child: spawned, signalled, swept, reaped.
 *
 * Children are born through one door (process_spawn), each leader of a session of its
 * own, with default signal dispositions, an empty mask, and only the descriptors it was
 * given.  An exec that fails is told through a close-on-exec pipe, read by the loop:
 * nothing here blocks.  Signals go through the pidfd, so that a reused pid is never hit;
 * a number of a group or session is used only while its leader is not collected, which
 * reserves it.
 *
 * What belongs to a worker is its session.  Only a descendant that calls setsid() too,
 * and what it started, survives the end of its worker.
 */
#ifndef SUPERVISOR_PROCESS_H
#define SUPERVISOR_PROCESS_H

#include <sys/resource.h>
#include <sys/types.h>

#include "common/base.h"
#include "common/fault.h"

#define PROCESS_LISTEN_FDS 64 /* the most one process can be lent */

#define PROCESS_LIMITS 16   /* room for all that the kernel has */
#define PROCESS_CPUS   8192 /* as many as a kernel can be built for */

struct process_limit {
	const char *name; /* for faults */
	int resource;     /* RLIMIT_... */
	struct rlimit value;
};

/* What a process may do and how far it may go: resolved before, only applied by the
 * child.  Zeroed, it is all as the supervisor has it, but for inheritable capabilities,
 * which no child gets. */
struct process_rights {
	struct process_limit limit[PROCESS_LIMITS];
	unsigned limits;
	bool has_nice, has_oom_score_adj, has_umask;
	int nice;
	char oom_score_adj[sizeof("-1000")]; /* as it is written */
	mode_t umask;
	bool changes_identity;
	uid_t uid;
	gid_t gid;
	const gid_t *group; /* all of them; borrowed */
	size_t groups;
	bool denies_new_privileges;
};

/* How to start it: borrowed for the call, nothing is kept. */
struct process_order {
	const char *path; /* resolved executable */
	int program;      /* > 0: execute this descriptor, which `path` only names */
	char *const *argv;
	/* The whole environment.  The child completes the entries "LISTEN_PID=" and
	 * "WATCHDOG_PID=", found empty, with its own pid. */
	char *const *envp;
	int directory;              /* to fchdir to; -1: chdir to directory_path */
	const char *directory_path; /* NULL: stay; beside `directory` for faults */
	int cell;             /* > 0: cgroup.procs of the control group to live in */
	int trap;             /* > 0: a Unix socket through which bind() is to be trapped
				 (bridge/trap.h) */
	const int *listen_fd; /* become 3, 4, ... */
	unsigned listen_count;
	int out, err; /* become 1 and 2; -1: /dev/null, as stdin is */
	const struct process_rights *rights;
	const unsigned *cpu; /* the only one it may run on; NULL: as ours */
};

struct process {
	pid_t pid;     /* 0: none */
	int pidfd;     /* readable when it has exited */
	int exec_pipe; /* readable: exec failed (bytes) or succeeded (end); -1: settled */
	uint64_t birth; /* when it began, in the kernel's ticks: no other of this pid did
			 */
};

#define PROCESS_NONE ((struct process){.pid = 0, .pidfd = -1, .exec_pipe = -1})

int process_spawn(struct process *ret_process, const struct process_order *order,
		  struct fault *fault);

/* The exec pipe is readable: 0 exec succeeded, negative errno why it failed (the child is
 * exiting with 127 and will be reaped), -EAGAIN not known yet.  An exit can overtake the
 * pipe: ask once more before process_collect.  A child killed before its exec says 0. */
int process_exec_result(struct process *process, struct fault *fault);

/* -ESRCH: there is none, or it was collected */
int process_signal(const struct process *process, int number);

/* SIGKILL to it and its group; the rest of its session goes by the sweep at its exit. */
int process_kill(const struct process *process);

/* One child that has ended but is not collected: its pid, or 0.  Look it up, sweep its
 * session with process_sweep, then collect it with process_collect. */
pid_t process_next_exited(void);

/* SIGKILL to what is left of the session that `leader` led, which has ended and is not
 * yet collected.  Returns how many were found alive.  Costs one look at our own children
 * when, as nearly always, nothing is; needs us to be the subreaper. */
unsigned process_sweep(pid_t leader);
/* The same of a leader that is no child of ours and may have been collected: nothing when
 * its number is another's by now, whose birth is not this one. */
unsigned process_sweep_left(pid_t leader, uint64_t birth);

/* SIGKILL to all children we have, and what is of their sessions. */
void process_kill_children(void);

/* Collects the status (as of waitpid) and frees the pid; `process`, unless NULL (an
 * orphan), is left empty.  -EAGAIN: it has not ended, -ECHILD: not our child. */
int process_collect(pid_t pid, struct process *process, int *ret_status);

/* When it began, in the kernel's ticks since the boot; 0: there is none. */
uint64_t process_read_birth(pid_t pid);
/* Each process of the session that `leader` leads, itself too. */
void process_visit_session(pid_t leader, void (*visit)(pid_t pid, void *context),
			   void *context);

/* Is `pid` of the session led by `leader`, which is not collected? */
bool process_is_of_session(pid_t pid, pid_t leader);

#endif
