#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define KIBI ((uint64_t)1024)

#define SIGNAL_MOST  64 /* the kernel's last one */
#define HINT_LETTERS 32 /* longer words get no hint */
#define HINT_EDITS   2

struct unit {
	const char *name;
	uint64_t size;
};

/* Largest first: where a text has several, they must fall. */
static const struct unit spans[] = {
	{"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", SECOND}, {"ms", 1},
};

static const struct unit sizes[] = {
	{"T", KIBI *KIBI *KIBI *KIBI},
	{"G", KIBI *KIBI *KIBI},
	{"M", KIBI *KIBI},
	{"K", KIBI},
	{"B", 1},
};

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

/* "12.5" is 125 of tenths. */
static int read_number(const char **text, uint64_t *ret_number, uint64_t *ret_parts)
{
	const char *at = *text;
	bool behind_point = false;

	*ret_number = 0;
	*ret_parts = 1;
	if (!is_digit(*at))
		return -EINVAL;
	for (; is_digit(*at) || (*at == '.' && !behind_point && is_digit(at[1])); at++) {
		if (*at == '.') {
			behind_point = true;
			continue;
		}
		if (*ret_number > (UINT64_MAX - 9) / 10)
			return -ERANGE;
		*ret_number = *ret_number * 10 + (uint64_t)(*at - '0');
		if (behind_point)
			*ret_parts *= 10;
	}
	*text = at;
	return 0;
}

/* Reads one number with its unit off the text, which is unit[*first] or a smaller one of
 * `units`; what it comes to must be whole. */
static int read_amount(const char **text, const struct unit *unit, size_t units,
		       size_t *first, uint64_t *ret_value)
{
	uint64_t number;
	uint64_t parts;
	size_t letters;
	int error = read_number(text, &number, &parts);

	if (error)
		return error;
	letters = strcspn(*text, "0123456789.");
	for (size_t i = *first; i < units; i++) {
		uint64_t value;

		if (strlen(unit[i].name) != letters ||
		    strncmp(*text, unit[i].name, letters) != 0)
			continue;
		if (__builtin_mul_overflow(number, unit[i].size, &value))
			return -ERANGE;
		if (value % parts != 0)
			return -EINVAL;
		*text += letters;
		*first = i + 1;
		*ret_value = value / parts;
		return 0;
	}
	return -EINVAL;
}

int text_parse_duration(msec *ret_span, const char *text)
{
	uint64_t total = 0;
	size_t first = 0;

	do {
		uint64_t value = 0;
		int error = read_amount(&text, spans, ARRAY_COUNT(spans), &first, &value);

		if (error)
			return error;
		if (value > (uint64_t)TEXT_SPAN_MOST - total)
			return -ERANGE;
		total += value;
	} while (*text);

	*ret_span = (msec)total;
	return 0;
}

int text_parse_bytes(uint64_t *ret_bytes, const char *text)
{
	uint64_t bytes = 0;
	size_t first = 0;
	int error = read_amount(&text, sizes, ARRAY_COUNT(sizes), &first, &bytes);

	if (error)
		return error;
	if (*text)
		return -EINVAL;
	*ret_bytes = bytes;
	return 0;
}

int text_parse_unsigned(unsigned *ret_number, const char *text, unsigned least,
			unsigned most)
{
	uint64_t number = 0;

	if (!*text)
		return -EINVAL;
	for (const char *at = text; *at; at++) {
		if (!is_digit(*at))
			return -EINVAL;
		if (number <= UINT32_MAX)
			number = number * 10 + (uint64_t)(*at - '0');
	}
	if (number < least || number > most)
		return -ERANGE;
	*ret_number = (unsigned)number;
	return 0;
}

int text_parse_signal(int *ret_number, const char *text)
{
	unsigned number = 0;
	int error;

	if (is_digit(*text)) {
		error = text_parse_unsigned(&number, text, 1, SIGNAL_MOST);
		if (!error)
			*ret_number = (int)number;
		return error;
	}
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i <= SIGNAL_MOST; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0) {
			*ret_number = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *text_signal_name(int number)
{
	const char *name = sigabbrev_np(number);

	return name ? name : "?";
}

void text_format_duration(char *text, size_t size, msec span)
{
	uint64_t rest = span > 0 ? (uint64_t)span : 0;
	size_t i = 0;

	while (i + 1 < ARRAY_COUNT(spans) && rest < spans[i].size)
		i++;
	if (spans[i].size == 1) {
		(void)snprintf(text, size, "%" PRIu64 "ms", rest);
	} else if (spans[i].size == SECOND) {
		uint64_t tenths = rest % SECOND / (SECOND / 10);

		(void)snprintf(text, size,
			       tenths ? "%" PRIu64 ".%" PRIu64 "s" : "%" PRIu64 "s",
			       rest / SECOND, tenths);
	} else {
		uint64_t next = rest % spans[i].size / spans[i + 1].size;
		int length = snprintf(text, size, "%" PRIu64 "%s", rest / spans[i].size,
				      spans[i].name);

		if (next > 0 && length > 0 && (size_t)length < size)
			(void)snprintf(text + length, size - (size_t)length,
				       "%" PRIu64 "%s", next, spans[i + 1].name);
	}
}

void text_format_bytes(char *text, size_t size, uint64_t bytes)
{
	size_t i = 0;
	uint64_t tenths;

	while (i + 1 < ARRAY_COUNT(sizes) && bytes < sizes[i].size)
		i++;
	tenths = (bytes % sizes[i].size) * 10 / sizes[i].size;
	if (tenths > 0)
		(void)snprintf(text, size, "%" PRIu64 ".%" PRIu64 "%s",
			       bytes / sizes[i].size, tenths, sizes[i].name);
	else
		(void)snprintf(text, size, "%" PRIu64 "%s", bytes / sizes[i].size,
			       sizes[i].name);
}

bool text_copy(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size);
	bool fits = length < size;

	if (size == 0)
		return false;
	if (!fits)
		length = size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
	return fits;
}

