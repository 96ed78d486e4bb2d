#include "supervisor/happening.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const struct {
	const char *name;
	enum log_level level;
	const char *sentence;
} kinds[HAPPENINGS_COUNT] = {
#define X(id, name, level, sentence) \
	[HAPPENING_##id] = {(name), LOG_LEVEL_##level, (sentence)},
	HAPPENINGS(X)
#undef X
};

const char *happening_kind_name(enum happening_kind kind)
{
	return kinds[kind].name;
}

enum log_level happening_level(enum happening_kind kind)
{
	return kinds[kind].level;
}

const char *happening_level_name(enum happening_kind kind)
{
	return log_level_name(kinds[kind].level);
}

void happening_target(const struct happening *happening, char *text, size_t size)
{
	if (happening->app == NULL)
		text[0] = '\0';
	else if (happening->slot < 0)
		(void)text_copy(text, size, happening->app);
	else
		(void)snprintf(text, size, "%s.%d", happening->app, happening->slot);
}

static void format_number(char *text, size_t size, int64_t number)
{
	(void)snprintf(text, size, "%lld", (long long)number);
}

/* What stands for one letter of a sentence. */
static void format_field(const struct happening *happening, char letter, char *text,
			 size_t size)
{
	switch (letter) {
	case 'p':
		format_number(text, size, happening->pid);
		break;
	case 'g':
		format_number(text, size, happening->generation);
		break;
	case 'f':
		format_number(text, size, happening->failures);
		break;
	case 'd':
		text_format_duration(text, size, happening->duration);
		break;
	case 'k':
		(void)text_copy(text, size, text_signal_name(happening->signal));
		break;
	case 'o':
		(void)text_copy(text, size, happening->operation);
		break;
	case 's':
		(void)text_copy(text, size, happening->result);
		break;
	default:
		assert(letter == 'r');
		(void)text_copy(text, size,
				happening->reason != NULL ? happening->reason : "?");
	}
}

void happening_format(const struct happening *happening, char *text, size_t size)
{
	size_t used = 0;

	for (const char *at = kinds[happening->kind].sentence;
	     *at != '\0' && used + 1 < size; at++) {
		if (*at != '%') {
			text[used++] = *at;
			continue;
		}
		format_field(happening, *++at, text + used, size - used);
		used += strlen(text + used);
	}
	text[used] = '\0';
}
