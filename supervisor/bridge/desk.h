/*
 * desk.h - the socket at which workers ask: preloaded programs for theirs, others for a
 * connection that reads what the supervisor tells.
 *
 * RUN/broker.sock, mode 0666, since workers run as other users: who asks is told by the
 * kernel, not by the message.  One question a connection; who puts none is not answered.
 * Nothing here decides, waits or logs.
 */
#ifndef SUPERVISOR_BRIDGE_DESK_H
#define SUPERVISOR_BRIDGE_DESK_H

#include <sys/types.h>

#include "common/address.h"
#include "common/ask.h"
#include "common/fault.h"

struct desk_question {
	enum ask_verb verb;
	struct address address; /* of a socket; else nothing */
};

/* The listening socket, non-blocking; an older one at this path is replaced. */
int desk_open(const char *path, struct fault *fault);

/* A caller's connection, or a negative errno; -EAGAIN: nobody is there. */
int desk_accept(int desk, pid_t *ret_pid, uid_t *ret_uid);

/* Any bytes that somebody may send; false: no question of ours. */
bool desk_decode(struct desk_question *ret_question, const void *bytes, size_t count);

/* 1: a question.  0: none of ours.  -EAGAIN: not yet there; any other negative errno: it
 * has ended. */
int desk_read(int caller, struct desk_question *ret_question);

/* `fd` is lent for the call; -1: none. */
void desk_answer(int caller, int error, int fd);

#endif
