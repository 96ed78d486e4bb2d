/*
 * identity.h - which worker of which app this process is, as the supervisor said.
 *
 * All of it is for showing; nothing in the server depends on it.
 */
#ifndef WORKER_HTTP_IDENTITY_H
#define WORKER_HTTP_IDENTITY_H

#include "common/base.h"

#define IDENTITY_NUMBER 24 /* a number as text, with its NUL */

struct identity {
	const char *app;        /* NULL: not under clusterd */
	const char *slot;       /* digits, or NULL */
	const char *generation; /* digits, or NULL */
	const char *instances;  /* digits, or NULL */
	char pid[IDENTITY_NUMBER];
};

/* The texts stay the environment's: nothing may change it afterwards. */
void identity_init(struct identity *identity);

#endif
