/*
 * notify.h - what systemd is told.  The only user of sd-daemon.h.
 *
 * All of it is nothing outside of systemd (no NOTIFY_SOCKET).
 */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include "common/base.h"

/* Before all others.  -ENOENT: systemd speaks to us, but its library is not here. */
int notify_open(void);
void notify_close(void); /* from here on nothing is told */

void notify_ready(void);
void notify_status(const char *status);
void notify_reloading(void);         /* then notify_ready, when it is over */
void notify_stopping(msec patience); /* longer than that it will not take */
void notify_extend(msec patience);   /* what is under way takes no longer than that */
void notify_watchdog(void);

/* How often notify_watchdog must be called; MSEC_NEVER: nobody watches. */
msec notify_watchdog_interval(void);

#endif
