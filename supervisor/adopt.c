/*
 * adopt.c - the estate of a supervisor that died, taken over: its state, its descriptors,
 * its workers.
 *
 * All is built before anything is done: what does not fit refuses the whole, and the
 * caller starts from the configuration.  Then every core is told (CORE_ADOPT), and of
 * whoever ended meanwhile; steering is no state, and is attached anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"

struct adoption {
	struct supervisor *supervisor;
	struct memory memory;
	struct state state;
	struct arena arena; /* what is only needed until all is built */
	struct fault *fault;
	bool is_trial; /* it stays at that: nothing is touched */
	unsigned workers;
};

static int refuse(const struct adoption *adoption, const struct state_key *key)
{
	return fault_set(adoption->fault, -EBADMSG, "the state makes no sense: %s %u.%u",
			 layout_find(key->kind)->name, key->app, key->number);
}

static int take_fd(const struct adoption *adoption, const char *format, ...)
	PRINTF_LIKE(2, 3);
static int take_fd(const struct adoption *adoption, const char *format, ...)
{
	char name[STORE_NAME];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	return store_take(&adoption->supervisor->store, name);
}

/* ---- origins ---- */

static int build_origin(struct adoption *adoption, const struct state_entry *entry)
{
	struct supervisor *supervisor = adoption->supervisor;
	struct origin read = {0}, *origin = calloc(1, sizeof(*origin));

	if (origin == NULL)
		return -ENOMEM;
	origin->next = supervisor->origins;
	supervisor->origins = origin;
	if (state_decode(entry, &read, &adoption->arena) < 0 || read.number == 0)
		return refuse(adoption, &entry->key);
	origin->number = read.number;
	origin->with_directory = read.with_directory;
	origin->ad_hoc = read.ad_hoc;
	origin->rules = read.rules;
	origin->path = read.path != NULL ? strdup(read.path) : NULL;
	return read.path != NULL && origin->path == NULL ? -ENOMEM : 0;
}

static struct origin *find_origin(const struct supervisor *supervisor, uint32_t number)
{
	for (struct origin *at = supervisor->origins; at != NULL; at = at->next)
		if (at->number == number)
			return at;
	return NULL;
}

/* ---- sockets ---- */

static int take_sockets(struct adoption *adoption, const struct app *app,
			struct holding *holding)
{
	struct listener *listener = &holding->listener;
	unsigned count = listener->shared ? 1 : listener->slots;

	for (unsigned slot = 0; slot < count; slot++) {
		int fd = take_fd(adoption, "%s.%u.h%u", app->name, slot, holding->number);

		if (fd < 0) {
			listener->slots = slot; /* what is there is closed */
			return fault_set(adoption->fault, fd,
					 "%s: the socket of slot %u was not kept",
					 holding->text, slot);
		}
		listener->fd[slot] = fd;
	}
	holding->stored = count;
	return 0;
}

/* Slots that have two: told by the order in which they listen. */
static void take_seconds(struct adoption *adoption, const struct app *app,
			 struct holding *holding)
{
	struct listener *listener = &holding->listener;

	for (unsigned i = 0; i < listener->group.members; i++) {
		int number = listener->group.member[i].number;
		int fd;

		if (number < LISTENER_SLOTS || number >= LISTENER_SOCKETS)
			continue;
		fd = take_fd(adoption, "%s.%d.h%u", app->name, number, holding->number);
		if (fd < 0)
			continue;
		listener->fd[number] = fd;
		holding->second_stored[number - LISTENER_SLOTS] = true;
	}
}

static int build_holding(struct adoption *adoption, struct app *app,
			 const struct state_entry *entry)
{
	struct holding *holding = calloc(1, sizeof(*holding));
	struct listener *listener;

	if (holding == NULL)
		return -ENOMEM;
	listener = &holding->listener;
	if (state_decode(entry, holding, &adoption->arena) < 0 ||
	    holding->number != entry->key.number || listener->slots == 0) {
		free(holding);
		return refuse(adoption, &entry->key);
	}
	for (unsigned i = 0; i < LISTENER_SLOTS; i++) {
		listener->fd[i] = -1;
		listener->routed[i] = (uint16_t)i;
	}
	holding->stale = true;
	holding->next = app->holdings;
	app->holdings = holding;
	if (take_sockets(adoption, app, holding) < 0)
		return -ENOENT;
	take_seconds(adoption, app, holding);
	if (listener->address.kind == ADDRESS_UNIX) {
		listener->local.fd = listener->fd[0];
		listener->local.address = listener->address;
	}
	if (!adoption->is_trial) /* who joined or left meanwhile is seen */
		(void)listener_heal(listener, 0);
	return 0;
}

/* ---- generations ---- */

