/*
 * remember.c - the estate, written down as it changes, so that another one can take over.
 *
 * Written are what is wanted before an order is carried out, and what came of it right
 * after; the rest once a turn is over.  What did not change is not written again, beats
 * and figures never are.  The cost of a change is that of what changed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "supervisor/estate.h"

/* ---- descriptors, by name ---- */

int remember_fd(struct supervisor *supervisor, int fd, const char *format, ...)
{
	char name[STORE_NAME];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	return store_put(&supervisor->store, name, fd);
}

void forget_fd(struct supervisor *supervisor, const char *format, ...)
{
	char name[STORE_NAME];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	store_drop(&supervisor->store, name);
}

/* ---- what is written ---- */

static void write_all(struct supervisor *supervisor);

/* Better none than an old one. */
static void lose_memory(struct supervisor *supervisor, const struct fault *fault)
{
	supervisor_tell(supervisor, (struct happening){.kind = HAPPENING_ALERT,
						       .reason = fault->text});
	supervisor->remembering.memory = MEMORY_NONE;
	store_drop(&supervisor->store, "state");
}

/* All of it into a memory of its own, which the keeper gets when it is whole. */
static void write_to_larger(struct supervisor *supervisor, size_t half_bytes)
{
	struct remembering *remembering = &supervisor->remembering;
	struct memory before = remembering->memory;
	struct fault fault;

	do {
		remembering->failed = false;
		if (memory_open(&remembering->memory, half_bytes, &fault) < 0) {
			lose_memory(supervisor, &fault);
			break;
		}
		write_all(supervisor);
		if (remembering->failed)
			memory_close(&remembering->memory);
		half_bytes *= 2;
	} while (remembering->failed);
	if (remembering->memory.map != NULL)
		(void)store_put(&supervisor->store, "state", remembering->memory.fd);
	memory_close(&before);
}

/* The other half is begun with what there is now; too full at once, both are too small.
 */
static void write_anew(struct supervisor *supervisor)
{
	struct remembering *remembering = &supervisor->remembering;
	struct memory *memory = &remembering->memory;

	memory_begin(memory);
	write_all(supervisor);
	if (!remembering->failed && memory_used(memory) <= memory->half_bytes / 2) {
		memory_commit(memory);
		return;
	}
	memory->another = NULL;
	write_to_larger(supervisor, memory->half_bytes * 2);
}

static void add(struct supervisor *supervisor, struct state_key key,
		const struct buffer *bytes)
{
	struct remembering *remembering = &supervisor->remembering;
	const void *what = bytes == NULL ? NULL : bytes->count > 0 ? bytes->bytes : "";

	if (remembering->failed || memory_add(&remembering->memory, key, what,
					      bytes != NULL ? bytes->count : 0) == 0)
		return;
	if (remembering->writes_all)
		remembering->failed = true;
	else
		write_anew(supervisor);
}

/* `kept`: the sum of what was written of it last. */
static void put(struct supervisor *supervisor, struct state_key key, const void *what,
		uint64_t *kept)
{
	struct remembering *remembering = &supervisor->remembering;
	struct buffer *scratch = &remembering->scratch;
	uint64_t sum;

	buffer_cut(scratch, 0);
	record_encode(scratch, layout_find(key.kind)->row, what, STATE_VERSION);
	if (scratch->broken)
		return;
	sum = state_sum(scratch->bytes, scratch->count);
	if (sum == *kept && !remembering->writes_all)
		return;
	*kept = sum;
	add(supervisor, key, scratch);
}

static struct slot slot_to_write(const struct app *app, unsigned number)
{
	struct slot slot = app->core.slot[number];

	/* A beat changes nothing that whoever takes over would not say anew. */
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (slot.seat[i].beat != MSEC_NEVER &&
		    (slot.seat[i].phase == WORKER_SERVING ||
		     slot.seat[i].phase == WORKER_LATE))
			slot.seat[i].beat = slot.seat[i].deadline = slot.seat[i].since;
	return slot;
}

static void put_place(struct app *app, unsigned number)
{
	struct place *place = app->place[number];

	if (place == NULL)
		return;
	place->changed = false;
	put(app->supervisor, (struct state_key){LAYOUT_PLACE, app->number, number}, place,
	    &place->kept);
}

/* The place comes first: that a worker is ordered counts once it is known that nobody
 * sits there.  Most have not changed, and to see that has to be cheap. */
static void put_slot(struct app *app, unsigned number)
{
	struct supervisor *supervisor = app->supervisor;
	const struct place *place = app->place[number];
	struct slot slot = slot_to_write(app, number);
	uint64_t sum = state_sum(&slot, sizeof(slot));
	bool changed =
		sum != app->kept_slot[number] || supervisor->remembering.writes_all;

	if (changed || (place != NULL && place->changed))
		put_place(app, number);
	if (!changed)
		return;
	app->kept_slot[number] = sum;
	put(supervisor, (struct state_key){LAYOUT_SLOT, app->number, number}, &slot,
	    &(uint64_t){0});
}

