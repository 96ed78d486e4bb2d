/*
 * roster.h - what `top` shows, without a screen: rows, their order, their past, which one
 * is selected.
 *
 * Fed with what `list` tells, once in a while.  Rows are known again by app, slot and
 * pid, so that figures have a history and the selection stays where it was.
 */
#ifndef SUPERVISOR_TOP_ROSTER_H
#define SUPERVISOR_TOP_ROSTER_H

#include "common/json.h"

#define ROSTER_PAST 32  /* samples remembered of each figure */
#define ROSTER_LINE 512 /* bytes of a formatted line */

enum roster_figure {
	ROSTER_MEMORY,   /* bytes */
	ROSTER_CPU,      /* percent of a core */
	ROSTER_LAG,      /* microseconds that the loop is late */
	ROSTER_REQUESTS, /* a second */
	ROSTER_FIGURES
};

struct roster_row {
	char app[64];
	int slot; /* -1: the app itself */
	int64_t pid;
	char state[24];   /* "ready"; of an app "online 4/4" */
	int64_t requests; /* since it started; -1: not known */
	/* The newest last; negative: not known. */
	double past[ROSTER_FIGURES][ROSTER_PAST];
};

struct roster {
	struct roster_row *row;
	unsigned count;
	unsigned selected; /* < count, or 0 */
	unsigned first;    /* on the screen */
	enum roster_figure order;
	bool ordered; /* workers by `order`, the most first; else by slot */
	msec taken;   /* when it was fed last */
};

void roster_free(struct roster *roster); /* accepts a zeroed one */

/* -ENOMEM: as it was. */
int roster_take(struct roster *roster, const struct json *apps, msec now);

/* Another order: by slot, then by each figure in turn.  It shows with the next feeding.
 */
void roster_turn_order(struct roster *roster);
const char *roster_order_name(const struct roster *roster);

/* Moves the selection by so many rows, and keeps it among the `height` rows shown. */
void roster_move(struct roster *roster, int by, unsigned height);

/* NULL: there is no row. */
const struct roster_row *roster_selected(const struct roster *roster);
/* "web" or "web.3" */
void roster_target(const struct roster_row *row, char *text, size_t size);

/* One character a sample, the newest at the right; blank where nothing is known. `ascii`:
 * for terminals without UTF-8. */
void roster_spark(const double *past, unsigned width, bool ascii, char *text,
		  size_t size);
/* A line of the screen of that many columns. */
void roster_format(const struct roster_row *row, unsigned width, bool ascii, char *text,
		   size_t size);
void roster_format_heading(unsigned width, char *text, size_t size);

#endif
