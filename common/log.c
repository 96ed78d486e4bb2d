#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/journal.h"

#define LINE_BYTES 2048

static enum log_level level = LOG_LEVEL_INFO;
static const char *name = "clusterd";
static bool to_journal;
static int journal = -1; /* the socket for whole entries */

static const struct {
	const char *word;
	int priority; /* of syslog(3) */
} levels[LOG_LEVELS] = {
	[LOG_LEVEL_DEBUG] = {"debug", 7},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_WARN] = {"warn", 4},
	[LOG_LEVEL_ERROR] = {"error", 3},
};

void log_init(const char *program)
{
	name = program;
	to_journal = journal_is_behind(STDERR_FILENO);
}

void log_set_level(enum log_level wanted)
{
	level = wanted;
}

const char *log_level_name(enum log_level asked)
{
	return levels[asked].word;
}

int log_level_priority(enum log_level asked)
{
	return levels[asked].priority;
}

bool log_is_journal(void)
{
	return to_journal;
}

/* One that was restarted is found again; what it cannot take goes by the stream. */
bool log_entry(const struct buffer *entry)
{
	int result;

	if (!to_journal)
		return false;
	if (journal < 0)
		journal = journal_open(JOURNAL_SOCKET);
	if (journal < 0)
		return false;
	result = journal_send(journal, entry);
	if (result < 0 && result != -EAGAIN)
		fd_close(&journal);
	return result == 0;
}

bool log_would(enum log_level asked)
{
	return asked >= level;
}

static size_t write_prefix(char *line, enum log_level at)
{
	struct timespec now;
	struct tm local;
	char stamp[32];
	int used;

	if (to_journal)
		return (size_t)snprintf(line, LINE_BYTES, "<%d>", levels[at].priority);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)localtime_r(&now.tv_sec, &local);
	(void)strftime(stamp, sizeof(stamp), "%F %T", &local);
	used = snprintf(line, LINE_BYTES, "%s.%03ld %s: %s: ", stamp,
			now.tv_nsec / 1000000, name, levels[at].word);
	return (size_t)used;
}

static void __attribute__((format(printf, 2, 0)))
write_line(enum log_level at, const char *format, va_list values)
{
	char line[LINE_BYTES];
	size_t used;
	int added;

	if (!log_would(at))
		return;
	used = write_prefix(line, at);
	added = vsnprintf(line + used, sizeof(line) - used - 1, format, values);
	if (added > 0)
		used += strnlen(line + used, sizeof(line) - used - 2);
	line[used++] = '\n';
	(void)!write(STDERR_FILENO, line, used); /* nobody is left to tell */
}

void log_at(enum log_level at, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(at, format, values);
	va_end(values);
}

void log_debug(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(LOG_LEVEL_DEBUG, format, values);
	va_end(values);
}

void log_info(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(LOG_LEVEL_INFO, format, values);
	va_end(values);
}

void log_warn(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(LOG_LEVEL_WARN, format, values);
	va_end(values);
}

void log_error(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(LOG_LEVEL_ERROR, format, values);
	va_end(values);
}
