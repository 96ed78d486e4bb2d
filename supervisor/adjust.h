/*
 * adjust.h - commands that adjust what runs in place: no worker comes or goes.
 */
#ifndef SUPERVISOR_ADJUST_H
#define SUPERVISOR_ADJUST_H

#include "supervisor/call.h"

void adjust_balance(struct call *call);

#endif