/* What of a generation can change at all. */
static uint64_t outline_of(const struct generation *generation)
{
	const uint64_t outline[] = {
		(uintptr_t)generation->spec,
		generation->count,
		generation->told_of_change,
		(uint64_t)generation->program.digest[0],
		(uint64_t)generation->script.digest[0],
		state_sum(generation->holding,
			  generation->holdings * sizeof(generation->holding[0]))};

	return state_sum(outline, sizeof(outline));
}

static void put_generation(struct app *app, struct generation *generation)
{
	uint64_t outline = outline_of(generation);

	if (outline == generation->outline && !app->supervisor->remembering.writes_all)
		return;
	generation->outline = outline;
	memset(generation->named, 0, sizeof(generation->named));
	for (unsigned i = 0; i < generation->holdings; i++)
		generation->named[i] = generation->holding[i]->number;
	put(app->supervisor,
	    (struct state_key){LAYOUT_GENERATION, app->number, generation->number},
	    generation, &generation->kept);
}

static void put_parts(struct app *app)
{
	for (struct operation *at = app->operations; at != NULL; at = at->next)
		put(app->supervisor,
		    (struct state_key){LAYOUT_OPERATION, app->number, at->id}, at,
		    &at->kept);
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		put(app->supervisor,
		    (struct state_key){LAYOUT_HOLDING, app->number, at->number}, at,
		    &at->kept);
	for (struct generation *at = app->generations; at != NULL; at = at->next)
		put_generation(app, at);
	for (unsigned i = 0; i <= CORE_SLOTS; i++) {
		if (i >= app->core.slots && app->place[i] == NULL)
			continue;
		put_slot(app, i);
	}
}

static void put_origins(struct supervisor *supervisor)
{
	for (struct origin *at = supervisor->origins; at != NULL; at = at->next) {
		if (at->number == 0)
			at->number = ++supervisor->last_origin;
		put(supervisor, (struct state_key){LAYOUT_ORIGIN, 0, at->number}, at,
		    &at->kept);
	}
}

static void put_app(struct app *app)
{
	app->origin_number = app->origin->number;
	put(app->supervisor, (struct state_key){LAYOUT_APP, app->number, 0}, app,
	    &app->kept);
	put_parts(app);
}

static void put_answer(struct supervisor *supervisor, struct answer *answer)
{
	uint32_t place = (uint32_t)(answer - supervisor->answers.list) + 1;

	if (answer->ticket[0] != '\0')
		put(supervisor, (struct state_key){LAYOUT_ANSWER, 0, place}, answer,
		    &answer->kept);
}

static void put_supervisor(struct supervisor *supervisor)
{
	put_origins(supervisor);
	if (supervisor->remembering.writes_all)
		for (unsigned i = 0; i < ANSWERS; i++)
			put_answer(supervisor, &supervisor->answers.list[i]);
	put(supervisor, (struct state_key){LAYOUT_SUPERVISOR, 0, 0}, supervisor,
	    &supervisor->remembering.kept);
}

static void write_all(struct supervisor *supervisor)
{
	supervisor->remembering.writes_all = true;
	put_supervisor(supervisor);
	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		put_app(app);
	supervisor->remembering.writes_all = false;
}

/* ---- when it is written ---- */

static bool remembers(const struct supervisor *supervisor)
{
	return supervisor->remembering.memory.map != NULL;
}

int remember_all(struct supervisor *supervisor)
{
	struct remembering *remembering = &supervisor->remembering;

	if (remembering->scratch.most == 0)
		buffer_init(&remembering->scratch, STATE_MOST);
	if (remembers(supervisor))
		write_anew(supervisor);
	else
		write_to_larger(supervisor, MEMORY_LEAST);
	return remembers(supervisor) && !remembering->failed ? 0 : -ENOMEM;
}

void remember(struct supervisor *supervisor)
{
	if (remembers(supervisor))
		put_supervisor(supervisor);
}

void remember_app(struct app *app)
{
	if (!remembers(app->supervisor))
		return;
	put_origins(app->supervisor);
	put_app(app);
}

void remember_seat(struct app *app, struct seat_ref at)
{
	if (!remembers(app->supervisor))
		return;
	put_place(app, at.slot);
	put_slot(app, at.slot);
}

void remember_gone(struct supervisor *supervisor, enum layout_kind kind, uint32_t app,
		   uint32_t number)
{
	if (remembers(supervisor))
		add(supervisor, (struct state_key){kind, app, number}, NULL);
}

void supervisor_keep_answer(struct supervisor *supervisor, struct answer *answer)
{
	if (remembers(supervisor))
		put_answer(supervisor, answer);
}

void remember_end(struct supervisor *supervisor)
{
	/* It stays in the store to the end: that we were to stop is in it. */
	memory_close(&supervisor->remembering.memory);
	buffer_free(&supervisor->remembering.scratch);
}
