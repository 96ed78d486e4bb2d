/*
 * places.h - where things are: config, run, log, state directory and control socket.
 *
 * CLUSTERD_HOME (or --home) puts all under one directory.  Else root has /etc, /run and
 * /var, others have the XDG directories, and systemd's RUNTIME_DIRECTORY, STATE_DIRECTORY
 * and LOGS_DIRECTORY win where they are set.  Every path here is absolute.
 */
#ifndef COMMON_PLACES_H
#define COMMON_PLACES_H

#include "common/base.h"
#include "common/fault.h"

#define PLACES_PATH 256 /* the longest path of ours, with its NUL */

/* Where root's supervisor answers, whoever asks. */
#define PLACES_ROOT_CONTROL "/run/clusterd/control.sock"

struct places {
	char config[PLACES_PATH];           /* the default configuration file */
	char config_directory[PLACES_PATH]; /* .../conf.d */
	char run[PLACES_PATH];
	char log[PLACES_PATH];
	char state[PLACES_PATH];
	char control[PLACES_PATH]; /* RUN/control.sock; fits in sun_path */
};

/* `home`: --home, or NULL for the environment to decide. */
int places_find(struct places *ret_places, const char *home, struct fault *fault);
/* Makes run (0711), log (0750) and state (0700) where they are missing; a run directory
 * must be ours, and writable by nobody else (/tmp/clusterd-UID: 0700). */
int places_make(const struct places *places, struct fault *fault);
/* Directory of the running executable ("/usr/sbin", ".../build"). */
int places_own_directory(char *text, size_t size);
/* Finds a bare command name in our own libexec (beside us when uninstalled), then in
 * `search_path` (PATH's form); a name with a slash as it is, relative to `directory`. */
int places_find_program(char *path, size_t size, const char *name,
			const char *search_path, const char *directory,
			struct fault *fault);

#endif
