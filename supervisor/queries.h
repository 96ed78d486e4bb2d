/*
 * queries.h - the commands that only look: list, show, wait, ping.
 */
#ifndef SUPERVISOR_QUERIES_H
#define SUPERVISOR_QUERIES_H

#include "supervisor/call.h"

void query_list(struct call *call);
void query_show(struct call *call);
void query_wait(struct call *call);
void query_ping(struct call *call);

/* The next app of a list, once the peer has read those before it. */
void query_go_on(struct call *call);
/* Is what is waited for so by now? */
void query_look_again(struct call *call);

#endif
