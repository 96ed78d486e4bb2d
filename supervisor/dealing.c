/*
 * dealing.c - how an app's connections are dealt: by the word of its configuration, or
 * by an order that took its place.
 *
 * Like a number of workers that `scale` ordered, an order outlives reloads, and ends when
 * the configuration itself says something else.  It is no rule of supervision: nobody is
 * started or stopped for it, and every table is put in force in one piece.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "supervisor/estate.h"

#define WEIGHT_MOST 1000 /* as `weights` of the configuration */

static void read_configured(const struct app *app, struct dealing *ret_dealing)
{
	const struct app_spec *spec = app_spec(app);

	ret_dealing->balance = spec->balance;
	for (unsigned i = 0; i < CORE_SLOTS; i++)
		ret_dealing->weight[i] = (uint16_t)spec_weight(spec, i);
}

static bool are_same(const struct dealing *one, const struct dealing *other)
{
	return one->balance == other->balance &&
	       memcmp(one->weight, other->weight, sizeof(one->weight)) == 0;
}

static bool is_ordered(const struct app *app)
{
	struct dealing configured;

	if (!app->override.given)
		return false;
	read_configured(app, &configured);
	return are_same(&configured, &app->override.configured);
}

void dealing_read(const struct app *app, struct dealing *ret_dealing)
{
	if (is_ordered(app))
		*ret_dealing = app->override.dealing;
	else
		read_configured(app, ret_dealing);
}

enum balance dealing_policy(const struct app *app)
{
	return is_ordered(app) ? app->override.dealing.balance : app_spec(app)->balance;
}

/* Not before a roll is over: should it be undone, the order holds again. */
void dealing_settle(struct app *app)
{
	if (app->override.given && core_settled(&app->core) && !is_ordered(app))
		app->override.given = false;
}

/* ---- by load ---- */

#define FEW        4    /* connections: so many more or less make no difference */
#define FAST       500  /* us: nor does it how fast a fast answer is */
#define CONNECTION 1024 /* one, as a load: its share by weight still counts */
#define MOST       ((uint64_t)1 << 30) /* of what workers say */

static bool leans(enum balance policy)
{
	return policy == BALANCE_LEAST_CONN || policy == BALANCE_LEAST_LATENCY;
}

unsigned dealing_factor(const struct app *app, enum balance policy, unsigned slot)
{
	if (!leans(policy))
		return 1;
	return policy == app->leaning ? lean_factor(&app->lean, slot) : LEAN_EVEN;
}

/* Who weighs twice as much is to have twice the connections, but no slower answers.
 * 0: not known. */
static uint64_t load_of(const struct app *app, enum balance policy, unsigned slot,
			const struct beat *beat)
{
	bool by_latency = policy == BALANCE_LEAST_LATENCY;
	uint64_t figure = by_latency ? beat->latency_usec : beat->connections;
	struct dealing dealing;

	if (figure == BEAT_UNKNOWN)
		return 0;
	if (figure > MOST)
		figure = MOST;
	if (by_latency)
		return figure + FAST;
	dealing_read(app, &dealing);
	return figure * CONNECTION / dealing.weight[slot] + FEW * CONNECTION;
}

/* While a successor serves beside the one it replaces, it speaks for the slot. */
static bool speaks_for_slot(const struct seat *seat)
{
	const struct place *place = seat->place;
	const struct slot *slot = &place->app->core.slot[place->slot];
	unsigned own = (unsigned)(seat - place->seat), other = 1 - own;

	if (slot->seat[own].phase != WORKER_SERVING || place->slot >= CORE_SLOTS)
		return false;
	return slot->seat[other].phase != WORKER_SERVING ||
	       slot->seat[other].served <= slot->seat[own].served;
}

void dealing_hear(const struct seat *seat, const struct beat *beat)
{
	struct app *app = seat->place->app;
	enum balance policy = dealing_policy(app);
	unsigned slot = seat->place->slot;
	uint64_t load;

	if (!leans(policy) || !speaks_for_slot(seat))
		return;
	if (policy != app->leaning)
		app->lean = (struct lean){0};
	app->leaning = policy;
	load = load_of(app, policy, slot, beat);
	if (load > 0)
		lean_hear(&app->lean, slot, (uint64_t)seat->process.pid, load,
			  seat->beat);
	if (lean_look(&app->lean, core_count(&app->core), seat->beat))
		app->stepped = true;
}

/* ---- the order ---- */

static int refuse_policy(const char *policy, struct fault *fault)
{
	char known[128] = "auto";

	for (unsigned i = 0; i < BALANCES; i++) {
		size_t used = strlen(known);

		(void)snprintf(known + used, sizeof(known) - used, ", %s",
			       buckets_balance_name((enum balance)i));
	}
	return fault_set(fault, -EINVAL, "'%.32s' is none of %s and config", policy,
			 known);
}

static int refuse_queue(struct fault *fault)
{
	return fault_set(fault, -EINVAL,
			 "to or from queue the sockets change: say so in the config, "
			 "and reload");
}

