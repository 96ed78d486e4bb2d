#include "worker/http/condition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HTTP_DATE "%a, %d %b %Y %H:%M:%S GMT"

void condition_format_tag(char tag[CONDITION_TAG], const struct timespec *modified,
			  uint64_t size, const char *variant)
{
	(void)snprintf(tag, CONDITION_TAG, "\"%" PRIx64 ".%lx-%" PRIx64 "%s\"",
		       (uint64_t)modified->tv_sec, (unsigned long)modified->tv_nsec, size,
		       variant);
}

void condition_format_date(char date[CONDITION_DATE], time_t when)
{
	struct tm broken;

	/* In the C locale, the only one this program ever has. */
	if (gmtime_r(&when, &broken) == NULL ||
	    strftime(date, CONDITION_DATE, HTTP_DATE, &broken) == 0)
		date[0] = '\0';
}

/* Clients of old may write a date in one of two other ways. */
static bool parse_date(const char *text, time_t *ret_when)
{
	static const char *const forms[] = {HTTP_DATE, "%A, %d-%b-%y %H:%M:%S GMT",
					    "%a %b %e %H:%M:%S %Y"};

	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		struct tm broken = {0};
		const char *end = strptime(text, forms[i], &broken);

		if (end == NULL || *end != '\0')
			continue;
		*ret_when = timegm(&broken);
		return true;
	}
	return false;
}

/* Has the list, like `W/"a", "b"` or `*`, the tag?  Ours are all strong; a weak one of
 * the list is the same only where weakness does not matter. */
static bool lists_tag(const char *list, const char *tag, bool even_weak)
{
	size_t length = strlen(tag);

	while (*list != '\0') {
		bool weak;

		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		weak = strncmp(list, "W/", 2) == 0;
		if (weak)
			list += 2;
		if (strncmp(list, tag, length) == 0 && (even_weak || !weak))
			return true;
		if (*list == '"')
			list += strcspn(list + 1, "\"") + 1;
		list += strcspn(list, ",");
	}
	return false;
}

static bool was_changed_since(const char *date, time_t modified)
{
	time_t when;

	return parse_date(date, &when) && modified > when;
}

static bool is_unchanged_since(const char *date, time_t modified)
{
	time_t when;

	return parse_date(date, &when) && modified <= when;
}

enum condition_verdict condition_judge(const struct condition *condition, const char *tag,
				       time_t modified)
{
	if (condition->match != NULL) {
		if (!lists_tag(condition->match, tag, false))
			return CONDITION_FAILS;
	} else if (condition->unmodified_since != NULL &&
		   was_changed_since(condition->unmodified_since, modified)) {
		return CONDITION_FAILS;
	}

	if (condition->none_match != NULL)
		return lists_tag(condition->none_match, tag, true) ? CONDITION_UNCHANGED
								   : CONDITION_HOLDS;
	if (condition->modified_since != NULL &&
	    is_unchanged_since(condition->modified_since, modified))
		return CONDITION_UNCHANGED;
	return CONDITION_HOLDS;
}

bool condition_allows_range(const char *validator, const char *tag, time_t modified)
{
	time_t when;

	if (validator[0] == '"')
		return strcmp(validator, tag) == 0;
	return parse_date(validator, &when) && when == modified;
}
