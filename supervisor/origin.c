/*
 * origin.c - the files that apps came from.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervisor/estate.h"

static struct origin *origin_find(const struct supervisor *supervisor, const char *path)
{
	for (struct origin *at = supervisor->origins; at != NULL; at = at->next)
		if (path == NULL ? at->path == NULL
				 : at->path != NULL && strcmp(at->path, path) == 0)
			return at;
	return NULL;
}

struct origin *origin_need(struct supervisor *supervisor, const char *path,
			   bool with_directory)
{
	struct origin *origin = origin_find(supervisor, path);

	if (origin != NULL)
		return origin;
	origin = calloc(1, sizeof(*origin));
	if (origin == NULL)
		return NULL;
	origin->path = path != NULL ? strdup(path) : NULL;
	origin->with_directory = with_directory;
	origin->ad_hoc = path != NULL && ledger_owns(&supervisor->ledger, path);
	if (path != NULL && origin->path == NULL) {
		free(origin);
		return NULL;
	}
	origin->fresh = true;
	origin->next = supervisor->origins;
	supervisor->origins = origin;
	return origin;
}

const char *origin_name(const struct origin *origin)
{
	return origin->path != NULL ? origin->path : "the embedded default";
}

static bool origin_has_apps(const struct supervisor *supervisor,
			    const struct origin *origin)
{
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		if (app->origin == origin)
			return true;
	return false;
}

/* A file that was only planned, or had faults, is not one that apps came from; that of an
 * ad-hoc app goes with its app. */
void origins_sweep(struct supervisor *supervisor)
{
	struct origin **at = &supervisor->origins;

	while (*at != NULL) {
		struct origin *origin = *at;

		if ((origin->fresh || origin->ad_hoc) &&
		    !origin_has_apps(supervisor, origin)) {
			*at = origin->next;
			free(origin->path);
			free(origin);
			continue;
		}
		origin->fresh = false;
		at = &origin->next;
	}
}

/* cluster.conf, or files in conf.d alone. */
bool origin_is_default_there(const struct places *places)
{
	char pattern[PLACES_PATH + 16];
	glob_t found = {0};
	bool any;

	if (access(places->config, F_OK) == 0)
		return true;
	(void)snprintf(pattern, sizeof(pattern), "%s/*.conf", places->config_directory);
	any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
	globfree(&found);
	return any;
}

/* The embedded configuration stands in for a default file; it gives way to one. */
int origins_give_way(struct supervisor *supervisor)
{
	struct origin *embedded = origin_find(supervisor, NULL);
	const char *path = supervisor->places.config;

	if (embedded == NULL || !origin_is_default_there(&supervisor->places) ||
	    origin_find(supervisor, path) != NULL)
		return 0;
	embedded->path = strdup(path);
	embedded->with_directory = true;
	return embedded->path != NULL ? 0 : -ENOMEM;
}

/* -c, else the default file where there is one, else the embedded configuration. */
struct origin *origin_default(struct supervisor *supervisor)
{
	const char *path = supervisor->places.config;

	if (supervisor->default_file[0] != '\0')
		return origin_need(supervisor, supervisor->default_file, false);
	if (origin_is_default_there(&supervisor->places))
		return origin_need(supervisor, path, true);
	return origin_need(supervisor, NULL, false);
}