/* Bytes of the printable character that `byte` begins with, well-formed UTF-8; 0: none.
 */
static size_t measure_character(const unsigned char *byte, size_t count)
{
	uint32_t code = byte[0];
	size_t size;

	if (code < 0x80)
		return code >= 0x20 && code != 0x7f;
	size = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : 2;
	if (code < 0xc2 || code > 0xf4 || size > count)
		return 0;

	code &= 0x7fU >> size;
	for (size_t i = 1; i < size; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	if (size == 2)
		return code < 0xa0 ? 0 : size; /* control characters of Latin-1 */
	if (size == 3)
		return code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 0 : size;
	return code < 0x10000 || code > 0x10ffff ? 0 : size;
}

/* Cut between characters. */
bool text_copy_printable(char *to, size_t size, const char *bytes, size_t count)
{
	size_t length = 0;

	while (count > 0) {
		size_t found = measure_character((const unsigned char *)bytes, count);
		size_t step = found > 0 ? found : 1;

		if (length + step >= size)
			break;
		memcpy(to + length, found > 0 ? bytes : "?", step);
		length += step;
		bytes += step;
		count -= step;
	}
	to[length] = '\0';
	return count == 0;
}

static unsigned least(unsigned one, unsigned other)
{
	return one < other ? one : other;
}

/* Letters added, lost, changed or swapped with a neighbour, to make one the other. */
static unsigned count_edits(const char *one, const char *other)
{
	unsigned row[3][HINT_LETTERS + 1]; /* the last three of the usual matrix */
	size_t columns = strlen(other);

	for (size_t j = 0; j <= columns; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; one[i - 1]; i++) {
		unsigned *now = row[i % 3];
		const unsigned *last = row[(i + 2) % 3];
		const unsigned *before_last = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= columns; j++) {
			now[j] = last[j - 1] + (one[i - 1] != other[j - 1]);
			now[j] = least(now[j], least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
			    one[i - 2] == other[j - 1])
				now[j] = least(now[j], before_last[j - 2] + 1);
		}
	}
	return row[strlen(one) % 3][columns];
}

const char *text_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t letters = strnlen(word, HINT_LETTERS + 1);
	unsigned fewest = HINT_EDITS + 1;

	if (letters > HINT_LETTERS)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		unsigned edits;

		if (strlen(words[i]) > HINT_LETTERS)
			continue;
		edits = count_edits(word, words[i]);
		/* Of a short word enough must be left to recognise it. */
		if (edits < fewest && 2 * edits <= letters) {
			fewest = edits;
			nearest = words[i];
		}
	}
	return nearest;
}

/* Moves one word, freed from its quoting, to `to`; returns where it ends in the text. */
static int take_word(char **text, char **to)
{
	char *at = *text;
	char *end = *to;
	char quote = '\0';

	for (; *at && (quote || !isspace((unsigned char)*at)); at++) {
		if (quote == '\0' && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else if (*at == quote) {
			quote = '\0';
		} else if (*at == '\\' && quote != '\'') {
			if (!at[1])
				return -EINVAL;
			/* Between double quotes a backslash only frees what would end
			 * or escape there. */
			if (quote == '"' && !strchr("\"\\$`", at[1]))
				*end++ = '\\';
			*end++ = *++at;
		} else {
			*end++ = *at;
		}
	}
	if (quote)
		return -EINVAL;
	*text = *at ? at + 1 : at;
	*end++ = '\0';
	*to = end;
	return 0;
}

int text_split(char *text, char **word, unsigned most)
{
	char *to = text;
	unsigned count = 0;

	for (;;) {
		char *start;
		int error;

		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			return (int)count;
		if (count == most)
			return -E2BIG;
		start = to;
		error = take_word(&text, &to);
		if (error)
			return error;
		word[count++] = start;
	}
}

bool text_has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (*words != '\0') {
		size_t here = strcspn(words, " ");

		if (here == length && strncmp(words, word, here) == 0)
			return true;
		words += here + (words[here] == ' ');
	}
	return false;
}
