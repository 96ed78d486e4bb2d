/*
 * orders.h - the handlers of ad-hoc apps: `start PROGRAM` and `delete`.
 */
#ifndef SUPERVISOR_ORDERS_H
#define SUPERVISOR_ORDERS_H

#include "supervisor/call.h"

/* Start, when it brings a command. */
void order_program(struct call *call);
/* Start, before its targets are looked up: those that could not be called back are tried
 * again.  False: one failed, and the call is answered. */
bool order_call_back(struct call *call);
void order_delete(struct call *call);

#endif
