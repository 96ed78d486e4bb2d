/*
 * value.h - a value as it stands in a configuration, and what it can be read as.
 *
 * Free of libconfig: config.c builds these trees, assign.c reads them.  A reader that
 * does not find what it expects adds a fault with file, line and key.
 */
#ifndef SUPERVISOR_VALUE_H
#define SUPERVISOR_VALUE_H

#include "common/arena.h"
#include "common/fault.h"
#include "supervisor/source.h"

enum value_kind {
	VALUE_FLAG,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_LIST,
	VALUE_GROUP,
	VALUE_KINDS
};

struct value {
	const char *name; /* in its group; NULL: an item of a list */
	enum value_kind kind;
	struct source_place place;
	bool flag;
	double number; /* whole numbers and others are one to people */
	bool plain;    /* a number of decimal digits: as text it would look the same */
	const char *text;
	const struct value *item; /* of a list or group */
	unsigned items;
};

/* For whom values are read. */
struct value_reader {
	struct arena *arena;   /* where texts and lists go */
	const char *directory; /* for relative paths */
	const char *subject;   /* an app's name; NULL: none */
	const char *key;       /* the setting's whole name */
	struct faults *faults;
};

/* Adds a fault at this value's place; returns -EINVAL. */
int value_refuse(const struct value_reader *reader, const struct value *value,
		 const char *format, ...) PRINTF_LIKE(3, 4);
/* "expects WHAT, not a list" */
int value_expect(const struct value_reader *reader, const struct value *value,
		 const char *what);

/* All below: 0, -EINVAL with a fault added, or -ENOMEM. */
int value_read_whole(const struct value_reader *reader, const struct value *value,
		     int64_t least, int64_t most, int64_t *ret_number);
/* A copy; plain numbers are welcome where text is wanted: a port, an argument. */
int value_read_text(const struct value_reader *reader, const struct value *value,
		    char **ret_text);

/* A list is its items, anything else the one item of a list. */
const struct value *value_items(const struct value *value, unsigned *ret_count);
const struct value *value_find_member(const struct value *group, const char *name);
const char *value_kind_name(enum value_kind kind); /* "a number", "text", ... */

#endif