static bool is_whole(const struct generation *generation)
{
	const struct app_spec *spec = generation->spec;

	return generation->number > 0 && spec != NULL && spec->name != NULL &&
	       spec->command != NULL && spec->command[0] != NULL &&
	       generation->command != NULL && generation->command[0] != NULL &&
	       generation->environment != NULL && generation->directory_path != NULL &&
	       generation->program.path != NULL && generation->count > 0;
}

/* Those of a stopped app, or of a generation that nobody uses any more, may have been
 * closed already. */
static void find_holdings(const struct app *app, struct generation *generation)
{
	for (unsigned i = 0; i < generation->holdings; i++) {
		struct holding *at = app->holdings;

		while (at != NULL && at->number != generation->named[i])
			at = at->next;
		generation->holding[i] = at;
		if (at == NULL)
			generation->holdings = 0;
	}
}

static void take_pins(struct adoption *adoption, const struct app *app,
		      struct generation *generation)
{
	int fd = take_fd(adoption, "%s.g%u.directory", app->name, generation->number);

	if (fd < 0)
		fd = open(generation->directory_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	generation->directory = fd;
	fd = take_fd(adoption, "%s.g%u.program", app->name, generation->number);
	generation->program.fd = fd >= 0 ? fd : -1;
	generation->script.fd = -1;
}

/* The spec gets an arena of its own, as a reshape expects. */
static int build_generation(struct adoption *adoption, struct app *app,
			    const struct state_entry *entry)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	int result;

	if (generation == NULL)
		return -ENOMEM;
	generation->directory = generation->program.fd = generation->script.fd = -1;
	generation->next = app->generations;
	app->generations = generation;
	result = state_decode(entry, generation, &generation->words);
	generation->directory = generation->program.fd = generation->script.fd = -1;
	if (result < 0 || !is_whole(generation)) {
		generation->holdings = 0;
		return refuse(adoption, &entry->key);
	}
	find_holdings(app, generation);
	generation->rights.group = generation->identity.group;
	generation->rights.groups = generation->identity.groups;
	take_pins(adoption, app, generation);
	return config_copy_app(generation->spec, &generation->numbers, &generation->spec);
}

/* ---- workers ---- */

static int build_slot(struct adoption *adoption, struct app *app,
		      const struct state_entry *entry)
{
	struct slot *slot = &app->core.slot[entry->key.number];
	const uint32_t no_generation = 0;

	if (entry->key.number > CORE_SLOTS ||
	    state_decode(entry, slot, &adoption->arena) < 0)
		return refuse(adoption, &entry->key);
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (slot->seat[i].phase == WORKER_VACANT)
			slot->seat[i].generation = no_generation;
		else if (generation_find(app, slot->seat[i].generation) == NULL)
			return refuse(adoption, &entry->key);
	return 0;
}

static void open_doors(struct adoption *adoption, struct seat *seat)
{
	const struct app *app = seat->place->app;
	struct seat_ref at = seat_ref(seat);
	int channel = take_fd(adoption, "%s.%u.%u.channel", app->name, at.slot, at.seat);
	int snare = take_fd(adoption, "%s.%u.%u.snare", app->name, at.slot, at.seat);
	int trap = take_fd(adoption, "%s.%u.%u.trap", app->name, at.slot, at.seat);

	if (channel >= 0)
		channel_adopt(seat, channel);
	if (snare >= 0 || trap >= 0)
		snare_adopt(seat, snare >= 0 ? snare : -1, trap >= 0 ? trap : -1);
}

/* Figures of beats are old: the next beat says them anew. */
static void take_seat(struct adoption *adoption, struct seat *seat)
{
	const struct app *app = seat->place->app;
	struct seat_ref at = seat_ref(seat);
	struct beat *figures = &seat->figures;
	const struct worker *worker = &app->core.slot[at.slot].seat[at.seat];

	figures->lag_usec = figures->connections = figures->requests = BEAT_UNKNOWN;
	figures->errors = figures->latency_usec = BEAT_UNKNOWN;
	seat->beat = worker->phase != WORKER_VACANT && worker->beat != MSEC_NEVER
			     ? adoption->supervisor->now
			     : -1;
	seat->cpu_percent = -1;
	if (seat->process.pid == 0)
		return;
	kin_meet(seat);
	open_doors(adoption, seat);
	adoption->workers++;
}

