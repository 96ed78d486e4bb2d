#include "supervisor/core/trace.h"

#include <assert.h>
#include <string.h>

/* What follows the name of an event. */
enum {
	HAS_SEAT = 1,
	HAS_SLOT = 2,
	HAS_GENERATION = 4,
	HAS_NUMBER = 8,
	HAS_EXIT = 16,
	HAS_OPERATION = 32,
	HAS_DICE = 64,
	HAS_COUNT = 128,
	HAS_BOUND = 256,
	HAS_PROBE = 512,
	HAS_ASKER = 1024,
	HAS_SOCKET = 2048
};

static const struct {
	const char *name;
	unsigned has;
} events[CORE_EVENTS] = {
	[CORE_TICK] = {"tick", HAS_DICE},
	[CORE_AWAKE] = {"awake", HAS_NUMBER},
	[CORE_ADOPT] = {"adopt", 0},
	[CORE_READY] = {"ready", HAS_SEAT},
	[CORE_LISTENING] = {"listening", HAS_SEAT | HAS_ASKER},
	[CORE_BEAT] = {"beat", HAS_SEAT},
	[CORE_LEAVE] = {"leave", HAS_SEAT | HAS_DICE},
	[CORE_TRIGGER] = {"trigger", HAS_SEAT | HAS_DICE},
	[CORE_EXTEND] = {"extend", HAS_SEAT | HAS_NUMBER},
	[CORE_EXIT] = {"exit", HAS_SEAT | HAS_EXIT | HAS_DICE},
	[CORE_SPAWN_FAILED] = {"unborn", HAS_SEAT | HAS_DICE},
	[CORE_UNROUTED] = {"unrouted", HAS_SEAT},
	[CORE_OWED] = {"owed", HAS_SLOT | HAS_SOCKET},
	[CORE_EXCEEDED] = {"exceeds", HAS_SEAT | HAS_BOUND | HAS_DICE},
	[CORE_PROBED] = {"probed", HAS_SEAT | HAS_PROBE | HAS_DICE},
	[CORE_START] = {"start", HAS_GENERATION | HAS_OPERATION},
	[CORE_RELOAD] = {"reload", HAS_GENERATION | HAS_COUNT | HAS_OPERATION},
	[CORE_SCALE] = {"scale", HAS_NUMBER | HAS_OPERATION},
	[CORE_RESTART] = {"restart", HAS_GENERATION | HAS_OPERATION},
	[CORE_RESTART_SLOT] = {"again", HAS_SLOT | HAS_OPERATION},
	[CORE_RENEW] = {"renew", HAS_SLOT | HAS_OPERATION},
	[CORE_STOP] = {"stop", HAS_OPERATION},
	[CORE_RESET] = {"reset", 0},
	[CORE_SURGE_START] = {"surge", HAS_GENERATION},
	[CORE_SURGE_END] = {"ebb", 0},
};

static const char *const exits[] = {
	[CORE_EXIT_FAILURE] = NULL, /* the usual one goes without saying */
	[CORE_EXIT_CLEAN] = "clean",
	[CORE_EXIT_FINAL] = "final",
};

static const char *const bounds[CORE_BOUNDS] = {
	[CORE_BOUND_MEMORY] = "memory",     [CORE_BOUND_AGE] = "age",
	[CORE_BOUND_REQUESTS] = "requests", [CORE_BOUND_CRON] = "cron",
	[CORE_BOUND_PROBE] = "probe",
};

static const char *const probes[] = {
	[CORE_PROBE_PASSED] = "passed",
	[CORE_PROBE_FAILED] = "failed",
};

static const char *const askers[] = {
	[CORE_ASKER_AWARE] = NULL,
	[CORE_ASKER_UNAWARE] = "unaware",
};

static const char *const sockets[] = {NULL, "second"};

/* What the argument of some events means. */
static const struct {
	unsigned has;
	const char *const *word; /* by value; NULL: goes without saying */
	unsigned words;
} meanings[] = {
	{HAS_EXIT, exits, ARRAY_COUNT(exits)},
	{HAS_BOUND, bounds, ARRAY_COUNT(bounds)},
	{HAS_PROBE, probes, ARRAY_COUNT(probes)},
	{HAS_ASKER, askers, ARRAY_COUNT(askers)},
	{HAS_SOCKET, sockets, ARRAY_COUNT(sockets)},
};

static const char *const actions_named[CORE_ACTION_KINDS] = {
	[CORE_SPAWN] = "spawn", [CORE_UNROUTE] = "unroute", [CORE_TERM] = "term",
	[CORE_ABORT] = "abort", [CORE_KILL] = "kill",       [CORE_NOTE] = "note",
	[CORE_DONE] = "done",
};

