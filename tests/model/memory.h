/*
 * memory.h - laws of what served: the way back from the wanted generation is known.
 */
#ifndef TESTS_MODEL_MEMORY_H
#define TESTS_MODEL_MEMORY_H

#include "tests/model/moment.h"

/* Does this generation serve, with no roll that could undo it? */
static bool serves_for_good(const struct core_app *app, uint32_t generation)
{
	if (app->reload.active || app->want.generation != generation)
		return false;
	for (unsigned i = 0; i < app->want.count && i < app->slots; i++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			if (app->slot[i].seat[seat].generation == generation &&
			    is_ready(&app->slot[i].seat[seat]))
				return true;
	return false;
}

/* One that comes to serve, and with it the one that served until then. */
static bool what_serves_is_remembered(const struct moment *moment)
{
	const struct core_app *before = moment->before;
	const struct core_app *after = moment->after;
	uint32_t wanted = after->want.generation;
	bool serves = serves_for_good(after, wanted);

	if (before->served.now != after->served.now)
		return serves && after->served.now == wanted &&
		       after->served.before == before->served.now;
	return before->served.before == after->served.before &&
	       (!serves || serves_for_good(before, wanted) ||
		after->served.now == wanted);
}

static bool the_one_before_is_kept(const struct moment *moment)
{
	const struct core_app *app = moment->after;
	uint32_t before = core_before(app);

	return before == 0 || (before != app->want.generation && core_keeps(app, before));
}

#endif
