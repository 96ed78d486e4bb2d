/*
 * settings.h - every setting there is: its name, kind, range, default and place in a
 * spec.
 *
 * One table for apps, one for the supervisor; names are whole paths ("ready.timeout").
 * What a later version brings is in the tables too, so that it is refused by name and
 * never taken for a spelling mistake.  The man page and the reference configuration are
 * checked against these tables.  Nothing here reads a configuration.
 */
#ifndef SUPERVISOR_SETTINGS_H
#define SUPERVISOR_SETTINGS_H

#include "common/base.h"

enum setting_kind {
	SETTING_NAME,       /* of an app; most: letters */
	SETTING_COMMAND,    /* argv, or one text split like a shell; most: words */
	SETTING_PATH,       /* const char *, made absolute */
	SETTING_LOG_PATH,   /* const char *, as it is; least, most: letters */
	SETTING_VARIABLES,  /* env; most: how many */
	SETTING_WORDS,      /* pass_env; most: how many */
	SETTING_LISTEN,     /* addresses; most: how many */
	SETTING_WEIGHTS,    /* least, most: each */
	SETTING_EXIT_CODES, /* least, most: each */
	SETTING_INSTANCES,  /* N, "max", "max-N", "N%" */
	SETTING_SURGE,      /* N or "N%" */
	SETTING_HEARTBEAT,  /* false, or a group */
	SETTING_FLAG,       /* bool */
	SETTING_COUNT,      /* unsigned */
	SETTING_SPAN,       /* msec */
	SETTING_BYTES,      /* uint64_t */
	SETTING_CRON,       /* const char *, a pattern that cron.h understands */
	SETTING_REQUEST,    /* const char *, a path that HTTP may ask for */
	SETTING_SIGNAL,     /* int */
	SETTING_CHOICE,     /* an enum */
	SETTING_USER,       /* const char *, a name or number that is known here */
	SETTING_GROUP,      /* the same */
	SETTING_MEMBERSHIP, /* the same, any group that we are in ourselves */
	SETTING_MODE,       /* struct spec_option, octal digits; most: the bits allowed */
	SETTING_LEVEL,      /* struct spec_option, a whole number */
	SETTING_DECISION,   /* struct spec_option, true or false */
	SETTING_LIMIT,      /* struct spec_limit: a number, "SOFT:HARD", "infinity" */
	SETTING_LIMIT_SIZE, /* the same of bytes: "64M" too */
	SETTING_LIMIT_TIME, /* the same of seconds: "1h" too */
	SETTING_LATER,      /* not supported yet */
	SETTING_KINDS
};

/* Most of a choice's words mean a value of an enum; the last has no name. */
struct setting_choice {
	const char *name;
	unsigned value;
	bool later; /* not supported yet */
};

#define SETTING_NOWHERE SIZE_MAX /* offset of what nothing has to remember yet */

struct setting {
	const char *name;
	enum setting_kind kind;
	size_t offset;         /* in struct app_spec or struct spec */
	const char *otherwise; /* the default, as text; NULL: none, or empty */
	int64_t least, most;   /* see the kind; of a number, span or size the range */
	const struct setting_choice *choice;
};

enum setting_scope { SETTING_OF_SUPERVISOR, SETTING_OF_APP, SETTING_SCOPES };

/* All of a scope, ended by one without a name. */
const struct setting *settings_list(enum setting_scope scope);
const struct setting *settings_find(enum setting_scope scope, const char *name);
/* Are there settings inside of this one? */
bool settings_is_group(enum setting_scope scope, const char *name);
/* What may have been meant by a name that does not exist: a neighbour in its group, or
 * what another program's word is called here; NULL: no idea. */
const char *settings_suggest(enum setting_scope scope, const char *name);
/* What tells a worker who and where it is: variables set by the supervisor alone. */
bool settings_is_reserved(const char *variable);

#endif