static const char *const notes[CORE_NOTES] = {
	[CORE_NOTE_READY] = "ready",
	[CORE_NOTE_LATE] = "late",
	[CORE_NOTE_BACK] = "back",
	[CORE_NOTE_STAYS] = "stays",
	[CORE_NOTE_LEAVES] = "leaves",
	[CORE_NOTE_HUNG] = "hung",
	[CORE_NOTE_READY_TIMEOUT] = "ready-timeout",
	[CORE_NOTE_DRAIN_TIMEOUT] = "drain-timeout",
	[CORE_NOTE_FAILED] = "failed",
	[CORE_NOTE_BACKOFF] = "backoff",
	[CORE_NOTE_RESTING] = "resting",
	[CORE_NOTE_REVERTING] = "reverting",
	[CORE_NOTE_RECYCLING] = "recycling",
	[CORE_NOTE_HEIRLESS] = "heirless",
	[CORE_NOTE_FRUITLESS] = "fruitless",
	[CORE_NOTE_SICK] = "sick",
	[CORE_NOTE_WELL] = "well",
};

static const char *const results[CORE_RESULTS] = {
	[CORE_RESULT_OK] = "ok",
	[CORE_RESULT_REVERTED] = "reverted",
	[CORE_RESULT_FAILED] = "failed",
	[CORE_RESULT_SUPERSEDED] = "superseded",
};

/* ---- value to text ---- */

struct line {
	char *text;
	size_t used, size;
};

static struct line line_on(char *text, size_t size)
{
	assert(size > 0);
	text[0] = '\0';
	return (struct line){.text = text, .size = size};
}

static void put(struct line *line, const char *word)
{
	while (*word && line->used + 1 < line->size)
		line->text[line->used++] = *word++;
	line->text[line->used] = '\0';
}

static void put_number(struct line *line, const char *before, uint64_t number)
{
	char digits[24];
	char *digit = &digits[sizeof(digits) - 1];

	*digit = '\0';
	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	put(line, before);
	put(line, digit);
}

static void put_slot(struct line *line, unsigned slot)
{
	if (slot == CORE_SURGE)
		put(line, " +");
	else
		put_number(line, " ", slot);
}

static void put_seat(struct line *line, struct seat_ref at)
{
	put_slot(line, at.slot);
	put(line, at.seat ? "b" : "a");
}

static void pad(struct line *line, size_t width)
{
	while (line->used < width && line->used + 1 < line->size)
		put(line, " ");
}

static void put_time(struct line *line, msec now)
{
	char digits[24];
	struct line number = line_on(digits, sizeof(digits));

	put_number(&number, "", (uint64_t)now);
	if (number.used < 7)
		pad(line, 7 - number.used);
	put(line, digits);
	put(line, "  ");
}

static void put_meaning(struct line *line, unsigned has, uint32_t arg)
{
	for (unsigned i = 0; i < ARRAY_COUNT(meanings); i++)
		if (has & meanings[i].has && arg < meanings[i].words &&
		    meanings[i].word[arg]) {
			put(line, " ");
			put(line, meanings[i].word[arg]);
		}
}

static void put_event(struct line *line, const struct core_event *event)
{
	unsigned has = events[event->kind].has;
	size_t start = line->used;

	put(line, events[event->kind].name);
	if (has & ~(unsigned)HAS_DICE)
		pad(line, start + 8);
	if (has & HAS_SEAT)
		put_seat(line, event->at);
	if (has & HAS_SLOT)
		put_slot(line, event->at.slot);
	if (has & HAS_GENERATION)
		put_number(line, " g", event->arg);
	if (has & HAS_NUMBER)
		put_number(line, " ", event->arg);
	if (has & HAS_COUNT && event->count)
		put_number(line, " n", event->count);
	put_meaning(line, has, event->arg);
	if (has & HAS_OPERATION && event->operation)
		put_number(line, " #", event->operation);
	if (has & HAS_DICE && event->dice)
		put_number(line, " ~", event->dice);
}

static void put_action(struct line *line, const struct core_action *action)
{
	put(line, actions_named[action->kind]);
	switch (action->kind) {
	case CORE_SPAWN:
	case CORE_UNROUTE:
	case CORE_TERM:
	case CORE_ABORT:
	case CORE_KILL:
		put_seat(line, action->at);
		put_number(line, " g", action->arg);
		break;
	case CORE_NOTE:
		put_seat(line, action->at);
		put(line, " ");
		put(line, notes[action->arg]);
		break;
	case CORE_DONE:
		put(line, " ");
		put(line, results[action->arg]);
		put_number(line, " #", action->operation);
		break;
	case CORE_ACTION_KINDS:
		break;
	}
}