static int build_place(struct adoption *adoption, struct app *app,
		       const struct state_entry *entry)
{
	unsigned slot = entry->key.number;
	struct place *place;
	int notify = take_fd(adoption, "%s.%u.notify", app->name, slot);

	if (slot > CORE_SLOTS || app->place[slot] != NULL ||
	    (adoption->is_trial && notify < 0))
		return refuse(adoption, &entry->key);
	place = calloc(1, sizeof(*place));
	if (place == NULL)
		return -ENOMEM;
	if (state_decode(entry, place, &adoption->arena) < 0) {
		free(place);
		return refuse(adoption, &entry->key);
	}
	if (place_adopt(app, slot, place, notify, adoption->fault) < 0)
		return -EIO;
	conduit_adopt(place);
	for (unsigned i = 0; i < CORE_SEATS; i++)
		if (place->seat[i].process.pid == 0 ||
		    generation_find(app, place->seat[i].generation) != NULL)
			take_seat(adoption, &place->seat[i]);
		else
			return refuse(adoption, &entry->key);
	return 0;
}

/* ---- apps ---- */

static int build_operation(struct adoption *adoption, struct app *app,
			   const struct state_entry *entry)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (operation == NULL)
		return -ENOMEM;
	operation->next = app->operations;
	app->operations = operation;
	if (state_decode(entry, operation, &adoption->supervisor->words) < 0 ||
	    operation->id == 0 || operation->name == NULL)
		return refuse(adoption, &entry->key);
	return 0;
}

static int build_each(struct adoption *adoption, struct app *app, enum layout_kind kind,
		      int (*build)(struct adoption *adoption, struct app *app,
				   const struct state_entry *entry))
{
	unsigned count;
	const struct state_entry *entry =
		state_find(&adoption->state, kind, app->number, &count);
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++)
		result = build(adoption, app, &entry[i]);
	return result;
}

/* Is everything there that the core may ask for? */
static bool fits(const struct app *app)
{
	const struct core_app *core = &app->core;

	if (app->generations == NULL || core->want.count == 0 ||
	    core->slots < core->want.count)
		return false;
	if (core->reload.active && generation_find(app, core->reload.from) == NULL)
		return false;
	return (!core->want.running && core->want.generation == 0) ||
	       generation_find(app, core->want.generation) != NULL;
}

static int build_parts(struct adoption *adoption, struct app *app)
{
	int result = build_each(adoption, app, LAYOUT_HOLDING, build_holding);

	if (result == 0)
		result = build_each(adoption, app, LAYOUT_GENERATION, build_generation);
	if (result == 0)
		result = build_each(adoption, app, LAYOUT_OPERATION, build_operation);
	if (result == 0)
		result = build_each(adoption, app, LAYOUT_SLOT, build_slot);
	if (result == 0)
		result = build_each(adoption, app, LAYOUT_PLACE, build_place);
	if (generation_find(app, app->core.served.before) == NULL)
		app->core.served.before = 0;
	return result;
}

static int build_app(struct adoption *adoption, const struct state_entry *entry)
{
	struct supervisor *supervisor = adoption->supervisor;
	struct app *read = calloc(1, sizeof(*read)), *app;
	struct origin *origin = NULL;
	int result;

	if (read == NULL)
		return -ENOMEM;
	if (state_decode(entry, read, &adoption->arena) == 0)
		origin = find_origin(supervisor, read->origin_number);
	if (origin == NULL || read->name[0] == '\0' ||
	    supervisor_find(supervisor, read->name) != NULL) {
		free(read);
		return refuse(adoption, &entry->key);
	}
	app = supervisor_add(supervisor, read->name, origin);
	free(read);
	if (app == NULL)
		return -ENOMEM;
	(void)state_decode(entry, app, &supervisor->words);
	app->number = entry->key.app;
	result = build_parts(adoption, app);
	if (result == 0 && !fits(app))
		return refuse(adoption, &entry->key);
	return result;
}

static int build_answer(struct adoption *adoption, const struct state_entry *entry)
{
	struct answers *answers = &adoption->supervisor->answers;

	if (entry->key.number == 0 || entry->key.number > ANSWERS ||
	    state_decode(entry, &answers->list[entry->key.number - 1], &adoption->arena) <
		    0)
		return refuse(adoption, &entry->key);
	return 0;
}

static int build(struct adoption *adoption)
{
	struct supervisor *supervisor = adoption->supervisor;
	const struct state_entry *entry;
	struct state *state = &adoption->state;
	int result = 0;

	for (unsigned i = 0; i < state->entries && result == 0; i++) {
		entry = &state->entry[i];
		if (entry->key.kind == LAYOUT_SUPERVISOR)
			result = state_decode(entry, supervisor, &supervisor->words);
		else if (entry->key.kind == LAYOUT_ORIGIN)
			result = build_origin(adoption, entry);
		else if (entry->key.kind == LAYOUT_APP)
			result = build_app(adoption, entry);
		else if (entry->key.kind == LAYOUT_ANSWER)
			result = build_answer(adoption, entry);
	}
	supervisor->followed = supervisor->chronicle.next;
	return result;
}

/* ---- and on it goes ---- */