/* "2,1,1": a slot beyond the list weighs 1. */
static int parse_weights(const char *text, uint16_t ret_weight[CORE_SLOTS],
			 struct fault *fault)
{
	const char *at = text;
	unsigned slot = 0;

	for (unsigned i = 0; i < CORE_SLOTS; i++)
		ret_weight[i] = 1;
	while (at != NULL) {
		size_t length = strcspn(at, ",");
		unsigned weight;
		char word[8];

		(void)snprintf(word, sizeof(word), "%.*s", (int)length, at);
		if (slot == CORE_SLOTS ||
		    text_parse_unsigned(&weight, word, 1, WEIGHT_MOST) < 0)
			return fault_set(fault, -EINVAL,
					 "weights '%.32s': numbers from 1 to %d, at most "
					 "%d of them, such as 2,1,1",
					 text, WEIGHT_MOST, CORE_SLOTS);
		ret_weight[slot++] = (uint16_t)weight;
		at = at[length] == ',' ? at + length + 1 : NULL;
	}
	return 0;
}

static int parse_dealing(const struct app *app, const char *policy, const char *weights,
			 struct dealing *ret_dealing, struct fault *fault)
{
	if (strcmp(policy, "config") == 0) {
		read_configured(app, ret_dealing);
		return weights == NULL ? 0
				       : fault_set(fault, -EINVAL,
						   "config has weights of its own");
	}
	dealing_read(app, ret_dealing);
	if (strcmp(policy, "auto") == 0)
		ret_dealing->balance = BALANCE_ROUND_ROBIN;
	else if (!buckets_find_balance(policy, &ret_dealing->balance))
		return refuse_policy(policy, fault);
	if (ret_dealing->balance == BALANCE_QUEUE)
		return refuse_queue(fault);
	return weights != NULL ? parse_weights(weights, ret_dealing->weight, fault) : 0;
}

/* Is there, or will there be, an address with a socket for every slot? */
static bool has_own_sockets(const struct app *app)
{
	const struct app_spec *spec = app_spec(app);
	struct address address;

	for (const struct holding *at = app->holdings; at != NULL; at = at->next)
		if (!at->listener.shared)
			return true;
	for (unsigned i = 0; i < spec->listen_count && app->holdings == NULL; i++)
		if (address_parse(&address, spec->listen[i], NULL) == 0 &&
		    address_is_tcp(&address))
			return true;
	return false;
}

static int check_listeners(const struct app *app, struct fault *fault)
{
	const struct app_spec *spec = app_spec(app);

	if (spec->listen_count == 0 && app->holdings == NULL)
		return fault_set(fault, -EINVAL, "it listens nowhere");
	if (spec->balance == BALANCE_QUEUE || sharing_is_on(app))
		return refuse_queue(fault);
	if (!has_own_sockets(app))
		return fault_set(fault, -EINVAL,
				 "all of its workers share one socket: the kernel deals");
	return 0;
}

int app_balance(struct app *app, const char *policy, const char *weights,
		struct fault *fault)
{
	struct dealing dealing, now, configured;
	int result = check_listeners(app, fault);

	if (result == 0)
		result = parse_dealing(app, policy, weights, &dealing, fault);
	if (result < 0)
		return result;
	dealing_read(app, &now);
	if (are_same(&now, &dealing))
		return 0;

	read_configured(app, &configured);
	app->override = (struct override){.given = !are_same(&configured, &dealing),
					  .dealing = dealing,
					  .configured = configured};
	for (struct holding *at = app->holdings; at != NULL; at = at->next)
		at->stale = true;
	if (app->core.want.running)
		route_update(app);
	app->stepped = true;
	app_tell(app,
		 (struct happening){.kind = HAPPENING_BALANCE_CHANGED,
				    .reason = buckets_balance_name(dealing.balance)});
	return 1;
}

/* ---- what people are told ---- */

/* Turns give way to chance where the kernel refuses their program. */
static void note_fallback(const struct app *app, bool is_round_robin,
			  struct app_status *status)
{
	static const char *const notes[][2] = {
		{"by lot: this kernel cannot do round-robin",
		 "by lot: round-robin needs CAP_BPF"},
		{"this kernel cannot do round-robin", "round-robin needs CAP_BPF"}};

	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		if (at->listener.no_turns == 0)
			continue;
		if (is_round_robin)
			status->balance = buckets_balance_name(BALANCE_RANDOM);
		status->balance_note =
			notes[is_round_robin][at->listener.no_turns == -EPERM];
	}
}

void dealing_read_status(const struct app *app, struct app_status *status)
{
	static struct dealing now; /* `status` borrows from it */

	dealing_read(app, &now);
	status->weight = now.weight;
	status->balance = buckets_balance_name(now.balance);
	if (is_ordered(app))
		status->balance_configured = buckets_balance_name(app_spec(app)->balance);
	if (now.balance == BALANCE_QUEUE ||
	    (app->holdings != NULL && !has_own_sockets(app))) {
		status->balance = buckets_balance_name(BALANCE_QUEUE);
		status->balance_note = "all workers share one socket";
	}
	if (buckets_go_in_turn(now.balance))
		note_fallback(app, now.balance == BALANCE_ROUND_ROBIN, status);
}
