/*
 * generation.c - a spec resolved once: program, directory, environment, listeners.
 *
 * A worker that crashes in the middle of a deploy comes back as the generation it was.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "supervisor/capacity.h"
#include "supervisor/estate.h"

static void generation_free(struct generation *generation)
{
	if (generation == NULL)
		return;
	fd_close(&generation->directory);
	arena_free(&generation->words);
	arena_free(&generation->numbers);
	free(generation);
}

static const char *directory_of(struct generation *generation)
{
	const struct app_spec *spec = generation->spec;
	const char *slash;

	if (spec->directory != NULL)
		return spec->directory;
	slash = spec->file != NULL ? strrchr(spec->file, '/') : NULL;
	if (slash == NULL || slash == spec->file)
		return "/";
	return arena_print(&generation->words, "%.*s", (int)(slash - spec->file),
			   spec->file);
}

static int resolve_directory(struct generation *generation, struct fault *fault)
{
	const char *wanted = directory_of(generation);
	char link[64], real[PATH_MAX];
	ssize_t length;

	if (wanted == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	generation->directory = open(wanted, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (generation->directory == -1)
		return fault_set(fault, -errno, "cwd %s: %s", wanted, strerror(errno));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", generation->directory);
	length = readlink(link, real, sizeof(real) - 1);
	if (length == -1)
		return fault_set(fault, -errno, "cwd %s: %s", wanted, strerror(errno));
	real[length] = '\0';
	generation->directory_path = arena_text(&generation->words, real);
	return generation->directory_path != NULL ? 0 : -ENOMEM;
}

static const char *search_path(const struct generation *generation)
{
	for (char **entry = generation->environment; *entry != NULL; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			return *entry + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

static int resolve_program(struct generation *generation, struct fault *fault)
{
	char path[PATH_MAX];
	int result;

	result = places_find_program(path, sizeof(path), generation->spec->command[0],
				     search_path(generation), generation->directory_path,
				     fault);
	if (result < 0)
		return result;
	generation->program = arena_text(&generation->words, path);
	return generation->program != NULL ? 0 : -ENOMEM;
}

static int resolve(struct generation *generation, struct fault *fault)
{
	int result;

	result = resolve_directory(generation, fault);
	if (result == 0)
		result = environment_resolve(generation, fault);
	if (result == 0)
		result = resolve_program(generation, fault);
	return result;
}

unsigned generation_count(const struct app_spec *spec)
{
	return spec_instances_count(&spec->instances, capacity_max());
}

/* On success the app owns it; it is dropped by generation_sweep when nothing uses it. */
int generation_make(struct app *app, const struct app_spec *spec,
		    struct generation **ret_generation, struct fault *fault)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	int result;

	if (generation == NULL)
		return fault_set(fault, -ENOMEM, "out of memory");
	generation->directory = -1;
	result = config_copy_app(spec, &generation->numbers, &generation->spec);
	if (result < 0)
		(void)fault_set(fault, result, "out of memory");
	else
		result = resolve(generation, fault);
	if (result < 0) {
		generation_free(generation);
		return result;
	}
	generation->count = generation_count(generation->spec);
	generation->number = ++app->last_generation;
	generation->next = app->generations;
	app->generations = generation;
	*ret_generation = generation;
	return 0;
}

/* Other numbers for the same workers: what was resolved stays. */
int generation_reshape(struct generation *generation, const struct app_spec *spec)
{
	struct arena arena = {0};
	const struct app_spec *copy;
	int result;

	result = config_copy_app(spec, &arena, &copy);
	if (result < 0) {
		arena_free(&arena);
		return result;
	}
	arena_free(&generation->numbers);
	generation->numbers = arena;
	generation->spec = copy;
	generation->count = generation_count(copy);
	return 0;
}

struct generation *generation_find(const struct app *app, uint32_t number)
{
	for (struct generation *at = app->generations; at != NULL; at = at->next)
		if (at->number == number)
			return at;
	return NULL;
}

/* Until its first start is stepped, an app has one generation that is not wanted yet. */
struct generation *app_generation(const struct app *app)
{
	struct generation *wanted = generation_find(app, app->core.want.generation);

	if (wanted == NULL)
		wanted = app->generations;
	assert(wanted != NULL);
	return wanted;
}

const struct app_spec *app_spec(const struct app *app)
{
	return app_generation(app)->spec;
}

void generation_drop(struct app *app, struct generation *generation)
{
	struct generation **at = &app->generations;

	while (*at != generation)
		at = &(*at)->next;
	*at = generation->next;
	generation_free(generation);
}

void generation_sweep(struct app *app)
{
	struct generation *next;

	for (struct generation *at = app->generations; at != NULL; at = next) {
		next = at->next;
		if (at->number != app->core.want.generation &&
		    !core_uses(&app->core, at->number))
			generation_drop(app, at);
	}
}
