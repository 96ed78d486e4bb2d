/*
 * sheet.h - one app on its way from PM2's words to ours: what was said of it, what it
 * becomes, what is to be noted.
 *
 * Reads members of the app by PM2's name, whatever their spelling; a value that cannot be
 * meant becomes a fault and counts as not said.  Collects settings as text, checked
 * against the table of settings: what this build refuses as not supported yet is printed,
 * but as a comment, and what is out of range is brought within it, with a note.
 */
#ifndef SUPERVISOR_IMPORT_SHEET_H
#define SUPERVISOR_IMPORT_SHEET_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/fault.h"
#include "common/json.h"

#define SHEET_SETTINGS 32
#define SHEET_NOTES    256
#define SHEET_WORDS    1024

struct sheet {
	struct arena *arena; /* borrowed, as all of these */
	struct faults *faults;
	const char *file;      /* as it was named, for faults */
	const char *directory; /* of the file, absolute */
	const char *profile;   /* of env_PROFILE; NULL: none */
	bool (*has_file)(const char *path);
	const struct json *said; /* the app, as PM2 has it */
	const char *name;        /* NULL: not known yet */
	const char *listen;      /* an address; NULL: it opens its ports itself */
	struct {
		const char *path;  /* "drain.signal" */
		const char *value; /* as libconfig reads it */
	} setting[SHEET_SETTINGS];
	unsigned settings;
	const char *note[SHEET_NOTES];
	unsigned notes;
	bool failed; /* out of memory, or more than there is room for */
};

struct words {
	const char *word[SHEET_WORDS];
	unsigned count;
};

/* ---- what was said ---- */

/* NULL: not said, or null. */
const struct json *sheet_find(const struct sheet *sheet, const char *key);
/* A text, number or truth as text, in the arena; NULL: it is none of these. */
const char *sheet_print_scalar(struct sheet *sheet, const struct json *value);

const char *sheet_text(struct sheet *sheet, const char *key); /* NULL: not said */
bool sheet_flag(struct sheet *sheet, const char *key, bool otherwise);
bool sheet_number(struct sheet *sheet, const char *key, int64_t *ret_number);
/* Milliseconds, or with a unit. */
bool sheet_span(struct sheet *sheet, const char *key, msec *ret_span);
/* A list, or one text split like a shell would; appended. */
void sheet_words(struct sheet *sheet, const char *key, struct words *words);
void sheet_add_word(struct sheet *sheet, struct words *words, const char *word);

/* ---- what becomes of it ---- */

/* NULL when out of memory, which fails the sheet. */
const char *sheet_format(struct sheet *sheet, const char *format, ...) PRINTF_LIKE(2, 3);
const char *sheet_quote(struct sheet *sheet, const char *text);

void sheet_set(struct sheet *sheet, const char *path, const char *value);
void sheet_set_text(struct sheet *sheet, const char *path, const char *text);
/* Within the range of the setting; `key` is what is noted if that took a change. */
void sheet_set_number(struct sheet *sheet, const char *key, const char *path,
		      int64_t number);
void sheet_set_span(struct sheet *sheet, const char *key, const char *path, msec span);

void sheet_note(struct sheet *sheet, const char *format, ...) PRINTF_LIKE(2, 3);
/* "KEY = VALUE: why", with the value as it was said. */
void sheet_note_key(struct sheet *sheet, const char *key, const struct json *value,
		    const char *why);
void sheet_refuse(struct sheet *sheet, const char *key, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* As a group of `apps`. */
void sheet_print(const struct sheet *sheet, struct buffer *to);
/* As lines of a comment, broken where the text has a newline or they grow too long. */
void sheet_print_comment(struct buffer *to, const char *indent, const char *text);

#endif
