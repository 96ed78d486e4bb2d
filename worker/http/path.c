#include "worker/http/path.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* To the host that gets it, "http://host/path" is "/path". */
static const char *skip_authority(const char *target)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
		size_t length = strlen(schemes[i]);

		if (strncasecmp(target, schemes[i], length) != 0)
			continue;
		target += length;
		target += strcspn(target, "/?#");
		return *target == '/' ? target : "/";
	}
	return target;
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* The byte that the two digits after a `%` stand for, or -1. */
static int escaped_byte(const char *digits)
{
	int high = digit_value(digits[0]);
	int low = high < 0 ? -1 : digit_value(digits[1]);

	return low < 0 ? -1 : high * 16 + low;
}

int path_clean(char *path, const char *target)
{
	size_t used = 0;

	if (strcmp(target, "*") == 0) {
		memcpy(path, "*", sizeof("*"));
		return 0;
	}
	target = skip_authority(target);
	if (*target != '/')
		return -EINVAL;
	for (; *target != '\0' && *target != '?' && *target != '#'; target++) {
		char byte = *target;

		if (byte == '%') {
			int value = escaped_byte(target + 1);

			if (value <= 0)
				return -EINVAL;
			byte = (char)value;
			target += 2;
		}
		if (byte != '/' || used == 0 || path[used - 1] != '/')
			path[used++] = byte;
	}
	path[used] = '\0';
	return 0;
}

const char *path_query(const char *target)
{
	target += strcspn(target, "?#");
	return *target == '?' ? target : "";
}

bool path_is_hidden(const char *path)
{
	static const char public[] = "/.well-known";

	if (strncmp(path, public, strlen(public)) == 0 &&
	    (path[strlen(public)] == '/' || path[strlen(public)] == '\0'))
		path += strlen(public);
	return strstr(path, "/.") != NULL;
}

bool path_has_extension(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strchr(slash != NULL ? slash : path, '.') != NULL;
}

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || strchr("-._~/!$&'()*+,;=:@", byte) != NULL;
}

bool path_encode(char *text, size_t size, const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t used = 0;

	for (; *path != '\0'; path++) {
		unsigned char byte = (unsigned char)*path;

		if (used + sizeof("%00") > size)
			return false;
		if (is_plain(*path)) {
			text[used++] = *path;
			continue;
		}
		text[used++] = '%';
		text[used++] = digits[byte >> 4];
		text[used++] = digits[byte & 15];
	}
	text[used] = '\0';
	return true;
}
