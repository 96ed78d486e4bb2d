#include "worker/http/lifetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HASH_LEAST 8

static bool is_hash(const char *text, size_t length)
{
	static const char digits[] = "0123456789";
	size_t numbers = 0;

	if (length < HASH_LEAST || strspn(text, "0123456789abcdef") < length)
		return false;
	for (size_t i = 0; i < length; i++)
		numbers += strchr(digits, text[i]) != NULL;
	return numbers > 0 && numbers < length;
}

bool lifetime_is_hashed(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	while (*name != '\0') {
		size_t length = strcspn(name, ".-_");

		if (is_hash(name, length))
			return true;
		name += length;
		name += strspn(name, ".-_");
	}
	return false;
}

/* "/assets" has "assets/x", and not "assets.html"; "/" has all. */
static bool is_in(const char *path, const char *folder)
{
	size_t length;

	folder += strspn(folder, "/");
	length = strlen(folder);
	while (length > 0 && folder[length - 1] == '/')
		length--;
	return length == 0 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}

static bool never_changes(const struct lifetime *lifetime, const char *path)
{
	for (unsigned i = 0; i < lifetime->forevers; i++)
		if (is_in(path, lifetime->forever[i]))
			return true;
	return lifetime_is_hashed(path);
}

void lifetime_format(const struct lifetime *lifetime, char text[LIFETIME_TEXT],
		     const char *path, bool is_page)
{
	if (is_page || (lifetime->rest == 0 && !never_changes(lifetime, path)))
		(void)snprintf(text, LIFETIME_TEXT, "no-cache");
	else if (never_changes(lifetime, path))
		(void)snprintf(text, LIFETIME_TEXT, "max-age=31536000, immutable");
	else
		(void)snprintf(text, LIFETIME_TEXT, "max-age=%" PRId64,
			       lifetime->rest / 1000);
}
