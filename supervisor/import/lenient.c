#include "supervisor/import/lenient.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* Where the text that begins here with a quote ends. */
static size_t skip_text(const char *text, size_t at, size_t count)
{
	for (at++; at < count && text[at] != '"'; at++)
		if (text[at] == '\\')
			at++;
	return at + 1;
}

/* Where the comment that begins here ends; `at` itself if none does. */
static size_t skip_comment(const char *text, size_t at, size_t count)
{
	size_t end = at + 2;

	if (end > count || text[at] != '/' ||
	    (text[at + 1] != '/' && text[at + 1] != '*'))
		return at;
	if (text[at + 1] == '/') {
		while (end < count && text[end] != '\n')
			end++;
		return end;
	}
	while (end + 1 < count && (text[end] != '*' || text[end + 1] != '/'))
		end++;
	return end + 1 < count ? end + 2 : count;
}

static void blank(char *text, size_t from, size_t to)
{
	for (; from < to; from++)
		if (text[from] != '\n')
			text[from] = ' ';
}

static void blank_comments(char *text, size_t count)
{
	for (size_t at = 0; at < count;) {
		size_t end = skip_comment(text, at, count);

		blank(text, at, end);
		if (end > at)
			at = end;
		else
			at = text[at] == '"' ? skip_text(text, at, count) : at + 1;
	}
}

static void blank_commas(char *text, size_t count)
{
	size_t comma = count; /* the last one, with nothing but blanks since */

	for (size_t at = 0; at < count;) {
		char letter = text[at];

		if ((letter == '}' || letter == ']') && comma < at)
			text[comma] = ' ';
		if (letter == ',')
			comma = at;
		else if (strchr(" \t\r\n", letter) == NULL)
			comma = count;
		at = letter == '"' ? skip_text(text, at, count) : at + 1;
	}
}

void lenient_to_json(char *text, size_t count)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	if (count >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0)
		blank(text, 0, mark);
	blank_comments(text, count);
	blank_commas(text, count);
}
