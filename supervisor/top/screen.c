#include "supervisor/top/screen.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERRUPT 3 /* control-C, as a character */
#define ESCAPE    27
#define FRAME     3 /* lines that are no rows: title, heading, status */

enum pair { PAIR_GOOD = 1, PAIR_CHANGING, PAIR_BAD };

static SCREEN *terminal;
static bool ascii, in_colours;

static void prepare_colours(bool colours)
{
	in_colours = colours && has_colors();
	if (!in_colours)
		return;
	(void)start_color();
	(void)use_default_colors();
	(void)init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	(void)init_pair(PAIR_CHANGING, COLOR_YELLOW, -1);
	(void)init_pair(PAIR_BAD, COLOR_RED, -1);
}

int screen_open(bool colours)
{
	(void)setlocale(LC_CTYPE, "");
	ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	terminal = newterm(NULL, stdout, stdin);
	if (terminal == NULL)
		return -ENOTTY;
	if (tigetstr("cup") == NULL || tigetstr("clear") == NULL) {
		screen_close();
		return -ENOTTY;
	}
	(void)raw();
	(void)noecho();
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(25);
	(void)curs_set(0);
	prepare_colours(colours);
	return 0;
}

void screen_close(void)
{
	(void)endwin();
	delscreen(terminal);
	terminal = NULL;
}

void screen_leave(void)
{
	(void)def_prog_mode();
	(void)endwin();
}

void screen_return(void)
{
	(void)reset_prog_mode();
	(void)clearok(stdscr, TRUE);
	(void)refresh();
}

unsigned screen_rows(void)
{
	return LINES > FRAME ? (unsigned)(LINES - FRAME) : 0;
}

static attr_t attribute_of(const struct roster_row *row)
{
	static const struct {
		const char *state;
		enum pair pair;
	} pairs[] = {{"online", PAIR_GOOD}, {"ready", PAIR_GOOD},  {"degraded", PAIR_BAD},
		     {"failed", PAIR_BAD},  {"backoff", PAIR_BAD}, {"stopped", 0}};
	attr_t attribute = row->slot < 0 ? A_BOLD : A_NORMAL;

	if (!in_colours)
		return attribute;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
		if (strncmp(row->state, pairs[i].state, strlen(pairs[i].state)) == 0)
			return attribute | (attr_t)COLOR_PAIR((int)pairs[i].pair);
	return attribute | (attr_t)COLOR_PAIR(PAIR_CHANGING);
}

static void put_line(int y, const char *text, attr_t attribute)
{
	(void)attrset((int)attribute);
	(void)mvaddnstr(y, 0, text, -1);
	(void)attrset(A_NORMAL);
}

/* The last cell of the last line is left alone: writing it would scroll. */
static unsigned width(void)
{
	return COLS > 1 ? (unsigned)COLS - 1 : 1;
}

void screen_draw(const struct roster *roster, const char *title, const char *status)
{
	char line[ROSTER_LINE];
	unsigned rows = screen_rows();

	(void)erase();
	(void)snprintf(line, sizeof(line), "%.*s", (int)width(), title);
	put_line(0, line, A_BOLD);
	roster_format_heading(width(), line, sizeof(line));
	if (rows > 0)
		put_line(1, line, A_UNDERLINE);
	for (unsigned i = 0; i < rows && roster->first + i < roster->count; i++) {
		const struct roster_row *row = &roster->row[roster->first + i];
		bool selected = roster->first + i == roster->selected;

		roster_format(row, width(), ascii, line, sizeof(line));
		put_line((int)i + 2, line,
			 attribute_of(row) | (selected ? A_REVERSE : A_NORMAL));
	}
	(void)snprintf(line, sizeof(line), "%.*s", (int)width(), status);
	if (LINES > 1)
		put_line(LINES - 1, line, A_NORMAL);
	(void)refresh();
}

void screen_draw_text(const char *const *line, unsigned lines)
{
	char text[ROSTER_LINE];

	(void)erase();
	for (unsigned i = 0; i < lines && (int)i < LINES; i++) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)width(), line[i]);
		put_line((int)i, text, A_NORMAL);
	}
	(void)refresh();
}

int screen_read(int patience)
{
	static const struct {
		int key;
		enum screen_key is;
	} keys[] = {
		{ERR, SCREEN_NOTHING},
		{KEY_UP, SCREEN_UP},
		{'k', SCREEN_UP},
		{KEY_DOWN, SCREEN_DOWN},
		{'j', SCREEN_DOWN},
		{KEY_PPAGE, SCREEN_PAGE_UP},
		{KEY_NPAGE, SCREEN_PAGE_DOWN},
		{KEY_HOME, SCREEN_FIRST},
		{KEY_END, SCREEN_LAST},
		{KEY_RESIZE, SCREEN_RESIZED},
		{INTERRUPT, SCREEN_INTERRUPT},
	};
	int key;

	timeout(patience);
	key = getch();
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].key == key)
			return (int)keys[i].is;
	return key >= ' ' && key < 127 ? key : (int)SCREEN_NOTHING;
}

bool screen_ask(const char *question, char *answer, size_t size)
{
	size_t used = 0;
	int key;

	answer[0] = '\0';
	timeout(-1);
	do {
		char line[ROSTER_LINE];

		(void)snprintf(line, sizeof(line), "%s %s_", question, answer);
		line[width() < sizeof(line) ? width() : sizeof(line) - 1] = '\0';
		(void)move(LINES - 1, 0);
		(void)clrtoeol();
		put_line(LINES - 1, line, A_BOLD);
		(void)refresh();
		key = getch();
		if ((key == KEY_BACKSPACE || key == '\b' || key == 127) && used > 0)
			answer[--used] = '\0';
		else if (key < 127 && key > ' ' && used + 1 < size &&
			 (isalnum(key) || strchr("+-%", key) != NULL)) {
			answer[used++] = (char)key;
			answer[used] = '\0';
		}
	} while (key != '\n' && key != '\r' && key != KEY_ENTER && key != ESCAPE &&
		 key != INTERRUPT && key != ERR);
	return key != ESCAPE && key != INTERRUPT && key != ERR && used > 0;
}
