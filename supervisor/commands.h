/*
 * commands.h - what each method of the control socket does: one handler a row of
 * COMMANDS.
 *
 * A handler looks everything up before it touches anything: a command that names an
 * unknown app or worker changes nothing.  It answers at once, or leaves the call open;
 * the functions below then bring it further, until it is answered.
 */
#ifndef SUPERVISOR_COMMANDS_H
#define SUPERVISOR_COMMANDS_H

#include "supervisor/call.h"

/* Takes `message` over; `call` must be CALL_NONE. */
void commands_begin(struct call *call, struct varlink_call *message);

/* The peer has read all that was written: goes on listing. */
void commands_go_on(struct call *call);
/* Something happened: tells progress and events, looks again at what is watched. */
void commands_look_again(struct call *call);
/* The supervisor ends: whatever is open is answered now. */
void commands_abandon(struct call *call);

#endif
