/*
 * control.h - Varlink connections on the control socket.
 *
 * One JSON object and a NUL byte a message; the peer is known by kernel credentials: only
 * the supervisor's own user and root may speak (others are answered PermissionDenied).  A
 * fixed pool of 64 connections, requests of at most 64 KiB, idle ones closed after 30 s
 * unless an operation is awaited; on EMFILE accepting pauses for a second.  Handlers of
 * methods are in commands.c.
 */
#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

#include "common/fault.h"
#include "supervisor/supervisor.h"

struct control;
struct ev_loop;

/* Binds `path` (mode 0600) and starts to accept.  NULL with a fault on failure. */
struct control *control_new(struct supervisor *supervisor, struct ev_loop *loop,
			    const char *path, struct fault *fault);
void control_free(struct control *control); /* accepts NULL; unlinks the path */

/* An operation has ended: whoever waits for it gets the answer.  It is written by
 * control_changed, which follows once the step is over. */
void control_done(struct control *control, uint32_t operation,
		  const struct outcome *outcome);
/* Some app changed (workers, states): progress and `wait` are looked at again. */
void control_changed(struct control *control);
/* Answers that are still to be flushed: the supervisor does not exit before. */
bool control_is_busy(const struct control *control);

#endif