static void post_at(struct app *app, enum core_event_kind kind, struct seat_ref at,
		    uint32_t arg)
{
	struct core_event event = {.kind = kind, .at = at, .arg = arg};

	supervisor_post(app, &event);
}

/* What was ordered last is known to be done, or not to be. */
static void settle_orders(struct app *app, struct seat_ref at)
{
	struct worker *worker = &app->core.slot[at.slot].seat[at.seat];
	const struct place *place = app->place[at.slot];
	bool is_there = place != NULL && place->seat[at.seat].process.pid != 0;

	if (worker->phase == WORKER_STARTING && worker->undone && is_there)
		core_did(&app->core, at);
}

/* After CORE_ADOPT: what the core did not hear any more. */
static void tell_news(struct app *app, struct seat_ref at)
{
	const struct worker *worker = &app->core.slot[at.slot].seat[at.seat];
	bool is_to_come = worker->phase == WORKER_STARTING && worker->undone;
	struct place *place;
	const struct seat *seat;

	if (worker->phase == WORKER_VACANT || is_to_come)
		return;
	place = place_need(app, at.slot, NULL);
	if (place == NULL)
		return;
	seat = &place->seat[at.seat];
	if (seat->process.pid == 0)
		post_at(app, CORE_EXIT, at, CORE_EXIT_FAILURE);
	if (worker->phase == WORKER_UNROUTING && !worker->undone)
		route_retreat(&place->seat[at.seat]);
	if (worker->phase != WORKER_STARTING || seat->process.pid == 0)
		return;
	if (seat->listening != 0)
		post_at(app, CORE_LISTENING, at, broker_asker(seat));
	if (seat->figures.ready)
		post_at(app, CORE_READY, at, 0);
}

static void for_each_worker(struct app *app,
			    void (*call)(struct app *app, struct seat_ref at))
{
	for (unsigned slot = 0; slot <= CORE_SLOTS; slot++)
		for (unsigned seat = 0; seat < CORE_SEATS; seat++)
			call(app, (struct seat_ref){.slot = (uint16_t)slot,
						    .seat = (uint8_t)seat});
}

static void go_on(struct adoption *adoption)
{
	struct supervisor *supervisor = adoption->supervisor;
	char reason[96];
	unsigned apps = 0;

	for (struct app *app = supervisor->apps; app != NULL; app = app->next)
		for_each_worker(app, settle_orders);
	kin_end_strangers(supervisor);
	for (struct app *app = supervisor->apps; app != NULL; app = app->next) {
		post_at(app, CORE_ADOPT, (struct seat_ref){0}, 0);
		for_each_worker(app, tell_news);
		app->stepped = true;
		apps++;
	}
	logger_adopt(supervisor);
	digest_need(supervisor);
	(void)snprintf(reason, sizeof(reason), "%u workers of %u apps", adoption->workers,
		       apps);
	if (supervisor->upgrade.is_new)
		return; /* nobody died */
	supervisor_tell(supervisor,
			(struct happening){.kind = HAPPENING_ADOPTED, .reason = reason});
}

static int read_state(struct adoption *adoption)
{
	struct memory *memory = &adoption->memory;
	int fd = store_take(&adoption->supervisor->store, "state");
	int result;

	if (fd < 0)
		return -ENOENT;
	result = memory_take(memory, fd, adoption->fault);
	if (result == 0)
		result = state_read(&adoption->state, memory->image, memory->half_bytes,
				    &adoption->arena, adoption->fault);
	return result;
}

int adopt(struct supervisor *supervisor, struct fault *fault)
{
	struct adoption adoption = {
		.supervisor = supervisor, .memory = MEMORY_NONE, .fault = fault};
	int result;

	*fault = (struct fault){0};
	supervisor->now = clock_now();
	result = read_state(&adoption);
	if (result == 0)
		result = build(&adoption);
	if (result == 0)
		go_on(&adoption);
	else if (result != -ENOENT || adoption.memory.map != NULL)
		salvage_all(supervisor);
	if (result < 0 && fault->text[0] == '\0' && result != -ENOENT)
		(void)fault_set(fault, result, "cannot take over: %s", strerror(-result));
	memory_close(&adoption.memory);
	arena_free(&adoption.arena);
	return result;
}

int adopt_try(struct supervisor *supervisor, struct fault *fault)
{
	struct adoption adoption = {.supervisor = supervisor,
				    .memory = MEMORY_NONE,
				    .fault = fault,
				    .is_trial = true};
	int result;

	*fault = (struct fault){0};
	supervisor->now = clock_now();
	result = read_state(&adoption);
	if (result == 0)
		result = state_check(&adoption.state, fault);
	if (result == 0)
		result = build(&adoption);
	if (result < 0 && fault->text[0] == '\0')
		(void)fault_set(fault, result, "cannot take over: %s", strerror(-result));
	return result;
}
