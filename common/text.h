/*
 * text.h - bounded text: durations, bytes, numbers, signals, words.
 *
 * Parsers take the whole text or nothing (-EINVAL, or -ERANGE for what is well written
 * but out of bounds); formatters always end what they write with a NUL.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include "common/base.h"

#define TEXT_SPAN_MOST (MSEC_NEVER / 8) /* the longest span that is read */

/* "500ms" "1.5s" "30s" "5m" "1h30m" "7d" -> msec; a number without a unit is refused. */
int text_parse_duration(msec *ret_span, const char *text);
/* "512B" "64K" "1.5G" "2T", in powers of 1024; a number without a unit is refused. */
int text_parse_bytes(uint64_t *ret_bytes, const char *text);
int text_parse_unsigned(unsigned *ret_number, const char *text, unsigned least,
			unsigned most);
/* "TERM", "SIGTERM", "15" -> 15 */
int text_parse_signal(int *ret_number, const char *text);
const char *text_signal_name(int number); /* "TERM"; "?" when it has no name */

/* The two largest units that matter, rounded down: "250ms", "1.5s", "1h30m", "3d". */
void text_format_duration(char *text, size_t size, msec span);
void text_format_bytes(char *text, size_t size, uint64_t bytes); /* "12B", "1.5M" */

/* Copies, cut to fit, always NUL-ended; returns false when it was cut. */
bool text_copy(char *to, size_t size, const char *from);

/* The same of any bytes: well-formed, printable UTF-8, a question mark for each byte that
 * is not. */
bool text_copy_printable(char *to, size_t size, const char *bytes, size_t count);

/* Of `count` words the one nearest to `word`, or NULL when none is near enough to be what
 * was meant: at most two letters added, lost, changed or swapped. */
const char *text_nearest(const char *word, const char *const *words, size_t count);

/* Is `word` one of the words that spaces part? */
bool text_has_word(const char *words, const char *word);

/* Splits like a shell without expansion (quotes, backslashes) in place of `text`; returns
 * the number of words, -E2BIG for more than `most`, -EINVAL for an open quote. */
int text_split(char *text, char **word, unsigned most);

#endif
