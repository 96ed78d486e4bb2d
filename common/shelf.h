/*
 * shelf.h - descriptors by name: what is kept, or is to be kept, over the death of a
 * process; and how all of them are handed to a program about to be executed.
 *
 * A shelf owns its items, not what stands on it: closing is for the one who put it there.
 */
#ifndef COMMON_SHELF_H
#define COMMON_SHELF_H

#include "common/base.h"

#define SHELF_CHAINS 512

struct shelf_item {
	struct shelf_item *next;
	int fd;         /* -1: nothing stands here */
	unsigned marks; /* the owner's */
	char name[];
};

struct shelf {
	struct shelf_item *chain[SHELF_CHAINS];
	unsigned count;
};

/* NULL: there is none of this name. */
struct shelf_item *shelf_find(const struct shelf *shelf, const char *name);
/* The one of this name, made when there is none; NULL: out of memory. */
struct shelf_item *shelf_need(struct shelf *shelf, const char *name);
void shelf_remove(struct shelf *shelf, struct shelf_item *item);
/* Iterates: NULL begins, NULL ends.  What was returned may be removed once the next one
 * is known. */
struct shelf_item *shelf_next(const struct shelf *shelf,
			      const struct shelf_item *previous);
void shelf_clear(struct shelf *shelf); /* forgets all, closes nothing */

/* For the program that is executed next: a file that lists what stands here, or a
 * negative errno. */
int shelf_write(const struct shelf *shelf);
/* Takes in what such a file lists, but for what is not open: 0 or a negative errno. */
int shelf_read(struct shelf *shelf, int list);
/* Will all that stands here stay open over an exec? */
void shelf_pass_on(const struct shelf *shelf, bool passes);

#endif
