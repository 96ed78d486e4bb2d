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
	return weights != NULL ? parse_weights(weights, ret_dealing->weight, fault) : 0;
}

static int check_listeners(const struct app *app, struct fault *fault)
{
	const struct app_spec *spec = app_spec(app);
	bool steers = app->holdings == NULL;
	struct address address;

	for (const struct holding *at = app->holdings; at != NULL; at = at->next)
		steers = steers || !at->listener.shared;
	if (spec->listen_count == 0)
		return fault_set(fault, -EINVAL, "it listens nowhere");
	for (unsigned i = 0; i < spec->listen_count && steers; i++)
		if (address_parse(&address, spec->listen[i], NULL) == 0 &&
		    address.kind != ADDRESS_UNIX)
			return 0;
	return fault_set(fault, -EINVAL,
			 "all of its workers share one socket: the kernel deals");
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
	log_info("%s: connections are dealt by %s", app->name,
		 buckets_balance_name(dealing.balance));
	return 1;
}

/* ---- what people are told ---- */

static const char *why_no_turns(int error)
{
	if (error == -EPERM)
		return "round-robin needs CAP_BPF";
	return "this kernel cannot do round-robin";
}

/* Round-robin falls back to chance where the kernel refuses its program. */
static void note_fallback(const struct app *app, struct app_status *status)
{
	for (struct holding *at = app->holdings; at != NULL; at = at->next) {
		if (at->listener.no_turns == 0)
			continue;
		status->balance = buckets_balance_name(BALANCE_RANDOM);
		status->balance_note = why_no_turns(at->listener.no_turns);
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
	if (now.balance == BALANCE_ROUND_ROBIN)
		note_fallback(app, status);
}
