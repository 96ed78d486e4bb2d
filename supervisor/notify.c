#include "supervisor/notify.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <systemd/sd-daemon.h>

/* libsystemd is loaded only where systemd speaks to us: with what it brings along it
 * would be more than half of the supervisor's memory. */
static struct {
	void *library;
	__typeof__(sd_notify) *notify;
	__typeof__(sd_watchdog_enabled) *watchdog_enabled;
} systemd;

/* POSIX makes a function of what dlsym returns; C has no cast for it. */
static void find(void *ret_function, const char *name)
{
	*(void **)ret_function = dlsym(systemd.library, name);
}

int notify_open(void)
{
	if (getenv("NOTIFY_SOCKET") == NULL)
		return 0;
	systemd.library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (systemd.library == NULL)
		return -ENOENT;
	find(&systemd.notify, "sd_notify");
	find(&systemd.watchdog_enabled, "sd_watchdog_enabled");
	if (systemd.notify == NULL || systemd.watchdog_enabled == NULL) {
		notify_close();
		return -ENOENT;
	}
	return 0;
}

void notify_close(void)
{
	if (systemd.library != NULL)
		(void)dlclose(systemd.library);
	systemd.library = NULL;
}

static void tell(const char *text)
{
	if (systemd.library != NULL)
		(void)systemd.notify(0, text);
}

void notify_ready(void)
{
	tell("READY=1");
}

void notify_status(const char *status)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "STATUS=%s", status);
	tell(text);
}

/* systemd 253 and later (Type=notify-reload) ask for the time of the request, too. */
void notify_reloading(void)
{
	struct timespec now;
	char text[64];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(text);
}

void notify_stopping(msec patience)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld",
		       (long long)patience * 1000);
	tell(text);
}

void notify_extend(msec patience)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%lld",
		       (long long)patience * 1000);
	tell(text);
}

void notify_watchdog(void)
{
	tell("WATCHDOG=1");
}

msec notify_watchdog_interval(void)
{
	uint64_t usec = 0;

	if (systemd.library == NULL || systemd.watchdog_enabled(0, &usec) <= 0 ||
	    usec < 4000)
		return MSEC_NEVER;
	return (msec)(usec / 1000 / 2);
}