void trace_format_event(char *text, size_t size, const struct core_event *event, msec now)
{
	struct line line = line_on(text, size);

	put_time(&line, now);
	put_event(&line, event);
}

void trace_format_action(char *text, size_t size, const struct core_action *action)
{
	struct line line = line_on(text, size);

	put_action(&line, action);
}

void trace_format(char *text, size_t size, const struct core_event *event, msec now,
		  const struct core_actions *actions)
{
	struct line line = line_on(text, size);

	put_time(&line, now);
	put_event(&line, event);
	for (unsigned i = 0; i < actions->count; i++) {
		put(&line, i ? "; " : " -> ");
		put_action(&line, &actions->list[i]);
	}
}

/* ---- text to value ---- */

static bool take_number(const char **text, uint64_t most, uint64_t *ret_number)
{
	const char *digit = *text;
	uint64_t number = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++) {
		number = number * 10 + (uint64_t)(*digit - '0');
		if (number > most)
			return false;
	}
	if (digit == *text)
		return false;
	*text = digit;
	*ret_number = number;
	return true;
}

static bool take_mark(const char **text, char mark)
{
	if (**text != mark)
		return false;
	(*text)++;
	return true;
}

static void skip_blanks(const char **text)
{
	while (take_mark(text, ' ') || take_mark(text, '\t'))
		continue;
}

static bool take_word(const char **text, const char *word)
{
	size_t length = strlen(word);
	char after;

	if (strncmp(*text, word, length) != 0)
		return false;
	after = (*text)[length];
	if (after != '\0' && after != '\n' && after != ' ' && after != '\t')
		return false;
	*text += length;
	skip_blanks(text);
	return true;
}

static bool take_arg(const char **text, uint32_t *ret_arg)
{
	uint64_t number;

	if (!take_number(text, UINT32_MAX, &number))
		return false;
	*ret_arg = (uint32_t)number;
	skip_blanks(text);
	return true;
}

static bool take_place(const char **text, bool seat, struct seat_ref *ret_at)
{
	uint64_t slot = CORE_SURGE;

	if (!take_mark(text, '+') && !take_number(text, CORE_SLOTS - 1, &slot))
		return false;
	ret_at->slot = (uint16_t)slot;
	if (seat && take_mark(text, 'b'))
		ret_at->seat = 1;
	else if (seat && !take_mark(text, 'a'))
		return false;
	skip_blanks(text);
	return true;
}

static void take_meaning(const char **text, unsigned has, uint32_t *arg)
{
	for (unsigned i = 0; i < ARRAY_COUNT(meanings); i++)
		for (unsigned j = 0; has & meanings[i].has && j < meanings[i].words; j++)
			if (meanings[i].word[j] && take_word(text, meanings[i].word[j]))
				*arg = j;
}

static bool take_rest(const char **text, unsigned has, struct core_event *event)
{
	if (has & (HAS_SEAT | HAS_SLOT) && !take_place(text, has & HAS_SEAT, &event->at))
		return false;
	if (has & HAS_GENERATION && !take_mark(text, 'g'))
		return false;
	if (has & (HAS_GENERATION | HAS_NUMBER) && !take_arg(text, &event->arg))
		return false;
	if (has & HAS_COUNT && take_mark(text, 'n') && !take_arg(text, &event->count))
		return false;
	take_meaning(text, has, &event->arg);
	if (has & HAS_OPERATION && take_mark(text, '#') &&
	    !take_arg(text, &event->operation))
		return false;
	if (has & HAS_DICE && take_mark(text, '~') && !take_arg(text, &event->dice))
		return false;
	return **text == '\0' || **text == '\n' || strncmp(*text, "->", 2) == 0;
}

bool trace_parse_event(const char *text, struct core_event *ret_event, msec *ret_now)
{
	uint64_t now;

	skip_blanks(&text);
	if (!take_number(&text, MSEC_NEVER / 4, &now))
		return false;
	skip_blanks(&text);
	for (unsigned kind = 0; kind < CORE_EVENTS; kind++) {
		struct core_event event = {.kind = (enum core_event_kind)kind};

		if (!take_word(&text, events[kind].name))
			continue;
		if (!take_rest(&text, events[kind].has, &event))
			return false;
		*ret_event = event;
		*ret_now = (msec)now;
		return true;
	}
	return false;
}
