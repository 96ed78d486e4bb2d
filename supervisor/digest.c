/*
 * digest.c - what the programs and scripts of generations are, as sha256sum(1) says it.
 *
 * A file is read once, a piece at a time and with pauses, so that the loop is never held
 * up for long and no worker misses the time it takes; whoever asks meanwhile is told that
 * it is not known yet.  Generations of the same file share what was found.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "supervisor/estate.h"

#define PIECE   (16 << 10)
#define PIECES  8                  /* at once: about a millisecond */
#define PAUSE   0.005              /* seconds between */
#define LARGEST ((off_t)512 << 20) /* that is read at all */

static bool is_unknown(const struct pin *pin)
{
	return pin->path != NULL && pin->digest[0] == '\0' && pin->no_digest == NULL;
}

/* Every pinned file of all apps in turn, which `visit` may end. */
static struct pin *find_pin(struct supervisor *supervisor,
			    bool (*visit)(struct pin *pin, void *data), void *data)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		for (struct generation *at = app->generations; at != NULL;
		     at = at->next) {
			if (visit(&at->program, data))
				return &at->program;
			if (visit(&at->script, data))
				return &at->script;
		}
	return NULL;
}

static bool visit_unknown(struct pin *pin, void *data)
{
	(void)data;
	return is_unknown(pin);
}

struct finding {
	const struct stat *of;
	const char *digest; /* NULL: there is none, and why */
	const char *reason;
};

static bool visit_same(struct pin *pin, void *data)
{
	const struct finding *finding = data;

	if (!is_unknown(pin) || !pin_is_same(&pin->original, finding->of))
		return false;
	if (finding->digest != NULL)
		(void)text_copy(pin->digest, sizeof(pin->digest), finding->digest);
	pin->no_digest = finding->reason;
	return false;
}

static void leave(struct digest *digest)
{
	if (digest->fd > 0)
		(void)close(digest->fd);
	digest->fd = 0;
}

static void tell_all(struct supervisor *supervisor, const char *digest,
		     const char *reason)
{
	struct finding finding = {&supervisor->digest.of, digest, reason};

	(void)find_pin(supervisor, visit_same, &finding);
	leave(&supervisor->digest);
}

static bool visit_known(struct pin *pin, void *data)
{
	return pin->path != NULL && pin->digest[0] != '\0' &&
	       pin_is_same(&pin->original, data);
}

static const char *why_not(const struct digest *digest)
{
	struct stat now;

	if (digest->of.st_size > LARGEST)
		return "larger than 512 MiB";
	if (digest->fd < 0)
		return digest->fd == -EACCES ? "may not be read" : "cannot be read";
	if (fstat(digest->fd, &now) == -1 || !pin_is_same(&now, &digest->of))
		return "changed on disk before it was read";
	return NULL;
}

static void begin(struct supervisor *supervisor, const struct pin *pin)
{
	struct digest *digest = &supervisor->digest;
	const struct pin *known;
	const char *reason;

	digest->of = pin->original;
	known = find_pin(supervisor, visit_known, &digest->of);
	if (known != NULL) {
		tell_all(supervisor, known->digest, NULL);
		return;
	}
	digest->fd = pin_open(pin);
	reason = why_not(digest);
	if (reason != NULL)
		tell_all(supervisor, NULL, reason);
	else
		sha256_init(&digest->sum);
}

static void go_on(struct supervisor *supervisor)
{
	struct digest *digest = &supervisor->digest;
	char piece[PIECE], text[SHA256_TEXT];
	const char *reason;
	ssize_t bytes = 0;

	for (unsigned i = 0; i < PIECES; i++) {
		bytes = read(digest->fd, piece, sizeof(piece));
		if (bytes <= 0)
			break;
		sha256_add(&digest->sum, piece, (size_t)bytes);
	}
	if (bytes > 0)
		return;
	reason = bytes == 0 ? why_not(digest) : "cannot be read";
	sha256_format(&digest->sum, text);
	tell_all(supervisor, reason == NULL ? text : NULL, reason);
}

static void on_turn(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct supervisor *supervisor = timer->data;
	const struct pin *pin;

	(void)events;
	if (supervisor->digest.fd > 0) {
		go_on(supervisor);
		return;
	}
	pin = find_pin(supervisor, visit_unknown, NULL);
	if (pin != NULL)
		begin(supervisor, pin);
	else
		ev_timer_stop(loop, timer);
}

void digest_init(struct supervisor *supervisor)
{
	struct digest *digest = &supervisor->digest;

	ev_timer_init(&digest->turn, on_turn, PAUSE, PAUSE);
	digest->turn.data = supervisor;
}

void digest_need(struct supervisor *supervisor)
{
	if (!ev_is_active(&supervisor->digest.turn))
		ev_timer_again(supervisor->loop, &supervisor->digest.turn);
}

void digest_stop(struct supervisor *supervisor)
{
	ev_timer_stop(supervisor->loop, &supervisor->digest.turn);
	leave(&supervisor->digest);
}
