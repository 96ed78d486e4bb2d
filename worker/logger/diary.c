#include "worker/logger/diary.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "common/fd.h"
#include "common/journal.h"

#define PATIENCE    20 /* ms for a journal that is behind, each time it is written to */
#define ENTRY_BYTES ((size_t)8 << 20)
#define INFORMATION 6 /* as of syslog: what is on stdout */
#define FAILURE     3

static int send_line(struct sink *sink, const struct wording *wording, const char *line,
		     size_t count, struct buffer *entry)
{
	bool is_out = wording->stream == LOGGING_OUT;

	if (sink->fd == -1)
		sink->fd = journal_open(sink->path);
	if (sink->fd < 0) {
		int code = sink->fd;

		sink->fd = -1;
		return code;
	}
	buffer_cut(entry, 0);
	journal_put(entry, "MESSAGE", line, count);
	journal_put_number(entry, "PRIORITY", is_out ? INFORMATION : FAILURE);
	journal_put_text(entry, "SYSLOG_IDENTIFIER", wording->app);
	journal_put_text(entry, "CLUSTER_APP", wording->app);
	journal_put_number(entry, "CLUSTER_SLOT", wording->slot);
	journal_put_text(entry, "CLUSTER_STREAM", is_out ? "stdout" : "stderr");
	return journal_send(sink->fd, entry);
}

/* Returns 0, or why this line and those behind it are not to be sent now. */
static int send_patiently(struct sink *sink, const struct wording *wording,
			  const char *line, size_t count, struct buffer *entry)
{
	int code = send_line(sink, wording, line, count, entry);
	struct pollfd room = {.fd = sink->fd, .events = POLLOUT};

	if (code == -EAGAIN && poll(&room, 1, PATIENCE) == 1)
		code = send_line(sink, wording, line, count, entry);
	if (code == -ECONNREFUSED || code == -ENOTCONN || code == -ECONNRESET) {
		fd_close(&sink->fd); /* it was started anew, perhaps */
		code = send_line(sink, wording, line, count, entry);
	}
	return code;
}

void diary_write(struct sink *sink, const struct wording *wording, const char *bytes,
		 size_t count, msec now, struct sink_news *news)
{
	const char *end = bytes + count;
	struct buffer entry;
	int code = 0;

	if (!sink_may_try(sink, now)) {
		sink_lose(sink, bytes, count);
		return;
	}
	buffer_init(&entry, ENTRY_BYTES);
	while (bytes < end && code == 0) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length = (size_t)((newline ? newline : end) - bytes);

		code = send_patiently(sink, wording, bytes, length, &entry);
		if (code == 0) {
			sink_recover(sink, news);
			bytes += length + (newline != NULL);
		}
	}
	buffer_free(&entry);
	if (code == 0)
		return;
	sink_lose(sink, bytes, (size_t)(end - bytes));
	sink_fail(sink, code, now, news);
}
