/*
 * config.c - fuzzes the reading of a configuration: any text gives a spec or faults.
 *
 * The text is taken as if it had been read from a file.  A spec that comes out of it must
 * survive what is done with every spec: it is compared, counted and copied.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/config.h"
#include "supervisor/core/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void use(const struct spec *spec)
{
	for (unsigned i = 0; i < spec->apps; i++) {
		const struct app_spec *app = &spec->app[i];
		const struct app_spec *copy;
		struct arena arena = {0};
		unsigned count = spec_instances_count(&app->instances, 4);

		assert(count >= 1 && count <= CORE_SLOTS);
		assert(spec_find(spec, app->name) == app);
		assert(spec_check(app, SPEC_FITS) == SPEC_FITS);
		assert(app->command[0] && app->command[0][0]);
		if (config_copy_app(app, &arena, &copy) == 0)
			assert(plan_compare(app, copy).kind == PLAN_KEEP);
		arena_free(&arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct faults faults;
	struct arena arena = {0};
	struct spec spec;
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, bytes, size);
	text[size] = '\0';
	faults.count = 0;

	if (config_load_text("fuzz.conf", "/nonexistent", text, &arena, &spec, &faults) ==
	    0) {
		assert(faults.count == 0);
		use(&spec);
	} else {
		assert(faults.count > 0 && faults.list[0].text[0]);
		assert(arena.bytes == 0);
	}
	arena_free(&arena);
	free(text);
	return 0;
}
