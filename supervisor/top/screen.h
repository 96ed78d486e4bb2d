/*
 * screen.h - the terminal of `top`: draws the roster, reads keys; the only user of
 * ncurses.
 */
#ifndef SUPERVISOR_TOP_SCREEN_H
#define SUPERVISOR_TOP_SCREEN_H

#include "supervisor/top/roster.h"

enum screen_key {
	SCREEN_NOTHING, /* the time is over */
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_FIRST,
	SCREEN_LAST,
	SCREEN_RESIZED,
	SCREEN_INTERRUPT,
	SCREEN_KEYS
};

/* -ENOTTY: the terminal cannot do this. */
int screen_open(bool colours);
void screen_close(void); /* the terminal is as it was before */
/* Another program has the terminal between the two. */
void screen_leave(void);
void screen_return(void);

unsigned screen_rows(void); /* that a roster may take */
void screen_draw(const struct roster *roster, const char *title, const char *status);
void screen_draw_text(const char *const *line, unsigned lines);

/* A key of ours, or the character that was typed (32 and more), within `patience` ms. */
int screen_read(int patience);
/* Shows the question and takes a word of letters, figures, + - %: false if it was
 * cancelled. */
bool screen_ask(const char *question, char *answer, size_t size);

#endif
