/*
 * describe.h - what the service says about itself: org.varlink.service.
 *
 * The description of org.clusterd.Supervisor grows from the table of commands.
 */
#ifndef SUPERVISOR_DESCRIBE_H
#define SUPERVISOR_DESCRIBE_H

#include "supervisor/call.h"

/* Answers a call to any method that no command has. */
void describe_answer(struct call *call);

#endif
