#include "supervisor/core/cron.h"

#include <string.h>

#define YEARS 60 /* February 29 falls on a given weekday at least every 40 */

struct field {
	unsigned least, most;
	const char *names; /* of three letters each, beginning with that of `least` */
};

enum { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field fields[FIELDS] = {
	[SECOND] = {0, 59, ""},
	[MINUTE] = {0, 59, ""},
	[HOUR] = {0, 23, ""},
	[DAY] = {1, 31, ""},
	[MONTH] = {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
	[WEEKDAY] = {0, 7, "sunmontuewedthufrisat"}, /* 7 is Sunday, too */
};

static const struct {
	const char *name;
	const char *pattern;
} nicknames[] = {
	{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

/* ---- text to value ---- */

static bool take(const char **text, char mark)
{
	if (**text != mark)
		return false;
	(*text)++;
	return true;
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t';
}

static bool is_end(char letter)
{
	return letter == '\0' || is_blank(letter);
}

static bool take_number(const char **text, unsigned most, unsigned *ret_number)
{
	const char *at = *text;
	unsigned number = 0;

	for (; *at >= '0' && *at <= '9' && number <= most; at++)
		number = number * 10 + (unsigned)(*at - '0');
	if (at == *text || number > most)
		return false;
	*text = at;
	*ret_number = number;
	return true;
}

static bool take_name(const char **text, const struct field *field, unsigned *ret_number)
{
	for (unsigned i = 0; field->names[3 * i]; i++) {
		const char *name = field->names + 3 * i;
		unsigned same = 0;

		while (same < 3 && ((*text)[same] | 0x20) == name[same])
			same++;
		if (same < 3)
			continue;
		*text += 3;
		*ret_number = field->least + i;
		return true;
	}
	return false;
}

static bool take_value(const char **text, const struct field *field, unsigned *ret_number)
{
	unsigned number;

	if (!take_name(text, field, &number) && !take_number(text, field->most, &number))
		return false;
	*ret_number = number;
	return number >= field->least;
}

/* "*", "5", "1-5", the last two with "/2"; also "*" with it. */
static bool take_range(const char **text, const struct field *field, uint64_t *set)
{
	unsigned first = field->least;
	unsigned last = field->most;
	unsigned step = 1;
	bool several = take(text, '*');

	if (!several) {
		if (!take_value(text, field, &first))
			return false;
		last = first;
		several = take(text, '-');
		if (several && !take_value(text, field, &last))
			return false;
	}
	if (several && take(text, '/') &&
	    (!take_number(text, field->most, &step) || step == 0))
		return false;
	for (unsigned i = first; i <= last; i += step)
		*set |= UINT64_C(1) << i;
	return first <= last;
}

static bool take_field(const char **text, const struct field *field, uint64_t *ret_set,
		       bool *ret_star)
{
	*ret_set = 0;
	*ret_star = **text == '*';
	do {
		if (!take_range(text, field, ret_set))
			return false;
	} while (take(text, ','));
	return is_end(**text);
}

static void skip_blanks(const char **text)
{
	while (is_blank(**text))
		(*text)++;
}

static unsigned count_fields(const char *text)
{
	unsigned count = 0;

	for (bool inside = false; *text; text++) {
		count += !inside && !is_blank(*text);
		inside = !is_blank(*text);
	}
	return count;
}

static enum cron_verdict take_fields(struct cron *cron, const char *text)
{
	uint64_t *const sets[FIELDS] = {&cron->second, &cron->minute, &cron->hour,
					&cron->day,    &cron->month,  &cron->weekday};
	bool star[FIELDS];
	unsigned first = count_fields(text) == FIELDS ? SECOND : MINUTE;

	if (count_fields(text) != FIELDS - first)
		return CRON_BAD_COUNT;
	cron->second = 1;
	for (unsigned i = first; i < FIELDS; i++) {
		skip_blanks(&text);
		if (!take_field(&text, &fields[i], sets[i], &star[i]))
			return (enum cron_verdict)(CRON_BAD_SECOND + i);
	}
	cron->weekday = (cron->weekday | cron->weekday >> 7) & 0x7f;
	cron->every_day = star[DAY];
	cron->every_weekday = star[WEEKDAY];
	cron->floats = star[MINUTE] || star[HOUR];
	return CRON_FITS;
}

enum cron_verdict cron_parse(struct cron *ret_cron, const char *text)
{
	struct cron_moment moment = {.year = 2000, .month = 1, .day = 1};
	struct cron cron = {0};
	enum cron_verdict verdict;

	skip_blanks(&text);
	for (size_t i = 0; *text == '@'; i++) {
		if (i == ARRAY_COUNT(nicknames))
			return CRON_BAD_NAME;
		if (strcmp(text, nicknames[i].name) == 0)
			text = nicknames[i].pattern;
	}
	verdict = take_fields(&cron, text);
	if (verdict == CRON_FITS && !cron_find(&cron, &moment))
		verdict = CRON_NEVER;
	if (verdict == CRON_FITS)
		*ret_cron = cron;
	return verdict;
}

const char *cron_complaint(enum cron_verdict verdict)
{
	static const char *const complaints[CRON_VERDICTS] = {
		[CRON_FITS] = "nothing is wrong",
		[CRON_BAD_SECOND] = "the second is not made of 0 to 59",
		[CRON_BAD_MINUTE] = "the minute is not made of 0 to 59",
		[CRON_BAD_HOUR] = "the hour is not made of 0 to 23",
		[CRON_BAD_DAY] = "the day is not made of 1 to 31",
		[CRON_BAD_MONTH] = "the month is not made of 1 to 12 or jan to dec",
		[CRON_BAD_WEEKDAY] = "the weekday is not made of 0 to 7 or sun to sat",
		[CRON_BAD_COUNT] = "it has neither five fields nor six",
		[CRON_BAD_NAME] =
			"it is none of @yearly, @monthly, @weekly, @daily, @hourly",
		[CRON_NEVER] = "there is no such day",
	};

	return complaints[verdict];
}

/* ---- the calendar ---- */

static bool has(uint64_t set, unsigned number)
{
	return set >> number & 1;
}

static unsigned days_of(const struct cron_moment *moment)
{
	static const unsigned days[] = {0,  31, 28, 31, 30, 31, 30,
					31, 31, 30, 31, 30, 31};
	bool leaps = moment->year % 4 == 0 &&
		     (moment->year % 100 != 0 || moment->year % 400 == 0);

	return days[moment->month] + (moment->month == 2 && leaps);
}

/* Of the Gregorian calendar; January and February count with the year before. */
static unsigned weekday_of(const struct cron_moment *moment)
{
	static const unsigned shift[] = {0, 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
	unsigned year = moment->year - (moment->month < 3);

	return (year + year / 4 - year / 100 + year / 400 + shift[moment->month] +
		moment->day) %
	       7;
}

static bool is_day(const struct cron *cron, const struct cron_moment *moment)
{
	bool day = has(cron->day, moment->day);
	bool weekday = has(cron->weekday, weekday_of(moment));

	if (!has(cron->month, moment->month))
		return false;
	return cron->every_day || cron->every_weekday ? day && weekday : day || weekday;
}

static void begin_next_day(struct cron_moment *moment)
{
	moment->hour = moment->minute = moment->second = 0;
	if (moment->day++ < days_of(moment))
		return;
	moment->day = 1;
	if (moment->month++ < 12)
		return;
	moment->month = 1;
	moment->year++;
}

/* In what is left of the day. */
static bool find_time(const struct cron *cron, struct cron_moment *moment)
{
	for (; moment->hour < 24; moment->hour++, moment->minute = moment->second = 0) {
		if (!has(cron->hour, moment->hour))
			continue;
		for (; moment->minute < 60; moment->minute++, moment->second = 0) {
			if (!has(cron->minute, moment->minute))
				continue;
			for (; moment->second < 60; moment->second++)
				if (has(cron->second, moment->second))
					return true;
		}
	}
	return false;
}

bool cron_find(const struct cron *cron, struct cron_moment *moment)
{
	unsigned until = moment->year + YEARS;

	for (; moment->year < until; begin_next_day(moment))
		if (is_day(cron, moment) && find_time(cron, moment))
			return true;
	return false;
}
