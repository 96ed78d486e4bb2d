/*
 * pin.h - a file as it was when a generation was made.
 *
 * A path is resolved once, through symbolic links, and the file that it led to is
 * remembered.  An ELF program is held open besides: replaced or deleted, it can still be
 * executed as it was.  A script cannot, since its interpreter opens it by name, and would
 * find no name for a descriptor; of it only a change can be told.
 */
#ifndef SUPERVISOR_PIN_H
#define SUPERVISOR_PIN_H

#include <sys/stat.h>

#include "common/arena.h"
#include "common/fault.h"
#include "common/sha256.h"

enum pin_state {
	PIN_SAME,     /* its path leads to the file, which is as it was */
	PIN_REPLACED, /* its path leads to another file */
	PIN_GONE,     /* its path leads nowhere */
	PIN_CHANGED,  /* the file itself was written to */
	PIN_STATES
};

struct pin {
	const char *path;     /* real, in an arena of the caller's; NULL: there is none */
	int fd;               /* O_PATH; -1: it can only be executed by its name */
	struct stat original; /* as it was */
	char digest[SHA256_TEXT]; /* of its bytes, once somebody made it out; empty */
	const char *no_digest;    /* why there will be none */
};

#define PIN_NONE ((struct pin){.path = NULL, .fd = -1})

int pin_file(struct pin *ret_pin, struct arena *arena, const char *path,
	     struct fault *fault);
void pin_drop(struct pin *pin); /* accepts PIN_NONE, and leaves it without descriptor */

enum pin_state pin_look(const struct pin *pin);

/* Are these the same file, and not written to in between? */
bool pin_is_same(const struct stat *one, const struct stat *other);

/* To read it; or a negative errno.  What its path leads to may be another file by now. */
int pin_open(const struct pin *pin);

/* The descriptor to execute, for its path leads elsewhere; -1: execute the path. */
int pin_descriptor(const struct pin *pin);

#endif
