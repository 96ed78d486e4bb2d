/*
 * control.h - Varlink connections on the control socket.
 *
 * One JSON object and a NUL byte a message; the peer is known by kernel credentials
 * (access.h), and who may not speak is answered PermissionDenied.  A
 * fixed pool of 64 connections, requests of at most 64 KiB, idle ones closed after 30 s
 * unless an operation is awaited or events are followed; when the process runs out of
 * descriptors, one caller is still heard, by a descriptor kept for that, and others are
 * told that it is busy. Handlers of methods are in commands.c.
 */
#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

#include <sys/types.h>

#include "common/fault.h"
#include "supervisor/supervisor.h"

struct control;
struct ev_loop;

/* Binds `path` (mode 0600) and starts to accept; or goes on with `kept`, which is bound
 * there and listens (< 0: there is none).  NULL with a fault on failure. */
struct control *control_new(struct supervisor *supervisor, struct ev_loop *loop,
			    const char *path, int kept, struct fault *fault);
int control_fd(const struct control *control); /* where it listens */
/* From now on: by this mode and group; also changed live. */
int control_admit(struct control *control, mode_t mode, gid_t group, struct fault *fault);
/* Where its path is gone, by a sweep of old files perhaps, it is bound again, and
 * control_fd is another: 1.  0: it is there.  Negative with a fault on failure. */
int control_restore(struct control *control, struct fault *fault);
/* A connection that was not asked for on the path, for a worker who may only read:
 * *ret_theirs is the caller's to give away and close.  -EAGAIN: all are taken. */
int control_lend(struct control *control, int *ret_theirs);
void control_free(struct control *control); /* accepts NULL; unlinks the path */

/* An operation has ended: whoever waits for it gets the answer.  It is written by
 * control_changed, which follows once the step is over. */
void control_done(struct control *control, uint32_t operation,
		  const struct outcome *outcome);
/* Some app changed (workers, states), or something else happened: progress, events and
 * `wait` are looked at again. */
void control_changed(struct control *control);
/* Answers that are still to be flushed: the supervisor does not exit before; but it does
 * not wait for followers that pause. */
bool control_is_busy(const struct control *control);

#endif
