/*
 * door.h - by which door a program comes to its sockets.
 *
 * Whoever knows LISTEN_FDS finds the app's own addresses there.  Programs that open their
 * port themselves are met on the way, and which way is open to them is told by what is
 * executed in the end: an interpreter behind `#!` and env, an ELF file with a dynamic
 * loader, or one without.
 */
#ifndef SUPERVISOR_BRIDGE_DOOR_H
#define SUPERVISOR_BRIDGE_DOOR_H

#include "common/base.h"

enum nature {
	NATURE_DYNAMIC, /* loads libraries, ours too */
	NATURE_NODE,
	NATURE_NODE_APART, /* loads no library of ours: static, or of another C library */
	NATURE_STATIC,
	NATURE_GO,         /* loads libraries, but binds without their help */
	NATURE_PRIVILEGED, /* setuid, setgid or with file capabilities: ignores preloads
			    */
	NATURE_STRANGE     /* another architecture or C library, or not to be read */
};

/* What `program` becomes when executed.  What env looks for is found in `search_path`. */
enum nature door_look(const char *program, const char *search_path,
		      const char *directory);

/* Is it Node.js itself, and no script that it interprets? */
bool door_is_node(const char *program);

/* Why a program of this nature cannot be preloaded; NULL: it can. */
const char *door_refusal(enum nature nature);

#endif
