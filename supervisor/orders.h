/*
 * orders.h - the handlers of ad-hoc apps: `start PROGRAM` and `delete`.
 */
#ifndef SUPERVISOR_ORDERS_H
#define SUPERVISOR_ORDERS_H

#include "supervisor/call.h"

/* Start, when it brings a command. */
void order_program(struct call *call);
void order_delete(struct call *call);

#endif
