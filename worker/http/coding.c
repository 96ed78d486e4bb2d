#include "worker/http/coding.h"

#include <string.h>
#include <strings.h>

#define UNSAID  (-1)
#define CERTAIN 1000 /* q=1, in thousandths */
#define LEAST   1

static const struct {
	const char *name;
	const char *alias;
	const char *suffix;
} codings[CODINGS] = {
	[CODING_BROTLI] = {"br", "br", ".br"},
	[CODING_GZIP] = {"gzip", "x-gzip", ".gz"},
	[CODING_IDENTITY] = {"identity", "identity", ""},
};

const char *coding_name(enum coding coding)
{
	return codings[coding].name;
}

const char *coding_suffix(enum coding coding)
{
	return codings[coding].suffix;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* ";q=0.5" -> 500; nothing -> CERTAIN; UNSAID if it is malformed. */
static int parse_weight(const char *text)
{
	int weight;
	int unit = CERTAIN;

	text = skip_blanks(text);
	if (*text == ',' || *text == '\0')
		return CERTAIN;
	if (*text != ';')
		return UNSAID;
	text = skip_blanks(text + 1);
	if ((text[0] != 'q' && text[0] != 'Q') || text[1] != '=' ||
	    (text[2] != '0' && text[2] != '1'))
		return UNSAID;
	weight = (text[2] - '0') * CERTAIN;
	text += strlen("q=0");
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
			unit /= 10;
			weight += (*text - '0') * unit;
		}
	text = skip_blanks(text);
	return (*text == ',' || *text == '\0') && weight <= CERTAIN ? weight : UNSAID;
}

/* What the header says of each coding and of all others. */
static void read_weights(const char *header, int weight[CODINGS], int *others)
{
	while (*header != '\0') {
		size_t length;
		int said;

		header += strspn(header, " \t,");
		length = strcspn(header, " \t,;");
		said = parse_weight(header + length);
		for (int i = 0; i < CODINGS; i++)
			if (said != UNSAID && (is_word(header, length, codings[i].name) ||
					       is_word(header, length, codings[i].alias)))
				weight[i] = said;
		if (said != UNSAID && is_word(header, length, "*"))
			*others = said;
		header += strcspn(header, ",");
	}
}

unsigned coding_order(const char *header, enum coding order[CODINGS])
{
	int weight[CODINGS] = {UNSAID, UNSAID, UNSAID};
	int others = UNSAID;
	unsigned count = 0;

	if (header != NULL)
		read_weights(header, weight, &others);
	for (int i = 0; i < CODINGS; i++)
		if (weight[i] == UNSAID)
			weight[i] = others;
	/* Acceptable unless it was excluded, but nobody's first wish. */
	if (weight[CODING_IDENTITY] == UNSAID)
		weight[CODING_IDENTITY] = LEAST;

	for (;;) {
		int best = 0;

		for (int i = 1; i < CODINGS; i++)
			if (weight[i] > weight[best])
				best = i;
		if (weight[best] <= 0)
			return count;
		order[count++] = (enum coding)best;
		weight[best] = 0;
	}
}
