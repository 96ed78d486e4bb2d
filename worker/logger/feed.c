#include "worker/logger/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "worker/logger/diary.h"
#include "worker/logger/wording.h"

#define LARGE      ((size_t)1 << 20) /* a pipe, where we may */
#define WORDS_MOST ((size_t)64 << 20)

int glass_open(struct glass *glass)
{
	int size;

	*glass = (struct glass){.pipe = {-1, -1}, .waste = -1};
	if (pipe2(glass->pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return -errno;
	glass->waste = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (glass->waste == -1)
		return -errno;
	(void)fcntl(glass->pipe[1], F_SETPIPE_SZ, (int)LARGE);
	size = fcntl(glass->pipe[1], F_GETPIPE_SZ);
	glass->size = size > 0 ? (size_t)size : 4096;
	glass->bytes = malloc(glass->size);
	buffer_init(&glass->words, WORDS_MOST);
	return glass->bytes ? 0 : -ENOMEM;
}

void glass_close(struct glass *glass)
{
	fd_close(&glass->pipe[0]);
	fd_close(&glass->pipe[1]);
	fd_close(&glass->waste);
	free(glass->bytes);
	buffer_free(&glass->words);
}

/* Returns how many bytes can be looked at; 0: none now, or the feed is over. */
static size_t look(struct feed *feed, struct glass *glass)
{
	ssize_t seen = tee(feed->fd, glass->pipe[1], glass->size, SPLICE_F_NONBLOCK);
	size_t done = 0;

	if (seen == 0)
		feed->over = true;
	while (seen > 0 && done < (size_t)seen) {
		ssize_t got =
			read(glass->pipe[0], glass->bytes + done, (size_t)seen - done);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

static void consume(const struct feed *feed, const struct glass *glass, size_t count)
{
	while (count > 0) {
		ssize_t gone = splice(feed->fd, NULL, glass->waste, NULL, count,
				      SPLICE_F_NONBLOCK);

		if (gone <= 0)
			return;
		count -= (size_t)gone;
	}
}

/* Who writes more than a pipe holds waits for us less often with a larger one. */
static void enlarge(struct feed *feed, size_t seen)
{
	if (feed->large || seen < (size_t)fcntl(feed->fd, F_GETPIPE_SZ) / 2)
		return;
	feed->large = true;
	(void)fcntl(feed->fd, F_SETPIPE_SZ, (int)LARGE);
}

/* A pipe has room for so many pages, and writes of odd sizes leave them half empty; one
 * that is full is read, whatever it has, or its worker would wait for ever. */
static bool is_full(const struct feed *feed, const struct glass *glass, size_t seen)
{
	int size = fcntl(feed->fd, F_GETPIPE_SZ);

	return seen >= glass->size / 2 || (size > 0 && seen >= (size_t)size / 2);
}

static bool is_all(const struct feed *feed, size_t seen)
{
	int waiting = 0;

	return ioctl(feed->fd, FIONREAD, &waiting) == 0 && (size_t)waiting <= seen;
}

static void hand_on(struct feed *feed, struct glass *glass, size_t count, msec now,
		    struct sink_news *news)
{
	const struct logging_order *order = &feed->order;
	const struct wording wording = {.format = (enum logging_format)order->format,
					.app = order->app,
					.slot = order->slot,
					.stream = (enum logging_stream)order->stream,
					.wall = clock_wall()};
	struct buffer *words = &glass->words;

	if (order->target == LOGGING_JOURNAL) {
		diary_write(feed->sink, &wording, glass->bytes, count, now, news);
		return;
	}
	if (wording.format == LOGGING_RAW) {
		sink_write(feed->sink, feed, glass->bytes, count, now, news);
		return;
	}
	buffer_cut(words, 0);
	wording_append(&wording, glass->bytes, count, words);
	if (words->count > 0)
		sink_write(feed->sink, feed, words->bytes, words->count, now, news);
}

size_t feed_take(struct feed *feed, struct glass *glass, msec now, struct sink_news *news)
{
	size_t seen = look(feed, glass);
	bool ended;
	size_t count;

	if (seen == 0)
		return 0;
	enlarge(feed, seen);
	ended = feed->ended && is_all(feed, seen);
	count = wording_measure(glass->bytes, seen, is_full(feed, glass, seen), ended);
	if (count == 0)
		return 0;
	hand_on(feed, glass, count, now, news);
	if (ended && glass->bytes[count - 1] != '\n' &&
	    feed->order.format == LOGGING_RAW && feed->order.target == LOGGING_FILE)
		sink_write(feed->sink, feed, "\n", 1, now, news);
	consume(feed, glass, count);
	return count;
}
