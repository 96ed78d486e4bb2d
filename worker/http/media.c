#include "worker/http/media.h"

#include <string.h>
#include <strings.h>

#define UNKNOWN "application/octet-stream"

static const struct medium {
	const char *extension;
	const char *type;
	bool packed;
} media[] = {
	{"html", "text/html; charset=utf-8", false},
	{"htm", "text/html; charset=utf-8", false},
	{"css", "text/css; charset=utf-8", false},
	{"js", "text/javascript; charset=utf-8", false},
	{"mjs", "text/javascript; charset=utf-8", false},
	{"json", "application/json", false},
	{"map", "application/json", false},
	{"webmanifest", "application/manifest+json", false},
	{"txt", "text/plain; charset=utf-8", false},
	{"md", "text/markdown; charset=utf-8", false},
	{"csv", "text/csv; charset=utf-8", false},
	{"xml", "application/xml", false},
	{"svg", "image/svg+xml", false},
	{"png", "image/png", true},
	{"jpg", "image/jpeg", true},
	{"jpeg", "image/jpeg", true},
	{"gif", "image/gif", true},
	{"webp", "image/webp", true},
	{"avif", "image/avif", true},
	{"ico", "image/x-icon", false},
	{"woff", "font/woff", true},
	{"woff2", "font/woff2", true},
	{"ttf", "font/ttf", false},
	{"otf", "font/otf", false},
	{"mp3", "audio/mpeg", true},
	{"ogg", "audio/ogg", true},
	{"mp4", "video/mp4", true},
	{"webm", "video/webm", true},
	{"pdf", "application/pdf", false},
	{"wasm", "application/wasm", false},
	{"zip", "application/zip", true},
	{"gz", "application/gzip", true},
	{"br", UNKNOWN, true},
};

static const struct medium *find_medium(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash != NULL ? slash : path, '.');

	for (size_t i = 0; dot != NULL && i < ARRAY_COUNT(media); i++)
		if (strcasecmp(dot + 1, media[i].extension) == 0)
			return &media[i];
	return NULL;
}

const char *media_type(const char *path)
{
	const struct medium *medium = find_medium(path);

	return medium != NULL ? medium->type : UNKNOWN;
}

bool media_is_packed(const char *path)
{
	const struct medium *medium = find_medium(path);

	return medium != NULL && medium->packed;
}
