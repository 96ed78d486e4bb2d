#include "worker/logger/clerk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

#define TURNS       4    /* looks at one feed before the next has its turn */
#define LETTERS     4096 /* reports of lesser weight that wait at most */
#define FLUSH_TURNS 64   /* looks at what came before a flush */

struct letter {
	struct letter *next;
	struct logging_report report;
};

int clerk_open(struct clerk *clerk, int control, int epoll, bool resumes)
{
	*clerk = (struct clerk){.control = control, .epoll = epoll, .resumes = resumes};
	clerk->last = &clerk->first;
	clerk->last_ready = &clerk->ready;
	return glass_open(&clerk->glass);
}

/* ---- reports ---- */

static void watch_control(const struct clerk *clerk, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = NULL};

	(void)epoll_ctl(clerk->epoll, EPOLL_CTL_MOD, clerk->control, &event);
}

void clerk_send_letters(struct clerk *clerk)
{
	struct letter *letter;

	while ((letter = clerk->first)) {
		int code = clerk->control == -1
				   ? -EPIPE
				   : logging_send(clerk->control, &letter->report,
						  sizeof(letter->report), -1);

		if (code == -EAGAIN)
			break;
		clerk->first = letter->next;
		clerk->letters--;
		free(letter);
	}
	if (!clerk->first)
		clerk->last = &clerk->first;
	if (clerk->control != -1)
		watch_control(clerk, clerk->first ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void report(struct clerk *clerk, const struct logging_report *report)
{
	bool matters = report->news == LOGGING_DETACHED || report->news == LOGGING_DONE;
	struct letter *letter;

	if (clerk->letters >= LETTERS && !matters)
		return;
	letter = calloc(1, sizeof(*letter));
	if (!letter)
		return;
	clerk->letters++;
	letter->report = *report;
	letter->report.version = LOGGING_VERSION;
	*clerk->last = letter;
	clerk->last = &letter->next;
}

static void report_detached(struct clerk *clerk, const struct feed *feed)
{
	struct logging_report detached = {.news = LOGGING_DETACHED,
					  .feed = feed->order.feed};

	report(clerk, &detached);
}

static void report_done(struct clerk *clerk, const struct logging_order *order)
{
	struct logging_report done = {.news = LOGGING_DONE, .serial = order->serial};

	report(clerk, &done);
}

static void report_news(struct clerk *clerk, const char *app, const struct sink *sink,
			const struct sink_news *news)
{
	struct logging_report told = {0};

	(void)text_copy(told.app, sizeof(told.app), app);
	(void)text_copy(told.path, sizeof(told.path), sink->path);
	if (news->recovered) {
		told.news = LOGGING_RECOVERED;
		told.lines = news->lines;
		told.bytes = news->bytes;
		report(clerk, &told);
	}
	if (news->failed) {
		told.news = LOGGING_FAILING;
		told.code = -sink->failing;
		report(clerk, &told);
	}
	if (news->trouble != 0) {
		told.news = LOGGING_TROUBLE;
		told.code = -news->trouble;
		report(clerk, &told);
	}
}

/* ---- feeds ---- */

static struct feed *find_feed(const struct clerk *clerk,
			      const struct logging_order *order)
{
	struct feed *feed = clerk->feeds;

	while (feed && feed->order.feed != order->feed)
		feed = feed->next;
	return feed;
}

void clerk_mark(struct clerk *clerk, struct feed *feed)
{
	if (feed->ready)
		return;
	feed->ready = true;
	feed->next_ready = NULL;
	*clerk->last_ready = feed;
	clerk->last_ready = &feed->next_ready;
}

static void unplug(struct clerk *clerk, struct feed *feed)
{
	if (feed->sink)
		sink_leave(&clerk->sinks, feed->sink);
	if (feed->fd >= 0)
		(void)epoll_ctl(clerk->epoll, EPOLL_CTL_DEL, feed->fd, NULL);
	fd_close(&feed->fd);
}

static void drop_feed(struct clerk *clerk, struct feed *feed)
{
	struct feed **at = &clerk->feeds;

	while (*at != feed)
		at = &(*at)->next;
	*at = feed->next;
	unplug(clerk, feed);
	free(feed);
}

static struct feed *add_feed(struct clerk *clerk)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->fd = -1;
	feed->next = clerk->feeds;
	clerk->feeds = feed;
	return feed;
}

static void attach(struct clerk *clerk, const struct logging_order *order, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	struct feed *feed = find_feed(clerk, order);
	struct sink_news news = {0};
	struct sink *sink;

	if (!feed)
		feed = add_feed(clerk);
	sink = feed ? sink_need(&clerk->sinks, order->path, &order->rules, clerk->resumes)
		    : NULL;
	if (!sink) {
		fd_close(&fd);
		return;
	}
	unplug(clerk, feed);
	feed->fd = fd;
	feed->sink = sink;
	feed->order = *order;
	feed->detaches = feed->over = false;
	event.data.ptr = feed;
	(void)epoll_ctl(clerk->epoll, EPOLL_CTL_ADD, fd, &event);
	sink->is_journal = order->target == LOGGING_JOURNAL;
	if (sink->fd == -1 && sink->failing == 0) {
		sink_reopen(sink, clock_now(), &news);
		report_news(clerk, order->app, sink, &news);
	}
	clerk_mark(clerk, feed);
}

static void end_lines(struct clerk *clerk, const struct logging_order *order)
{
	struct feed *feed = find_feed(clerk, order);

	if (!feed)
		return;
	feed->ended = true;
	clerk_mark(clerk, feed);
}

static void detach(struct clerk *clerk, const struct logging_order *order)
{
	struct feed none = {.order = *order};
	struct feed *feed = find_feed(clerk, order);

	if (!feed) {
		report_detached(clerk, &none);
		return;
	}
	feed->detaches = feed->ended = true;
	clerk_mark(clerk, feed);
}

/* Nothing more is to be read now. */
static void settle(struct clerk *clerk, struct feed *feed)
{
	feed->ended = false;
	if (feed->detaches)
		report_detached(clerk, feed);
	feed->detaches = false;
	if (feed->over)
		drop_feed(clerk, feed);
}

size_t clerk_work(struct clerk *clerk)
{
	struct feed *todo = clerk->ready, *feed;
	msec now = clock_now();
	size_t total = 0;

	clerk->ready = NULL;
	clerk->last_ready = &clerk->ready;
	while ((feed = todo)) {
		struct sink_news news = {0};
		size_t took = 1;

		todo = feed->next_ready;
		feed->ready = false;
		for (unsigned i = 0; i < TURNS && took > 0; i++) {
			took = feed_take(feed, &clerk->glass, now, &news);
			total += took;
		}
		report_news(clerk, feed->order.app, feed->sink, &news);
		if (took > 0)
			clerk_mark(clerk, feed);
		else
			settle(clerk, feed);
	}
	return total;
}

/* ---- orders ---- */

void clerk_reopen(struct clerk *clerk)
{
	for (struct sink *sink = clerk->sinks; sink; sink = sink->next) {
		struct sink_news news = {0};

		sink_reopen(sink, clock_now(), &news);
		report_news(clerk, "", sink, &news);
	}
}

static void flush(struct clerk *clerk, const char *app)
{
	for (struct feed *feed = clerk->feeds; feed; feed = feed->next) {
		struct sink_news news = {0};

		if (strcmp(feed->order.app, app) != 0)
			continue;
		for (unsigned i = 0; i < FLUSH_TURNS; i++)
			if (feed_take(feed, &clerk->glass, clock_now(), &news) == 0)
				break;
		sink_flush(feed->sink, &news);
		report_news(clerk, app, feed->sink, &news);
	}
}

static void finish(struct clerk *clerk)
{
	clerk->finishes = true;
	for (struct feed *feed = clerk->feeds; feed; feed = feed->next) {
		feed->ended = true;
		clerk_mark(clerk, feed);
	}
}

static void obey(struct clerk *clerk, const struct logging_order *order, int *fd)
{
	switch ((enum logging_verb)order->verb) {
	case LOGGING_ATTACH:
		if (*fd >= 0)
			attach(clerk, order, fd_take(fd));
		break;
	case LOGGING_ENDED:
		end_lines(clerk, order);
		break;
	case LOGGING_DETACH:
		detach(clerk, order);
		break;
	case LOGGING_REOPEN:
		clerk_reopen(clerk);
		report_done(clerk, order);
		break;
	case LOGGING_FLUSH:
		flush(clerk, order->app);
		report_done(clerk, order);
		break;
	case LOGGING_FINISH:
		finish(clerk);
		break;
	case LOGGING_VERBS:
		break;
	}
}

void clerk_take_orders(struct clerk *clerk)
{
	struct logging_order order;

	while (clerk->control != -1) {
		CLOSE_FD int fd = -1;
		ssize_t got = logging_receive(clerk->control, &order, sizeof(order), &fd);

		if (got == -EAGAIN || got == -EINTR)
			break;
		if (got == 0 || (got < 0 && got != -EMSGSIZE)) {
			fd_close(&clerk->control);
			break;
		}
		if (got > 0 && logging_is_order(&order, (size_t)got))
			obey(clerk, &order, &fd);
	}
}

void clerk_close(struct clerk *clerk)
{
	struct letter *letter;

	while (clerk->feeds)
		drop_feed(clerk, clerk->feeds);
	while ((letter = clerk->first)) {
		clerk->first = letter->next;
		free(letter);
	}
	glass_close(&clerk->glass);
	fd_close(&clerk->control);
}
