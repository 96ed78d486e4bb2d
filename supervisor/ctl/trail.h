/*
 * trail.h - one log as `clusterctl logs` shows it: what it was, what it is, what comes.
 *
 * A log is a name: the file may be renamed, cut or made anew, and what lies rotated
 * beside it was part of it.  Lines that say whose and when they are (prefixed, JSON) can
 * be chosen by that; raw ones only by their file.
 */
#ifndef SUPERVISOR_CTL_TRAIL_H
#define SUPERVISOR_CTL_TRAIL_H

#include <sys/types.h>

#include "common/buffer.h"
#include "supervisor/ctl/past.h"

#define TRAIL_ALL (-1) /* lines to begin with: all since then */

struct trail_style {
	bool json;
	bool labelled; /* each line says whose it is */
	bool colours;
};

struct trail {
	char path[LOGGING_PATH];
	char app[LOGGING_APP];
	int slot;           /* whose it is; -1: all slots', or not known */
	const char *stream; /* "out" or "err" */
	enum logging_format format;
	unsigned colour;            /* which of them */
	bool wanted[LOGGING_SLOTS]; /* lines of these slots */
	bool picky;                 /* not all are */
	msec since;                 /* 1970; 0: any time */
	int fd;                     /* -1: there is no file */
	ino_t inode;
	off_t at;                     /* what is before was read */
	char last[LOGGING_STAMP + 1]; /* put aside before this file was begun */
	struct buffer line;           /* begun, not yet ended */
};

void trail_init(struct trail *trail);
void trail_free(struct trail *trail);

/* Prints the last `lines` lines, of rotated files too, or TRAIL_ALL since trail->since.
 */
void trail_begin(struct trail *trail, const struct trail_style *style, int lines);
/* Something happened in its folder: prints what is new. */
void trail_follow(struct trail *trail, const struct trail_style *style);
/* The last line may lack its end. */
void trail_end(struct trail *trail, const struct trail_style *style);

#endif
