/*
 * log.h - lines on stderr for whoever runs the program.
 *
 * One line a call, written by a single write(2).  When stderr is the journal (systemd's
 * JOURNAL_STREAM), lines carry a syslog priority prefix and no time of their own; else
 * they begin with the wall clock.  Only supervisor.c, app.c, control.c and the mains log.
 * The level, and where lines go, are the globals of the house.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/buffer.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
	LOG_LEVELS
};

void log_init(const char *program);
void log_set_level(enum log_level wanted);
bool log_would(enum log_level asked);
const char *log_level_name(enum log_level asked);
int log_level_priority(enum log_level asked); /* 3 to 7, as the journal has it */

/* An entry of the journal in place of a line, where lines go to the journal; false: they
 * do not, or it does not take it now, and a line is to be written. */
bool log_entry(const struct buffer *entry);
bool log_is_journal(void);

void log_at(enum log_level at, const char *format, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
