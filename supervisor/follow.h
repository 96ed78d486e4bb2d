/*
 * follow.h - the command `events`: what happened last, then what happens, as it does.
 *
 * The first reply brings what the chronicle has of the past, perhaps nothing; each of the
 * next brings one event.  A peer that reads too slowly is told that it was cut off.
 */
#ifndef SUPERVISOR_FOLLOW_H
#define SUPERVISOR_FOLLOW_H

#include "supervisor/call.h"

void follow_begin(struct call *call);
/* Tells what has happened since. */
void follow_go_on(struct call *call);
/* The supervisor ends: an end of the stream, not an error. */
void follow_end(struct call *call);

#endif
